"""Letters: their texts, when they go, who wants none, and the outbox with the state of each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import Base, UtcDateTime

_KINDS = (
    "kind IN ('invitation', 'reminder', 'thanks', 'panel_view', 'new_round', 'reply', 'results',"
    " 'withdrawal')"
)


class LetterText(Base):
    """One version of what a letter says in one language; versions are added and never changed."""

    __tablename__ = "letter_text"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_letter_text_study"),
        CheckConstraint(_KINDS, name="kind_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # What the letter is for.
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    # Which reminder; 1 for every other letter.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The language it is written in.
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    # 1 for the first version, and so on; the latest is in force.
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The subject, with variables in braces; '' where the text that comes with the program is in force again.
    subject: Mapped[str] = mapped_column(Text)
    # The text, with variables in braces.
    body: Mapped[str] = mapped_column(Text)
    # When it was saved.
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who saved it.
    saved_by: Mapped[str] = mapped_column(Text)


class LetterSetting(Base):
    """Whether letters of one kind go by themselves; a kind without a row does what is usual for it."""

    __tablename__ = "letter_setting"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_letter_setting_study"),
        CheckConstraint(_KINDS, name="kind_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # What the letters are for.
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    # Whether the event alone sends them; for reminders, whether the rules do.
    is_automatic: Mapped[bool] = mapped_column()
    # How many reminders one panellist gets in a round; 0 for every other kind.
    most: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")


class ReminderRule(Base):
    """When one of the reminders goes by itself, and to whom."""

    __tablename__ = "reminder_rule"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_reminder_rule_study"),
        CheckConstraint("anchor IN ('before_closing', 'after_opening')", name="anchor_known"),
        CheckConstraint("audience IN ('not_submitted', 'not_started', 'in_progress')", name="audience_known"),
        CheckConstraint("days >= 0 AND days <= 365", name="days_possible"),
        CheckConstraint("minute >= 0 AND minute < 1440", name="minute_of_day"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Which reminder.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # What the days are counted from.
    anchor: Mapped[str] = mapped_column(Text)
    # How many days before or after it.
    days: Mapped[int] = mapped_column(SmallInteger)
    # At which minute of the day, where the panellist is.
    minute: Mapped[int] = mapped_column(SmallInteger)
    # Who gets it: everybody who has not submitted, or of those only who has not started, or who has.
    audience: Mapped[str] = mapped_column(Text)


class LetterWish(Base):
    """Which letters a panellist wants no more; whoever has no row gets all."""

    __tablename__ = "letter_wish"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            ondelete="CASCADE",
            name="fk_letter_wish_panellist",
        ),
        CheckConstraint("wish IN ('no_reminders', 'none')", name="wish_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The panellist.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # No reminders, or no letters at all.
    wish: Mapped[str] = mapped_column(Text)
    # When that was said.
    wished_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OutboxMessage(Base):
    """One letter to one panellist. Its key is what it is about, so that no act can ask for it twice.

    Neither address nor link nor text is stored: they are put together when the letter goes.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            ondelete="CASCADE",
            name="fk_outbox_message_panellist",
        ),
        CheckConstraint(_KINDS, name="kind_known"),
        CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'refused', 'unknown', 'bounced', 'cancelled', 'dropped')",
            name="state_known",
        ),
        CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="lease_while_sending"),
        # The workers' question: what is due? The page's question goes by the key.
        Index("ix_outbox_message_due", "state", "due_at"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Whose letter it is.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The round that it is about; -1 for none.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # What the letter is for.
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    # Which of several: the reminder's number, the how-manieth letter about replies; else 1.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Waiting, being handed over, sent, refused, unknown, bounced, cancelled, or dropped as needless.
    state: Mapped[str] = mapped_column(Text, default="queued", server_default=text("'queued'"))
    # When it came into this state.
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Not before this moment.
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # A worker has it until then; afterwards another may take it.
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # How often a worker took it; whoever took it earlier may not touch it any more.
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    # The mail server's last words, or why it was not sent; never an address.
    answer: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    # Language of the text that the first attempt used, and every later one uses; '' before.
    text_language: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    # Version of that text; 0 for the one that comes with the program.
    text_version: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    # When it was asked for.
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who asked for it: an organiser's address, 'command line', or 'system'.
    queued_by: Mapped[str] = mapped_column(Text)
    # When it was handed over.
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
