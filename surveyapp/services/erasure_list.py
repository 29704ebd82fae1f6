"""The list of who was erased, in a file beside the database: a backup of yesterday knows nothing of today.

Each line names a study and the random number of a seat, and tells nothing about a person. When the program
starts, and after a backup was restored, whoever stands in the list is erased again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.models import Erasure, Panellist, Study
from surveyapp.services.erasing import Erased, forget_panellist
from surveyapp.services.letters.office import Office
from surveyapp.services.unit import Database, read_now

FILE = "erasures.jsonl"
_ACTOR = "system"
_AGAIN = "restore"
_REASON = "erased before, and found again after a backup was restored"


@dataclass(frozen=True, slots=True)
class Line:
    """One panellist who was erased."""

    study: str
    panellist_id: int
    answers: str
    has_left: bool
    """Whether the person left with it; not where only the day came until which names were kept."""


def settle(database: Database, *, folder: Path) -> int:
    """Erase again whoever came back with a backup, and complete the list; returns how many came back."""
    listed = set(_read(folder / FILE))
    with database.reading() as session:
        known = _list_erased(session)
    came_back = sorted(
        (each for each in listed if not _is_done(each, known)),
        key=lambda each: (each.study, each.panellist_id, each.answers),
    )
    again = 0
    for line in came_back:
        with database.verb() as session:
            again += _erase_again(session, line)
    write_down(database, folder=folder)
    return again


def tidy_up(database: Database, *, office: Office, folder: Path, erased: Erased) -> None:
    """After somebody was erased: complete the list, and delete letters that lie about as files."""
    write_down(database, folder=folder)
    if erased.email:
        office.forget(erased.email)


def write_down(database: Database, *, folder: Path) -> None:
    """Add to the list whoever the database knows to be erased and the list does not."""
    file = folder / FILE
    listed = set(_read(file))
    with database.reading() as session:
        known = _list_erased(session)
    new = [(line, at) for line, at in known.items() if line not in listed]
    if not new:
        return
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(
        json.dumps(
            {
                "study": line.study,
                "seat": f"{line.panellist_id:x}",
                "answers": line.answers,
                "left": line.has_left,
                "at": at,
            }
        )
        + "\n"
        for line, at in sorted(new, key=lambda each: each[1])
    )
    # Appended in one write: several processes may add to it, and a line twice does no harm.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as stream:
        stream.write(text.encode())
        stream.flush()
        os.fsync(stream.fileno())


def _list_erased(session: Session) -> dict[Line, str]:
    rows = session.execute(
        select(Study.slug, Erasure.panellist_id, Erasure.answers, Erasure.erased_by, Erasure.erased_at).join(
            Study, Study.id == Erasure.study_id
        )
    )
    return {Line(slug, number, answers, by != _ACTOR): iso(at) for slug, number, answers, by, at in rows}


def _is_done(line: Line, known: Container[Line]) -> bool:
    """Whether the database says the same, or that more was erased."""
    return line in known or any(
        replace(line, answers="removed", has_left=left) in known for left in (True, False)
    )


def _erase_again(session: Session, line: Line) -> bool:
    seat = session.scalars(
        select(Panellist)
        .join(Study, Study.id == Panellist.study_id)
        .where(Study.slug == line.study, Panellist.id == line.panellist_id)
        .with_for_update(of=Panellist)
    ).one_or_none()
    if seat is None:
        # The study is not in this database, or the backup is older than the seat.
        return False
    answers = "keep" if line.answers == "kept" else "remove"
    forget_panellist(
        session,
        seat=seat,
        answers=answers,
        reason=_REASON,
        now=read_now(session),
        actor=_AGAIN if line.has_left else _ACTOR,
        leaves=line.has_left,
    )
    return True


def _read(file: Path) -> Iterator[Line]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        # A line that the power cut short names nobody; the database still knows it.
        with suppress(ValueError, KeyError, TypeError):
            found = json.loads(line)
            yield Line(
                str(found["study"]), int(found["seat"], 16), str(found["answers"]), bool(found["left"])
            )
