"""The reasons of a round as those read them who work on them: with their ratings, without their authors."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Subquery, and_, case, func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.privacy.reasons import Band
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
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.beside import RatingBeside, ratings_beside, read_ratings
from surveyapp.services.reading.counted import read_counted

SIDES = ("agree", "disagree")
"""The bands that are sides; what lies in none of them is a third."""

_NO_THEMES: Mapping[tuple[int, int], Mapping[str, tuple[str, ...]]] = {}


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


@dataclass(frozen=True, slots=True)
class Part:
    """So many reasons of each side, after so many."""

    first: int
    most: int


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
    return check_closed(found, round_number)


def check_closed(found: Round | None, round_number: int) -> Round:
    """The round that was looked for. Raises what `get_closed_round` raises."""
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
    return read_reasons(
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
    return read_summaries(session, instrument, round_number=round_number, item=item)


def read_summaries(
    session: Session, instrument: Instrument, *, round_number: int, item: str | None = None
) -> tuple[SummaryAtWork, ...]:
    """What `list_summaries` gives, of a round that is known to be closed."""
    statement = (
        select(SummarySentence.item, SummarySentence.position, SummarySentence.text, SummarySource.public_id)
        .outerjoin(
            SummarySource,
            and_(
                SummarySource.study_id == SummarySentence.study_id,
                SummarySource.round == SummarySentence.round,
                SummarySource.item == SummarySentence.item,
                SummarySource.position == SummarySentence.position,
            ),
        )
        .where(SummarySentence.study_id == instrument.study_id, SummarySentence.round == round_number)
        .order_by(SummarySentence.item, SummarySentence.position, SummarySource.public_id)
    )
    if item is not None:
        statement = statement.where(SummarySentence.item == item)
    found: dict[str, dict[int, tuple[str, list[str]]]] = defaultdict(dict)
    for of_item, position, text, public_id in session.execute(statement):
        _, sources = found[of_item].setdefault(position, (text, []))
        if public_id is not None:
            sources.append(public_id)
    order = item_order(instrument.questionnaire)
    return tuple(
        SummaryAtWork(
            each,
            tuple(
                SentenceAtWork(position, text, tuple(sorted(sources)))
                for position, (text, sources) in found[each].items()
            ),
        )
        for each in sorted(found, key=lambda one: (order(one), one))
    )


def read_reasons(
    session: Session,
    instrument: Instrument,
    *,
    round_number: int,
    item: str | None = None,
    state: str = "",
    with_codes: bool = True,
    summaries: Sequence[SummaryAtWork] | None = None,
    part: Part | None = None,
) -> tuple[ReasonAtWork, ...]:
    """What `list_reasons` gives, of a round that is known to be closed; with `part` so many of each side."""
    study_id = instrument.study_id
    wanted = [Reason.study_id == study_id, Reason.round == round_number]
    if item is not None:
        wanted.append(Reason.item == item)
    if state:
        wanted.append(Reason.state == state)
    statement = select(Reason, Panellist.language).join(
        Panellist, (Panellist.study_id == Reason.study_id) & (Panellist.id == Reason.panellist_id)
    )
    if part is None:
        statement = statement.where(*wanted)
    else:
        placed = _placed(wanted)
        statement = statement.join(
            placed, (placed.c.study_id == Reason.study_id) & (placed.c.public_id == Reason.public_id)
        ).where(placed.c.place > part.first, placed.c.place <= part.first + part.most)
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
    names = [row.public_id for row, _ in rows] if part is not None else None
    themes = _read_themes(session, wanted, names) if with_codes else _NO_THEMES
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
            ratings=read_ratings(instrument, counted, panellist_id=row.panellist_id, cells=beside[row.cell]),
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


def _placed(wanted: Sequence[ColumnElement[bool]]) -> Subquery:
    """Each of these reasons with its place, from 1, among those of its side."""
    side = case((Reason.band.in_(SIDES), Reason.band), else_="")
    place = func.row_number().over(partition_by=side, order_by=(Reason.cell, Reason.public_id))
    return select(Reason.study_id, Reason.public_id, place.label("place")).where(*wanted).subquery()


def find_place(
    session: Session, *, study_id: int, round_number: int, item: str, state: str, public_id: str
) -> int:
    """The place of one reason among those of its side, from 1; 0 where it is not among them."""
    wanted = [Reason.study_id == study_id, Reason.round == round_number, Reason.item == item]
    if state:
        wanted.append(Reason.state == state)
    placed = _placed(wanted)
    return session.scalar(select(placed.c.place).where(placed.c.public_id == public_id)) or 0


def _read_themes(
    session: Session, wanted: Sequence[ColumnElement[bool]], names: Collection[str] | None
) -> Mapping[tuple[int, int], Mapping[str, tuple[str, ...]]]:
    of_reason = and_(
        Reason.study_id == CodedReason.study_id,
        Reason.round == CodedReason.round,
        Reason.panellist_id == CodedReason.panellist_id,
        Reason.cell == CodedReason.cell,
    )
    of_code = and_(
        ReasonTheme.study_id == CodedReason.study_id,
        ReasonTheme.round == CodedReason.round,
        ReasonTheme.panellist_id == CodedReason.panellist_id,
        ReasonTheme.cell == CodedReason.cell,
        ReasonTheme.coder == CodedReason.coder,
    )
    statement = (
        select(CodedReason.panellist_id, CodedReason.cell, CodedReason.coder, ReasonTheme.theme)
        .join(Reason, of_reason)
        .outerjoin(ReasonTheme, of_code)
        .where(*wanted)
        .order_by(CodedReason.coder, ReasonTheme.theme)
    )
    if names is not None:
        statement = statement.where(Reason.public_id.in_(names))
    found: dict[tuple[int, int], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for panellist_id, cell, coder, theme in session.execute(statement):
        mine = found[panellist_id, cell]
        mine.setdefault(coder, ())
        # Without a theme: somebody has looked and found none.
        if theme:
            mine[coder] = tuple(sorted((*mine[coder], theme)))
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
