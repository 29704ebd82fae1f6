"""The reasons of a round as those read them who work on them: with their ratings, without their authors."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.privacy.reasons import Band, band_of
from surveyapp.delphi.receipts import canonical_json
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import NotFound, RoundClosed, Sentence
from surveyapp.models import (
    CodedReason,
    Panellist,
    Reason,
    ReasonTheme,
    Round,
    SummarySentence,
    SummarySource,
)
from surveyapp.questionnaire.cells import CellKey, Status
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.counted import Counted, read_counted
from surveyapp.services.reading.seats import Stored
from surveyapp.statistics.counts import RatingScale

_NO_THEMES: Mapping[tuple[int, int], Mapping[str, tuple[str, ...]]] = {}
_BAND_OF_STATUS: Mapping[int, Band] = {Status.DONT_KNOW: "dont_know"}


@dataclass(frozen=True, slots=True)
class RatingBeside:
    """What the author of a reason gave on one criterion, in the rating that the reason goes with."""

    criterion: str
    value: int | None
    """The point of the scale; None for an opt-out."""
    answer: str
    """``value``, ``dont_know`` or ``declined``."""
    band: Band


@dataclass(frozen=True, slots=True)
class ReasonAtWork:
    """One reason, and what has become of it so far. Nothing here tells who wrote it, or when."""

    public_id: str
    round: int
    cell: int
    question: str
    item: str
    item_version: int
    context: str
    criterion: str
    text: str
    language: str
    """The language in which its author reads the study."""
    ratings: tuple[RatingBeside, ...]
    state: str
    released_text: str
    merged_into: str
    because: str
    handled_by: str
    handled_at: datetime | None
    themes: Mapping[str, tuple[str, ...]]
    """Coder → the themes found; an empty tuple where a coder has looked and found none."""
    sentences: tuple[int, ...]
    """The sentences of the item's summary that stand on it."""

    @property
    def band(self) -> Band:
        """Where the ratings beside it lie; '' where they lie apart, or there is none."""
        bands = {rating.band for rating in self.ratings}
        return bands.pop() if len(bands) == 1 else ""


@dataclass(frozen=True, slots=True)
class SentenceAtWork:
    """One sentence of a summary, and the public names of the reasons that it stands on."""

    position: int
    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SummaryAtWork:
    """The summary of one item's reasons; `item` is '' for reasons about none."""

    item: str
    sentences: tuple[SentenceAtWork, ...]

    @property
    def stamp(self) -> str:
        """Changes with every word of the summary; which reasons it stands on is left aside."""
        return stamp_of(*((each.position, each.text) for each in self.sentences))


def stamp_of(*values: object) -> str:
    """A short text that is the same for the same `values` and, as far as matters, for no others."""
    return hashlib.sha256(canonical_json(list(values)).encode()).hexdigest()[:12]


def get_closed_round(session: Session, *, study_id: int, round_number: int, hold: bool = False) -> Round:
    """The round, which is closed for good or for now; with `hold` nobody else works on its reasons meanwhile.

    Raises NotFound, or RoundClosed while it may still take answers: until then nobody reads what is written.
    """
    if hold:
        statement = select(Round).where(Round.study_id == study_id, Round.number == round_number)
        statement = statement.with_for_update().execution_options(populate_existing=True)
        found = session.scalars(statement).one_or_none()
    else:
        found = session.get(Round, (study_id, round_number))
    if found is None:
        raise NotFound(Sentence("This study has no round {round_number}.", round_number=round_number))
    if found.state not in {RoundState.CLOSED, RoundState.RELEASED}:
        raise RoundClosed(
            Sentence(
                "Round {round_number} is {state}: what was written in it is read and worked on when "
                "it is closed.",
                round_number=round_number,
                state=Sentence(found.state),
            )
        )
    return found


def list_reasons(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    item: str | None = None,
    state: str = "",
    with_codes: bool = True,
    summaries: Sequence[SummaryAtWork] | None = None,
) -> tuple[ReasonAtWork, ...]:
    """The reasons of a closed round, or those about `item`, or those in one `state`.

    They come in the order of the questionnaire's items, contexts and criteria, and within these by their
    random names: an order that tells neither who nor when. Without `with_codes` nobody's themes are read;
    `summaries` are those of these items, where the caller has them already.
    """
    held = get_closed_round(session, study_id=study_id, round_number=round_number)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    return _list(
        session,
        instrument,
        round_number=round_number,
        item=item,
        state=state,
        with_codes=with_codes,
        summaries=summaries,
    )


