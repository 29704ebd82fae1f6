"""Who fell away between two rounds, whether they had rated otherwise, and what that does to verdicts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.consensus import rule_in_force
from surveyapp.delphi.grounds import alike, ground_of, groups_of
from surveyapp.delphi.measures import CountedFigures, Tallied
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.rounds import RoundState
from surveyapp.delphi.rules.expression import INSUFFICIENT
from surveyapp.delphi.rules.judging import judge as judge_rule
from surveyapp.models import Round, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Rating
from surveyapp.services.figures import RoundFigures, scale_of
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.item_history import asked_items
from surveyapp.services.kept_figures import get_figures
from surveyapp.services.release_drafts import privacy_rules
from surveyapp.statistics.attrition import (
    LeaversAndStayers,
    LeaversOverItems,
    Retention,
    as_if_nobody_had_left,
    leavers_and_stayers,
    leavers_over_items,
    retention,
)
from surveyapp.statistics.counts import Counts
from surveyapp.statistics.forecasting import Forecast, forecast_next
from surveyapp.statistics.measure import Undefined
from surveyapp.tally.leaving import Side, SideTally, count_last, count_sides, count_submitted

EVERYBODY = ""
_MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class CellAttrition:
    """One rating of the earlier round: leavers against stayers, everybody and each group that may be told."""

    key: CellKey
    everybody: LeaversAndStayers
    groups: Mapping[str, LeaversAndStayers]
    p: float | None
    """Adjusted by Holm over all ratings of the round."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """A verdict that turns when the last ratings of those who left are added."""

    item: str
    title: str
    rule: str
    now: str
    with_leavers: str


@dataclass(frozen=True, slots=True)
class Attrition:
    """Who left between round `before` and round `number`. No field tells one person's rating."""

    number: int
    before: int
    stayers: int
    leavers: int
    smallest_group: int
    retention: Retention
    over_items: LeaversOverItems
    titles: Mapping[str, str]
    """Item → its title as the earlier round asked it."""
    cells: tuple[CellAttrition, ...]
    reversals: tuple[Reversal, ...]
    untold: int
    """Items whose verdict could turn on fewer than k people, so that nothing is said."""
    forecast: Forecast | None
    instrument: Instrument


_Kept = tuple[RoundFigures, Mapping[int, int], Attrition]
_kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
_kept_lock = threading.Lock()


def find_attrition(session: Session, *, study: Study, number: int) -> Attrition | None:
    """Leavers and stayers of a closed round, or None where no round of ratings was before it.

    Raises NotFound, and RoundClosed while the round is open: nobody peeks.
    """
    figures = get_figures(session, study_id=study.id, number=number)
    if figures.before is None:
        return None
    held = _list_held(session, session.get_one(Round, (study.id, number)))
    everywhere = count_submitted(session, study_id=study.id)
    submitted = {each: everywhere.get(each, frozenset()) for each in held}
    sizes = {each: len(people) for each, people in submitted.items()}
    key = (str(session.get_bind().engine.url), study.id, number)
    with _kept_lock:
        kept = _kept.get(key)
    # The same figures are the same object as long as nothing that counts has changed.
    if kept is not None and kept[0] is figures and kept[1] == sizes:
        return kept[2]
    found = _work_out(session, figures, figures.before, study=study, submitted=submitted)
    with _kept_lock:
        _kept[key] = (figures, sizes, found)
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _list_held(session: Session, current: Round) -> list[int]:
    """The closed rounds of ratings of this cohort up to this one: others have no last ratings."""
    rows = session.execute(
        select(Round.number, Round.plan)
        .where(
            Round.study_id == current.study_id,
            Round.number <= current.number,
            Round.cohort == current.cohort,
            Round.state.in_([RoundState.CLOSED, RoundState.RELEASED]),
        )
        .order_by(Round.number)
    )
    return [row.number for row in rows if not RoundPlan.from_canonical(row.plan).only_collects]


