"""The rounds of a study as those see them who run them: states and times, what came late, what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import derive
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.rounds import TRANSITIONS, RoundState
from surveyapp.errors import Refused
from surveyapp.models import LateDraft, Panellist, Participation, ProtocolVersion, Round, Study, database_now
from surveyapp.questionnaire.model import Rating
from surveyapp.services.instruments import get_instrument
from surveyapp.services.item_history import asked_items, read_all_decisions, read_first, replay
from surveyapp.services.protocols import find_protocol
from surveyapp.services.reading.proposals import read_waiting
from surveyapp.services.round_plans import collected_only
from surveyapp.services.stopping import AfterRound, read_stopping

_MOST_LATE = 500


@dataclass(frozen=True, slots=True)
class LateOne:
    """A panellist whose answers could still be let in; how many saves came late, never what was in them."""

    pseudonym: str
    group: str
    has_submitted: bool
    late: int


@dataclass(frozen=True, slots=True)
class RunRound:
    """One round, and what may be done with it now."""

    number: int
    state: str
    cohort: str
    opens_at: datetime | None
    opened_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    released_at: datetime | None
    started: int
    submitted: int
    late: tuple[LateOne, ...]
    acts: frozenset[str]
    correction: int
    """How many texts of it were corrected."""

    @property
    def is_over(self) -> bool:
        """Whether its answers are in."""
        return self.state in {RoundState.CLOSED, RoundState.RELEASED}


@dataclass(frozen=True, slots=True)
class NextRound:
    """The round that comes next, as protocol and decisions have it so far."""

    number: int
    asks: str
    days_open: int | None
    open_to: str
    invited: int
    """How many may take part, as things stand."""
    items: int
    """How many items it would ask to rate."""
    items_before: int
    """How many the round before asked."""
    shows_round: int | None
    undecided: int
    """Items of the round before that nothing was decided about."""
    obstacles: tuple[str, ...]
    """What keeps it from being opened: ``open``, ``panel``, ``protocol``, ``lock``, ``release``, ``decide``,
    ``items``, ``nothing``, ``over``."""
    unread: Mapping[int, int]
    """Round → how many of its proposals have found no place yet; they keep nothing from being opened."""
    stopping: AfterRound | None
    """What the rule of stopping said after the latest round; None without a protocol."""


@dataclass(frozen=True, slots=True)
class StudyRounds:
    """All rounds of a study, and the one that comes next."""

    time_zone: str
    now: datetime
    panel: int
    has_protocol: bool
    planned: int
    """How many rounds the protocol plans, or the study without one."""
    may_overlap: bool
    runs: tuple[RunRound, ...]
    next: NextRound | None
    """None while the one before is open or scheduled, unless cohorts overlap."""

    def find(self, number: int) -> RunRound | None:
        """The round `number`."""
        return next((each for each in self.runs if each.number == number), None)


def get_study_rounds(session: Session, *, study: Study) -> StudyRounds:
    """Every round of `study`, cancelled ones too, and what stands before the next one."""
    rounds = session.scalars(select(Round).where(Round.study_id == study.id).order_by(Round.number)).all()
    counts = _count(session, study_id=study.id)
    late = _find_late(session, study_id=study.id, rounds=rounds)
    now, panel, invited = _count_panel(session, study_id=study.id)
    version = session.get(ProtocolVersion, (study.id, study.protocol_number))
    protocol = find_protocol(session, study=study)
    may_overlap = protocol is not None and protocol.cohorts == "overlapping"
    is_under_way = any(each.state in {RoundState.OPEN, RoundState.SCHEDULED} for each in rounds)
    return StudyRounds(
        time_zone=study.time_zone,
        now=now,
        panel=panel,
        has_protocol=protocol is not None,
        planned=len(protocol.rounds) if protocol else study.planned_rounds,
        may_overlap=may_overlap,
        runs=tuple(_run(each, counts.get(each.number, (0, 0)), late.get(each.number, ())) for each in rounds),
        next=None
        if is_under_way and not may_overlap
        else _find_next(
            session,
            study=study,
            protocol=protocol,
            rounds=rounds,
            invited=invited,
            is_locked=version is not None and version.locked_at is not None,
        ),
    )


def _count_panel(session: Session, *, study_id: int) -> tuple[datetime, int, int]:
    """The database's clock, how many are on the panel, and how many of them are still invited."""
    mine = select(func.count()).select_from(Panellist).where(Panellist.study_id == study_id)
    row = session.execute(
        select(
            database_now(),
            mine.scalar_subquery(),
            mine.where(Panellist.state == "invited").scalar_subquery(),
        )
    ).one()
    return row[0], row[1], row[2]


def _run(each: Round, counts: tuple[int, int], late: Sequence[LateOne]) -> RunRound:
    state = RoundState(each.state)
    return RunRound(
        number=each.number,
        state=each.state,
        cohort=each.cohort,
        opens_at=each.opens_at,
        opened_at=each.opened_at,
        closes_at=each.closes_at,
        closed_at=each.closed_at,
        released_at=each.released_at,
        started=counts[0],
        submitted=counts[1],
        late=tuple(late),
        acts=frozenset(str(act) for (start, act) in TRANSITIONS if start is state),
        correction=each.correction,
    )


def _count(session: Session, *, study_id: int) -> Mapping[int, tuple[int, int]]:
    """Round → how many began, how many submitted."""
    submitted = func.sum(case((Participation.submission > 0, 1), else_=0))
    rows = session.execute(
        select(Participation.round, func.count(), submitted)
        .where(Participation.study_id == study_id)
        .group_by(Participation.round)
    )
    return {number: (began, int(done)) for number, began, done in rows}


