"""The receipt of a submission, made again whenever its owner asks."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import build_receipt
from surveyapp.errors import NotFound, Sentence
from surveyapp.models import Submission
from surveyapp.services.reading.seats import Seat


def receipt(session: Session, *, seat: Seat) -> dict[str, Any]:
    """The receipt of the seat's latest submission. Raises NotFound before the first one."""
    submission = session.get(Submission, (seat.study_id, seat.round, seat.panellist_id, seat.submission))
    if submission is None:
        raise NotFound(Sentence("There is no receipt yet: nothing has been submitted in this round."))
    content = json.loads(submission.content)
    return build_receipt(content["head"], submission.salt_seed, content["answers"])