def _work_out(
    session: Session,
    figures: RoundFigures,
    before: int,
    *,
    study: Study,
    submitted: Mapping[int, frozenset[int]],
) -> Attrition:
    number = figures.number
    earlier = session.get_one(Round, (study.id, before))
    instrument = get_instrument(session, study_id=study.id, number=earlier.questionnaire_number)
    k = privacy_rules(figures, study=study).k
    sides = count_sides(
        session, study_id=study.id, before=before, now=number, complete=_complete(figures, instrument)
    )
    cells = _compare(instrument, figures, sides, k)
    over = leavers_over_items([each for _, each, _ in cells])
    were, are = submitted.get(before, frozenset()), submitted.get(number, frozenset())
    reversals, untold = _judge_again(session, figures, study=study, submitted=submitted, k=k)
    first = min(submitted, default=number)
    invited = max(
        sum(figures.tally.invited.values()), len(are), len(were), len(submitted.get(first, frozenset()))
    )
    questionnaire = instrument.questionnaire
    return Attrition(
        number=number,
        before=before,
        stayers=len(were & are),
        leavers=len(were - are),
        smallest_group=k,
        retention=retention(
            len(are), previous=len(were), first=len(submitted.get(first, frozenset())), invited=invited
        ),
        over_items=over,
        titles={
            item: questionnaire.items_by_id[item].title.get(questionnaire.language)
            for item in asked_items(instrument)
        },
        cells=tuple(
            CellAttrition(key, everybody, groups, p)
            for (key, everybody, groups), p in zip(cells, over.p_values, strict=True)
        ),
        reversals=reversals,
        untold=untold,
        forecast=forecast_next(len(were & are), of=len(were), now=len(are)),
        instrument=instrument,
    )


def _complete(figures: RoundFigures, instrument: Instrument) -> list[int] | None:
    """The ratings that must be given for a submission to count, where the protocol says so."""
    if figures.protocol is None or figures.protocol.counting.partial_answers:
        return None
    return [
        cell for cell in instrument.numbers_asked if scale_of(instrument, cell, kinds=(Rating,)) is not None
    ]


def _compare(
    instrument: Instrument, figures: RoundFigures, sides: SideTally, k: int
) -> list[tuple[CellKey, LeaversAndStayers, Mapping[str, LeaversAndStayers]]]:
    found: list[tuple[CellKey, LeaversAndStayers, Mapping[str, LeaversAndStayers]]] = []
    for cell in instrument.numbers_asked:
        key = instrument.spec(cell).key
        if not key.item or scale_of(instrument, cell, kinds=(Rating,)) is None:
            continue
        parts = {
            group: (
                _side(instrument, cell, sides, [group], stayed=False),
                _side(instrument, cell, sides, [group], stayed=True),
            )
            for group in figures.groups
        }
        everywhere = (*figures.groups, EVERYBODY)
        whole = leavers_and_stayers(
            _side(instrument, cell, sides, everywhere, stayed=False),
            _side(instrument, cell, sides, everywhere, stayed=True),
            k=k,
        )
        groups = {group: leavers_and_stayers(*both, k=k) for group, both in parts.items()}
        told = {group: each for group, each in groups.items() if not each.is_suppressed}
        # What is left between the whole and the groups that are told must be nobody, or k on each side.
        for side in (0, 1):
            rest = sum(both[side].n for group, both in parts.items() if group not in told)
            rest += _side(instrument, cell, sides, [EVERYBODY], stayed=bool(side)).n
            if 0 < rest < k:
                told = {}
        found.append((key, whole, {} if whole.is_suppressed else told))
    return found


def _side(
    instrument: Instrument, cell: int, sides: SideTally, groups: tuple[str, ...] | list[str], *, stayed: bool
) -> Counts:
    scale = scale_of(instrument, cell)
    assert scale is not None
    place = {point: position for position, point in enumerate(scale.points)}
    of = [0] * len(scale.points)
    for group in groups:
        for value, times in sides.get(Side(cell, group, stayed), {}).items():
            of[place[int(value)]] += times
    return Counts(scale, tuple(of))


