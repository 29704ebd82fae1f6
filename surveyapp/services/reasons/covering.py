"""Nothing experts wrote may vanish silently: what is not accounted for, and what of it is shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from surveyapp.delphi.empty_words import is_empty_word
from surveyapp.delphi.privacy.reasons import Band
from surveyapp.errors import Refused
from surveyapp.models import Reason
from surveyapp.services.driver_statements import DriverStatement
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.reasons import (
    SummaryAtWork,
    get_closed_round,
    item_order,
    list_summaries,
    read_bands,
)
from surveyapp.services.reasons.gathering import read_written

Side = Literal["agree", "disagree"]
_SIDES: Mapping[Side, str] = {"agree": "for", "disagree": "against"}
_NAMED = 5


@dataclass(frozen=True, slots=True)
class UncoveredItem:
    """An item with reasons that are neither released, summarised, merged nor set aside."""

    item: str
    title: str
    """As people read it; "no item" for reasons about none."""
    public_ids: tuple[str, ...]


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

    @property
    def is_complete(self) -> bool:
        """Whether a release may be finished with these reasons."""
        return not (self.not_gathered or self.uncovered or self.unsupported)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing, one sentence a line, item by item."""
        found = []
        if self.not_gathered:
            found.append(
                f"{_count(self.not_gathered)} not been gathered yet: run 'surveyapp reasons status'."
            )
        found += [
            f"{each.title}: {_count(len(each.public_ids))} not been dealt with ({_name(each.public_ids)})."
            for each in self.uncovered
        ]
        found += [
            f"{each.title}: sentence {each.position} of the summary has no reason left that it stands on."
            for each in self.unsupported
        ]
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may be released and should be looked at first."""
        return tuple(
            f"{each.title}: the side {_SIDES[each.side]} has given {each.reasons} "
            f"{'reason' if each.reasons == 1 else 'reasons'}, and the panel would read none of it."
            for each in self.silent_sides
        )


def uncovered(session: Session, *, study_id: int, round_number: int) -> tuple[UncoveredItem, ...]:
    """The reasons of a closed round that nothing has been decided about, by item."""
    return find_coverage(session, study_id=study_id, round_number=round_number).uncovered


def find_coverage(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    partial_counts: bool = False,
    summaries: Sequence[SummaryAtWork] | None = None,
    bands: Mapping[str, Band] | None = None,
) -> Coverage:
    """Whether every reason of a closed round is released, summarised, merged or set aside.

    Where the caller has read them already: `summaries` are all of the round's, `bands` say for the public
    name of each reason where the ratings beside it lie.
    """
    held = get_closed_round(session, study_id=study_id, round_number=round_number)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    if summaries is None:
        summaries = list_summaries(session, study_id=study_id, round_number=round_number)
    reasons = _read_slips(session, instrument, summaries, round_number=round_number)
    open_by_item: dict[str, list[str]] = {}
    for each in reasons:
        if each.is_open:
            open_by_item.setdefault(each.item, []).append(each.public_id)
    unsupported = tuple(
        UnsupportedSentence(summary.item, _title(instrument, summary.item), sentence.position)
        for summary in summaries
        for sentence in summary.sentences
        if not sentence.sources
    )
    return Coverage(
        reasons=len(reasons),
        not_gathered=_count_not_gathered(
            session, instrument, reasons, round_number=round_number, partial_counts=partial_counts
        ),
        uncovered=tuple(
            UncoveredItem(item, _title(instrument, item), tuple(public_ids))
            for item, public_ids in open_by_item.items()
        ),
        unsupported=unsupported,
        silent_sides=tuple(
            _find_silent_sides(session, instrument, reasons, bands, round_number=round_number)
        ),
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
        lines = "\n".join(f"  {line}" for line in coverage.problems)
        raise Refused(
            f"Round {round_number} cannot be released while reasons are not accounted for. Release, "
            f"summarise, merge or set aside each of these, or release the figures first:\n{lines}"
        )
    return coverage


class _Slip(NamedTuple):
    """As much of a reason as has to be looked at; of a large round there are tens of thousands."""

    panellist_id: int
    cell: int
    public_id: str
    item: str
    text: str
    is_open: bool
    """Whether nothing was done about it."""
    is_heard: bool
    """Whether the panel would read it, itself or in a summary."""


_REASONS = DriverStatement(
    select(Reason.panellist_id, Reason.cell, Reason.public_id, Reason.item, Reason.text, Reason.state).where(
        Reason.study_id == bindparam("study_id"), Reason.round == bindparam("round")
    )
)


def _read_slips(
    session: Session, instrument: Instrument, summaries: Sequence[SummaryAtWork], *, round_number: int
) -> list[_Slip]:
    """Every reason of the round, in the order in which `list_reasons` gives them."""
    summed_up = {
        source for summary in summaries for sentence in summary.sentences for source in sentence.sources
    }
    session.flush()
    key = {"study_id": instrument.study_id, "round": round_number}
    slips = []
    for panellist_id, cell, public_id, item, text, state in _REASONS.rows(session.connection(), key):
        is_summed_up = public_id in summed_up
        is_open = state == "unread" or (state == "summarised" and not is_summed_up)
        is_heard = is_summed_up or state == "released"
        slips.append(_Slip(panellist_id, cell, public_id, item, text, is_open, is_heard))
    order = item_order(instrument.questionnaire)
    places = {item: order(item) for item in {slip.item for slip in slips}}
    return sorted(slips, key=lambda slip: (places[slip.item], slip.cell, slip.public_id))


def _find_silent_sides(
    session: Session,
    instrument: Instrument,
    reasons: Sequence[_Slip],
    known: Mapping[str, Band] | None,
    *,
    round_number: int,
) -> list[SilentSide]:
    # Where the panel would read every reason of an item, no side of it is silent.
    unheard = {each.item for each in reasons if not each.is_heard}
    looked_at = [each for each in reasons if each.item in unheard]
    bands = (
        read_bands(
            session,
            instrument,
            round_number=round_number,
            written=[(each.panellist_id, each.cell) for each in looked_at],
        )
        if known is None
        else {(each.panellist_id, each.cell): known.get(each.public_id, "") for each in looked_at}
    )
    languages = instrument.questionnaire.languages
    given: dict[tuple[str, str], int] = {}
    heard: set[tuple[str, str]] = set()
    for each in looked_at:
        side = (each.item, bands[each.panellist_id, each.cell])
        # Once a side is heard nothing more of it matters. An empty word speaks for no side.
        if side[1] not in _SIDES or side in heard or is_empty_word(each.text, languages):
            continue
        given[side] = given.get(side, 0) + 1
        if each.is_heard:
            heard.add(side)
    return [
        SilentSide(item, _title(instrument, item), side, given[item, band])
        for item, band in given
        if (item, band) not in heard
        for side in _SIDES
        if side == band
    ]


def _count_not_gathered(
    session: Session,
    instrument: Instrument,
    reasons: Sequence[_Slip],
    *,
    round_number: int,
    partial_counts: bool,
) -> int:
    written = read_written(session, instrument, round_number=round_number, partial_counts=partial_counts)
    gathered = {(each.panellist_id, each.cell): each.text for each in reasons}
    # What counts no longer is to be gathered away as well.
    return sum(written.get(key) != gathered.get(key) for key in written.keys() | gathered.keys())


def _title(instrument: Instrument, item: str) -> str:
    found = instrument.questionnaire.items_by_id.get(item)
    return found.title.get(instrument.questionnaire.language) if found else item or "no item"


def _count(number: int) -> str:
    return f"{number} {'reason has' if number == 1 else 'reasons have'}"


def _name(public_ids: Collection[str]) -> str:
    named = list(public_ids)[:_NAMED]
    rest = len(public_ids) - len(named)
    return ", ".join(named) + (f" and {rest} more" if rest else "")
