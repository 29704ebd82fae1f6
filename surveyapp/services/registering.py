"""Asking for a seat: a study's public link, what people leave there, and what the study team makes of it.

Whoever asks is told the same whatever is known: whether an address is on the panel is nobody's business.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random, SystemRandom

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.mail.kinds import Kind
from surveyapp.mail.links import derive_registration_token, study_of
from surveyapp.models import Registration, Round, SeatRequest, Study
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.addresses import fold_address
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument
from surveyapp.services.letters.audience import NO_ROUND, Occasion, find_waiting
from surveyapp.services.letters.occasions import kind_of_opening
from surveyapp.services.letters.outbox import find_occasion, put_in
from surveyapp.services.panel import add_members, names_by_address, system_chance
from surveyapp.services.panel_checks import (
    Member,
    group_finder,
    language_finder,
    problem_of_address,
    problems_of_texts,
)
from surveyapp.services.reading.panellists import seat_of

MAX_MESSAGE = 2_000
MAX_NOTE = 5_000
MOST_WAITING = 1_000
"""So many requests can wait in one study; a flood shall not fill the database."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the public link of a study shows."""

    study_id: int
    slug: str
    title: str
    organisation: str
    contact_email: str
    is_synthetic: bool
    is_open: bool
    note: str
    questionnaire: Questionnaire


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody writes who asks for a seat."""

    name: str
    email: str
    group: str
    language: str
    message: str
    consent: str
    """What was agreed to, word for word; '' where it was not."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of deciding about requests."""

    added: int
    letters: int
    refused: int


def find_door(session: Session, *, token: str, link_key: bytes) -> Door | None:
    """The study behind a public link; None for one that was never made or was replaced. Reads only."""
    row = session.execute(
        select(Study, Registration)
        .join(Registration, Registration.study_id == Study.id)
        .where(Study.slug == study_of(token))
    ).one_or_none()
    if row is None:
        return None
    study: Study = row[0]
    held: Registration = row[1]
    true = derive_registration_token(link_key, slug=study.slug, number=held.number)
    if not hmac.compare_digest(true.encode(), token.encode()):
        return None
    instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    return Door(
        study_id=study.id,
        slug=study.slug,
        title=study.title,
        organisation=study.organisation,
        contact_email=study.contact_email,
        is_synthetic=study.is_synthetic,
        is_open=held.is_open and study.archived_at is None,
        note=held.note,
        questionnaire=instrument.questionnaire,
    )


def ask_for_seat(
    session: Session,
    *,
    token: str,
    link_key: bytes,
    asked: Request,
    now: datetime,
    chance: Random | SystemRandom = system_chance,
) -> None:
    """Leave a request for the study team; whoever has a seat already is told nothing else.

    Raises InputError with every problem, NotFound for a link that opens nothing, Refused where it is shut.
    """
    door = find_door(session, token=token, link_key=link_key)
    if door is None:
        raise NotFound(
            Sentence("This link does not open anything. It may have been replaced by a newer one.")
        )
    if not door.is_open:
        raise Refused(Sentence("Nobody can ask for a seat just now."))
    name, email = " ".join(asked.name.split()), asked.email.strip()
    group, wrong_group = group_finder(door.questionnaire)(asked.group)
    language, wrong_language = language_finder(door.questionnaire)(asked.language)
    found: list[tuple[str, Sentence | None]] = [
        ("name", None if name else Sentence("write your name; letters address you by it.")),
        ("email", problem_of_address(email)),
        *(("name", what) for what in problems_of_texts(name, email, ())),
        ("group", wrong_group and Sentence("choose the one that fits you best.")),
        ("language", wrong_language),
        ("message", _problem_of_message(asked.message)),
        ("consent", None if asked.consent else Sentence("without your agreement nothing can be kept.")),
    ]
    problems = [Problem(where, what) for where, what in found if what is not None]
    if problems:
        raise InputError(problems)
    # Two floods at once take turns here, and neither fills more than there is room for.
    session.execute(
        select(Registration.study_id).where(Registration.study_id == door.study_id).with_for_update()
    )
    waiting = session.scalar(
        select(func.count()).select_from(SeatRequest).where(SeatRequest.study_id == door.study_id)
    )
    if (waiting or 0) >= MOST_WAITING:
        raise Refused(
            Sentence("So many people have asked that no more requests are taken just now. Please come back.")
        )
    session.add(
        SeatRequest(
            study_id=door.study_id,
            id=chance.getrandbits(62),
            name=name,
            email=email,
            email_key=fold_address(email),
            group=group,
            language=language,
            message=asked.message.strip(),
            consent_sha256=hashlib.sha256(asked.consent.encode()).hexdigest(),
            asked_at=now,
        )
    )
    session.flush()


def _problem_of_message(message: str) -> Sentence | None:
    if len(message) > MAX_MESSAGE:
        return Sentence(
            "it has {count} characters, at most {most} are possible.", count=len(message), most=MAX_MESSAGE
        )
    if any(ord(letter) < 32 and letter not in "\n\t\r" for letter in message):
        return Sentence("it holds a control character; type it again.")
    return None


