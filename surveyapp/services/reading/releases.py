"""What a release holds, read once per process: it never changes."""

from __future__ import annotations

import threading
from collections import OrderedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.errors import NotFound, Sentence
from surveyapp.models import Release
from surveyapp.services.reading.seats import Seat

_MOST_KEPT = 32

_kept: OrderedDict[tuple[int, int, int, str], ReleaseContent] = OrderedDict()
_kept_lock = threading.Lock()


def find_kept_release(*, study_id: int, round_: int, number: int, sha256: str) -> ReleaseContent | None:
    """The content of a release if this process has read it before."""
    with _kept_lock:
        return _kept.get((study_id, round_, number, sha256))


def get_release_content(
    session: Session, *, study_id: int, round_: int, number: int, sha256: str
) -> ReleaseContent:
    """The content of a release. Raises NotFound when there is no such release."""
    key = (study_id, round_, number, sha256)
    with _kept_lock:
        content = _kept.get(key)
        if content is not None:
            _kept.move_to_end(key)
            return content
    text = session.scalar(
        select(Release.content).where(
            Release.study_id == study_id,
            Release.round == round_,
            Release.number == number,
            Release.content_sha256 == sha256,
        )
    )
    if text is None:
        raise NotFound(
            Sentence("Round {round} of this study has no such release {number}.", round=round_, number=number)
        )
    content = ReleaseContent.from_canonical(text)
    with _kept_lock:
        _kept[key] = content
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return content


def find_content_shown(session: Session, *, seat: Seat) -> ReleaseContent | None:
    """The release that the seat's round shows, if any."""
    if seat.shows_round is None or not seat.release:
        return None
    return get_release_content(
        session,
        study_id=seat.study_id,
        round_=seat.shows_round,
        number=seat.release,
        sha256=seat.release_sha256,
    )
