"""Seats that people ask for, who was erased, how long names are kept"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveyapp.models.base import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "registration",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_registration_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_registration")),
    )
    op.create_table(
        "seat_request",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("consent_sha256", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_seat_request_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", "id", name=op.f("pk_seat_request")),
    )
    op.create_index("ix_seat_request_address", "seat_request", ["study_id", "email_key"])
    op.create_table(
        "erasure",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=False),
        sa.Column("erased_by", sa.Text(), nullable=False),
        sa.CheckConstraint("answers IN ('kept', 'removed')", name=op.f("ck_erasure_answers_known")),
        sa.ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            name="fk_erasure_panellist",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "panellist_id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "names_kept",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_names_kept_study", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_names_kept")),
    )
    op.create_index(op.f("ix_names_kept_until"), "names_kept", ["until"])


def downgrade() -> None:
    op.drop_table("names_kept")
    op.drop_table("erasure")
    op.drop_table("seat_request")
    op.drop_table("registration")
