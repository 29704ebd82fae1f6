"""Gather what experts wrote in a closed round, so that it can be worked on; again after it was reopened."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random

from sqlalchemy import ColumnElement, case, func, insert, select, true, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from surveyapp.delphi.empty_words import is_empty_word
from surveyapp.delphi.privacy.reasons import Band
from surveyapp.models import Participation, Reason
from surveyapp.questionnaire.kinds.written import REASON
from surveyapp.services.audit import record
from surveyapp.services.gathered import Gathered, gather_by_parts
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.public_names import draw_names, system_chance
from surveyapp.services.reading.beside import bands_beside, ratings_beside
from surveyapp.services.reading.counted import Counted, read_counted
from surveyapp.services.reading.reasons import get_closed_round
from surveyapp.services.reasons.letting_go import let_go, start_again
from surveyapp.services.unit import Database

Written = Mapping[tuple[int, int], str]
"""Panellist and cell → what was written there and counts."""

_AT_ONCE = 500


def gather_reasons(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    now: datetime,
    actor: str,
    partial_counts: bool = False,
    only: Collection[int] | None = None,
    taken: set[str] | None = None,
    chance: Random = system_chance,
) -> Gathered:
    """Give every written answer that counts its coding record; running it again changes nothing.

    What was rewritten since, because the round was reopened, is unread again and forgets its themes; what
    counts no longer goes. Whoever submitted nothing since the last time is not looked at again. `only` names
    the panellists to look at: of a very large panel it is better done in parts (`gather_in_parts`), which
    knows the public names that are `taken`. Raises NotFound, or RoundClosed while the round may still take
    answers.
    """
    held = get_closed_round(session, study_id=study_id, round_number=round_number, hold=True)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    looked_at = only
    if not partial_counts:
        waiting = find_waiting(session, study_id=study_id, round_number=round_number)
        looked_at = waiting if only is None else sorted(set(waiting).intersection(only))
    added, changed, gone = _gather(
        session,
        instrument,
        round_number=round_number,
        partial_counts=partial_counts,
        only=looked_at,
        taken=taken,
        chance=chance,
    )
    count = _count(session, study_id=study_id, round_number=round_number, only=only)
    found = Gathered(added, changed, gone, count - added - changed)
    if found.added or found.changed or found.gone:
        detail = {"round": round_number, "added": found.added, "changed": found.changed, "gone": found.gone}
        record(session, study_id=study_id, now=now, actor=actor, act="reasons.gather", detail=detail)
    session.flush()
    return found


def find_waiting(session: Session, *, study_id: int, round_number: int) -> Sequence[int]:
    """Those whose reasons were not gathered since they last submitted, or took back what they had given."""
    return session.scalars(
        select(Participation.panellist_id)
        .where(
            Participation.study_id == study_id,
            Participation.round == round_number,
            Participation.gathered != Participation.submission,
        )
        .order_by(Participation.panellist_id)
    ).all()


def count_waiting(session: Session, *, study_id: int, round_number: int) -> int:
    """How many `find_waiting` finds."""
    count = session.scalar(
        select(func.count()).where(
            Participation.study_id == study_id,
            Participation.round == round_number,
            Participation.gathered != Participation.submission,
        )
    )
    return count or 0


def _gather(
    session: Session,
    instrument: Instrument,
    *,
    round_number: int,
    partial_counts: bool,
    only: Collection[int] | None,
    taken: set[str] | None,
    chance: Random,
) -> tuple[int, int, int]:
    """Looks at these panellists anew; says how many records it added, changed and took away."""
    study_id = instrument.study_id
    counted = read_counted(
        session,
        instrument=instrument,
        round_number=round_number,
        cells=_written_cells(instrument) + _cells_beside(instrument),
        partial_counts=partial_counts,
        only=only,
        hold=True,
    )
    written = _among(counted, _written_cells(instrument))
    kept = _read_kept(session, study_id=study_id, round_number=round_number, only=only)
    gone = [row for key, row in kept.items() if key not in written]
    changed = [row for key, row in kept.items() if key in written and row.text != written[key]]
    start_again(session, changed, texts=[written[row.panellist_id, row.cell] for row in changed])
    let_go(session, gone)
    bands = bands_beside(instrument, counted, written)
    languages = instrument.questionnaire.languages
    for key, row in kept.items():
        if key in written:
            row.band, row.says_nothing = bands[key], is_empty_word(row.text, languages)
    fresh = sorted(written.keys() - kept.keys())
    names = draw_names(session, Reason, len(fresh), study_id=study_id, taken=taken, chance=chance)
    _add(
        session,
        instrument,
        dict(zip(fresh, names, strict=True)),
        written,
        bands,
        round_number=round_number,
    )
    # Whoever submitted nothing is looked at again as soon as only submissions count.
    mark = case((Participation.submission > 0, Participation.submission), else_=-1 if partial_counts else 0)
    _mark_gathered(session, mark, study_id=study_id, round_number=round_number, only=only)
    return len(fresh), len(changed), len(gone)


def _count(session: Session, *, study_id: int, round_number: int, only: Collection[int] | None) -> int:
    mine = select(func.count()).where(Reason.study_id == study_id, Reason.round == round_number)
    whose = [true()] if only is None else _parts(Reason.panellist_id, only)
    return sum(session.scalar(mine.where(each)) or 0 for each in whose)


def _read_kept(
    session: Session, *, study_id: int, round_number: int, only: Collection[int] | None
) -> dict[tuple[int, int], Reason]:
    mine = select(Reason).where(Reason.study_id == study_id, Reason.round == round_number)
    found: dict[tuple[int, int], Reason] = {}
    for rows in [mine] if only is None else [mine.where(each) for each in _parts(Reason.panellist_id, only)]:
        found |= {(row.panellist_id, row.cell): row for row in session.scalars(rows)}
    return found


def _mark_gathered(
    session: Session,
    mark: ColumnElement[int],
    *,
    study_id: int,
    round_number: int,
    only: Collection[int] | None,
) -> None:
    session.flush()
    mine = (
        update(Participation)
        .where(Participation.study_id == study_id, Participation.round == round_number)
        .values(gathered=mark)
        .execution_options(synchronize_session=False)
    )
    for each in [true()] if only is None else _parts(Participation.panellist_id, only):
        session.execute(mine.where(each))


def _parts(column: InstrumentedAttribute[int], only: Collection[int]) -> Iterator[ColumnElement[bool]]:
    # A database takes so many values in one statement and no more.
    listed = list(only)
    for start in range(0, len(listed), _AT_ONCE):
        yield column.in_(listed[start : start + _AT_ONCE])


def gather_in_parts(
    database: Database, *, study_id: int, round_number: int, actor: str, partial_counts: bool = False
) -> Gathered:
    """Like `gather_reasons`, a few hundred panellists at a time, so that nobody waits long for their turn."""
    with database.reading() as session:
        get_closed_round(session, study_id=study_id, round_number=round_number)
        waiting = find_waiting(session, study_id=study_id, round_number=round_number)

    def gather(session: Session, now: datetime, only: Collection[int], taken: set[str]) -> Gathered:
        return gather_reasons(
            session,
            study_id=study_id,
            round_number=round_number,
            now=now,
            actor=actor,
            partial_counts=partial_counts,
            only=only,
            taken=taken,
        )

    found = gather_by_parts(
        database,
        gather,
        table=Reason,
        study_id=study_id,
        round_number=round_number,
        only=None if partial_counts else waiting,
    )
    with database.reading() as session:
        count = _count(session, study_id=study_id, round_number=round_number, only=None)
    return replace(found, unchanged=count - found.added - found.changed)


def read_written(
    session: Session,
    instrument: Instrument,
    *,
    round_number: int,
    partial_counts: bool = False,
    only: Collection[int] | None = None,
) -> Written:
    """Every written answer of the round that counts: reasons beside ratings, and long texts about no item."""
    cells = _written_cells(instrument)
    counted = read_counted(
        session,
        instrument=instrument,
        round_number=round_number,
        cells=cells,
        partial_counts=partial_counts,
        only=only,
    )
    return _among(counted, cells)


def _among(counted: Counted, cells: Collection[int]) -> Written:
    chosen = frozenset(cells)
    return {
        (panellist_id, cell): stored[2]
        for panellist_id, given in counted.items()
        for cell, stored in given.items()
        if cell in chosen and stored[2] is not None and stored[2].strip()
    }


def _written_cells(instrument: Instrument) -> list[int]:
    return [number for number in instrument.numbers_asked if _is_written(instrument, number)]


def _cells_beside(instrument: Instrument) -> list[int]:
    """The ratings that written answers go with."""
    found = {beside for cell in _written_cells(instrument) for beside in ratings_beside(instrument, cell)}
    return sorted(found)


def _is_written(instrument: Instrument, number: int) -> bool:
    spec = instrument.spec(number)
    return spec.key.part == REASON or (spec.kind == "long_text" and not spec.key.item and not spec.key.part)


def _add(
    session: Session,
    instrument: Instrument,
    names: Mapping[tuple[int, int], str],
    written: Written,
    bands: Mapping[tuple[int, int], Band],
    *,
    round_number: int,
) -> None:
    if not names:
        return
    languages = instrument.questionnaire.languages
    rows = [
        {
            "study_id": instrument.study_id,
            "round": round_number,
            "panellist_id": panellist_id,
            "cell": cell,
            "public_id": public_id,
            "item": instrument.spec(cell).key.item,
            "text": written[panellist_id, cell],
            "band": bands[panellist_id, cell],
            "says_nothing": is_empty_word(written[panellist_id, cell], languages),
            "state": "unread",
        }
        for (panellist_id, cell), public_id in names.items()
    ]
    # Plain rows: of ten thousand experts there may be many.
    session.execute(insert(Reason), rows)
