"""What a release or its draft shows, in numbers: read once per process, for its text never changes."""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Release

_MOST_KEPT = 128


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """The numbers of one release. No figure of it stands here, so it may be kept before it is out."""

    submissions: int
    smallest_group: int
    ratings: int
    ratings_shown: int
    groups_shown: int
    hidden: Mapping[str, int]
    """Why a figure is not shown → how many are not."""
    reasons: int
    summaries: int
    marked: int
    """Reasons of an earlier round whose marks are told."""
    decided: int
    note: str
    missing: tuple[str, ...]


_kept: OrderedDict[tuple[str, int, int, int, str], ReleaseFacts] = OrderedDict()
_kept_lock = threading.Lock()


def get_release_facts(
    session: Session, *, study_id: int, round_number: int, number: int, sha256: str
) -> ReleaseFacts:
    """The facts of release `number` of a round, or of its draft, whose content has this hash."""
    key = (str(session.get_bind().engine.url), study_id, round_number, number, sha256)
    with _kept_lock:
        facts = _kept.get(key)
        if facts is not None:
            _kept.move_to_end(key)
            return facts
    content = session.scalars(
        select(Release.content).where(
            Release.study_id == study_id, Release.round == round_number, Release.number == number
        )
    ).one()
    facts = _read(json.loads(content))
    with _kept_lock:
        _kept[key] = facts
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return facts


def _read(content: Mapping[str, Any]) -> ReleaseFacts:
    """From the stored text itself: of many thousand reasons no object is made only to be counted.

    What has its usual value is left out of that text.
    """
    cells = content.get("cells", [])
    return ReleaseFacts(
        submissions=content["submissions"],
        smallest_group=content["smallest_group"],
        ratings=len(cells),
        ratings_shown=sum("total" in each for each in cells),
        groups_shown=sum(len(each.get("groups", ())) for each in cells),
        hidden=Counter(each["hidden"] for each in cells if each.get("hidden")),
        reasons=len(content.get("reasons", ())),
        summaries=len(content.get("summaries", ())),
        marked=len(content.get("marks", ())),
        decided=sum(bool(each.get("outcome")) for each in content.get("items", ())),
        note=content.get("note", ""),
        missing=tuple(content.get("missing", ())),
    )
