"""What a submission says, as the canonical text that its hash and its receipt are made from."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from surveyapp.questionnaire.cells import Status
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Seat, Stored

_MOST_CANONICAL = 50_000
_CRITERION = ',"criterion":'
# Made once: to make an encoder for each text takes longer than to write the text.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_STATUS_NAMES = {int(status): status.name.lower() for status in Status}


def submission_head(seat: Seat, *, number: int, submitted_at: datetime) -> dict[str, Any]:
    """Whose, when and for what a submission is: the part of it that its hash covers beside the answers."""
    return {
        "study": seat.slug,
        "questionnaire": seat.questionnaire_sha256,
        "round": seat.round,
        "panellist": seat.pseudonym,
        "number": number,
        "submitted_at": submitted_at.isoformat(timespec="milliseconds"),
    }


def canonical_answer(instrument: Instrument, cell: int, stored: Stored, correction: int = 0) -> str:
    """One answer as canonical JSON: its cell's key, its status in words, and what was given.

    The wording correction that it saw stands in it only where there was one: the others are as ever.
    """
    text = _canonical_answer(instrument, cell, stored)
    if not correction:
        return text
    # Keys are sorted; before this place stands the context alone, an id without quotation marks.
    return text.replace(_CRITERION, f',"correction":{correction}{_CRITERION}', 1)


def _canonical_answer(instrument: Instrument, cell: int, stored: Stored) -> str:
    if stored[2] is not None and stored[0] == Status.VALUE:
        # What people write is theirs alone and comes once; ratings come again with every expert.
        return _write_canonical(instrument, cell, stored)
    kept = instrument.canonical_ratings
    text = kept.get((cell, stored))
    if text is None:
        text = _write_canonical(instrument, cell, stored)
        if len(kept) < _MOST_CANONICAL:
            kept[cell, stored] = text
    return text


def _write_canonical(instrument: Instrument, cell: int, stored: Stored) -> str:
    status, value, written, parts = stored
    head, question = instrument.canonical_frames[cell - 1]
    pieces = [head]
    if parts is not None:
        pieces.append(f',"parts":{_encode(json.loads(parts))}')
    pieces.append(f'{question},"status":"{_STATUS_NAMES[status]}"')
    if written is not None:
        pieces.append(f',"text":{_encode(written)}')
    if value is not None:
        pieces.append(f',"value":{int(value) if value == int(value) else repr(value)}')
    pieces.append("}")
    return "".join(pieces)
