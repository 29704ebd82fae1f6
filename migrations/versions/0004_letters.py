"""Letters, the outbox, reminders"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from surveyapp.models.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = "kind IN ('invitation', 'reminder', 'thanks', 'panel_view', 'new_round', 'reply', 'results', 'withdrawal')"
STATES = "state IN ('queued', 'sending', 'sent', 'refused', 'unknown', 'bounced', 'cancelled', 'dropped')"


def _of_study(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["study_id"], ["study.id"], ondelete="CASCADE", name=op.f(f"fk_{table}_study")
    )


def _of_panellist(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["study_id", "panellist_id"],
        ["panellist.study_id", "panellist.id"],
        ondelete="CASCADE",
        name=op.f(f"fk_{table}_panellist"),
    )


def upgrade() -> None:
    op.add_column(
        "panellist", sa.Column("time_zone", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.create_table(
        "letter_text",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_letter_text_kind_known")),
        _of_study("letter_text"),
        sa.PrimaryKeyConstraint(
            "study_id", "kind", "number", "language", "version", name=op.f("pk_letter_text")
        ),
    )
    op.create_table(
        "letter_setting",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("most", sa.SmallInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_letter_setting_kind_known")),
        _of_study("letter_setting"),
        sa.PrimaryKeyConstraint("study_id", "kind", name=op.f("pk_letter_setting")),
    )
    op.create_table(
        "reminder_rule",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("days", sa.SmallInteger(), nullable=False),
        sa.Column("minute", sa.SmallInteger(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "anchor IN ('before_closing', 'after_opening')", name=op.f("ck_reminder_rule_anchor_known")
        ),
        sa.CheckConstraint(
            "audience IN ('not_submitted', 'not_started', 'in_progress')",
            name=op.f("ck_reminder_rule_audience_known"),
        ),
        sa.CheckConstraint("days >= 0 AND days <= 365", name=op.f("ck_reminder_rule_days_possible")),
        sa.CheckConstraint("minute >= 0 AND minute < 1440", name=op.f("ck_reminder_rule_minute_of_day")),
        _of_study("reminder_rule"),
        sa.PrimaryKeyConstraint("study_id", "number", name=op.f("pk_reminder_rule")),
    )
    op.create_table(
        "letter_wish",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("wished_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("wish IN ('no_reminders', 'none')", name=op.f("ck_letter_wish_wish_known")),
        _of_panellist("letter_wish"),
        sa.PrimaryKeyConstraint("study_id", "panellist_id", name=op.f("pk_letter_wish")),
    )
    op.create_table(
        "outbox_message",
        sa.Column("study_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("panellist_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("round", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("state_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("answer", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("text_language", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("text_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("queued_by", sa.Text(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_outbox_message_kind_known")),
        sa.CheckConstraint(STATES, name=op.f("ck_outbox_message_state_known")),
        sa.CheckConstraint(
            "(state = 'sending') = (lease_until IS NOT NULL)",
            name=op.f("ck_outbox_message_lease_while_sending"),
        ),
        _of_panellist("outbox_message"),
        sa.PrimaryKeyConstraint(
            "study_id", "panellist_id", "round", "kind", "number", name=op.f("pk_outbox_message")
        ),
    )
    op.create_index("ix_outbox_message_due", "outbox_message", ["state", "due_at"])


def downgrade() -> None:
    for table in ("outbox_message", "letter_wish", "reminder_rule", "letter_setting", "letter_text"):
        op.drop_table(table)
    op.drop_column("panellist", "time_zone")