def set_registration(
    session: Session,
    *,
    study: Study,
    now: datetime,
    actor: str,
    is_open: bool | None = None,
    note: str | None = None,
    renews_link: bool = False,
) -> Registration:
    """Open or shut the door, write what stands above its form, or make a new link for it.

    A new link makes the older ones open nothing. Raises InputError, Refused for an archived study.
    """
    if study.archived_at is not None:
        raise Refused(Sentence("This study is archived: nobody joins it any more."))
    if study.rehearsal_of is not None:
        raise Refused(Sentence("This is a rehearsal with an invented panel: nobody else is added to it."))
    if note is not None and len(note) > MAX_NOTE:
        what = Sentence(
            "it has {count} characters, at most {most} are possible.", count=len(note), most=MAX_NOTE
        )
        raise InputError([Problem("note", what)])
    # Two who make the first link at once take turns.
    session.execute(select(Study.id).where(Study.id == study.id).with_for_update(key_share=True))
    held = session.scalars(
        select(Registration)
        .where(Registration.study_id == study.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if held is None:
        held = Registration(
            study_id=study.id, number=1, is_open=False, note="", changed_at=now, changed_by=actor
        )
        session.add(held)
    elif renews_link:
        held.number += 1
    if is_open is not None:
        held.is_open = is_open
    if note is not None:
        held.note = note.replace("\r\n", "\n").strip()
    held.changed_at, held.changed_by = now, actor
    detail = {"open": held.is_open, "link": held.number}
    record(session, study_id=study.id, now=now, actor=actor, act="panel.registration", detail=detail)
    session.flush()
    return held


def approve(
    session: Session,
    *,
    study: Study,
    requests: Collection[int],
    link_key: bytes,
    sends_invitation: bool,
    now: datetime,
    actor: str,
) -> Decided:
    """Give everybody of these a seat, all or nobody; with `sends_invitation` their letters go.

    Raises InputError with everybody who cannot have one, NotFound where somebody else has decided meanwhile.
    """
    rows = _hold(session, study=study, requests=requests)
    known = names_by_address(session, study_id=study.id)
    problems, seen = [], set()
    for row in rows:
        who = f"{row.name} <{row.email}>"
        if row.email_key in known:
            problems.append(
                Problem(who, Sentence("this address is on the panel already; refuse the request."))
            )
        elif row.email_key in seen:
            problems.append(Problem(who, Sentence("this address asks twice; choose one of the two.")))
        seen.add(row.email_key)
    if problems:
        raise InputError(problems)
    members = [
        Member(at, row.name, row.email, row.email_key, row.group, (), row.language)
        for at, row in enumerate(rows, 1)
    ]
    seats = add_members(
        session, study=study, members=members, now=now, link_key=link_key, is_synthetic=study.is_synthetic
    )
    consents = sorted({row.consent_sha256 for row in rows})
    _forget(session, study_id=study.id, rows=rows)
    letters = _invite(session, study=study, seats=seats, now=now, actor=actor) if sends_invitation else 0
    detail = {
        "added": len(seats),
        "letters": letters,
        "seats": sorted(map(seat_of, seats)),
        "consent": consents,
    }
    record(session, study_id=study.id, now=now, actor=actor, act="panel.approve", detail=detail)
    session.flush()
    return Decided(len(seats), letters, 0)


def refuse(
    session: Session, *, study: Study, requests: Collection[int], now: datetime, actor: str
) -> Decided:
    """Refuse these requests; what was left with them is deleted, and nobody is written to."""
    rows = _hold(session, study=study, requests=requests)
    _forget(session, study_id=study.id, rows=rows)
    record(
        session, study_id=study.id, now=now, actor=actor, act="panel.refuse", detail={"refused": len(rows)}
    )
    session.flush()
    return Decided(0, 0, len(rows))


def _hold(session: Session, *, study: Study, requests: Collection[int]) -> Sequence[SeatRequest]:
    if not requests:
        raise InputError([Problem("", Sentence("Choose at least one request."))])
    rows = session.scalars(
        select(SeatRequest)
        .where(SeatRequest.study_id == study.id, SeatRequest.id.in_(requests))
        .order_by(SeatRequest.id)
        .with_for_update()
    ).all()
    if len(rows) < len(set(requests)):
        raise NotFound(Sentence("Somebody else has decided about some of these. Look at the list again."))
    return rows


def _forget(session: Session, *, study_id: int, rows: Sequence[SeatRequest]) -> None:
    session.execute(
        delete(SeatRequest).where(
            SeatRequest.study_id == study_id, SeatRequest.id.in_([row.id for row in rows])
        )
    )


def _invite(session: Session, *, study: Study, seats: Sequence[int], now: datetime, actor: str) -> int:
    """The letter that belongs to the present round, to each of the new ones whom it is for."""
    session.flush()
    number = find_occasion(session, study=study, kind=Kind.INVITATION).round
    held = None if number == NO_ROUND else session.get(Round, (study.id, number))
    kind = Kind.INVITATION if held is None else kind_of_opening(session, opened=held)
    occasion = Occasion(study.id, number, kind)
    new = set(seats)
    waiting = [each for each in find_waiting(session, occasion=occasion, now=now) if each in new]
    return put_in(session, occasion=occasion, panellists=waiting, now=now, actor=actor)
