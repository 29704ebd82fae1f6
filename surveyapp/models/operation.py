"""What keeps the installation running: the job queue and the record of acts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveyapp.models.base import Base, UtcDateTime


class Job(Base):
    """Work to be done later, asked for in the same transaction as the act that needs it."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("key", name="uq_job_key"),
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_job_study"),
        Index("ix_job_due", "done_at", "run_at"),
    )

    # Number of the job.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    # Unique name: asking twice for the same work makes one job.
    key: Mapped[str] = mapped_column(Text)
    # Which work.
    kind: Mapped[str] = mapped_column(Text)
    # The study it is for; none for the installation's own upkeep.
    study_id: Mapped[int | None] = mapped_column(Integer)
    # What the work needs to know, as JSON.
    payload: Mapped[str] = mapped_column(Text, default="{}")
    # Not before this moment.
    run_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # A worker has it until then; afterwards another may take it.
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # How often it was begun.
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    # When it was finished, or given up.
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Why the last attempt failed.
    error: Mapped[str | None] = mapped_column(Text)


class AuditEntry(Base):
    """Who did what, when and why, written in the same transaction as the act."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        ForeignKeyConstraint(["study_id"], ["study.id"], ondelete="CASCADE", name="fk_audit_entry_study"),
        Index("ix_audit_entry_study", "study_id", "id"),
    )

    # Number of the entry.
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    # The study; none for acts on the installation.
    study_id: Mapped[int | None] = mapped_column(Integer)
    # When.
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who: an organiser's address, 'command line', or 'system'; never a panellist's name.
    actor: Mapped[str] = mapped_column(Text)
    # What, as a short verb: 'round.open'.
    act: Mapped[str] = mapped_column(Text)
    # Details, as JSON.
    detail: Mapped[str] = mapped_column(Text, default="{}")
    # Why, where a reason was asked for.
    reason: Mapped[str] = mapped_column(Text, default="")
