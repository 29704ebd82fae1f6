"""Why a reply was not passed on, for its author; how items stood when a release was made"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reply", sa.Column("because", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("release", sa.Column("standings", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    op.drop_column("release", "standings")
    op.drop_column("reply", "because")
