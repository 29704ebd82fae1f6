"""Accounts with two factors, roles, one-time links; what a study promises, archives"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveyapp.models.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLES = "role IN ('owner', 'organiser', 'moderator', 'analyst', 'custodian', 'observer')"
FIRST_ROLES = "role IN ('owner', 'organiser')"


def upgrade() -> None:
    op.add_column(
        "study",
        sa.Column(
            "anonymity",
            sa.Text(),
            sa.CheckConstraint(
                "anonymity IN ('attributed', 'confidential', 'blind')", name=op.f("ck_study_anonymity_known")
            ),
            server_default=sa.text("'confidential'"),
            nullable=False,
        ),
    )
    op.add_column("study", sa.Column("archived_at", UtcDateTime(), nullable=True))
    op.add_column("study", sa.Column("delete_at", UtcDateTime(), nullable=True))
    # Nothing refers to a membership, so its table may be rebuilt.
    with op.batch_alter_table("membership") as batch_op:
        batch_op.drop_constraint(op.f("ck_membership_role_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_membership_role_known"), sa.text(ROLES))


def downgrade() -> None:
    op.execute("DELETE FROM membership WHERE role NOT IN ('owner', 'organiser')")
    with op.batch_alter_table("membership") as batch_op:
        batch_op.drop_constraint(op.f("ck_membership_role_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_membership_role_known"), sa.text(FIRST_ROLES))
    op.drop_column("study", "delete_at")
    op.drop_column("study", "archived_at")
    op.drop_column("study", "anonymity")