def _find_late(
    session: Session, *, study_id: int, rounds: Sequence[Round]
) -> Mapping[int, Sequence[LateOne]]:
    """Round → whose answers an organiser could let in: of closed rounds that are not released."""
    closed = [each.number for each in rounds if each.state == RoundState.CLOSED]
    if not closed:
        return {}
    drafts = (
        select(LateDraft.round, LateDraft.panellist_id, func.count().label("late"))
        .where(LateDraft.study_id == study_id, LateDraft.round.in_(closed))
        .group_by(LateDraft.round, LateDraft.panellist_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Participation.round,
            Panellist.pseudonym,
            Participation.group,
            Participation.submission,
            func.coalesce(drafts.c.late, 0),
        )
        .join(
            Panellist,
            and_(Panellist.study_id == Participation.study_id, Panellist.id == Participation.panellist_id),
        )
        .outerjoin(
            drafts,
            and_(drafts.c.round == Participation.round, drafts.c.panellist_id == Participation.panellist_id),
        )
        .where(
            Participation.study_id == study_id,
            Participation.round.in_(closed),
            Participation.withdrawn_at.is_(None),
            or_(
                drafts.c.late > 0,
                and_(Participation.submission == 0, Participation.revision > 0),
                Participation.revision > Participation.submitted_revision,
            ),
        )
        .order_by(Participation.round, Panellist.pseudonym)
        .limit(_MOST_LATE)
    )
    found: dict[int, list[LateOne]] = {}
    for number, pseudonym, group, submission, late in rows:
        found.setdefault(number, []).append(LateOne(pseudonym, group, submission > 0, late))
    return found


def _find_next(
    session: Session,
    *,
    study: Study,
    protocol: Protocol | None,
    rounds: Sequence[Round],
    invited: int,
    is_locked: bool,
) -> NextRound | None:
    kept = [each for each in rounds if each.state != RoundState.CANCELLED and not each.cohort]
    waiting = next((each for each in kept if each.state == RoundState.DRAFT), None)
    before = [each for each in kept if each is not waiting]
    previous = before[-1] if before else None
    planned = None
    if protocol is not None and len(before) < len(protocol.rounds):
        planned = protocol.rounds[len(before)]
    is_over = protocol is not None and planned is None
    undecided, items, items_before = _count_items(
        session, study=study, previous=previous, asks=planned.asks if planned else "all items"
    )
    has_collected = previous is not None and collected_only(previous)
    shows = (
        previous.number
        if previous is not None
        # Of a round that only collected items there is nothing to show, and nobody is kept out after it.
        and not has_collected
        and protocol is not None
        and planned is not None
        and protocol.feedback_in(planned.number).is_any
        else None
    )
    must_release = shows is not None and planned is not None and planned.real_time is None
    found = (
        ("open", any(each.state == RoundState.OPEN for each in kept)),
        ("panel", not invited),
        ("lock", protocol is not None and not is_locked),
        ("over", is_over),
        ("decide", protocol is not None and bool(undecided)),
        ("release", must_release and previous is not None and previous.state == RoundState.CLOSED),
        ("items", has_collected and not items),
        ("nothing", previous is not None and not has_collected and not undecided and not items),
    )
    later = (
        protocol.later_rounds
        if protocol is not None and previous is not None and not has_collected
        else "all invited"
    )
    return NextRound(
        number=planned.number if planned else max((each.number for each in rounds), default=0) + 1,
        asks=planned.asks if planned else "all items",
        days_open=planned.days_open if planned else None,
        open_to=later,
        invited=invited
        if later == "all invited" or previous is None
        else _count_invited(session, study_id=study.id, later=later, previous=previous),
        items=items,
        items_before=items_before,
        shows_round=shows,
        undecided=undecided,
        obstacles=tuple(name for name, stands in found if stands),
        unread=read_waiting(session, study_id=study.id),
        stopping=read_stopping(session, study=study),
    )


def _count_items(
    session: Session, *, study: Study, previous: Round | None, asks: str
) -> tuple[int, int, int]:
    """Items without a decision, items that would be asked, items that were asked."""
    number = previous.questionnaire_number if previous is not None else study.questionnaire_number
    asked = asked_items(get_instrument(session, study_id=study.id, number=number))
    if previous is None:
        return 0, len(asked), len(asked)
    if not study.protocol_number:
        return 0, len(asked), len(asked)
    decided = read_all_decisions(session, study_id=study.id, cohort=previous.cohort)
    undecided = sum(item not in decided.get(previous.number, {}) for item in asked)
    first = read_first(session, study_id=study.id)
    # Only counted: what was put right in the wording changes nothing here.
    fates = replay(first, decided, {})
    try:
        questionnaire = derive(first, fates, "only open" if asks == "only open" else "all items")
    except Refused:
        return undecided, 0, len(asked)
    rated = {
        item.id
        for question in questionnaire.questions_by_id.values()
        if isinstance(question, Rating)
        for item in questionnaire.items_of(question)
    }
    return undecided, len(rated), len(asked)


def _count_invited(session: Session, *, study_id: int, later: str, previous: Round) -> int:
    """How many who are still invited may take part."""
    invited = (
        select(func.count())
        .select_from(Panellist)
        .where(Panellist.study_id == study_id, Panellist.state == "invited")
    )
    answered = select(Participation.panellist_id).where(
        Participation.study_id == study_id, Participation.submission > 0
    )
    if later == "answered the previous round":
        answered = answered.where(Participation.round == previous.number)
    return session.scalar(invited.where(Panellist.id.in_(answered))) or 0
