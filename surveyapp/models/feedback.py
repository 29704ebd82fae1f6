"""What the panel was shown: frozen releases, the ledger of what was published, marks and replies."""

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
)
from sqlalchemy import text as in_sql
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import Base, UtcDateTime


class Release(Base):
    """Feedback of one round: a draft until a person releases it, and never changed from then on."""

    __tablename__ = "release"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            ondelete="CASCADE",
            name="fk_release_round",
        ),
        CheckConstraint("(released_at IS NULL) = (released_by = '')", name="released_by_somebody"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round whose answers it shows.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # 1 for the first release of the round; in real time there are many.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Figures, reasons and texts as canonical JSON: `delphi.feedback.ReleaseContent`.
    content: Mapped[str] = mapped_column(Text)
    # SHA-256 of the content, in hexadecimal.
    content_sha256: Mapped[str] = mapped_column(Text)
    # SHA-256 over the hashes of the submissions that it is made from, in the order of their pseudonyms.
    input_sha256: Mapped[str] = mapped_column(Text)
    # How many submissions that is.
    submissions: Mapped[int] = mapped_column(Integer)
    # The program that made it.
    code_version: Mapped[str] = mapped_column(Text)
    # When the draft was made.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it was released.
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Who released it; '' for a draft.
    released_by: Mapped[str] = mapped_column(Text, default="")
    # How items stood then, for the rule of stopping: `services.stopping.Standings`, canonical; '' for none.
    standings: Mapped[str] = mapped_column(Text, default="", server_default=in_sql("''"))


class Publication(Base):
    """One line of the publication ledger: a figure about a cell that somebody outside has been shown."""

    __tablename__ = "publication"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "release"],
            ["release.study_id", "release.round", "release.number"],
            ondelete="CASCADE",
            name="fk_publication_release",
        ),
        Index("ix_publication_cell", "study_id", "round", "cell"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The release that showed it.
    release: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The cell.
    cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # What was shown: 'total', or 'group:' and the group's id.
    figure: Mapped[str] = mapped_column(Text, primary_key=True)
    # How many people it stands on.
    n: Mapped[int] = mapped_column(Integer)
    # Whose answers it stands on, and in which revision, where that cannot be worked out from the round.
    members: Mapped[str | None] = mapped_column(Text)


class Reaction(Base):
    """One expert's mark on another's reason: it speaks for me, or it does not."""

    __tablename__ = "reaction"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            ondelete="CASCADE",
            name="fk_reaction_participation",
        ),
        ForeignKeyConstraint(
            ["study_id", "public_id"],
            ["reason.study_id", "reason.public_id"],
            ondelete="CASCADE",
            name="fk_reaction_reason",
        ),
        CheckConstraint("stance IN ('for_me', 'not_for_me')", name="stance_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round in which the mark was made.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Who marked.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The reason, by its public name.
    public_id: Mapped[str] = mapped_column(Text, primary_key=True)
    # Which mark.
    stance: Mapped[str] = mapped_column(Text)
    # When.
    marked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Reply(Base):
    """What one expert wrote back to another's reason; a moderator may have to pass it first."""

    __tablename__ = "reply"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            ondelete="CASCADE",
            name="fk_reply_participation",
        ),
        ForeignKeyConstraint(
            ["study_id", "public_id"],
            ["reason.study_id", "reason.public_id"],
            ondelete="CASCADE",
            name="fk_reply_reason",
        ),
        CheckConstraint("state IN ('waiting', 'shown', 'hidden')", name="state_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round in which it was written.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Who wrote it.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The reason that it answers, by its public name.
    public_id: Mapped[str] = mapped_column(Text, primary_key=True)
    # Random name: what everybody else sees instead of who.
    reply_id: Mapped[str] = mapped_column(Text, primary_key=True)
    # The text.
    text: Mapped[str] = mapped_column(Text)
    # Waiting for a moderator, shown, or hidden.
    state: Mapped[str] = mapped_column(Text)
    # When it was written.
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who passed or hid it; '' while nobody has.
    moderated_by: Mapped[str] = mapped_column(Text, default="")
    # Why it was hidden, as its author is told; '' where it is not hidden, or nobody said why.
    because: Mapped[str] = mapped_column(Text, default="", server_default=in_sql("''"))
