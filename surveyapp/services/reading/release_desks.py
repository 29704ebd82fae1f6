"""What lies before whoever releases a round: what is missing, what warns, what the panel would be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Panellist, Release, Study
from surveyapp.services.item_history import asked_items
from surveyapp.services.protocols import find_protocol
from surveyapp.services.reading.closed_rounds import ClosedRound, get_closed
from surveyapp.services.reading.proposals import read_waiting
from surveyapp.services.reasons.covering import NOTHING_LEFT, Coverage, count_work, coverage_of
from surveyapp.services.reasons.gathering import count_waiting
from surveyapp.services.release_facts import ReleaseFacts, get_release_facts
from surveyapp.services.release_stamps import Standing, read_standing

_EXAMPLES = 60


@dataclass(frozen=True, slots=True)
class Released:
    """A release that is out."""

    number: int
    released_at: datetime
    released_by: str
    sha256: str
    input_sha256: str


@dataclass(frozen=True, slots=True)
class ReleaseDesk:
    """One closed round on its way to the panel, or there already."""

    number: int
    state: str
    facts: ReleaseFacts | None
    """What would be released in numbers, or what was; None while a draft has to be made first."""
    stamp: str = ""
    """Of all that the release would be made from: what `release_round` takes as `reviewed`."""
    coverage: Coverage = NOTHING_LEFT
    undecided: tuple[str, ...] = ()
    """Titles of the items that nothing was decided about."""
    unread: Mapping[int, int] = field(default_factory=dict)
    """Round → how many of its proposals have found no place yet, up to this one."""
    released: Released | None = None
    is_last: bool = False
    """Whether no round is planned after it."""
    panellists: tuple[tuple[str, str], ...] = ()
    """Some pseudonyms, each with its group: as whom to look at the next round."""


def get_release_desk(session: Session, *, study_id: int, number: int) -> ReleaseDesk:
    """The release of round `number`: nothing is counted or drafted for it, and no text of it is read.

    Raises NotFound, or RoundClosed while the round is open.
    """
    closed = get_closed(session, study_id=study_id, number=number)
    row = _find_release(session, study_id=study_id, number=number)
    facts = None
    if row is not None:
        facts = get_release_facts(
            session, study_id=study_id, round_number=number, number=row.number, sha256=row.content_sha256
        )
    if row is not None and row.released_at is not None:
        return _look_back(session, closed, row, facts, study_id=study_id)
    standing = read_standing(session, study_id=study_id, number=number)
    if row is None or facts is None or row.input_sha256 != standing.input_sha256:
        facts = None
    waiting = count_waiting(session, study_id=study_id, round_number=number)
    work = count_work(session, study_id=study_id, round_number=number)
    unread = read_waiting(session, study_id=study_id)
    return ReleaseDesk(
        number=number,
        state=closed.state,
        facts=None if facts is None else _as_it_stands(facts, closed, standing),
        stamp=standing.stamp,
        coverage=coverage_of(work, closed.instrument, standing.sources, waiting=waiting),
        undecided=tuple(_undecided(closed, standing)),
        unread={each: count for each, count in unread.items() if each <= number},
        is_last=closed.planned >= _find_last_planned(session, study_id=study_id),
        panellists=_some_panellists(session, study_id=study_id),
    )


def _look_back(
    session: Session, closed: ClosedRound, row: Any, facts: ReleaseFacts | None, *, study_id: int
) -> ReleaseDesk:
    """The page of a release that is out: nothing of it is left to do."""
    return ReleaseDesk(
        number=closed.number,
        state=closed.state,
        facts=facts,
        released=Released(
            row.number, row.released_at, row.released_by or "", row.content_sha256, row.input_sha256
        ),
        is_last=closed.planned >= _find_last_planned(session, study_id=study_id),
    )


def _find_last_planned(session: Session, *, study_id: int) -> int:
    """The last round of the protocol in force, or of the study where it has none."""
    study = session.get_one(Study, study_id)
    protocol = find_protocol(session, study=study)
    return max(each.number for each in protocol.rounds) if protocol else study.planned_rounds


def _find_release(session: Session, *, study_id: int, number: int) -> Any:
    """The latest release of a round, or the draft where nothing is released yet, without its content."""
    return session.execute(
        select(
            Release.number,
            Release.released_at,
            Release.released_by,
            Release.content_sha256,
            Release.input_sha256,
        )
        .where(Release.study_id == study_id, Release.round == number)
        .order_by(Release.released_at.is_(None), Release.number.desc())
        .limit(1)
    ).first()


def _as_it_stands(facts: ReleaseFacts, closed: ClosedRound, standing: Standing) -> ReleaseFacts:
    """The draft's figures, with the reasons, summaries and decisions that would go with them now."""
    feedback = closed.protocol.feedback if closed.protocol is not None else None
    # In a panel smaller than k nobody reads another's reasons.
    has_reasons = (feedback is None or feedback.reasons) and facts.submissions >= facts.smallest_group
    has_summaries = feedback is None or feedback.summaries
    return replace(
        facts,
        reasons=standing.states.get("released", 0) if has_reasons else 0,
        summaries=len({item for (item, _), count in standing.sources.items() if count})
        if has_summaries
        else 0,
        decided=len(standing.decided),
    )


def _undecided(closed: ClosedRound, standing: Standing) -> Iterator[str]:
    """Titles of the items that were rated and have no decision; without a protocol nothing is decided."""
    if closed.protocol is None:
        return
    questionnaire = closed.instrument.questionnaire
    for item in asked_items(closed.instrument):
        if item not in standing.decided:
            yield questionnaire.items_by_id[item].title.get(questionnaire.language)


def _some_panellists(session: Session, *, study_id: int) -> tuple[tuple[str, str], ...]:
    rows = session.execute(
        select(Panellist.pseudonym, Panellist.group)
        .where(Panellist.study_id == study_id, Panellist.state == "invited")
        .order_by(Panellist.pseudonym)
        .limit(_EXAMPLES)
    )
    return tuple((pseudonym, group) for pseudonym, group in rows)
