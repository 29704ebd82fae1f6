"""What somebody signs in with besides a password, and what opens something once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import Base, UtcDateTime


class Passkey(Base):
    """A key in somebody's device or key ring; here is only its public half."""

    __tablename__ = "passkey"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], ondelete="CASCADE", name="fk_passkey_organiser"
        ),
        UniqueConstraint("credential_id", name="uq_passkey_credential"),
        Index("ix_passkey_organiser", "organiser_id"),
    )

    # Number of the passkey.
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    # The organiser.
    organiser_id: Mapped[int] = mapped_column(Integer)
    # The authenticator's name for it, as base64url.
    credential_id: Mapped[str] = mapped_column(Text)
    # The public key (COSE), as base64url.
    public_key: Mapped[str] = mapped_column(Text)
    # How often its authenticator says that it was used; a number that goes back betrays a copy.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    # What its owner calls it.
    name: Mapped[str] = mapped_column(Text)
    # When it was added.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it last signed somebody in.
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A code that stands in once for a lost second factor; 120 random bits, of which here is the hash."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], ondelete="CASCADE", name="fk_recovery_code_organiser"
        ),
    )

    # The organiser.
    organiser_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    # SHA-256 of the code, in hexadecimal.
    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    # When it was made.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it was used up.
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OneTimeSecret(Base):
    """What opens something once: a link in a letter, or the challenge that a passkey signs."""

    __tablename__ = "one_time_secret"
    __table_args__ = (
        CheckConstraint(
            "purpose IN ('set_up', 'reset', 'invitation', 'passkey_sign_in', 'passkey_add')",
            name="purpose_known",
        ),
        CheckConstraint(
            "role IN ('owner', 'organiser', 'moderator', 'analyst', 'custodian', 'observer')",
            name="role_known",
        ),
        CheckConstraint(
            "(purpose = 'invitation') = (study_id IS NOT NULL) AND (study_id IS NULL) = (role IS NULL)",
            name="invitation_whole",
        ),
        ForeignKeyConstraint(
            ["organiser_id"], ["organiser.id"], ondelete="CASCADE", name="fk_one_time_secret_organiser"
        ),
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_one_time_secret_study"),
        Index("ix_one_time_secret_study", "study_id", "purpose"),
    )

    # SHA-256 of the secret, in hexadecimal.
    secret_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    # What it opens.
    purpose: Mapped[str] = mapped_column(Text)
    # Whose it is, where that is somebody with an account.
    organiser_id: Mapped[int | None] = mapped_column(Integer)
    # The study that an invitation leads into.
    study_id: Mapped[int | None] = mapped_column(Integer)
    # The role that an invitation offers.
    role: Mapped[str | None] = mapped_column(Text)
    # The address that an invitation is for; '' for anything else.
    email: Mapped[str] = mapped_column(Text, default="")
    # Who made it: an organiser's address, 'command line', or 'system'.
    actor: Mapped[str] = mapped_column(Text)
    # When it was made.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When it stops being valid.
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    # When it was used, or taken back.
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
