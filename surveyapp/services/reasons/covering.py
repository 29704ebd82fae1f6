"""Nothing experts wrote may vanish silently: what is not accounted for, and what of it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from sqlalchemy import and_, bindparam, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from surveyapp.errors import Refused, Sentence
from surveyapp.models import Reason, SummarySentence, SummarySource
from surveyapp.services.driver_statements import DriverStatement
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.reasons import get_closed_round, item_order
from surveyapp.services.reasons.gathering import find_waiting, read_written

Side = Literal["agree", "disagree"]
_SIDES: Mapping[Side, Sentence] = {"agree": Sentence("for"), "disagree": Sentence("against")}
_NAMED = 5


@dataclass(frozen=True, slots=True)
class UncoveredItem:
    """An item with reasons that are neither released, summarised, merged nor set aside."""

    item: str
    title: str
    """As people read it; "no item" for reasons about none."""
    reasons: int
    public_ids: tuple[str, ...] = ()
    """Their public names, where they were asked for."""


@dataclass(frozen=True, slots=True)
class UnsupportedSentence:
    """A sentence of a summary that has lost every reason that it stood on."""

    item: str
    title: str
    position: int


@dataclass(frozen=True, slots=True)
class SilentSide:
    """A side of an item's ratings that gave reasons, none of which the panel would read."""

    item: str
    title: str
    side: Side
    reasons: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether all that experts wrote in a round is accounted for."""

    reasons: int
    not_gathered: int
    """Written answers that count and have no coding record, or one of an older text."""
    uncovered: tuple[UncoveredItem, ...]
    unsupported: tuple[UnsupportedSentence, ...]
    silent_sides: tuple[SilentSide, ...]
    waiting: int = 0
    """How many panellists were not looked at since they last submitted, where only they were counted."""

    @property
    def is_complete(self) -> bool:
        """Whether a release may be finished with these reasons."""
        return not (self.not_gathered or self.waiting or self.uncovered or self.unsupported)

    @property
    def problems(self) -> tuple[Sentence, ...]:
        """What is missing, one sentence a line, item by item."""
        found = []
        if self.not_gathered:
            found.append(
                Sentence(
                    "{count} reasons have not been gathered yet: run 'surveyapp reasons status'.",
                    count=self.not_gathered,
                )
                if self.not_gathered > 1
                else Sentence("1 reason has not been gathered yet: run 'surveyapp reasons status'.")
            )
        found += [_not_dealt_with(each) for each in self.uncovered]
        found += [
            Sentence(
                "{item}: sentence {position} of the summary has no reason left that it stands on.",
                item=each.title,
                position=each.position,
            )
            for each in self.unsupported
        ]
        return tuple(found)

    @property
    def warnings(self) -> tuple[Sentence, ...]:
        """What may be released and should be looked at first."""
        return tuple(
            Sentence(
                "{item}: the side {side} has given {count} reasons, and the panel would read none of it.",
                item=each.title,
                side=_SIDES[each.side],
                count=each.reasons,
            )
            if each.reasons > 1
            else Sentence(
                "{item}: the side {side} has given 1 reason, and the panel would read none of it.",
                item=each.title,
                side=_SIDES[each.side],
            )
            for each in self.silent_sides
        )


NOTHING_LEFT = Coverage(0, 0, (), (), ())
"""Of a round on which no work is left."""


def uncovered(session: Session, *, study_id: int, round_number: int) -> tuple[UncoveredItem, ...]:
    """The reasons of a closed round that nothing has been decided about, by item."""
    return find_coverage(session, study_id=study_id, round_number=round_number).uncovered


def find_coverage(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    partial_counts: bool = False,
) -> Coverage:
    """Whether every reason of a closed round is released, summarised, merged or set aside."""
    held = get_closed_round(session, study_id=study_id, round_number=round_number)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    work = count_work(session, study_id=study_id, round_number=round_number)
    coverage = coverage_of(
        work,
        instrument,
        count_sources(session, study_id=study_id, round_number=round_number),
    )
    names = _name_open(session, study_id=study_id, round_number=round_number) if coverage.uncovered else {}
    return replace(
        coverage,
        not_gathered=_count_not_gathered(
            session, instrument, round_number=round_number, partial_counts=partial_counts
        ),
        uncovered=tuple(
            replace(each, public_ids=tuple(names.get(each.item, ()))) for each in coverage.uncovered
        ),
    )


def coverage_of(
    work: Sequence[Work],
    instrument: Instrument,
    sources: Mapping[tuple[str, int], int],
    *,
    waiting: int = 0,
) -> Coverage:
    """What the counted work on a round's reasons says of them, without the name of any.

    `sources` are the sentences of its summaries, by item and position, with how many reasons each stands on;
    `waiting` is how many panellists were not looked at since they last submitted.
    """
    order = item_order(instrument.questionnaire)
    left: Counter[str] = Counter()
    for each in work:
        left[each.item] += each.reasons * each.is_open
    return Coverage(
        reasons=sum(each.reasons for each in work),
        not_gathered=0,
        waiting=waiting,
        uncovered=tuple(
            UncoveredItem(item, _title(instrument, item), left[item])
            for item in sorted(left, key=lambda one: (order(one), one))
            if left[item]
        ),
        unsupported=tuple(
            UnsupportedSentence(item, _title(instrument, item), position)
            for item, position in sorted(sources, key=lambda one: (order(one[0]), one))
            if not sources[item, position]
        ),
        silent_sides=tuple(_find_silent_sides(instrument, work)),
    )


def check_covered(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    figures_first: bool = False,
    partial_counts: bool = False,
) -> Coverage:
    """Let a release be finished, or raise Refused with all that is not accounted for, item by item.

    With `figures_first` the figures may go out before the reasons: then `Coverage.problems` is what the
    release has to record as missing.
    """
    coverage = find_coverage(
        session, study_id=study_id, round_number=round_number, partial_counts=partial_counts
    )
    if not coverage.is_complete and not figures_first:
        raise Refused(_lines(round_number, coverage.problems))
    return coverage


class Work(NamedTuple):
    """How many reasons on one item are in the same state and on the same side."""

    item: str
    state: str
    band: str
    says_nothing: bool
    is_summed_up: bool
    """Whether a sentence of a summary stands on them."""
    reasons: int

    @property
    def is_open(self) -> bool:
        """Whether nothing was done about them."""
        return self.state == "unread" or (self.state == "summarised" and not self.is_summed_up)

    @property
    def is_heard(self) -> bool:
        """Whether the panel would read them, themselves or in a summary."""
        return self.is_summed_up or self.state == "released"


# Whether it was summed up matters of these alone; of the others nothing is looked up.
_IS_SUMMED_UP = and_(
    Reason.state.in_([literal(state) for state in ("summarised", "merged")]),
    exists().where(SummarySource.study_id == Reason.study_id, SummarySource.public_id == Reason.public_id),
)
_KEY = (Reason.item, Reason.state, Reason.band, Reason.says_nothing)
_OF_ROUND = (Reason.study_id == bindparam("study_id"), Reason.round == bindparam("round"))
# All of them from an index alone; those that are summed up, whose names it does not hold, once more.
_WORK = DriverStatement(
    union_all(
        select(literal(0), *_KEY, func.count()).where(*_OF_ROUND).group_by(*_KEY),
        select(literal(1), *_KEY, func.count()).where(*_OF_ROUND, _IS_SUMMED_UP).group_by(*_KEY),
    )
)


def count_work(session: Session, *, study_id: int, round_number: int) -> tuple[Work, ...]:
    """The reasons of a round, counted by what was done about them; no text is read for it."""
    session.flush()
    counts: Counter[tuple[str, str, str, bool, bool]] = Counter()
    key = {"study_id": study_id, "round": round_number}
    for is_summed_up, item, state, band, says_nothing, count in _WORK.rows(session.connection(), key):
        kind = (item, state, band, bool(says_nothing))
        counts[*kind, bool(is_summed_up)] += count
        if is_summed_up:
            counts[*kind, False] -= count
    return tuple(Work(*kind, count) for kind, count in counts.items() if count)


def count_sources(session: Session, *, study_id: int, round_number: int) -> dict[tuple[str, int], int]:
    """Item and position of each sentence of the round's summaries → how many reasons it stands on."""
    rows = session.execute(
        select(SummarySentence.item, SummarySentence.position, func.count(SummarySource.public_id))
        .outerjoin(
            SummarySource,
            and_(
                SummarySource.study_id == SummarySentence.study_id,
                SummarySource.round == SummarySentence.round,
                SummarySource.item == SummarySentence.item,
                SummarySource.position == SummarySentence.position,
            ),
        )
        .where(SummarySentence.study_id == study_id, SummarySentence.round == round_number)
        .group_by(SummarySentence.item, SummarySentence.position)
    )
    return {(item, position): count for item, position, count in rows}


