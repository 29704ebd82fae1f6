"""Gather what experts wrote in a closed round, so that it can be worked on; again after it was reopened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from random import Random

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from surveyapp.models import Reason
from surveyapp.questionnaire.kinds.written import REASON
from surveyapp.services.audit import record
from surveyapp.services.gathered import Gathered, gather_by_parts
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.public_names import draw_names, system_chance
from surveyapp.services.reading.counted import read_counted
from surveyapp.services.reading.reasons import get_closed_round
from surveyapp.services.reasons.letting_go import let_go, start_again
from surveyapp.services.unit import Database

Written = Mapping[tuple[int, int], str]
"""Panellist and cell → what was written there and counts."""


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
    counts no longer goes. `only` names the panellists to look at: of a very large panel it is better done
    in parts (`gather_in_parts`), which knows the public names that are `taken`. Raises NotFound, or
    RoundClosed while the round may still take answers.
    """
    held = get_closed_round(session, study_id=study_id, round_number=round_number, hold=True)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    written = read_written(
        session, instrument, round_number=round_number, partial_counts=partial_counts, only=only, hold=True
    )
    mine = [Reason.study_id == study_id, Reason.round == round_number]
    if only is not None:
        mine.append(Reason.panellist_id.in_(only))
    kept = {(row.panellist_id, row.cell): row for row in session.scalars(select(Reason).where(*mine))}
    gone = [row for key, row in kept.items() if key not in written]
    changed = [row for key, row in kept.items() if key in written and row.text != written[key]]
    start_again(session, changed, texts=[written[row.panellist_id, row.cell] for row in changed])
    let_go(session, gone)
    fresh = sorted(written.keys() - kept.keys())
    names = draw_names(session, Reason, len(fresh), study_id=study_id, taken=taken, chance=chance)
    _add(session, instrument, round_number=round_number, fresh=fresh, written=written, names=names)
    found = Gathered(len(fresh), len(changed), len(gone), len(kept) - len(changed) - len(gone))
    if found.added or found.changed or found.gone:
        detail = {"round": round_number, "added": found.added, "changed": found.changed, "gone": found.gone}
        record(session, study_id=study_id, now=now, actor=actor, act="reasons.gather", detail=detail)
    session.flush()
    return found


def gather_in_parts(
    database: Database, *, study_id: int, round_number: int, actor: str, partial_counts: bool = False
) -> Gathered:
    """Like `gather_reasons`, a few hundred panellists at a time, so that nobody waits long for their turn."""
    with database.reading() as session:
        get_closed_round(session, study_id=study_id, round_number=round_number)

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

    return gather_by_parts(database, gather, table=Reason, study_id=study_id, round_number=round_number)


def read_written(
    session: Session,
    instrument: Instrument,
    *,
    round_number: int,
    partial_counts: bool = False,
    only: Collection[int] | None = None,
    hold: bool = False,
) -> Written:
    """Every written answer of the round that counts: reasons beside ratings, and long texts about no item."""
    counted = read_counted(
        session,
        instrument=instrument,
        round_number=round_number,
        cells=[number for number in instrument.number_of.values() if _is_written(instrument, number)],
        partial_counts=partial_counts,
        only=only,
        hold=hold,
    )
    return {
        (panellist_id, cell): stored[2]
        for panellist_id, given in counted.items()
        for cell, stored in given.items()
        if stored[2] is not None and stored[2].strip()
    }


def _is_written(instrument: Instrument, number: int) -> bool:
    spec = instrument.spec(number)
    return spec.key.part == REASON or (spec.kind == "long_text" and not spec.key.item and not spec.key.part)


def _add(
    session: Session,
    instrument: Instrument,
    *,
    round_number: int,
    fresh: Sequence[tuple[int, int]],
    written: Written,
    names: Sequence[str],
) -> None:
    if not fresh:
        return
    rows = [
        {
            "study_id": instrument.study_id,
            "round": round_number,
            "panellist_id": panellist_id,
            "cell": cell,
            "public_id": public_id,
            "item": instrument.spec(cell).key.item,
            "text": written[panellist_id, cell],
            "state": "unread",
        }
        for (panellist_id, cell), public_id in zip(fresh, names, strict=True)
    ]
    # Plain rows: of ten thousand experts there may be many.
    session.execute(insert(Reason), rows)
