"""Proposals of new items, gathered from a round"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHECKS = {
    "item_where_one_is": "(state IN ('item', 'covered')) = (item <> '')",
    "set_aside_says_why": "state <> 'set_aside' OR because <> ''",
    "grouped_with_another": "grouped_as <> public_id",
}


def upgrade() -> None:
    # Nothing refers to a proposal, so its table may be rebuilt.
    with op.batch_alter_table("proposal") as batch_op:
        batch_op.add_column(
            sa.Column("released_text", sa.Text(), server_default=sa.text("''"), nullable=False)
        )
        batch_op.create_foreign_key("fk_proposal_cell", "cell", ["study_id", "cell"], ["study_id", "number"])
        for name, condition in CHECKS.items():
            batch_op.create_check_constraint(op.f(f"ck_proposal_{name}"), sa.text(condition))


def downgrade() -> None:
    with op.batch_alter_table("proposal") as batch_op:
        for name in CHECKS:
            batch_op.drop_constraint(op.f(f"ck_proposal_{name}"), type_="check")
        batch_op.drop_constraint("fk_proposal_cell", type_="foreignkey")
        batch_op.drop_column("released_text")