def _name_open(session: Session, *, study_id: int, round_number: int) -> Mapping[str, Sequence[str]]:
    rows = session.execute(
        select(Reason.item, Reason.public_id)
        .where(
            Reason.study_id == study_id,
            Reason.round == round_number,
            or_(Reason.state == "unread", and_(Reason.state == "summarised", ~_IS_SUMMED_UP)),
        )
        .order_by(Reason.item, Reason.cell, Reason.public_id)
    )
    found: dict[str, list[str]] = {}
    for item, public_id in rows:
        found.setdefault(item, []).append(public_id)
    return found


def _find_silent_sides(instrument: Instrument, work: Sequence[Work]) -> list[SilentSide]:
    given: Counter[tuple[str, str]] = Counter()
    heard: set[tuple[str, str]] = set()
    for each in work:
        # An empty word speaks for no side.
        if each.band in _SIDES and not each.says_nothing:
            given[each.item, each.band] += each.reasons
            if each.is_heard:
                heard.add((each.item, each.band))
    order = item_order(instrument.questionnaire)
    return [
        SilentSide(item, _title(instrument, item), side, given[item, side])
        for item in sorted({item for item, _ in given}, key=lambda one: (order(one), one))
        for side in _SIDES
        if given[item, side] and (item, side) not in heard
    ]


