"""Gather the items that experts proposed in a closed round, a record for each; again when it was reopened."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from random import Random

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from surveyapp.models import Proposal
from surveyapp.questionnaire.kinds.proposals import plain_words
from surveyapp.services.audit import record
from surveyapp.services.gathered import Gathered, gather_by_parts
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.proposals.letting_go import let_go
from surveyapp.services.public_names import draw_names, system_chance
from surveyapp.services.reading.counted import read_counted
from surveyapp.services.reading.reasons import get_closed_round
from surveyapp.services.unit import Database

Key = tuple[int, int]
"""Panellist and cell."""


def gather_proposals(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    now: datetime,
    actor: str,
    only: Collection[int] | None = None,
    taken: set[str] | None = None,
    chance: Random = system_chance,
) -> Gathered:
    """Give every line that was proposed, and counts, its record; running it again changes nothing.

    A line that was moved, or spelt otherwise, stays the same proposal; one that was rewritten is another.
    What counts no longer goes, and with it what stood on it. `only` names the panellists to look at, `taken`
    the public names that are known to be taken. Raises NotFound, or RoundClosed while answers may come in.
    """
    held = get_closed_round(session, study_id=study_id, round_number=round_number, hold=True)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    cells = proposal_cells(instrument)
    kept = _read_kept(session, study_id=study_id, round_number=round_number, only=only)
    if not cells and not kept:
        return Gathered()
    proposed = _read_proposed(session, instrument, cells, round_number=round_number, only=only)
    fresh: list[tuple[Key, int, str]] = []
    gone: list[Proposal] = []
    changed = unchanged = 0
    for key in sorted(proposed.keys() | kept.keys()):
        rows = kept.get(key, [])
        left = {plain_words(row.text): row for row in rows}
        position = max((row.position for row in rows), default=0)
        for line in proposed.get(key, ()):
            row = left.pop(plain_words(line), None)
            if row is None:
                position += 1
                fresh.append((key, position, line))
            elif row.text == line:
                unchanged += 1
            else:
                row.text = line
                changed += 1
        gone += left.values()
    let_go(session, gone)
    names = draw_names(session, Proposal, len(fresh), study_id=study_id, taken=taken, chance=chance)
    _add(session, fresh, study_id=study_id, round_number=round_number, names=names)
    found = Gathered(len(fresh), changed, len(gone), unchanged)
    if found.added or found.changed or found.gone:
        detail = {"round": round_number, "added": found.added, "changed": found.changed, "gone": found.gone}
        record(session, study_id=study_id, now=now, actor=actor, act="proposals.gather", detail=detail)
    session.flush()
    return found


def gather_proposals_in_parts(
    database: Database, *, study_id: int, round_number: int, actor: str
) -> Gathered:
    """Like `gather_proposals`, a few hundred panellists at a time, so that nobody waits for long."""
    with database.reading() as session:
        held = get_closed_round(session, study_id=study_id, round_number=round_number)
        instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
        if not proposal_cells(instrument):
            return Gathered()

    def gather(session: Session, now: datetime, only: Collection[int], taken: set[str]) -> Gathered:
        return gather_proposals(
            session,
            study_id=study_id,
            round_number=round_number,
            now=now,
            actor=actor,
            only=only,
            taken=taken,
        )

    return gather_by_parts(database, gather, table=Proposal, study_id=study_id, round_number=round_number)


def proposal_cells(instrument: Instrument) -> tuple[int, ...]:
    """The cells of this version in which experts propose items."""
    return tuple(number for number in instrument.numbers_asked if instrument.spec(number).kind == "proposals")


def _read_kept(
    session: Session, *, study_id: int, round_number: int, only: Collection[int] | None
) -> Mapping[Key, Sequence[Proposal]]:
    mine = [Proposal.study_id == study_id, Proposal.round == round_number]
    if only is not None:
        mine.append(Proposal.panellist_id.in_(only))
    found: dict[Key, list[Proposal]] = defaultdict(list)
    for row in session.scalars(select(Proposal).where(*mine).order_by(Proposal.position)):
        found[row.panellist_id, row.cell].append(row)
    return found


def _read_proposed(
    session: Session,
    instrument: Instrument,
    cells: Sequence[int],
    *,
    round_number: int,
    only: Collection[int] | None,
) -> Mapping[Key, Sequence[str]]:
    counted = read_counted(
        session, instrument=instrument, round_number=round_number, cells=cells, only=only, hold=True
    )
    return {
        (panellist_id, cell): json.loads(parts)
        for panellist_id, given in counted.items()
        for cell, (_, _, _, parts) in given.items()
        if parts is not None
    }


def _add(
    session: Session,
    fresh: Sequence[tuple[Key, int, str]],
    *,
    study_id: int,
    round_number: int,
    names: Sequence[str],
) -> None:
    rows = [
        {
            "study_id": study_id,
            "round": round_number,
            "panellist_id": panellist_id,
            "cell": cell,
            "position": position,
            "public_id": public_id,
            "text": line,
            "state": "unread",
        }
        for ((panellist_id, cell), position, line), public_id in zip(fresh, names, strict=True)
    ]
    # Plain rows: of ten thousand experts there may be many.
    if rows:
        session.execute(insert(Proposal), rows)
