"""A study always has an owner who can sign in; where two acts meet, one of them waits for the other."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveyapp.errors import Refused, Sentence
from surveyapp.models import Membership, Organiser, Study
from surveyapp.services.permissions import Role


def hold_members(session: Session, *, study_id: int) -> None:
    """Nobody else changes the study's members until this act is done."""
    # Key share: experts who save meanwhile refer to the study, and need not wait.
    session.execute(select(Study.id).where(Study.id == study_id).with_for_update(key_share=True))


def has_owner(session: Session, *, study_id: int) -> bool:
    """Whether an owner of the study can sign in."""
    return bool(
        session.scalar(
            select(
                exists()
                .where(
                    Membership.study_id == study_id,
                    Membership.role == Role.OWNER,
                    Membership.organiser_id == Organiser.id,
                    Organiser.disabled_at.is_(None),
                )
                .select_from(Membership, Organiser)
            )
        )
    )


def role_to_give(session: Session, *, study_id: int, role: str) -> str:
    """`role`, or 'owner' for whoever is the first to come into a study that has none."""
    hold_members(session, study_id=study_id)
    return role if has_owner(session, study_id=study_id) else Role.OWNER.value


def keep_an_owner(session: Session, *, study_id: int) -> None:
    """Call it after changing members, while they are held. Raises Refused when no owner is left."""
    session.flush()
    if not has_owner(session, study_id=study_id):
        raise Refused(
            Sentence("A study must have an owner. Make somebody else its owner first, then do this again.")
        )
