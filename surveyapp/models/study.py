"""A study: its questionnaire versions, items, cells and rounds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import Base, UtcDateTime


class Study(Base):
    """One study; every other row that belongs to it leads its keys with this id."""

    __tablename__ = "study"
    __table_args__ = (
        UniqueConstraint("slug", name="uq_study_slug"),
        CheckConstraint("smallest_group >= 3", name="smallest_group_floor"),
        CheckConstraint("time_grain IN ('minute', 'hour', 'day')", name="time_grain_known"),
        CheckConstraint("anonymity IN ('attributed', 'confidential', 'blind')", name="anonymity_known"),
    )

    # Number of the study in this installation.
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    # Name of the study in addresses and commands.
    slug: Mapped[str] = mapped_column(Text)
    # Title as experts read it.
    title: Mapped[str] = mapped_column(Text)
    # Who runs the study.
    organisation: Mapped[str] = mapped_column(Text, default="")
    # Address that experts can write to; empty when none was given.
    contact_email: Mapped[str] = mapped_column(Text, default="")
    # IANA name of the zone in which deadlines are shown.
    time_zone: Mapped[str] = mapped_column(Text, default="UTC")
    # How many rounds are planned.
    planned_rounds: Mapped[int] = mapped_column(SmallInteger, default=1)
    # k: no figure is shown for fewer people than this.
    smallest_group: Mapped[int] = mapped_column(SmallInteger, default=5)
    # The finest grain of times in exports.
    time_grain: Mapped[str] = mapped_column(Text, default="day")
    # Whether its panel is invented; then every page and file says so.
    is_synthetic: Mapped[bool] = mapped_column(default=False)
    # The questionnaire version in force: the one with ratings, also while a round only collects items.
    questionnaire_number: Mapped[int] = mapped_column(Integer, default=1)
    # The protocol version in force; 0 for a study without one.
    protocol_number: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    # What is promised about who can see whose answers: attributed, confidential, or blind to organisers too.
    anonymity: Mapped[str] = mapped_column(
        Text, default="confidential", server_default=text("'confidential'")
    )
    # When the study was created.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it was put away: it can be read, and nothing in it changes any more.
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When it will be deleted, once somebody has asked for that; until then it can be called back.
    delete_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The study that this one rehearses with an invented panel; none for a study of its own.
    rehearsal_of: Mapped[int | None] = mapped_column(Integer)


class DeletedStudy(Base):
    """A study that was deleted: all that is left of it, so that its number never means another one."""

    __tablename__ = "deleted_study"

    # The number that the study had.
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The slug that it had; another study may be called so again.
    slug: Mapped[str] = mapped_column(Text)
    # When it was deleted.
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QuestionnaireVersion(Base):
    """The canonical text of a questionnaire as this study uses it; the file is never read again."""

    __tablename__ = "questionnaire_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id"], ["study.id"], ondelete="CASCADE", name="fk_questionnaire_version_study"
        ),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # 1 for the first version, and so on.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The canonical text.
    canonical: Mapped[str] = mapped_column(Text)
    # SHA-256 of the canonical text, in hexadecimal.
    sha256: Mapped[str] = mapped_column(Text)
    # The file as it was written, for its author.
    source: Mapped[str] = mapped_column(Text)
    # When this version was stored.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The version whose texts it puts right: it asks for the same items in the same cells; none for others.
    corrects: Mapped[int | None] = mapped_column(Integer)


class ItemVersion(Base):
    """One wording of an item; answers keep the version that was asked."""

    __tablename__ = "item_version"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_item_version_study"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The item's id in the questionnaire.
    item: Mapped[str] = mapped_column(Text, primary_key=True)
    # 1 for the first wording, and so on.
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The item as canonical JSON.
    content: Mapped[str] = mapped_column(Text)
    # The questionnaire version that brought it.
    questionnaire_number: Mapped[int] = mapped_column(Integer)


class Cell(Base):
    """The unit of asking: question × item version × context × criterion × part, named once."""

    __tablename__ = "cell"
    __table_args__ = (
        UniqueConstraint(
            "study_id", "question", "item", "item_version", "context", "criterion", "part", name="uq_cell_key"
        ),
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_cell_study"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Small number of the cell within the study, in the order of the questionnaire.
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The question's id.
    question: Mapped[str] = mapped_column(Text)
    # The item's id, or '' for none.
    item: Mapped[str] = mapped_column(Text, default="")
    # The item's version, or 0 for none.
    item_version: Mapped[int] = mapped_column(Integer, default=0)
    # The context's id, or '' for none.
    context: Mapped[str] = mapped_column(Text, default="")
    # The criterion's id, or '' for none.
    criterion: Mapped[str] = mapped_column(Text, default="")
    # '' for the answer itself, 'reason' or 'other' for what is written beside it.
    part: Mapped[str] = mapped_column(Text, default="")


class Round(Base):
    """One round of a study. Its state is stored, and its deadline refuses answers by itself too."""

    __tablename__ = "round"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_round_study"),
        CheckConstraint(
            "state IN ('draft', 'scheduled', 'open', 'closed', 'released', 'cancelled')", name="state_known"
        ),
        CheckConstraint("open_to IN ('invited', 'any_earlier', 'previous')", name="open_to_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # 1 for the first round; 0 for a round that only collects items.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Where the round stands; the transitions are in `delphi.rounds`.
    state: Mapped[str] = mapped_column(Text, default="draft")
    # The questionnaire version that the round asks.
    questionnaire_number: Mapped[int] = mapped_column(Integer)
    # When it opens by plan.
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The deadline: no answer counts from this moment on.
    closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Mark that a closer waits: saves check it before they lock, so that the closer gets its turn.
    closing_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When it was opened.
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When it was closed.
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The protocol version that the round was opened under; 0 without one.
    protocol_number: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    # Tag of those whom the round is for, where cohorts overlap; '' for everybody.
    cohort: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    # Who may take part: everybody invited, who answered any earlier round, or who answered the previous one.
    open_to: Mapped[str] = mapped_column(Text, default="invited", server_default=text("'invited'"))
    # What pages need of the protocol in this round, as canonical JSON: `delphi.plan.RoundPlan`.
    plan: Mapped[str] = mapped_column(Text, default="{}", server_default=text("'{}'"))
    # The round whose release experts see in this one; none in a round without feedback.
    shows_round: Mapped[int | None] = mapped_column(SmallInteger)
    # When its feedback was released: from then on nothing of the round can change.
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Number of the latest correction of its wording; 0 while it reads as it was opened.
    correction: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")


class WordingCorrection(Base):
    """One text put right while a round is open: what it said, and what it says since then."""

    __tablename__ = "wording_correction"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            ondelete="CASCADE",
            name="fk_wording_correction_round",
        ),
        ForeignKeyConstraint(
            ["study_id", "questionnaire_before"],
            ["questionnaire_version.study_id", "questionnaire_version.number"],
            ondelete="CASCADE",
            name="fk_wording_correction_before",
        ),
        ForeignKeyConstraint(
            ["study_id", "questionnaire_after"],
            ["questionnaire_version.study_id", "questionnaire_version.number"],
            ondelete="CASCADE",
            name="fk_wording_correction_after",
        ),
        CheckConstraint("number >= 1", name="number_from_one"),
        CheckConstraint("before <> after", name="says_something_else"),
        CheckConstraint("reason <> ''", name="says_why"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round that was open.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # 1 for the first correction in the round, and so on; answers carry the number that stood on their page.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The questionnaire version that the round asked until then.
    questionnaire_before: Mapped[int] = mapped_column(Integer)
    # The one that it asks since then.
    questionnaire_after: Mapped[int] = mapped_column(Integer)
    # Which text: ``items.audits.title``, with its language behind it where it has several.
    path: Mapped[str] = mapped_column(Text)
    # The item whose text it is; '' for all other texts.
    item: Mapped[str] = mapped_column(Text)
    # The version of that item's wording, which the correction does not change; 0 for all other texts.
    item_version: Mapped[int] = mapped_column(Integer)
    # What the text said.
    before: Mapped[str] = mapped_column(Text)
    # What it says since then.
    after: Mapped[str] = mapped_column(Text)
    # Why, in the words of whoever corrected it; experts may read it.
    reason: Mapped[str] = mapped_column(Text)
    # Who corrected it.
    actor: Mapped[str] = mapped_column(Text)
    # When.
    at: Mapped[datetime] = mapped_column(UtcDateTime)
