"""Texts put right while a round is open, and which of them each answer saw"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveyapp.models.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COUNTED = ("round", "answer", "late_draft")


def upgrade() -> None:
    # Every answer so far was given to the texts that its round was opened with: number 0.
    for table in _COUNTED:
        op.add_column(table, sa.Column("correction", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("questionnaire_version", sa.Column("corrects", sa.Integer(), nullable=True))
    op.create_table(
        "wording_correction",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("questionnaire_before", sa.Integer(), nullable=False),
        sa.Column("questionnaire_after", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_wording_correction_number_from_one")),
        sa.CheckConstraint("before <> after", name=op.f("ck_wording_correction_says_something_else")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_wording_correction_says_why")),
        sa.ForeignKeyConstraint(
            ["study_id", "questionnaire_before"],
            ["questionnaire_version.study_id", "questionnaire_version.number"],
            name="fk_wording_correction_before",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "questionnaire_after"],
            ["questionnaire_version.study_id", "questionnaire_version.number"],
            name="fk_wording_correction_after",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            name="fk_wording_correction_round",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("study_id", "round", "number", name=op.f("pk_wording_correction")),
    )


def downgrade() -> None:
    op.drop_table("wording_correction")
    op.drop_column("questionnaire_version", "corrects")
    for table in reversed(_COUNTED):
        op.drop_column(table, "correction")