def _count_not_gathered(
    session: Session, instrument: Instrument, *, round_number: int, partial_counts: bool
) -> int:
    study_id = instrument.study_id
    only = None
    if not partial_counts:
        only = find_waiting(session, study_id=study_id, round_number=round_number)
        if not only:
            return 0
    written = read_written(
        session, instrument, round_number=round_number, partial_counts=partial_counts, only=only
    )
    rows = session.execute(
        select(Reason.panellist_id, Reason.cell, Reason.text).where(
            Reason.study_id == study_id, Reason.round == round_number
        )
    )
    looked_at = None if only is None else frozenset(only)
    gathered = {
        (panellist_id, cell): text
        for panellist_id, cell, text in rows
        if looked_at is None or panellist_id in looked_at
    }
    # What counts no longer is to be gathered away as well.
    return sum(written.get(key) != gathered.get(key) for key in written.keys() | gathered.keys())


def _title(instrument: Instrument, item: str) -> str:
    found = instrument.questionnaire.items_by_id.get(item)
    return found.title.get(instrument.questionnaire.language) if found else item or "no item"


def _lines(round_number: int, problems: Sequence[Sentence]) -> Sentence:
    first = Sentence(
        "Round {number} cannot be released while reasons are not accounted for. Release, summarise, merge or "
        "set aside each of these, or release the figures first:",
        number=round_number,
    )
    # Not a text for translators: what holds the lines together, each of which is one.
    whole = "{first}" + "".join(f"\n  {{line{number}}}" for number in range(len(problems)))
    return Sentence(whole, first=first, **{f"line{number}": line for number, line in enumerate(problems)})


def _not_dealt_with(each: UncoveredItem) -> Sentence:
    which = _named(each.public_ids)
    if each.reasons == 1:
        return Sentence("{item}: 1 reason has not been dealt with{which}.", item=each.title, which=which)
    return Sentence(
        "{item}: {count} reasons have not been dealt with{which}.",
        item=each.title,
        count=each.reasons,
        which=which,
    )


def _named(public_ids: Sequence[str]) -> str:
    if not public_ids:
        return ""
    named, left = ", ".join(public_ids[:_NAMED]), len(public_ids) - _NAMED
    if left > 0:
        return Sentence(" ({named} and {left} more)", named=named, left=left)
    return f" ({named})"
