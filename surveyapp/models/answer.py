"""What experts gave: answers as they stand, submissions as they were, and what arrived too late."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import Base, UtcDateTime


class Participation(Base):
    """One panellist in one round."""

    __tablename__ = "participation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            ondelete="CASCADE",
            name="fk_participation_round",
        ),
        ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            ondelete="CASCADE",
            name="fk_participation_panellist",
        ),
        CheckConstraint("(submission = 0) = (submitted_at IS NULL)", name="submitted_has_time"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The panellist.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The group in this round, as answers are reported.
    group: Mapped[str] = mapped_column("group_id", Text, default="")
    # Raised by every save; answers carry the revision that wrote them.
    revision: Mapped[int] = mapped_column(Integer, default=0)
    # The revision that the latest submission holds; later edits are drafts.
    submitted_revision: Mapped[int] = mapped_column(Integer, default=0)
    # The page last worked on, to come back to.
    place: Mapped[str] = mapped_column(Text, default="")
    # When the expert first pressed Start.
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Number of the latest submission; 0 before the first.
    submission: Mapped[int] = mapped_column(SmallInteger, default=0)
    # When the latest submission was made.
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The earlier rounds submitted in, as ``1,2``; a star follows one whose answers are not the submission.
    earlier_rounds: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    # Which variant of the feedback this panellist is shown; '' where the protocol has none.
    variant: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    # Whether answers stand beside the latest submission that it does not hold: their questions fell away.
    has_strays: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The submission whose reasons were gathered last; 0 before the first.
    gathered: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    # When the panellist left the study: from then on nothing is saved here.
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Answer(Base):
    """What stands in one cell for one panellist in one round. A cell never asked has no row."""

    __tablename__ = "answer"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            ondelete="CASCADE",
            name="fk_answer_participation",
        ),
        ForeignKeyConstraint(["study_id", "cell"], ["cell.study_id", "cell.number"], name="fk_answer_cell"),
        # 1 value, 2 blank, 3 don't know, 4 declined, 5 withdrawn, 6 kept: `questionnaire.cells.Status`.
        CheckConstraint(
            "CASE status"
            " WHEN 1 THEN (CASE WHEN value IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN text IS NULL THEN 0 ELSE 1 END) + (CASE WHEN parts IS NULL THEN 0 ELSE 1 END) = 1"
            " WHEN 2 THEN value IS NULL AND text IS NULL AND parts IS NULL"
            " WHEN 3 THEN value IS NULL AND text IS NOT NULL AND parts IS NULL"
            " WHEN 4 THEN value IS NULL AND text IS NOT NULL AND parts IS NULL"
            " WHEN 5 THEN value IS NULL AND text IS NULL AND parts IS NULL"
            " WHEN 6 THEN value IS NOT NULL OR text IS NOT NULL OR parts IS NOT NULL"
            " ELSE FALSE END",
            name="status_fits_value",
        ),
        # Rows lie in key order, without a second tree for the key.
        {"sqlite_with_rowid": False},
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The panellist.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The cell's number.
    cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Value, or which of the answers that are no value.
    status: Mapped[int] = mapped_column(SmallInteger)
    # The number, where the kind has one.
    value: Mapped[float | None] = mapped_column(Double)
    # The option's id, the opt-out's id, or what was written.
    text: Mapped[str | None] = mapped_column(Text)
    # The parts, as a JSON list, where the answer has several.
    parts: Mapped[str | None] = mapped_column(Text)
    # The revision of the participation that wrote this.
    revision: Mapped[int] = mapped_column(Integer)
    # Number of the release that stood on the page when this was given; 0 where there was none.
    release: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    # Number of the wording correction that stood on the page; 0 for the texts that the round opened with.
    correction: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")


class SaveReceipt(Base):
    """The reply to a save, kept so that the same save sent again gets the same reply."""

    __tablename__ = "save_receipt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            ondelete="CASCADE",
            name="fk_save_receipt_participation",
        ),
        # Rows lie in key order, without a second tree for the key.
        {"sqlite_with_rowid": False},
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The panellist.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The id that the client made for this save.
    request_id: Mapped[str] = mapped_column(Text, primary_key=True)
    # The revision it led to.
    revision: Mapped[int] = mapped_column(Integer)
    # Number of the submission, where the request submitted; 0 for a plain save.
    submission: Mapped[int] = mapped_column(SmallInteger, default=0)
    # When it was made; old receipts are swept away.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Submission(Base):
    """One submission, as it was, for ever."""

    __tablename__ = "submission"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            ondelete="CASCADE",
            name="fk_submission_participation",
        ),
        # The hashes beside their keys: what counts in a round is told without reading what was submitted.
        Index("ix_submission_hash", "study_id", "round", "panellist_id", "number", "sha256"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The panellist.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # 1 for the first submission in the round, and so on; the latest counts.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Canonical JSON of all answers.
    content: Mapped[str] = mapped_column(Text)
    # How many answers that is; exports need not read the text to know whether the rows still equal it.
    answer_count: Mapped[int] = mapped_column(Integer)
    # Hash over the commitments: what the receipt shows.
    sha256: Mapped[str] = mapped_column(Text)
    # What the salts are made from; it leaves the database only inside the expert's own receipt.
    salt_seed: Mapped[str] = mapped_column(Text)
    # When it was made.
    submitted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Why it was admitted after the round had closed; '' for one that came in time.
    admitted_because: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))


class LateDraft(Base):
    """What arrived after the round had closed: kept, shown to the organiser, never counted silently."""

    __tablename__ = "late_draft"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            ondelete="CASCADE",
            name="fk_late_draft_participation",
        ),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The panellist.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The id that the client made for this save.
    request_id: Mapped[str] = mapped_column(Text, primary_key=True)
    # The cells and what was given in them, as canonical JSON.
    content: Mapped[str] = mapped_column(Text)
    # When it arrived.
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Number of the wording correction that stood on the page.
    correction: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
