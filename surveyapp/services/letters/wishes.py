"""Which letters a panellist wants: all, all but reminders, or none; said without signing in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Sentence
from surveyapp.mail.links import read_letters_token
from surveyapp.models import LetterWish, Panellist, Study
from surveyapp.services.audit import record

Wish: TypeAlias = Literal["all", "no_reminders", "none"]
WISHES: tuple[Wish, ...] = ("all", "no_reminders", "none")


@dataclass(frozen=True, slots=True)
class WishedLetters:
    """What the page for switching letters off shows: the study, and what is wished now. No name."""

    study_id: int
    slug: str
    title: str
    organisation: str
    contact_email: str
    is_synthetic: bool
    panellist_id: int
    language: str
    wish: Wish


def find_wish(session: Session, *, token: str, link_key: bytes) -> WishedLetters | None:
    """Whose letters this token switches, and what is wished; None for a token that is none. Reads only."""
    seat = read_letters_token(link_key, token)
    if seat is None:
        return None
    slug, panellist_id = seat
    row = session.execute(
        select(Study, Panellist.language, LetterWish.wish)
        .join(Panellist, Panellist.study_id == Study.id)
        .outerjoin(
            LetterWish,
            (LetterWish.study_id == Panellist.study_id) & (LetterWish.panellist_id == Panellist.id),
        )
        .where(Study.slug == slug, Panellist.id == panellist_id)
    ).one_or_none()
    if row is None:
        return None
    study: Study = row[0]
    wished: str | None = row[2]
    return WishedLetters(
        study_id=study.id,
        slug=study.slug,
        title=study.title,
        organisation=study.organisation,
        contact_email=study.contact_email,
        is_synthetic=study.is_synthetic,
        panellist_id=panellist_id,
        language=row[1],
        wish="all" if wished is None else "none" if wished == "none" else "no_reminders",
    )


def set_wish(session: Session, *, token: str, wish: Wish, link_key: bytes, now: datetime) -> WishedLetters:
    """Switch letters off, or on again; the same again changes nothing. Letters that wait obey too.

    Raises NotFound for a token that opens nothing.
    """
    found = find_wish(session, token=token, link_key=link_key)
    if found is None:
        raise NotFound(Sentence("This link does not open anything."))
    # The seat's row arranges that two presses of a button follow one another.
    session.execute(
        select(Panellist.id)
        .where(Panellist.study_id == found.study_id, Panellist.id == found.panellist_id)
        .with_for_update(key_share=True)
    )
    key = (found.study_id, found.panellist_id)
    standing = session.get(LetterWish, key, populate_existing=True)
    if (standing.wish if standing is not None else "all") == wish:
        return found
    if wish == "all":
        session.delete(standing)
    elif standing is None:
        session.add(
            LetterWish(study_id=found.study_id, panellist_id=found.panellist_id, wish=wish, wished_at=now)
        )
    else:
        standing.wish, standing.wished_at = wish, now
    # Without saying whose wish it was: the record is read by people who see no names.
    record(
        session,
        study_id=found.study_id,
        now=now,
        actor="panellist",
        act="panellist.letters",
        detail={"wish": wish},
    )
    session.flush()
    return find_wish(session, token=token, link_key=link_key) or found
