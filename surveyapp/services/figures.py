"""The numbers of one round: counted once, looked up by cell and group, as rules and releases want them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.grounds import alike
from surveyapp.delphi.measures import OF_COUNTS, Basis, Chosen, Conventions, CountedFigures, Tallied
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import RoundClosed, Sentence
from surveyapp.models import Round
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Combination, Expertise, Questionnaire, Rating, Scale
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.protocols import get_protocol
from surveyapp.statistics.counts import Counts, PairCounts, RatingScale
from surveyapp.statistics.measure import Measure
from surveyapp.tally.counts import CellTally, ChoiceTally, PairTally, Place, RoundTally
from surveyapp.tally.sql import count_choices, count_pairs, count_round

EVERYBODY = ""


@dataclass(frozen=True)
class RoundFigures:
    """What was counted in one round, and for stability in the one before it.

    `groups` are the reporting groups in the questionnaire's order; '' asks for everybody.
    """

    instrument: Instrument
    protocol: Protocol | None
    number: int
    tally: RoundTally
    choices: ChoiceTally
    pairs: PairTally
    before: int | None
    """The round that `pairs` compare with; None when there is none."""
    planned: int = 1
    """The protocol's number of this round: cancelled rounds, and those of other cohorts, have numbers too."""
    _counts: dict[tuple[int, str], Counts | None] = field(default_factory=dict, repr=False, compare=False)
    _matched: dict[tuple[int, str], PairCounts | None] = field(
        default_factory=dict, repr=False, compare=False
    )
    _looked: dict[tuple[CellKey, str], Tallied] = field(default_factory=dict, repr=False, compare=False)
    kept: dict[str, object] = field(init=False, default_factory=dict, repr=False, compare=False)
    """What was worked out from exactly these numbers; a copy begins anew."""

    @property
    def questionnaire(self) -> Questionnaire:
        return self.instrument.questionnaire

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The reporting groups; last come those that people are in and the questionnaire does not name."""
        named = tuple(group.id for group in self.questionnaire.groups)
        found = {*self.tally.counted, *self.tally.invited} - {EVERYBODY}
        return (*named, *sorted(found - set(named)))

    @cached_property
    def for_rules(self) -> CountedFigures:
        """The measures that rules name."""
        conventions = self.protocol.conventions if self.protocol else Conventions()
        return CountedFigures(
            self.look, conventions, lambda cell: alike(self.questionnaire, cell), self._look_for_pairs
        )

    def look(self, cell: CellKey, group: str) -> Tallied:
        """What was counted in a cell, pairs left aside; a choice is named by its question and the item."""
        key = (cell, group)
        if key not in self._looked:
            self._looked[key] = self._look(cell, group)
        return self._looked[key]

    def _look_for_pairs(self, cell: CellKey, group: str) -> PairCounts | None:
        number = self.instrument.number_of.get(cell)
        return None if number is None else self.pair_counts(number, group)

    def _look(self, cell: CellKey, group: str) -> Tallied:
        invited = self.tally.invited
        people = sum(invited.values()) if group == EVERYBODY else invited.get(group, 0)
        question = self.questionnaire.questions_by_id.get(cell.question)
        if isinstance(question, Combination):
            return Tallied(chosen=self._chosen(cell, group), invited=people)
        number = self.instrument.number_of.get(cell)
        if number is None:
            return Tallied(invited=people)
        return Tallied(self.counts(number, group), invited=people)

    def counts(self, cell: int, group: str = EVERYBODY) -> Counts | None:
        """The counts of one rated cell; None where nobody was asked, or the cell has no scale."""
        key = (cell, group)
        if key not in self._counts:
            self._counts[key] = self._count(cell, group)
        return self._counts[key]

    def nobody(self, cell: int) -> Counts:
        """The counts of a rated cell that nobody was asked."""
        scale = scale_of(self.instrument, cell)
        if scale is None:
            raise KeyError(cell)
        return Counts(scale, (0,) * len(scale.points))

    def cells_of(self, item: str) -> tuple[tuple[CellKey, int], ...]:
        """The rated cells of an item, with their numbers, in the questionnaire's order."""
        return self._cells_by_item.get(item, ())

    @cached_property
    def _cells_by_item(self) -> Mapping[str, tuple[tuple[CellKey, int], ...]]:
        found: dict[str, list[tuple[CellKey, int]]] = {}
        for key, number in self.instrument.number_of.items():
            if key.item and scale_of(self.instrument, number) is not None:
                found.setdefault(key.item, []).append((key, number))
        return {item: tuple(cells) for item, cells in found.items()}

    def median_before(self, cell: int) -> Measure | None:
        """The median that those who rated twice had given before; None without an earlier round."""
        pairs = self.pair_counts(cell)
        if pairs is None or not pairs.n:
            return None
        conventions = self.protocol.conventions if self.protocol else Conventions()
        return OF_COUNTS["median"](pairs.before, Basis(conventions, None))

    def pair_counts(self, cell: int, group: str = EVERYBODY) -> PairCounts | None:
        """The matched ratings of one cell; None without an earlier round."""
        key = (cell, group)
        if key not in self._matched:
            self._matched[key] = self._match(cell, group)
        return self._matched[key]

    def _match(self, cell: int, group: str) -> PairCounts | None:
        scale = scale_of(self.instrument, cell)
        if scale is None or self.before is None:
            return None
        place = {point: position for position, point in enumerate(scale.points)}
        table = [[0] * len(scale.points) for _ in scale.points]
        for each in self._groups_in(group):
            for (before, now), times in self.pairs.get(Place(cell, each), {}).items():
                table[place[int(before)]][place[int(now)]] += times
        return PairCounts(scale, tuple(tuple(row) for row in table))

    def _groups_in(self, group: str) -> tuple[str, ...]:
        return (*self.groups, EVERYBODY) if group == EVERYBODY else (group,)

    def _count(self, cell: int, group: str) -> Counts | None:
        scale = scale_of(self.instrument, cell)
        if scale is None:
            return None
        tallies = [
            self.tally.cells[Place(cell, each)]
            for each in self._groups_in(group)
            if Place(cell, each) in self.tally.cells
        ]
        if not tallies:
            return None
        return _as_counts(scale, tallies)

    def _chosen(self, cell: CellKey, group: str) -> Chosen | None:
        number = self.instrument.number_of.get(cell._replace(item=""))
        if number is None:
            return None
        places = [self.choices.get(Place(number, each), {}) for each in self._groups_in(group)]
        n = sum(place.get("", 0) for place in places)
        return Chosen(sum(place.get(cell.item, 0) for place in places), n)


