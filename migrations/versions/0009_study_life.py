"""The end of a study, rehearsals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveyapp.models.base import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("study", sa.Column("rehearsal_of", sa.Integer))
    op.create_table(
        "deleted_study",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("deleted_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deleted_study"),
    )


def downgrade() -> None:
    op.drop_table("deleted_study")
    op.drop_column("study", "rehearsal_of")
