"""Second factors, passkeys, recovery codes, one-time links"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveyapp.models.base import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PURPOSES = "purpose IN ('set_up', 'reset', 'invitation', 'passkey_sign_in', 'passkey_add')"
ROLES = "role IN ('owner', 'organiser', 'moderator', 'analyst', 'custodian', 'observer')"
INVITATION = "(purpose = 'invitation') = (study_id IS NOT NULL) AND (study_id IS NULL) = (role IS NULL)"


def upgrade() -> None:
    op.add_column("organiser", sa.Column("totp_secret", sa.Text(), nullable=True))
    op.add_column("organiser", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.add_column("organiser", sa.Column("totp_pending", sa.Text(), nullable=True))
    op.add_column("organiser", sa.Column("passkey_handle", sa.Text(), nullable=True))
    op.add_column("web_session", sa.Column("confirmed_at", UtcDateTime(), nullable=True))
    op.add_column("web_session", sa.Column("agent", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], name="fk_passkey_organiser", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name="uq_passkey_credential"),
    )
    op.create_index("ix_passkey_organiser", "passkey", ["organiser_id"])
    op.create_table(
        "recovery_code",
        sa.Column("organiser_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], name="fk_recovery_code_organiser", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organiser_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "one_time_secret",
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=True),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(PURPOSES, name=op.f("ck_one_time_secret_purpose_known")),
        sa.CheckConstraint(ROLES, name=op.f("ck_one_time_secret_role_known")),
        sa.CheckConstraint(INVITATION, name=op.f("ck_one_time_secret_invitation_whole")),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], name="fk_one_time_secret_organiser", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name="fk_one_time_secret_study", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_one_time_secret")),
    )
    op.create_index(op.f("ix_one_time_secret_expires_at"), "one_time_secret", ["expires_at"])
    op.create_index("ix_one_time_secret_study", "one_time_secret", ["study_id", "purpose"])


def downgrade() -> None:
    op.drop_table("one_time_secret")
    op.drop_table("recovery_code")
    op.drop_table("passkey")
    op.drop_column("web_session", "agent")
    op.drop_column("web_session", "confirmed_at")
    op.drop_column("organiser", "passkey_handle")
    op.drop_column("organiser", "totp_pending")
    op.drop_column("organiser", "totp_step")
    op.drop_column("organiser", "totp_secret")
