"""The panel, the one bridge to names, the links, and those who run studies."""

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


class Panellist(Base):
    """One seat on a panel, without a name. The id is random, so that it tells no order."""

    __tablename__ = "panellist"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_panellist_study"),
        UniqueConstraint("study_id", "pseudonym", name="uq_panellist_pseudonym"),
        CheckConstraint("state IN ('invited', 'declined', 'not_me', 'withdrawn')", name="state_known"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # Random number of the seat.
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Name of the seat in exports: random, the same through all rounds.
    pseudonym: Mapped[str] = mapped_column(Text)
    # The one reporting group; '' where the questionnaire has no groups.
    group: Mapped[str] = mapped_column("group_id", Text, default="")
    # Language of pages and letters.
    language: Mapped[str] = mapped_column(Text, default="en")
    # IANA name of the zone in which letters reach this panellist; '' where that is the study's.
    time_zone: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))
    # Tags, as a JSON list: they may route, they never define a breakdown.
    tags: Mapped[str] = mapped_column(Text, default="[]")
    # Whether the seat still takes part, declined, was the wrong person, or withdrew.
    state: Mapped[str] = mapped_column(Text, default="invited")
    # When the state last changed.
    state_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Whether this panellist is invented.
    is_synthetic: Mapped[bool] = mapped_column(default=False)
    # When the panellist was added.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Identity(Base):
    """Name and address of a panellist: the only bridge, in its own table, read by its own service."""

    __tablename__ = "identity"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            ondelete="CASCADE",
            name="fk_identity_panellist",
        ),
        UniqueConstraint("study_id", "email_key", name="uq_identity_email"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The panellist.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # Name, as letters address the person.
    name: Mapped[str] = mapped_column(Text)
    # Address, as it was given.
    email: Mapped[str] = mapped_column(Text)
    # The address folded for comparison: one seat per address and study.
    email_key: Mapped[str] = mapped_column(Text)


class Invitation(Base):
    """A personal link. Its token is derived with a key outside the database; here is only its hash."""

    __tablename__ = "invitation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            ondelete="CASCADE",
            name="fk_invitation_panellist",
        ),
        UniqueConstraint("study_id", "token_hash", name="uq_invitation_token_hash"),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The panellist.
    panellist_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # 1 for the first link; a new link has the next number.
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # SHA-256 of the token, in hexadecimal.
    token_hash: Mapped[str] = mapped_column(Text)
    # When the link was made.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it stopped being valid.
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Organiser(Base):
    """Somebody who runs studies and signs in."""

    __tablename__ = "organiser"
    __table_args__ = (UniqueConstraint("email_key", name="uq_organiser_email"),)

    # Number of the organiser.
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    # Address, as it was given.
    email: Mapped[str] = mapped_column(Text)
    # The address folded for comparison.
    email_key: Mapped[str] = mapped_column(Text)
    # Argon2 hash of the password.
    password_hash: Mapped[str] = mapped_column(Text)
    # When the account was made.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it was switched off.
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The authenticator app's secret, encrypted with a key that is not in the database.
    totp_secret: Mapped[str | None] = mapped_column(Text)
    # The last half minute whose code was used; no code works twice.
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    # A secret that was shown and not confirmed yet, encrypted likewise.
    totp_pending: Mapped[str | None] = mapped_column(Text)
    # Random name under which authenticators keep this account's passkeys, as base64url.
    passkey_handle: Mapped[str | None] = mapped_column(Text)


class Membership(Base):
    """What an organiser may do in one study."""

    __tablename__ = "membership"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_membership_study"),
        ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], ondelete="CASCADE", name="fk_membership_organiser"
        ),
        CheckConstraint(
            "role IN ('owner', 'organiser', 'moderator', 'analyst', 'custodian', 'observer')",
            name="role_known",
        ),
    )

    # The study.
    study_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The organiser.
    organiser_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # The role.
    role: Mapped[str] = mapped_column(Text)


class WebSession(Base):
    """A signed-in browser: an expert on one seat in one round, or an organiser."""

    __tablename__ = "web_session"
    __table_args__ = (
        ForeignKeyConstraint(
            ["study_id", "panellist_id"],
            ["panellist.study_id", "panellist.id"],
            ondelete="CASCADE",
            name="fk_web_session_panellist",
        ),
        ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], ondelete="CASCADE", name="fk_web_session_organiser"
        ),
        CheckConstraint("(organiser_id IS NULL) = (panellist_id IS NOT NULL)", name="one_person"),
        CheckConstraint("(panellist_id IS NULL) = (study_id IS NULL)", name="seat_whole"),
        CheckConstraint("(panellist_id IS NULL) = (round IS NULL)", name="seat_has_round"),
    )

    # SHA-256 of the cookie's random value, in hexadecimal.
    id_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    # The seat's study, for experts.
    study_id: Mapped[int | None] = mapped_column(Integer)
    # The seat, for experts.
    panellist_id: Mapped[int | None] = mapped_column(BigInteger)
    # The round, for experts.
    round: Mapped[int | None] = mapped_column(SmallInteger)
    # The organiser, for organisers.
    organiser_id: Mapped[int | None] = mapped_column(Integer)
    # What its form tokens are made from.
    csrf_secret: Mapped[str] = mapped_column(Text)
    # When it began.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it ends by itself.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # When the organiser last proved to be there, which changing ways to sign in asks for.
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # An organiser's browser in two words, so that a list of sessions means something; '' for experts.
    agent: Mapped[str] = mapped_column(Text, default="", server_default=text("''"))


class Throttle(Base):
    """How often something was tried in one window of time; one purpose never touches another's count."""

    __tablename__ = "throttle"

    # What is being counted: 'link', 'sign-in'.
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    # Keyed hash of the address or account.
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    # Start of the window.
    window_start: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    # Tries in it.
    count: Mapped[int] = mapped_column(Integer)
