"""An organiser's place in one study: who it is, what study, and what may be done there. One query,
once questionnaire and protocol were read by this process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, and_, bindparam, cast, func, select
from sqlalchemy.orm import Session, aliased

from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Membership, ProtocolVersion, QuestionnaireVersion, Round, Study
from surveyapp.services.instruments import get_instrument
from surveyapp.services.permissions import Right, rights_of
from surveyapp.services.protocols import get_protocol


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
    asks_for_proposals: bool = False
    """Whether experts are asked anywhere to propose items."""
    has_replies: bool = False
    """Whether experts may mark one another's reasons, or reply to them."""
    closed: tuple[int, ...] = ()
    """The rounds that are closed, released ones too, ascending."""
    delete_at: datetime | None = None
    """When it will be deleted, where somebody asked for that."""
    rehearses: str = ""
    """Slug of the study that this one rehearses with an invented panel; '' for a study of its own."""

    def may(self, right: str) -> bool:
        """Whether this organiser may do that here; templates ask by the right's name."""
        return right in self.rights


_rehearsed = aliased(Study)
_CLOSED = (
    select(func.aggregate_strings(cast(Round.number, Text), ","))
    .where(Round.study_id == Study.id, Round.state.in_((RoundState.CLOSED, RoundState.RELEASED)))
    .correlate(Study)
    .scalar_subquery()
)
_FIND_DESK = (
    select(
        Study.id,
        Study.slug,
        Study.title,
        Study.organisation,
        Study.time_zone,
        Study.is_synthetic,
        Study.archived_at,
        Study.delete_at,
        _rehearsed.slug.label("rehearses"),
        Study.anonymity,
        Study.questionnaire_number,
        Study.protocol_number,
        QuestionnaireVersion.sha256.label("questionnaire"),
        ProtocolVersion.sha256.label("protocol"),
        Membership.role,
        _CLOSED.label("closed"),
    )
    .outerjoin(
        QuestionnaireVersion,
        and_(
            QuestionnaireVersion.study_id == Study.id,
            QuestionnaireVersion.number == Study.questionnaire_number,
        ),
    )
    .outerjoin(
        ProtocolVersion,
        and_(ProtocolVersion.study_id == Study.id, ProtocolVersion.number == Study.protocol_number),
    )
    .outerjoin(_rehearsed, _rehearsed.id == Study.rehearsal_of)
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
    asks_for_proposals = bool(
        row.questionnaire
        and get_instrument(
            session, study_id=row.id, number=row.questionnaire_number, sha256=row.questionnaire
        ).questionnaire.asks_for_proposals
    )
    has_replies = bool(
        row.protocol
        and get_protocol(session, study_id=row.id, number=row.protocol_number, sha256=row.protocol).discussion
    )
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
        asks_for_proposals=asks_for_proposals,
        has_replies=has_replies,
        closed=tuple(sorted(int(number) for number in (row.closed or "").split(",") if number)),
        delete_at=row.delete_at,
        rehearses=row.rehearses or "",
    )
