"""What organisers do for one panellist: put something right, make a new link, write once more.

The record names a seat by its number, which leads to no pseudonym, and never says what was changed into what:
neither a name nor an address stands in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.mail.kinds import Kind
from surveyapp.mail.links import derive_token, hash_token, link
from surveyapp.models import (
    Identity,
    Invitation,
    OutboxMessage,
    Panellist,
    Participation,
    Round,
    Study,
    WebSession,
)
from surveyapp.services.addresses import fold_address
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument
from surveyapp.services.letters.audience import NO_ROUND, Occasion, find_waiting
from surveyapp.services.letters.occasions import kind_of_opening
from surveyapp.services.letters.outbox import find_occasion, put_in
from surveyapp.services.panel_checks import (
    find_time_zone,
    group_finder,
    language_finder,
    problem_of_address,
    problems_of_texts,
)
from surveyapp.services.reading.panellists import seat_of

SHORTEST_REASON = 10
MAX_REASON = 1_000
# Shorter words of a name are words of every language.
_TELLING = 4


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall stand for a panellist from now on; None leaves something as it is."""

    name: str | None = None
    email: str | None = None
    group: str | None = None
    tags: Sequence[str] | None = None
    language: str | None = None
    time_zone: str | None = None


def hold_panellist(session: Session, *, study: Study, panellist_id: int) -> Panellist:
    """The seat, which nobody else changes until this act is done. Raises NotFound."""
    seat = session.scalars(
        select(Panellist)
        .where(Panellist.study_id == study.id, Panellist.id == panellist_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if seat is None:
        raise NotFound(Sentence("Nobody sits on this seat."))
    return seat


def change_panellist(
    session: Session, *, study: Study, panellist_id: int, wanted: Wanted, now: datetime, actor: str
) -> tuple[str, ...]:
    """Put right what stands for a panellist; returns what was changed.

    Raises InputError with every problem, Refused where nobody is known on the seat; then nothing is changed.
    """
    seat = hold_panellist(session, study=study, panellist_id=panellist_id)
    identity = session.get(Identity, (study.id, panellist_id))
    if identity is None:
        raise Refused(Sentence("This panellist was erased: there is nothing left to change."))
    new, problems = _understand(session, study, seat, identity, wanted)
    if new.email != identity.email and _is_taken(session, study.id, new.email, but_by=panellist_id):
        # Whoever may change addresses may see all of them.
        taken = Sentence("{email} belongs to somebody else on this panel.", email=new.email[:100])
        problems.append(Problem("email", taken))
    if new.group != seat.group and (fixed := _why_group_is_fixed(session, study.id, panellist_id)):
        problems.append(Problem("group", fixed))
    if problems:
        raise InputError(problems)
    known = _Known(
        identity.name, identity.email, seat.group, tuple(json.loads(seat.tags)), seat.language, seat.time_zone
    )
    changed = tuple(each.name for each in fields(new) if getattr(new, each.name) != getattr(known, each.name))
    if not changed:
        return ()
    identity.name, identity.email, identity.email_key = new.name, new.email, fold_address(new.email)
    seat.group, seat.language, seat.time_zone = new.group, new.language, new.time_zone
    seat.tags = json.dumps(list(new.tags), ensure_ascii=False)
    if "group" in changed:
        # Whoever has pressed Start and saved nothing begins in the new group.
        session.execute(
            update(Participation)
            .where(Participation.study_id == study.id, Participation.panellist_id == panellist_id)
            .values(group=new.group)
        )
    _note(session, study, panellist_id, "panellist.change", now=now, actor=actor, changed=sorted(changed))
    return changed


@dataclass(frozen=True, slots=True)
class _Known:
    """All that stands for a panellist."""

    name: str
    email: str
    group: str
    tags: tuple[str, ...]
    language: str
    time_zone: str


def _understand(
    session: Session, study: Study, seat: Panellist, identity: Identity, wanted: Wanted
) -> tuple[_Known, list[Problem]]:
    """What shall stand there, and everything that is wrong with how it was written."""
    questionnaire = get_instrument(
        session, study_id=study.id, number=study.questionnaire_number
    ).questionnaire
    name = " ".join((identity.name if wanted.name is None else wanted.name).split())
    email = (identity.email if wanted.email is None else wanted.email).strip()
    tags = tuple(json.loads(seat.tags))
    if wanted.tags is not None:
        tags = tuple(dict.fromkeys(filter(None, map(str.strip, wanted.tags))))
    group, language, zone = seat.group, seat.language, seat.time_zone
    found: list[tuple[str, Sentence | None]] = [("email", problem_of_address(email))]
    found += [("name", what) for what in problems_of_texts(name, email, ())]
    found += [("tags", what) for what in problems_of_texts("", "", tags)]
    if wanted.group is not None and wanted.group != seat.group:
        group, wrong = group_finder(questionnaire)(wanted.group)
        group = seat.group if wrong else group
        found.append(("group", wrong))
    if wanted.language is not None:
        language, wrong = language_finder(questionnaire)(wanted.language)
        found.append(("language", wrong))
    if wanted.time_zone is not None:
        zone, wrong = find_time_zone(wanted.time_zone)
        found.append(("time zone", wrong))
    problems = [Problem(where, what) for where, what in found if what is not None]
    return _Known(name, email, group, tags, language, zone), problems


def _is_taken(session: Session, study_id: int, email: str, *, but_by: int) -> bool:
    holder = session.scalar(
        select(Identity.panellist_id).where(
            Identity.study_id == study_id, Identity.email_key == fold_address(email)
        )
    )
    return holder not in (None, but_by)


def _why_group_is_fixed(session: Session, study_id: int, panellist_id: int) -> Sentence | None:
    # A save in flight is waited for, and finds the new group or stops this.
    revisions = session.scalars(
        select(Participation.revision)
        .where(Participation.study_id == study_id, Participation.panellist_id == panellist_id)
        .with_for_update()
    ).all()
    if not any(revisions):
        return None
    return Sentence(
        "this panellist has answered already: the group is fixed with the first answer, because figures of "
        "groups would change under those who have seen them."
    )


def make_new_link(
    session: Session,
    *,
    study: Study,
    panellist_id: int,
    link_key: bytes,
    base_url: str,
    now: datetime,
    actor: str,
    reason: str = "",
    sends_invitation: bool = False,
) -> str:
    """Make a new personal link; every older one stops working at once, and whoever was in by it is out.

    The link is returned this once and stands nowhere; `sends_invitation` puts a letter with it into the
    outbox. Raises Refused for somebody who has left, or where there is nothing to invite to.
    """
    seat = hold_panellist(session, study=study, panellist_id=panellist_id)
    _refuse_who_left(session, study=study, seat=seat)
    newest = session.scalar(
        select(func.max(Invitation.number)).where(
            Invitation.study_id == study.id, Invitation.panellist_id == panellist_id
        )
    )
    number = (newest or 0) + 1
    session.execute(
        update(Invitation)
        .where(
            Invitation.study_id == study.id,
            Invitation.panellist_id == panellist_id,
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    token = derive_token(link_key, slug=study.slug, panellist_id=panellist_id, number=number)
    session.add(
        Invitation(
            study_id=study.id,
            panellist_id=panellist_id,
            number=number,
            token_hash=hash_token(token),
            created_at=now,
        )
    )
    # Somebody else may have come in by the old link: that is why a new one is asked for.
    for open_session in session.scalars(
        select(WebSession).where(WebSession.study_id == study.id, WebSession.panellist_id == panellist_id)
    ):
        session.delete(open_session)
    reason = check_reason(session, study=study, panellist_id=panellist_id, reason=reason)
    _note(session, study, panellist_id, "panellist.link", now=now, actor=actor, reason=reason, link=number)
    if sends_invitation:
        invite_again(session, study=study, panellist_id=panellist_id, now=now, actor=actor)
    return link(base_url, token)


def invite_again(session: Session, *, study: Study, panellist_id: int, now: datetime, actor: str) -> int:
    """Put the invitation into the outbox once more, as a letter of its own; returns its number.

    A repeat of the same letter would be taken for the one that is there already, and not shown. In a later
    round it is the letter about that round. Raises Refused where there is nothing to invite to.
    """
    seat = hold_panellist(session, study=study, panellist_id=panellist_id)
    _refuse_who_left(session, study=study, seat=seat)
    if study.archived_at is not None:
        raise Refused(Sentence("This study is archived: no letters are sent any more."))
    occasion = find_occasion(session, study=study, kind=Kind.INVITATION)
    held = None if occasion.round == NO_ROUND else session.get(Round, (study.id, occasion.round))
    kind = Kind.INVITATION if held is None else kind_of_opening(session, opened=held)
    last, waits = _last_letter(session, occasion=replace(occasion, kind=kind), panellist_id=panellist_id)
    if waits:
        raise Refused(Sentence("The letter waits in the outbox already; it goes as soon as its turn comes."))
    has_started = (
        held is not None and session.get(Participation, (study.id, held.number, panellist_id)) is not None
    )
    # From the second on it goes to whoever has started, too.
    number = max(last + 1, 2) if has_started else last + 1
    again = Occasion(study.id, occasion.round, kind, number)
    if not find_waiting(session, occasion=again, now=now, only=panellist_id):
        raise Refused(
            Sentence(
                "There is nothing to invite to just now: no round is open or ahead that this panellist can "
                "still answer, or the panellist wants no letters."
            )
        )
    put_in(session, occasion=again, panellists=[panellist_id], now=now, actor=actor)
    _note(
        session,
        study,
        panellist_id,
        "panellist.invite",
        now=now,
        actor=actor,
        kind=str(kind),
        number=number,
    )
    return number


def _last_letter(session: Session, *, occasion: Occasion, panellist_id: int) -> tuple[int, bool]:
    """How many letters about this there were, and whether the last one waits still."""
    row = session.execute(
        select(OutboxMessage.number, OutboxMessage.state)
        .where(
            OutboxMessage.study_id == occasion.study_id,
            OutboxMessage.panellist_id == panellist_id,
            OutboxMessage.round == occasion.round,
            OutboxMessage.kind == occasion.kind,
        )
        .order_by(OutboxMessage.number.desc())
        .limit(1)
    ).one_or_none()
    return (0, False) if row is None else (row.number, row.state in {"queued", "sending"})


def check_reason(
    session: Session, *, study: Study, panellist_id: int, reason: str, is_needed: bool = False
) -> str:
    """`reason` on one line. Raises InputError for one that names the panellist: the record is kept."""
    written = " ".join(reason.split())
    if len(written) > MAX_REASON or (is_needed and len(written) < SHORTEST_REASON):
        what = Sentence(
            "Write why, in {least} to {most} characters; it stands in the record.",
            least=SHORTEST_REASON,
            most=MAX_REASON,
        )
        raise InputError([Problem("reason", what)])
    identity = session.get(Identity, (study.id, panellist_id))
    if identity is not None and names_somebody(written, name=identity.name, email=identity.email):
        what = Sentence(
            "Leave out the name and the address: the record must not tell who it was, also when the person "
            "is erased one day."
        )
        raise InputError([Problem("reason", what)])
    return written


def names_somebody(text: str, *, name: str, email: str) -> bool:
    """Whether `text` tells who somebody is: by the address, or by a word of the name."""
    said = set(re.findall(r"\w+", text.casefold()))
    telling = {word for word in re.findall(r"\w+", name.casefold()) if len(word) >= _TELLING}
    return (bool(email) and email.casefold() in text.casefold()) or bool(said & telling)


def _refuse_who_left(session: Session, *, study: Study, seat: Panellist) -> None:
    if session.get(Identity, (study.id, seat.id)) is None:
        raise Refused(Sentence("This panellist was erased: nobody can be written to on this seat."))
    if seat.state == "withdrawn":
        raise Refused(Sentence("This panellist has withdrawn; no link opens this seat any more."))


def _note(
    session: Session,
    study: Study,
    panellist_id: int,
    act: str,
    *,
    now: datetime,
    actor: str,
    reason: str = "",
    **detail: object,
) -> None:
    known = {"seat": seat_of(panellist_id), **detail}
    record(session, study_id=study.id, now=now, actor=actor, act=act, detail=known, reason=reason)
    session.flush()
