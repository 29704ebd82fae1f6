"""Written reasons on their way to the panel: read, redacted, coded with themes, summarised."""

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
    UniqueConstraint,
    false,
)
from sqlalchemy import text as sql_text
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import Base, UtcDateTime


class Reason(Base):
    """The coding record of one written answer that counts; the answer itself stays as it was submitted."""

    __tablename__ = "reason"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            ondelete="CASCADE",
            name="fk_reason_participation",
        ),
        ForeignKeyConstraint(["study_id", "cell"], ["cell.study_id", "cell.number"], name="fk_reason_cell"),
        UniqueConstraint("study_id", "public_id", name="uq_reason_public_id"),
        CheckConstraint(
            "state IN ('unread', 'released', 'summarised', 'merged', 'set_aside')", name="state_known"
        ),
        CheckConstraint("(state = 'merged') = (merged_into <> '')", name="merged_into_one"),
        CheckConstraint("state <> 'set_aside' OR because <> ''", name="set_aside_says_why"),
        CheckConstraint("(state = 'unread') = (handled_at IS NULL)", name="handled_has_time"),
        CheckConstraint("band IN ('', 'agree', 'middle', 'disagree', 'dont_know')", name="band_known"),
        # All that the overview of a round's reasons counts, so that it reads no text.
        Index("ix_reason_work", "study_id", "round", "item", "state", "band", "says_nothing", "handled_at"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round it was written in.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Who wrote it.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The cell it stands in.
    cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Random name: what coders and experts see instead of who and where.
    public_id: Mapped[str] = mapped_column(Text)
    # The item it is about; '' for a written answer about none.
    item: Mapped[str] = mapped_column(Text, default="")
    # The text as it was submitted; its author's rating and round are found by the key.
    text: Mapped[str] = mapped_column(Text)
    # Where the ratings beside it lie, as it was gathered; '' where they lie apart, or there is none.
    band: Mapped[str] = mapped_column(Text, default="", server_default=sql_text("''"))
    # Whether it says nothing, such as "none" or "-".
    says_nothing: Mapped[bool] = mapped_column(default=False, server_default=false())
    # What becomes of it.
    state: Mapped[str] = mapped_column(Text, default="unread")
    # The text as experts may read it, with what identifies taken out; '' until then.
    released_text: Mapped[str] = mapped_column(Text, default="")
    # Public name of the reason that says the same and stands for both.
    merged_into: Mapped[str] = mapped_column(Text, default="")
    # Why it was set aside.
    because: Mapped[str] = mapped_column(Text, default="")
    # Who handled it last.
    handled_by: Mapped[str] = mapped_column(Text, default="")
    # When.
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Theme(Base):
    """One entry of the study's code book."""

    __tablename__ = "theme"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_theme_study"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Short name of the theme.
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    # Title as people read it.
    title: Mapped[str] = mapped_column(Text)
    # When it applies, and when not.
    definition: Mapped[str] = mapped_column(Text, default="")
    # Who added it.
    actor: Mapped[str] = mapped_column(Text)
    # When.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReasonTheme(Base):
    """One coder found one theme in one reason."""

    __tablename__ = "reason_theme"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id", "cell"],
            ["reason.study_id", "reason.round", "reason.panellist_id", "reason.cell"],
            ondelete="CASCADE",
            name="fk_reason_theme_reason",
        ),
        ForeignKeyConstraint(
            ["study_id", "theme"], ["theme.study_id", "theme.id"], name="fk_reason_theme_theme"
        ),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The reason's round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The reason's author.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The reason's cell.
    cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Who coded.
    coder: Mapped[str] = mapped_column(Text, primary_key=True)
    # Which theme. That a coder found none is what `CodedReason` tells.
    theme: Mapped[str] = mapped_column(Text, primary_key=True)


class CodedReason(Base):
    """One coder has looked at one reason, whether or not a theme was found in it."""

    __tablename__ = "coded_reason"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id", "cell"],
            ["reason.study_id", "reason.round", "reason.panellist_id", "reason.cell"],
            ondelete="CASCADE",
            name="fk_coded_reason_reason",
        ),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The reason's round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The reason's author.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The reason's cell.
    cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Who coded.
    coder: Mapped[str] = mapped_column(Text, primary_key=True)
    # When.
    coded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SummarySentence(Base):
    """One sentence of the summary of an item's reasons in a round."""

    __tablename__ = "summary_sentence"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            ondelete="CASCADE",
            name="fk_summary_sentence_round",
        ),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round whose reasons it sums up.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The item; '' for reasons about none.
    item: Mapped[str] = mapped_column(Text, primary_key=True)
    # 1 for the first sentence, and so on.
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The sentence.
    text: Mapped[str] = mapped_column(Text)
    # Who wrote it.
    actor: Mapped[str] = mapped_column(Text)
    # When.
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SummarySource(Base):
    """One reason that a sentence of a summary stands on."""

    __tablename__ = "summary_source"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "item", "position"],
            [
                "summary_sentence.study_id",
                "summary_sentence.round",
                "summary_sentence.item",
                "summary_sentence.position",
            ],
            ondelete="CASCADE",
            name="fk_summary_source_sentence",
        ),
        ForeignKeyConstraint(
            ["study_id", "public_id"],
            ["reason.study_id", "reason.public_id"],
            ondelete="CASCADE",
            name="fk_summary_source_reason",
        ),
        Index("ix_summary_source_reason", "study_id", "public_id"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The sentence's round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The sentence's item.
    item: Mapped[str] = mapped_column(Text, primary_key=True)
    # The sentence's position.
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The reason, by its public name.
    public_id: Mapped[str] = mapped_column(Text, primary_key=True)