def read_figures(session: Session, *, study_id: int, number: int, with_pairs: bool = True) -> RoundFigures:
    """Count a closed round. Raises RoundClosed while it is open: nobody peeks.

    The round before is the one whose release this one shows; without one there are no pairs.
    """
    current = session.get_one(Round, (study_id, number))
    refuse_open(current)
    return count_figures(session, current, before=find_before(session, current) if with_pairs else None)


_STATES: Mapping[str, Sentence] = MappingProxyType(
    {
        RoundState.DRAFT: Sentence("in preparation"),
        RoundState.SCHEDULED: Sentence("scheduled"),
        RoundState.OPEN: Sentence("open"),
        RoundState.CANCELLED: Sentence("cancelled"),
    }
)


def refuse_open(current: Round) -> None:
    """Raises RoundClosed for a round whose results nobody sees yet."""
    if current.state not in {RoundState.CLOSED, RoundState.RELEASED}:
        raise RoundClosed(
            Sentence(
                "Round {number} is {state}, and nobody sees its results before it is closed. "
                "Until then there is progress to see.",
                number=current.number,
                state=_STATES.get(current.state, current.state),
            )
        )


def count_figures(session: Session, current: Round, *, before: int | None = None) -> RoundFigures:
    """Count what was submitted in a round so far, whatever its state: what of it is shown, others decide."""
    study_id, number = current.study_id, current.number
    protocol = (
        get_protocol(session, study_id=study_id, number=current.protocol_number)
        if current.protocol_number
        else None
    )
    instrument = get_instrument(session, study_id=study_id, number=current.questionnaire_number)
    complete = None
    if protocol is not None and not protocol.counting.partial_answers:
        complete = [
            cell
            for cell in instrument.numbers_asked
            if scale_of(instrument, cell, kinds=(Rating,)) is not None
        ]
    moved = _find_moved(session, instrument, study_id=study_id, before=before)
    return RoundFigures(
        instrument=instrument,
        protocol=protocol,
        number=number,
        tally=count_round(session, study_id=study_id, number=number, complete=complete),
        choices=count_choices(
            session, study_id=study_id, number=number, cells=list(combination_cells(instrument))
        ),
        pairs=count_pairs(
            session, study_id=study_id, before=before, now=number, moved=moved, complete=complete
        )
        if before is not None
        else {},
        before=before,
        planned=RoundPlan.from_canonical(current.plan).number,
    )


