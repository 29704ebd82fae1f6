"""How the work of a round goes: how long it takes, on which page people stop, how much they write."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from surveyapp.mail.kinds import Kind
from surveyapp.models import Answer, OutboxMessage, Panellist, Participation, Study
from surveyapp.questionnaire.planning import plan
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.progress import RoundProgress

_MOST_KEPT = 64
_kept: OrderedDict[tuple[object, ...], int] = OrderedDict()
_kept_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class PageStop:
    """A page, and how many have worked on it last and not yet submitted."""

    title: str
    """In the questionnaire's first language, with what it asks about; '' for pages told only together."""
    people: int


@dataclass(frozen=True, slots=True)
class RoundWork:
    """How the work of one round goes. Counts and one time: nothing of any answer."""

    median_time: timedelta | None
    """From Start to the latest submission, of those who submitted; None with fewer than k of them."""
    stops: tuple[PageStop, ...]
    reasons: int
    """How many reasons stand written, of those who have not submitted too."""
    reminded: tuple[datetime, ...] = ()
    """When reminders of the round were due that went out, each moment once."""


def get_work(session: Session, *, study: Study, current: RoundProgress) -> RoundWork:
    """How the work of a round goes, whatever its state; `current` is how the round itself goes."""
    number, (version, sha256) = current.number, current.questionnaire
    instrument = get_instrument(session, study_id=study.id, number=version, sha256=sha256)
    return RoundWork(
        _median_time(session, study=study, number=number),
        _list_stops(session, instrument, study=study, number=number),
        _count_reasons(session, instrument, study=study, number=number),
        _list_reminded(session, study=study, number=number),
    )


def _list_reminded(session: Session, *, study: Study, number: int) -> tuple[datetime, ...]:
    moments = session.scalars(
        select(OutboxMessage.due_at)
        .where(
            OutboxMessage.study_id == study.id,
            OutboxMessage.round == number,
            OutboxMessage.kind == Kind.REMINDER,
            OutboxMessage.sent_at.is_not(None),
        )
        .distinct()
        .order_by(OutboxMessage.due_at)
    )
    return tuple(moments)


def _median_time(session: Session, *, study: Study, number: int) -> timedelta | None:
    rows = session.execute(
        select(Participation.started_at, Participation.submitted_at).where(
            Participation.study_id == study.id, Participation.round == number, Participation.submission > 0
        )
    )
    times = [(done - started).total_seconds() for started, done in rows if done is not None]
    # One person's time is no count: it is told as of a group.
    return timedelta(seconds=median(times)) if len(times) >= study.smallest_group else None


def _list_stops(
    session: Session, instrument: Instrument, *, study: Study, number: int
) -> tuple[PageStop, ...]:
    rows = session.execute(
        select(Participation.place, func.count())
        .join(
            Panellist,
            and_(Panellist.study_id == Participation.study_id, Panellist.id == Participation.panellist_id),
        )
        .where(
            Participation.study_id == study.id,
            Participation.round == number,
            Participation.submission == 0,
            Panellist.state == "invited",
        )
        .group_by(Participation.place)
    )
    counted: dict[str, int] = dict(rows.all())
    pages = plan(instrument.questionnaire)
    # Who has pressed Start and saved nothing stands before the first page.
    if pages and "" in counted:
        counted[pages[0].key] = counted.get(pages[0].key, 0) + counted.pop("")
    language = instrument.questionnaire.language
    titles = {each.key: _title(instrument, each.page.title.get(language), each.context) for each in pages}
    found = [PageStop(titles[key], counted[key]) for key in titles if key in counted]
    elsewhere = sum(count for key, count in counted.items() if key not in titles)
    if study.anonymity == "blind":
        return _together(found, elsewhere, study.smallest_group)
    return (*found, PageStop("", elsewhere)) if elsewhere else tuple(found)


def _together(stops: Iterable[PageStop], elsewhere: int, k: int) -> tuple[PageStop, ...]:
    """Where organisers are blind, a page is named once k people stand there."""
    shown = []
    for each in stops:
        if each.people < k:
            elsewhere += each.people
        else:
            shown.append(each)
    return (*shown, PageStop("", elsewhere)) if elsewhere else tuple(shown)


def _title(instrument: Instrument, title: str, context: str) -> str:
    if not context:
        return title
    questionnaire = instrument.questionnaire
    return f"{title}: {questionnaire.contexts_by_id[context].title.get(questionnaire.language)}"


def _count_reasons(session: Session, instrument: Instrument, *, study: Study, number: int) -> int:
    cells = [cell for cell in instrument.numbers_asked if instrument.spec(cell).key.part == "reason"]
    if not cells:
        return 0
    state = session.execute(
        select(func.count(), func.sum(Participation.revision), func.count(Participation.withdrawn_at)).where(
            Participation.study_id == study.id, Participation.round == number
        )
    ).one()
    # Every save raises a revision, and only withdrawing takes answers away without one: as long as neither
    # happened, the answers need not be gone through again.
    key = (str(session.get_bind().engine.url), study.id, number, *state)
    with _kept_lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = session.execute(
        select(func.count()).where(
            Answer.study_id == study.id,
            Answer.round == number,
            Answer.cell.in_(cells),
            Answer.status.in_((1, 6)),
            Answer.text.is_not(None),
        )
    ).scalar_one()
    with _kept_lock:
        _kept[key] = found
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return found
