"""Who is worth a personal word: whom letters do not reach, who came before and not now, who stopped half-way.

Only that somebody has not submitted is told, as for reminders; never what, and never when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from surveyapp.mail.kinds import Kind
from surveyapp.models import Identity, OutboxMessage, Panellist, Participation, Round, Study
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.panellists import seat_of
from surveyapp.tally.attending import could_come

Why = Literal["unreached", "missed", "half_way", "reminded", "left"]
WHYS: tuple[Why, ...] = ("unreached", "missed", "half_way", "reminded", "left")
"""In the order in which a word is most worth it."""
MOST = 200
_FAILED = ("refused", "bounced", "unknown")
_here = aliased(Participation)


@dataclass(frozen=True, slots=True)
class Awaited:
    """One panellist who is awaited, or who left."""

    seat: str
    who: str
    """The name, or the pseudonym."""
    email: str
    group: str
    why: Why
    reminders: int
    """How many reminders of this round went out."""


@dataclass(frozen=True, slots=True)
class PersonalWords:
    """The list for the latest round that was opened."""

    round: int | None
    """None before the first round."""
    is_open: bool
    rows: tuple[Awaited, ...]
    counts: Mapping[Why, int]


def list_personal_words(session: Session, *, study: Study, with_names: bool) -> PersonalWords:
    """Who is worth a personal word now, by name or by pseudonym, the first `MOST` of them."""
    current = session.scalars(
        select(Round)
        .where(Round.study_id == study.id, Round.state.in_(("open", "closed", "released")))
        .order_by(Round.number.desc())
        .limit(1)
    ).first()
    if current is None:
        return PersonalWords(None, is_open=False, rows=(), counts={})
    questionnaire = get_instrument(
        session, study_id=study.id, number=study.questionnaire_number
    ).questionnaire
    groups = {each.id: each.title.get(questionnaire.language) for each in questionnaire.groups}
    before = set(
        session.scalars(
            select(Participation.panellist_id).where(
                Participation.study_id == study.id,
                Participation.round < current.number,
                Participation.submission > 0,
            )
        )
    )
    unreached = _list_unreached(session, study_id=study.id)
    reminders = _count_reminders(session, study_id=study.id, number=current.number)
    found: list[Awaited] = []
    for row in _list_not_submitted(session, study_id=study.id, number=current.number):
        sent = reminders.get(row.id, 0)
        why = _why(row, is_unreached=row.id in unreached, came_before=row.id in before, reminders=sent)
        if why is not None:
            found.append(
                Awaited(
                    seat=seat_of(row.id) if with_names else row.pseudonym,
                    who=(row.name or row.email) if with_names else row.pseudonym,
                    email=row.email if with_names else "",
                    group=groups.get(row.group, row.group),
                    why=why,
                    reminders=sent,
                )
            )
    found.sort(key=lambda each: (WHYS.index(each.why), each.who.casefold(), each.seat))
    counts = {why: sum(each.why == why for each in found) for why in WHYS}
    return PersonalWords(current.number, current.state == "open", tuple(found[:MOST]), counts)


def _list_not_submitted(session: Session, *, study_id: int, number: int) -> Sequence[Any]:
    """Everybody with a name whom the round is for, or who has left, and who has not submitted in it."""
    return session.execute(
        select(
            Panellist.id,
            Panellist.pseudonym,
            Panellist.group,
            Panellist.state,
            Identity.name,
            Identity.email,
            _here.panellist_id.is_not(None).label("has_started"),
        )
        .join(Round, and_(Round.study_id == Panellist.study_id, Round.number == number))
        .join(
            Identity,
            and_(Identity.study_id == Panellist.study_id, Identity.panellist_id == Panellist.id),
        )
        .outerjoin(
            _here,
            and_(
                _here.study_id == Panellist.study_id,
                _here.round == number,
                _here.panellist_id == Panellist.id,
            ),
        )
        .where(
            Panellist.study_id == study_id,
            Panellist.state.in_(("invited", "declined", "withdrawn")),
            or_(_here.submission.is_(None), _here.submission == 0),
            or_(could_come(), Panellist.state != "invited"),
        )
    ).all()


def _why(row: Any, *, is_unreached: bool, came_before: bool, reminders: int) -> Why | None:
    if row.state != "invited":
        return "left" if came_before else None
    if is_unreached:
        return "unreached"
    if came_before:
        return "missed"
    if row.has_started:
        return "half_way"
    return "reminded" if reminders else None


def _list_unreached(session: Session, *, study_id: int) -> set[int]:
    """Those whose latest letter did not arrive."""
    latest = (
        select(OutboxMessage.panellist_id, func.max(OutboxMessage.state_at).label("at"))
        .where(OutboxMessage.study_id == study_id, OutboxMessage.state.in_((*_FAILED, "sent")))
        .group_by(OutboxMessage.panellist_id)
        .subquery()
    )
    return set(
        session.scalars(
            select(OutboxMessage.panellist_id)
            .join(
                latest,
                and_(
                    latest.c.panellist_id == OutboxMessage.panellist_id,
                    latest.c.at == OutboxMessage.state_at,
                ),
            )
            .where(OutboxMessage.study_id == study_id, OutboxMessage.state.in_(_FAILED))
        )
    )


def _count_reminders(session: Session, *, study_id: int, number: int) -> dict[int, int]:
    rows = session.execute(
        select(OutboxMessage.panellist_id, func.count())
        .where(
            OutboxMessage.study_id == study_id,
            OutboxMessage.round == number,
            OutboxMessage.kind == Kind.REMINDER,
            OutboxMessage.state == "sent",
        )
        .group_by(OutboxMessage.panellist_id)
    )
    return dict(rows.all())