def _find_moved(
    session: Session, instrument: Instrument, *, study_id: int, before: int | None
) -> dict[int, int]:
    """Cell → the cell that was asked in its place in round `before`, under a comparable earlier wording.

    Only where the round before asked that wording: what was worded anew earlier has kept its cell since.
    """
    if before is None or not instrument.earlier_of:
        return {}
    asked_before = get_instrument(
        session,
        study_id=study_id,
        number=session.get_one(Round, (study_id, before)).questionnaire_number,
    ).numbers_asked
    known = frozenset(asked_before)
    found = {}
    for cell, earlier in instrument.earlier_of.items():
        asked = next((each for each in earlier if each in known), None)
        if asked is not None:
            found[cell] = asked
    return found


def combination_cells(instrument: Instrument) -> Mapping[int, Combination]:
    """Cell → the question about a preferred combination that it belongs to."""
    found = {}
    for number in instrument.numbers_asked:
        question = instrument.questionnaire.questions_by_id[instrument.spec(number).key.question]
        if isinstance(question, Combination):
            found[number] = question
    return found


def declared_scale(instrument: Instrument, cell: int) -> Scale | None:
    """The questionnaire's scale that a cell is answered on; None for what is no rating."""
    spec = instrument.spec(cell)
    if spec.key.part:
        return None
    questionnaire = instrument.questionnaire
    question = questionnaire.questions_by_id.get(spec.key.question)
    if isinstance(question, Rating):
        return questionnaire.scales[questionnaire.criteria[spec.key.criterion].scale]
    if isinstance(question, Expertise):
        return questionnaire.scales[question.scale]
    return None


def scale_of(
    instrument: Instrument, cell: int, *, kinds: tuple[type, ...] = (Rating, Expertise)
) -> RatingScale | None:
    """The scale of a rated cell as statistics know it; None for what is no rating."""
    key = (scale_of, cell, kinds)
    kept = instrument.questionnaire.kept
    if key not in kept:
        declared = declared_scale(instrument, cell)
        question = instrument.questionnaire.questions_by_id.get(instrument.spec(cell).key.question)
        kept[key] = (
            None
            if declared is None or not isinstance(question, kinds)
            else RatingScale(
                tuple(point.value for point in declared.points), declared.agreement, declared.disagreement
            )
        )
    found: RatingScale | None = kept[key]
    return found


def _as_counts(scale: RatingScale, tallies: list[CellTally]) -> Counts:
    place = {point: position for position, point in enumerate(scale.points)}
    of = [0] * len(scale.points)
    for tally in tallies:
        for value, times in tally.values.items():
            if value not in place:
                raise ValueError(f"{value} was stored and is not on the scale")
            of[place[int(value)]] += times
    return Counts(
        scale,
        tuple(of),
        dont_know=sum(tally.dont_know for tally in tallies),
        blank=sum(tally.blank for tally in tallies),
        declined=sum(tally.declined for tally in tallies),
        withdrawn=sum(tally.withdrawn for tally in tallies),
        kept=sum(tally.kept for tally in tallies),
    )


def find_before(session: Session, current: Round) -> int | None:
    """The latest round of ratings before this one, of the same cohort, that was closed."""
    rounds = session.scalars(
        select(Round).where(Round.study_id == current.study_id, Round.number < current.number)
    )
    return before_among(rounds.all(), current)


def before_among(rounds: Iterable[Round], current: Round) -> int | None:
    """What `find_before` finds, where the study's rounds are read already."""
    numbers = (
        each.number
        for each in rounds
        if each.number < current.number
        and each.cohort == current.cohort
        and each.state in {RoundState.CLOSED, RoundState.RELEASED}
        # A round that only collected items has no ratings to compare with.
        and not RoundPlan.from_canonical(each.plan).only_collects
    )
    return max(numbers, default=None)