def list_summaries(
    session: Session, *, study_id: int, round_number: int, item: str | None = None
) -> tuple[SummaryAtWork, ...]:
    """The summaries of a round's reasons, or that of `item`, in the order of the questionnaire's items."""
    held = get_closed_round(session, study_id=study_id, round_number=round_number)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    sentences = select(SummarySentence).where(
        SummarySentence.study_id == study_id, SummarySentence.round == round_number
    )
    links = select(SummarySource.item, SummarySource.position, SummarySource.public_id).where(
        SummarySource.study_id == study_id, SummarySource.round == round_number
    )
    sources: dict[tuple[str, int], list[str]] = defaultdict(list)
    for of_item, position, public_id in session.execute(links):
        sources[of_item, position].append(public_id)
    found: dict[str, list[SentenceAtWork]] = defaultdict(list)
    for row in session.scalars(sentences.order_by(SummarySentence.item, SummarySentence.position)):
        if item is None or row.item == item:
            mine = tuple(sorted(sources[row.item, row.position]))
            found[row.item].append(SentenceAtWork(row.position, row.text, mine))
    order = item_order(instrument.questionnaire)
    return tuple(
        SummaryAtWork(each, tuple(found[each])) for each in sorted(found, key=lambda one: (order(one), one))
    )


def ratings_beside(instrument: Instrument, cell: int) -> tuple[int, ...]:
    """The rating cells that a written cell goes with: one, or one for each criterion of the item."""
    key = instrument.spec(cell).key
    if not key.item:
        return ()
    question = instrument.questionnaire.questions_by_id[key.question]
    criteria: Sequence[str] = (key.criterion,) if key.criterion else getattr(question, "criteria", ())
    keys = [CellKey(key.question, key.item, key.context, criterion) for criterion in criteria]
    return tuple(instrument.number_of[each] for each in keys if each in instrument.number_of)


def bands_beside(
    instrument: Instrument, counted: Counted, written: Collection[tuple[int, int]]
) -> Mapping[tuple[int, int], Band]:
    """(Author, cell) of a written answer → where the ratings beside it lie, as `ReasonAtWork.band` has it."""
    beside = {cell: ratings_beside(instrument, cell) for cell in {cell for _, cell in written}}
    # The same few ratings come again and again.
    known: dict[tuple[int, int, float | None], Band] = {}
    found: dict[tuple[int, int], Band] = {}
    for panellist_id, cell in written:
        given = counted.get(panellist_id, {})
        bands: set[Band] = set()
        for rating in beside[cell]:
            if rating in given:
                stored = given[rating]
                key = (rating, stored[0], stored[1])
                if key not in known:
                    known[key] = _rating(instrument, rating, stored).band
                bands.add(known[key])
        found[panellist_id, cell] = bands.pop() if len(bands) == 1 else ""
    return found


def _list(
    session: Session,
    instrument: Instrument,
    *,
    round_number: int,
    item: str | None,
    state: str,
    with_codes: bool,
    summaries: Sequence[SummaryAtWork] | None,
) -> tuple[ReasonAtWork, ...]:
    study_id = instrument.study_id
    statement = (
        select(Reason, Panellist.language)
        .join(Panellist, (Panellist.study_id == Reason.study_id) & (Panellist.id == Reason.panellist_id))
        .where(Reason.study_id == study_id, Reason.round == round_number)
    )
    if item is not None:
        statement = statement.where(Reason.item == item)
    if state:
        statement = statement.where(Reason.state == state)
    rows = session.execute(statement).all()
    if not rows:
        return ()
    beside = {row.cell: ratings_beside(instrument, row.cell) for row, _ in rows}
    counted = read_counted(
        session,
        instrument=instrument,
        round_number=round_number,
        cells={cell for cells in beside.values() for cell in cells},
        # Whoever wrote a reason that is here counts.
        partial_counts=True,
        only={row.panellist_id for row, _ in rows},
    )
    themes = _read_themes(session, study_id=study_id, round_number=round_number) if with_codes else _NO_THEMES
    sentences = (
        _links_of(summaries)
        if summaries is not None
        else _read_links(session, study_id=study_id, round_number=round_number)
    )
    found = [
        _at_work(
            row,
            language,
            instrument=instrument,
            ratings=_read_ratings(instrument, counted, panellist_id=row.panellist_id, cells=beside[row.cell]),
            themes=themes.get((row.panellist_id, row.cell), {}),
            sentences=tuple(sorted(sentences.get(row.public_id, ()))),
        )
        for row, language in rows
    ]
    order = item_order(instrument.questionnaire)
    return tuple(sorted(found, key=lambda each: (order(each.item), each.cell, each.public_id)))


