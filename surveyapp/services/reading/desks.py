"""An organiser's place in one study: who it is, what study, and what may be done there. One query."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from surveyapp.models import Membership, Study
from surveyapp.services.permissions import Right, rights_of


@dataclass(frozen=True, slots=True)
class Desk:
    """One organiser at work on one study."""

    organiser_id: int
    email: str
    study_id: int
    slug: str
    title: str
    organisation: str
    time_zone: str
    is_synthetic: bool
    is_archived: bool
    role: str
    rights: frozenset[Right]

    def may(self, right: str) -> bool:
        """Whether this organiser may do that here; templates ask by the right's name."""
        return right in self.rights


_FIND_DESK = (
    select(
        Study.id,
        Study.slug,
        Study.title,
        Study.organisation,
        Study.time_zone,
        Study.is_synthetic,
        Study.archived_at,
        Study.anonymity,
        Membership.role,
    )
    .join(
        Membership,
        and_(Membership.study_id == Study.id, Membership.organiser_id == bindparam("organiser_id")),
    )
    .where(Study.slug == bindparam("slug"))
)


def find_desk(session: Session, *, organiser_id: int, email: str, slug: str) -> Desk | None:
    """The organiser's place in the study, or None: somebody else's study is as unknown as none."""
    row = session.execute(_FIND_DESK, {"organiser_id": organiser_id, "slug": slug}).one_or_none()
    if row is None:
        return None
    return Desk(
        organiser_id=organiser_id,
        email=email,
        study_id=row.id,
        slug=row.slug,
        title=row.title,
        organisation=row.organisation,
        time_zone=row.time_zone,
        is_synthetic=row.is_synthetic,
        is_archived=row.archived_at is not None,
        role=row.role,
        rights=rights_of(row.role, is_blind=row.anonymity == "blind"),
    )
