"""How a round goes: who has submitted, who is on the way, who will not come. Counts only, never an answer.

A round's panel are those who could take part in it, as reports count them, and those whom its letter did not
reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from surveyapp.delphi.rounds import OpenTo
from surveyapp.models import LateDraft, Panellist, Participation, Round, Study
from surveyapp.services.instruments import get_instrument
from surveyapp.services.round_plans import collected_only
from surveyapp.tally.attending import could_come, is_in_cohort

# Under a name of its own: `could_come` asks for a participation itself.
_here = aliased(Participation)
Standing = Literal["submitted", "in_progress", "not_started", "declined", "not_me", "withdrawn"]
STANDINGS: tuple[Standing, ...] = (
    "submitted", "in_progress", "not_started", "declined", "not_me", "withdrawn",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counts:
    """How many panellists stand where. Everybody stands in exactly one place."""

    panel: int
    submitted: int
    in_progress: int
    not_started: int
    declined: int
    not_me: int
    withdrawn: int


@dataclass(frozen=True, slots=True)
class GroupProgress:
    """The same counts for one group; its title is in the questionnaire's first language."""

    group: str
    title: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Day:
    """How many panellists had submitted by the end of a day, in the study's time zone."""

    day: date
    submitted: int


@dataclass(frozen=True, slots=True)
class RoundProgress:
    """One round: its state, its times, and its panel's standing."""

    number: int
    state: str
    opened_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    counts: Counts
    late: int
    """Panellists who changed something after the round had closed; it is kept and not counted."""
    groups: tuple[GroupProgress, ...]
    days: tuple[Day, ...]
    collects: bool = False
    """Whether it only collects items."""


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """A study and its rounds, cancelled ones too, the latest last.

    Without a round yet, `panel` still counts who is invited.
    """

    slug: str
    title: str
    organisation: str
    time_zone: str
    is_synthetic: bool
    planned_rounds: int
    panel: int
    rounds: tuple[RoundProgress, ...]

    @property
    def current(self) -> RoundProgress | None:
        """The latest round that was not cancelled, or None before the first."""
        return next((each for each in reversed(self.rounds) if each.state != "cancelled"), None)

    @property
    def is_open(self) -> bool:
        """Whether a round is open: then nothing but progress is shown."""
        return any(each.state == "open" for each in self.rounds)


def get_progress(session: Session, *, study: Study) -> StudyProgress:
    """How every round of `study` stands."""
    rounds = session.execute(select(Round).where(Round.study_id == study.id).order_by(Round.number)).scalars()
    panel = session.execute(
        select(func.count()).select_from(Panellist).where(Panellist.study_id == study.id)
    ).scalar_one()
    return StudyProgress(
        slug=study.slug,
        title=study.title,
        organisation=study.organisation,
        time_zone=study.time_zone,
        is_synthetic=study.is_synthetic,
        planned_rounds=study.planned_rounds,
        panel=panel,
        rounds=tuple(_round_progress(session, study, each) for each in rounds),
    )


def _round_progress(session: Session, study: Study, current: Round) -> RoundProgress:
    by_group = _count_standings(session, study_id=study.id, number=current.number)
    instrument = get_instrument(session, study_id=study.id, number=current.questionnaire_number)
    questionnaire = instrument.questionnaire
    titles = {group.id: group.title.get(questionnaire.language) for group in questionnaire.groups}
    # Groups in the questionnaire's order, those without a panellist too; then what is not in it.
    order = [*titles, *sorted(group for group in by_group if group not in titles)]
    late = session.execute(
        select(func.count(LateDraft.panellist_id.distinct())).where(
            LateDraft.study_id == study.id, LateDraft.round == current.number
        )
    ).scalar_one()
    return RoundProgress(
        number=current.number,
        collects=collected_only(current),
        state=current.state,
        opened_at=current.opened_at,
        closes_at=current.closes_at,
        closed_at=current.closed_at,
        counts=_as_counts(sum(by_group.values(), Counter())),
        late=late,
        groups=tuple(
            GroupProgress(group, titles.get(group, group), _as_counts(by_group.get(group, Counter())))
            for group in order
            if group
        ),
        days=_days(session, study=study, number=current.number),
    )


def _count_standings(session: Session, *, study_id: int, number: int) -> dict[str, Counter[str]]:
    standing = case(
        (Panellist.state != "invited", Panellist.state),
        (_here.submission > 0, literal("submitted")),
        (_here.submission == 0, literal("in_progress")),
        else_=literal("not_started"),
    ).label("standing")
    is_not_me = and_(Panellist.state == "not_me", is_in_cohort(), Round.open_to == OpenTo.INVITED)
    rows = session.execute(
        select(Panellist.group, standing, func.count())
        .outerjoin(
            _here,
            and_(
                _here.study_id == Panellist.study_id,
                _here.round == number,
                _here.panellist_id == Panellist.id,
            ),
        )
        .join(Round, and_(Round.study_id == Panellist.study_id, Round.number == number))
        # Whoever says that the letter was not for them could not come, and is told apart all the same.
        .where(Panellist.study_id == study_id, or_(could_come(), is_not_me))
        .group_by(Panellist.group, standing)
    )
    by_group: dict[str, Counter[str]] = {}
    for group, where, count in rows:
        by_group.setdefault(group, Counter())[where] += count
    return by_group


def _as_counts(counter: Counter[str]) -> Counts:
    return Counts(panel=sum(counter.values()), **{standing: counter[standing] for standing in STANDINGS})


def _days(session: Session, *, study: Study, number: int) -> tuple[Day, ...]:
    zone = ZoneInfo(study.time_zone)
    times: Sequence[datetime | None] = (
        session.execute(
            select(Participation.submitted_at).where(
                Participation.study_id == study.id,
                Participation.round == number,
                Participation.submission > 0,
            )
        )
        .scalars()
        .all()
    )
    per_day = Counter(moment.astimezone(zone).date() for moment in times if moment is not None)
    days, total = [], 0
    for day in sorted(per_day):
        total += per_day[day]
        days.append(Day(day, total))
    return tuple(days)
