"""Indexes for the organisers' pages, and what they would otherwise read of every reason"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BANDS = "band IN ('', 'agree', 'middle', 'disagree', 'dont_know')"


def upgrade() -> None:
    # Nobody's reasons count as gathered: the next gathering writes what stands beside each.
    op.add_column(
        "participation", sa.Column("gathered", sa.SmallInteger(), server_default="0", nullable=False)
    )
    op.add_column(
        "reason",
        sa.Column(
            "band",
            sa.Text(),
            sa.CheckConstraint(_BANDS, name=op.f("ck_reason_band_known")),
            server_default=sa.text("''"),
            nullable=False,
        ),
    )
    op.add_column(
        "reason", sa.Column("says_nothing", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.drop_index("ix_reason_item", table_name="reason")
    op.create_index(
        "ix_reason_work",
        "reason",
        ["study_id", "round", "item", "state", "band", "says_nothing", "handled_at"],
    )
    op.create_index("ix_summary_source_reason", "summary_source", ["study_id", "public_id"])
    op.create_index(
        "ix_submission_hash", "submission", ["study_id", "round", "panellist_id", "number", "sha256"]
    )


def downgrade() -> None:
    op.drop_index("ix_submission_hash", table_name="submission")
    op.drop_index("ix_summary_source_reason", table_name="summary_source")
    op.drop_index("ix_reason_work", table_name="reason")
    op.create_index("ix_reason_item", "reason", ["study_id", "round", "item"])
    op.drop_column("reason", "says_nothing")
    op.drop_column("reason", "band")
    op.drop_column("participation", "gathered")