@dataclass(slots=True)
class _WithLeavers:
    """Where a rule looks when those who left are counted with their last ratings."""

    figures: RoundFigures
    last: Mapping[tuple[int, str], Mapping[float, int]]
    k: int
    is_told: bool = True
    _seen: dict[tuple[CellKey, str], Tallied] = field(default_factory=dict)

    def look(self, cell: CellKey, group: str) -> Tallied:
        tallied = self.figures.look(cell, group)
        number = self.figures.instrument.number_of.get(cell)
        if tallied.counts is None or number is None:
            return tallied
        groups = (*self.figures.groups, EVERYBODY) if group == EVERYBODY else (group,)
        scale = tallied.counts.scale
        place = {point: position for position, point in enumerate(scale.points)}
        of = [0] * len(scale.points)
        for each in groups:
            for value, times in self.last.get((number, each), {}).items():
                if value in place:
                    of[place[int(value)]] += times
        left = Counts(scale, tuple(of))
        if not left.n:
            return tallied
        counts = as_if_nobody_had_left(tallied.counts, left, k=self.k)
        if isinstance(counts, Undefined):
            self.is_told = False
            return tallied
        return Tallied(counts, chosen=tallied.chosen, invited=tallied.invited)


def _judge_again(
    session: Session,
    figures: RoundFigures,
    *,
    study: Study,
    submitted: Mapping[int, frozenset[int]],
    k: int,
) -> tuple[tuple[Reversal, ...], int]:
    """The verdicts that turn with the last ratings of all who left, and how many items stay untold."""
    protocol, questionnaire, instrument = figures.protocol, figures.questionnaire, figures.instrument
    if protocol is None:
        return (), 0
    last = _last_ratings(session, figures, study=study, submitted=submitted)
    groups = groups_of(protocol, questionnaire)
    reversals, untold = [], set()
    for item in asked_items(instrument):
        for each in protocol.consensus:
            ground, rule = ground_of(questionnaire, each.for_, item, groups), rule_in_force(protocol, each)
            if not ground.cells:
                continue
            looking = _WithLeavers(figures, last, k)
            again = CountedFigures(
                looking.look, protocol.conventions, lambda cell: alike(questionnaire, cell)
            )
            now = judge_rule(rule, ground, figures.for_rules, protocol.limits).verdict
            then = judge_rule(rule, ground, again, protocol.limits).verdict
            if not looking.is_told:
                untold.add(item)
            # Too little to say anything is no verdict that could turn.
            elif now not in {then, INSUFFICIENT}:
                title = questionnaire.items_by_id[item].title.get(questionnaire.language)
                reversals.append(Reversal(item, title, each.id, now, then))
    return tuple(reversals), len(untold)


def _last_ratings(
    session: Session, figures: RoundFigures, *, study: Study, submitted: Mapping[int, frozenset[int]]
) -> Mapping[tuple[int, str], Mapping[float, int]]:
    """Cell of this round, group → the last ratings of all who answered an earlier round and not this one."""
    instrument = figures.instrument
    # A wording that was changed comparably is the same rating.
    cell_now = {cell: cell for cell in instrument.numbers_asked}
    for cell, earlier in instrument.earlier_of.items():
        cell_now.update(dict.fromkeys(earlier, cell))
    found: dict[tuple[int, str], dict[float, int]] = {}
    rounds = sorted(submitted)
    complete = _complete(figures, instrument)
    for place, each in enumerate(rounds[:-1], start=1):
        sides = count_last(session, study_id=study.id, last=each, later=rounds[place:], complete=complete)
        for side, values in sides.items():
            if side.cell in cell_now:
                into = found.setdefault((cell_now[side.cell], side.group), {})
                for value, times in values.items():
                    into[value] = into.get(value, 0) + times
    return found
