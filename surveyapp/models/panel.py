"""The life of a panel: the open door, who asks for a seat there, who was erased, how long names are kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import Base, UtcDateTime


class Registration(Base):
    """A study's public link, on which people ask for a seat themselves; a study without a row has none."""

    __tablename__ = "registration"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_registration_study"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # 1 for the first link; a new link has the next number, and the older ones open nothing.
    number: Mapped[int] = mapped_column(SmallInteger)
    # Whether the link opens the form.
    is_open: Mapped[bool] = mapped_column()
    # What the study team writes above the form; '' for nothing.
    note: Mapped[str] = mapped_column(Text, default="")
    # When any of this last changed.
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who changed it.
    changed_by: Mapped[str] = mapped_column(Text)


class SeatRequest(Base):
    """Somebody asks for a seat on the panel; the row goes when it is decided about."""

    __tablename__ = "seat_request"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_seat_request_study"),
        Index("ix_seat_request_address", "study_id", "email_key"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Random number of the request.
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Name, as it was given.
    name: Mapped[str] = mapped_column(Text)
    # Address, as it was given.
    email: Mapped[str] = mapped_column(Text)
    # The address folded for comparison; several may ask with the same one.
    email_key: Mapped[str] = mapped_column(Text)
    # The group that was chosen; '' where the questionnaire has none.
    group: Mapped[str] = mapped_column("group_id", Text, default="")
    # Language of pages and letters.
    language: Mapped[str] = mapped_column(Text)
    # What the person wrote to the study team; '' for nothing.
    message: Mapped[str] = mapped_column(Text, default="")
    # SHA-256 of what was agreed to, as it stood on the page.
    consent_sha256: Mapped[str] = mapped_column(Text)
    # When it was asked.
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Erasure(Base):
    """A panellist whose name, address and link were erased: what is left to tell that it was done."""

    __tablename__ = "erasure"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            ondelete="CASCADE",
            name="fk_erasure_panellist",
        ),
        CheckConstraint("answers IN ('kept', 'removed')", name="answers_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The seat.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Whether the answers stay, linked to nobody, or were removed too.
    answers: Mapped[str] = mapped_column(Text)
    # When it was done first.
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who did it: an organiser's address, 'command line', or 'system' on the day until which names are kept.
    erased_by: Mapped[str] = mapped_column(Text)


class NamesKept(Base):
    """Until when a study keeps names and addresses; a study without a row keeps them until it is deleted."""

    __tablename__ = "names_kept"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_names_kept_study"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # From this moment on no name is kept.
    until: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # When that was said.
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who said it.
    set_by: Mapped[str] = mapped_column(Text)
