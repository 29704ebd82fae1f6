"""How a round goes: who has submitted, who is on the way, who will not come. Counts only, never an answer.

A round's panel are those who could take part in it, as reports count them, and those whom its letter did not
reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from surveyapp.delphi.rounds import OpenTo
from surveyapp.models import LateDraft, Panellist, Participation, QuestionnaireVersion, Round, Study
from surveyapp.services.instruments import get_instrument
from surveyapp.services.round_plans import collected_only
from surveyapp.tally.attending import could_come, is_in_cohort

# Under a name of its own: `could_come` asks for a participation itself.
_here = aliased(Participation)
Standing = Literal["submitted", "in_progress", "not_started", "declined", "not_me", "withdrawn"]
STANDINGS: tuple[Standing, ...] = (
    "submitted", "in_progress", "not_started", "declined", "not_me", "withdrawn",
)  # fmt: skip
OTHER_GROUPS = "*"
"""The name of the groups that are told only together; no group can be called so."""


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
    questionnaire: tuple[int, str] = (0, "")
    """The version that it asks: its number and its hash."""


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
    is_archived: bool = False
    delete_at: datetime | None = None
    is_rehearsal: bool = False

    @property
    def current(self) -> RoundProgress | None:
        """The latest round that was not cancelled, or None before the first."""
        return next((each for each in reversed(self.rounds) if each.state != "cancelled"), None)

    @property
    def is_open(self) -> bool:
        """Whether a round is open: then nothing but progress is shown."""
        return any(each.state == "open" for each in self.rounds)


def get_progress(session: Session, *, study: Study) -> StudyProgress:
    """How every round of `study` stands: as many queries for ten rounds as for one."""
    asked = {
        row[0]: row[1] or ""
        for row in session.execute(
            select(Round, QuestionnaireVersion.sha256)
            .outerjoin(
                QuestionnaireVersion,
                and_(
                    QuestionnaireVersion.study_id == Round.study_id,
                    QuestionnaireVersion.number == Round.questionnaire_number,
                ),
            )
            .where(Round.study_id == study.id)
            .order_by(Round.number)
        )
    }
    rounds = list(asked)
    standings = _count_standings(session, study_id=study.id) if rounds else {}
    panel = (
        # Everybody stands somewhere in every round.
        sum(sum(each.values()) for each in standings.get(rounds[0].number, {}).values())
        if rounds
        else session.execute(
            select(func.count()).select_from(Panellist).where(Panellist.study_id == study.id)
        ).scalar_one()
    )
    late = _count_late(session, study_id=study.id) if rounds else {}
    days = _list_days(session, study=study) if rounds else {}
    return StudyProgress(
        slug=study.slug,
        title=study.title,
        organisation=study.organisation,
        time_zone=study.time_zone,
        is_synthetic=study.is_synthetic,
        planned_rounds=study.planned_rounds,
        panel=panel,
        rounds=tuple(
            RoundProgress(
                number=each.number,
                collects=collected_only(each),
                state=each.state,
                opened_at=each.opened_at,
                closes_at=each.closes_at,
                closed_at=each.closed_at,
                counts=_as_counts(sum(standings.get(each.number, {}).values(), Counter())),
                late=late.get(each.number, 0),
                groups=_groups(session, study, each, asked[each], standings.get(each.number, {})),
                days=days.get(each.number, ()),
                questionnaire=(each.questionnaire_number, asked[each]),
            )
            for each in rounds
        ),
        is_archived=study.archived_at is not None,
        delete_at=study.delete_at,
        is_rehearsal=study.rehearsal_of is not None,
    )


def _groups(
    session: Session, study: Study, current: Round, sha256: str, by_group: Mapping[str, Counter[str]]
) -> tuple[GroupProgress, ...]:
    number = current.questionnaire_number
    instrument = get_instrument(session, study_id=study.id, number=number, sha256=sha256)
    questionnaire = instrument.questionnaire
    titles = {group.id: group.title.get(questionnaire.language) for group in questionnaire.groups}
    # Groups in the questionnaire's order, those without a panellist too; then what is not in it.
    order = [*titles, *sorted(group for group in by_group if group not in titles)]
    found = [
        GroupProgress(group, titles.get(group, group), _as_counts(by_group.get(group, Counter())))
        for group in order
        if group
    ]
    if study.anonymity != "blind":
        return tuple(found)
    nameless = by_group.get("", Counter())
    return _together(found, nameless=_as_counts(nameless), k=study.smallest_group)


def _together(groups: Sequence[GroupProgress], *, nameless: Counts, k: int) -> tuple[GroupProgress, ...]:
    """Small groups as one, for organisers who are blind: in a group of two, a count is nearly a name.

    What is not told apart must itself be `k` people or more, or the total gives it away; so the next
    smallest group joins it.
    """
    small = [each for each in groups if 0 < each.counts.panel < k]
    rest = sorted((each for each in groups if each.counts.panel >= k), key=lambda each: each.counts.panel)
    untold = sum(each.counts.panel for each in small) + nameless.panel
    while 0 < untold < k and rest:
        joining = rest.pop(0)
        small.append(joining)
        untold += joining.counts.panel
    if not small:
        return tuple(groups)
    added = Counts(
        **{name: sum(getattr(each.counts, name) for each in small) for name in ("panel", *STANDINGS)}
    )
    if not rest and not any(each.counts.panel >= k for each in groups if each not in small):
        return ()
    kept = [each for each in groups if each not in small]
    return (*kept, GroupProgress(OTHER_GROUPS, "Other groups", added))


def _count_standings(session: Session, *, study_id: int) -> dict[int, dict[str, Counter[str]]]:
    """Round → group → standing → how many."""
    standing = case(
        (Panellist.state.in_(("not_me", "withdrawn")), Panellist.state),
        # Who does not want to go on later on has submitted here all the same, and counts.
        (_here.submission > 0, literal("submitted")),
        (Panellist.state != "invited", Panellist.state),
        (_here.submission == 0, literal("in_progress")),
        else_=literal("not_started"),
    ).label("standing")
    is_not_me = and_(Panellist.state == "not_me", is_in_cohort(), Round.open_to == OpenTo.INVITED)
    rows = session.execute(
        select(Round.number, Panellist.group, standing, func.count())
        .join(Panellist, Panellist.study_id == Round.study_id)
        .outerjoin(
            _here,
            and_(
                _here.study_id == Panellist.study_id,
                _here.round == Round.number,
                _here.panellist_id == Panellist.id,
            ),
        )
        # Whoever says that the letter was not for them could not come, and is told apart all the same.
        .where(Round.study_id == study_id, or_(could_come(), is_not_me))
        .group_by(Round.number, Panellist.group, standing)
    )
    found: dict[int, dict[str, Counter[str]]] = {}
    for number, group, where, count in rows:
        found.setdefault(number, {}).setdefault(group, Counter())[where] += count
    return found


def _as_counts(counter: Counter[str]) -> Counts:
    return Counts(panel=sum(counter.values()), **{standing: counter[standing] for standing in STANDINGS})


def _count_late(session: Session, *, study_id: int) -> dict[int, int]:
    rows = session.execute(
        select(LateDraft.round, func.count(LateDraft.panellist_id.distinct()))
        .where(LateDraft.study_id == study_id)
        .group_by(LateDraft.round)
    )
    return dict(rows.all())


def _list_days(session: Session, *, study: Study) -> dict[int, tuple[Day, ...]]:
    zone = ZoneInfo(study.time_zone)
    rows = session.execute(
        select(Participation.round, Participation.submitted_at).where(
            Participation.study_id == study.id, Participation.submission > 0
        )
    )
    per_day: dict[int, Counter[date]] = {}
    for number, moment in rows:
        if moment is not None:
            per_day.setdefault(number, Counter())[moment.astimezone(zone).date()] += 1
    return {
        number: tuple(map(Day, sorted(counted), accumulate(counted[day] for day in sorted(counted))))
        for number, counted in per_day.items()
    }