def _at_work(
    row: Reason,
    language: str,
    *,
    instrument: Instrument,
    ratings: tuple[RatingBeside, ...],
    themes: Mapping[str, tuple[str, ...]],
    sentences: tuple[int, ...],
) -> ReasonAtWork:
    key = instrument.spec(row.cell).key
    return ReasonAtWork(
        public_id=row.public_id,
        round=row.round,
        cell=row.cell,
        question=key.question,
        item=key.item,
        item_version=instrument.item_versions.get(key.item, 0),
        context=key.context,
        criterion=key.criterion,
        text=row.text,
        language=language,
        ratings=ratings,
        state=row.state,
        released_text=row.released_text,
        merged_into=row.merged_into,
        because=row.because,
        handled_by=row.handled_by,
        handled_at=row.handled_at,
        themes=themes,
        sentences=sentences,
    )


def _read_ratings(
    instrument: Instrument, counted: Counted, *, panellist_id: int, cells: Sequence[int]
) -> tuple[RatingBeside, ...]:
    given = counted.get(panellist_id, {})
    return tuple(_rating(instrument, cell, given[cell]) for cell in cells if cell in given)


def _rating(instrument: Instrument, cell: int, stored: Stored) -> RatingBeside:
    status, value, _, _ = stored
    criterion = instrument.spec(cell).key.criterion
    if value is None:
        answer = Status(status).name.lower()
        return RatingBeside(criterion, None, answer, _BAND_OF_STATUS.get(status, ""))
    questionnaire = instrument.questionnaire
    declared = questionnaire.scales[questionnaire.criteria[criterion].scale]
    scale = RatingScale(
        tuple(point.value for point in declared.points), declared.agreement, declared.disagreement
    )
    band = band_of(int(value), scale) if value in scale.points else ""
    return RatingBeside(criterion, int(value), "value", band)


def _read_themes(
    session: Session, *, study_id: int, round_number: int
) -> Mapping[tuple[int, int], Mapping[str, tuple[str, ...]]]:
    coded = select(CodedReason.panellist_id, CodedReason.cell, CodedReason.coder).where(
        CodedReason.study_id == study_id, CodedReason.round == round_number
    )
    found: dict[tuple[int, int], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for panellist_id, cell, coder in session.execute(coded.order_by(CodedReason.coder)):
        found[panellist_id, cell][coder] = ()
    themes = select(ReasonTheme.panellist_id, ReasonTheme.cell, ReasonTheme.coder, ReasonTheme.theme).where(
        ReasonTheme.study_id == study_id, ReasonTheme.round == round_number
    )
    for panellist_id, cell, coder, theme in session.execute(themes):
        mine = found[panellist_id, cell]
        mine[coder] = tuple(sorted((*mine.get(coder, ()), theme)))
    return found


def _read_links(session: Session, *, study_id: int, round_number: int) -> Mapping[str, Sequence[int]]:
    links = select(SummarySource.public_id, SummarySource.position).where(
        SummarySource.study_id == study_id, SummarySource.round == round_number
    )
    found: dict[str, list[int]] = defaultdict(list)
    for public_id, position in session.execute(links):
        found[public_id].append(position)
    return found


def _links_of(summaries: Sequence[SummaryAtWork]) -> Mapping[str, Sequence[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for summary in summaries:
        for sentence in summary.sentences:
            for public_id in sentence.sources:
                found[public_id].append(sentence.position)
    return found


def item_order(questionnaire: Questionnaire) -> Callable[[str], int]:
    """Where an item stands in the questionnaire; what is about none, or no longer in it, comes last."""
    places = {item.id: place for place, item in enumerate(questionnaire.items)}
    return lambda item: places.get(item, len(places))
