"""What a study goes by and what was decided: the protocol, the fate of items, and where items come from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
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

_EMPTY = text("''")
_OUTCOMES = "'keep', 'accept', 'drop', 'revise', 'split', 'merge', 'new', 'finalise'"


class ProtocolVersion(Base):
    """The protocol as the study uses it. After locking each change is a new version with its reason."""

    __tablename__ = "protocol_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id"], ["study.id"], ondelete="CASCADE", name="fk_protocol_version_study"
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
    # Why it was changed after locking; '' for a version before.
    amended_because: Mapped[str] = mapped_column(Text, default="")
    # Who stored this version.
    actor: Mapped[str] = mapped_column(Text)
    # When this version was stored.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it was locked; an amendment is locked from the start.
    locked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Decision(Base):
    """What becomes of one item after a round, as a person decided."""

    __tablename__ = "decision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            ondelete="CASCADE",
            name="fk_decision_round",
        ),
        CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round after which it was decided.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The item; for a new one, the id it gets.
    item: Mapped[str] = mapped_column(Text, primary_key=True)
    # The wording that was rated; 0 for a new item.
    item_version: Mapped[int] = mapped_column(Integer)
    # What becomes of it.
    outcome: Mapped[str] = mapped_column(Text)
    # What the protocol's rule proposed; '' where it proposed nothing.
    proposed: Mapped[str] = mapped_column(Text, default="")
    # Why, in the words of whoever decided; experts may read it.
    reason: Mapped[str] = mapped_column(Text)
    # New wordings, parts or partners as canonical JSON: `delphi.lineage.Detail`.
    detail: Mapped[str] = mapped_column(Text, default="{}")
    # Who decided.
    actor: Mapped[str] = mapped_column(Text)
    # When.
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LineageEdge(Base):
    """From one wording of an item to another, or to its end."""

    __tablename__ = "lineage_edge"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round"],
            ["round.study_id", "round.number"],
            ondelete="CASCADE",
            name="fk_lineage_edge_round",
        ),
        CheckConstraint(
            "kind IN ('kept', 'accepted', 'dropped', 'revised', 'split', 'merged', 'new', 'finalised')",
            name="kind_known",
        ),
        CheckConstraint("(kind = 'new') = (parent_item = '')", name="parent_unless_new"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round after which it was decided.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The item before; '' for a new one.
    parent_item: Mapped[str] = mapped_column(Text, primary_key=True)
    # The item after; '' where it ended.
    child_item: Mapped[str] = mapped_column(Text, primary_key=True)
    # The wording before.
    parent_version: Mapped[int] = mapped_column(Integer)
    # The wording after.
    child_version: Mapped[int] = mapped_column(Integer)
    # What happened.
    kind: Mapped[str] = mapped_column(Text)
    # Whether ratings before and after may be compared.
    is_comparable: Mapped[bool] = mapped_column()
    # Why, as the decision says.
    reason: Mapped[str] = mapped_column(Text)
    # Who decided.
    actor: Mapped[str] = mapped_column(Text)
    # When.
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Proposal(Base):
    """One new item that an expert proposed, and what became of it."""

    __tablename__ = "proposal"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "round", "panellist_id"],
            ["participation.study_id", "participation.round", "participation.panellist_id"],
            ondelete="CASCADE",
            name="fk_proposal_participation",
        ),
        ForeignKeyConstraint(["study_id", "cell"], ["cell.study_id", "cell.number"], name="fk_proposal_cell"),
        UniqueConstraint("study_id", "public_id", name="uq_proposal_public_id"),
        CheckConstraint("state IN ('unread', 'item', 'covered', 'set_aside')", name="state_known"),
        CheckConstraint("(state = 'unread') = (handled_at IS NULL)", name="handled_has_time"),
        CheckConstraint("(state IN ('item', 'covered')) = (item <> '')", name="item_where_one_is"),
        CheckConstraint("state <> 'set_aside' OR because <> ''", name="set_aside_says_why"),
        CheckConstraint("grouped_as <> public_id", name="grouped_with_another"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The round it was made in.
    round: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Who proposed it.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # The cell it stands in.
    cell: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Tells the proposals of one cell apart; a line that was moved in an opened round keeps its number.
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # Random name: what organisers see instead of who and where.
    public_id: Mapped[str] = mapped_column(Text)
    # What was proposed, as submitted.
    text: Mapped[str] = mapped_column(Text)
    # The text with what identifies its author taken out; '' until then.
    released_text: Mapped[str] = mapped_column(Text, default="", server_default=_EMPTY)
    # Public name of the proposal that says the same and stands for both; '' for one that stands for itself.
    grouped_as: Mapped[str] = mapped_column(Text, default="")
    # Not read yet, became an item, covered by an item there is, or set aside; alike for all of a group.
    state: Mapped[str] = mapped_column(Text, default="unread")
    # The item it became or is covered by.
    item: Mapped[str] = mapped_column(Text, default="")
    # Why it was set aside or is covered.
    because: Mapped[str] = mapped_column(Text, default="")
    # Who handled it.
    handled_by: Mapped[str] = mapped_column(Text, default="")
    # When.
    handled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
