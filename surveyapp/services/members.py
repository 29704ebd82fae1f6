"""Who works on a study, and as what: invited by a link that works once, given another role, removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.models import Job, Membership, OneTimeSecret, Organiser, Study
from surveyapp.services import accounts, one_time
from surveyapp.services.addresses import find_problem, fold_address
from surveyapp.services.audit import record
from surveyapp.services.blindness import keep_apart
from surveyapp.services.one_time import Purpose
from surveyapp.services.ownership import hold_members, keep_an_owner
from surveyapp.services.permissions import Role

INVITATION_LASTS = timedelta(days=14)
MAX_INVITATIONS = 200
_NAME_LETTERS = 16
Delivery: TypeAlias = Literal["none", "waiting", "sent", "failed"]
_LETTER = "account.invitation:"


@dataclass(frozen=True, slots=True)
class StudyMember:
    """Somebody who works on the study."""

    organiser_id: int
    email: str
    role: str
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation that nobody has taken up yet; `name` tells it apart and opens nothing."""

    name: str
    email: str
    role: str
    invited_by: str
    expires_at: datetime
    letter: Delivery = "none"
    """What became of the letter with the link: none was asked for, it waits, left, or could not be sent."""
    trouble: str = ""
    """What the mail server said when it did not take the letter; without addresses."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What somebody with an invitation's link is told."""

    email: str
    role: str
    study_title: str
    study_slug: str
    invited_by: str
    has_account: bool


def list_members(session: Session, *, study_id: int) -> tuple[StudyMember, ...]:
    """Everybody who works on the study, owners first."""
    rows = session.execute(
        select(Organiser.id, Organiser.email, Membership.role, Organiser.disabled_at)
        .join(Membership, Membership.organiser_id == Organiser.id)
        .where(Membership.study_id == study_id)
        .order_by(Organiser.email_key)
    ).all()
    order = list(Role)
    members = [StudyMember(row[0], row[1], row[2], row[3] is not None) for row in rows]
    return tuple(sorted(members, key=lambda each: order.index(Role(each.role))))


def list_invitations(session: Session, *, study_id: int, now: datetime) -> tuple[OpenInvitation, ...]:
    """The invitations that can still be taken up."""
    rows = session.execute(
        select(OneTimeSecret, Job)
        .outerjoin(
            Job,
            (Job.study_id == OneTimeSecret.study_id)
            & (Job.key == _LETTER + func.substr(OneTimeSecret.secret_hash, 1, _NAME_LETTERS)),
        )
        .where(
            OneTimeSecret.study_id == study_id,
            OneTimeSecret.purpose == Purpose.INVITATION,
            OneTimeSecret.used_at.is_(None),
            OneTimeSecret.expires_at > now,
        )
        .order_by(OneTimeSecret.created_at, OneTimeSecret.secret_hash)
    )
    return tuple(
        OpenInvitation(
            each.secret_hash[:_NAME_LETTERS],
            each.email,
            each.role or "",
            each.actor,
            each.expires_at,
            _delivery(job),
            _trouble(job),
        )
        for each, job in rows
    )


def _trouble(job: Job | None) -> str:
    return "" if job is None else job.error or ""


def _delivery(job: Job | None) -> Delivery:
    if job is None:
        return "none"
    if job.done_at is None:
        return "waiting"
    return "failed" if job.error else "sent"


def letter_key(secret: str) -> str:
    """The name, in the queue, of the letter that brings this invitation's link."""
    return _LETTER + one_time.hash_secret(secret)[:_NAME_LETTERS]


def invite(
    session: Session, *, study: Study, email: str, role: str, now: datetime, actor: str, secret: str = ""
) -> str:
    """Make a link with which the person at this address joins the study, and return its secret.

    `secret` is one that was derived, for a link that goes by letter.

    The page tells nobody whether there is an account already. A newer invitation to the same address takes
    the older one's place. Raises InputError with all problems, Refused when the person is a member.
    """
    email = email.strip()
    problems = []
    if reason := find_problem(email):
        problems.append(
            Problem(
                "email",
                Sentence("'{email}' is not an e-mail address ({reason}).", email=email[:100], reason=reason),
            )
        )
    problems += _problems_of_role(role)
    if problems:
        raise InputError(problems)
    if _find_member(session, study_id=study.id, email=email) is not None:
        raise Refused(
            Sentence("{email} works on this study already; change the role in the list.", email=email)
        )
    waiting = [
        each
        for each in list_invitations(session, study_id=study.id, now=now)
        if fold_address(each.email) != fold_address(email)
    ]
    if len(waiting) >= MAX_INVITATIONS:
        raise Refused(Sentence("Too many invitations are waiting; take some back first."))
    _take_back(session, study_id=study.id, email=email, now=now)
    secret = one_time.issue(
        session,
        purpose=Purpose.INVITATION,
        lasts=INVITATION_LASTS,
        now=now,
        actor=actor,
        study_id=study.id,
        role=role,
        email=email,
        secret=secret,
    )
    _record(session, study.id, "member.invite", now=now, actor=actor, role=role)
    return secret


def withdraw_invitation(session: Session, *, study: Study, name: str, now: datetime, actor: str) -> None:
    """Make an invitation's link open nothing. Raises NotFound for one that is not this study's."""
    gone = session.execute(
        update(OneTimeSecret)
        .where(
            OneTimeSecret.study_id == study.id,
            OneTimeSecret.purpose == Purpose.INVITATION,
            OneTimeSecret.used_at.is_(None),
            func.substr(OneTimeSecret.secret_hash, 1, _NAME_LETTERS) == name,
        )
        .values(used_at=now)
        .returning(OneTimeSecret.role)
    ).first()
    if gone is None:
        raise NotFound(Sentence("There is no such invitation any more."))
    _record(session, study.id, "member.invitation_withdrawn", now=now, actor=actor, role=str(gone[0]))


def find_invitation(session: Session, *, secret: str) -> Invitation | None:
    """What an invitation's link offers, or None when it offers nothing (any more)."""
    opened = one_time.find(session, secret=secret, purpose=Purpose.INVITATION)
    if opened is None:
        return None
    study = session.get_one(Study, opened.study_id)
    return Invitation(
        email=opened.email,
        role=opened.role or "",
        study_title=study.title,
        study_slug=study.slug,
        invited_by=opened.actor,
        has_account=accounts.has_organiser(session, email=opened.email),
    )


def accept(session: Session, *, secret: str, organiser_id: int, now: datetime) -> str:
    """Join the study with the account one is signed in with, and return its slug.

    Raises NotFound for a link that opens nothing, Refused for an account of another address.
    """
    opened = one_time.use(session, secret=secret, purpose=Purpose.INVITATION, now=now)
    email = session.execute(select(Organiser.email).where(Organiser.id == organiser_id)).scalar_one()
    if fold_address(email) != fold_address(opened.email):
        raise Refused(
            Sentence(
                "This invitation is for {invited}, and you are signed in as {email}. Sign out, "
                "and open the link again.",
                invited=opened.email,
                email=email,
            )
        )
    study = session.get_one(Study, opened.study_id)
    hold_members(session, study_id=study.id)
    if session.get(Membership, (study.id, organiser_id)) is None:
        keep_apart(session, study=study, organiser_id=organiser_id, role=opened.role or "")
        session.add(Membership(study_id=study.id, organiser_id=organiser_id, role=opened.role))
        session.flush()
        _record(
            session,
            study.id,
            "member.join",
            now=now,
            actor=email,
            role=opened.role or "",
            member=organiser_id,
        )
    return study.slug


def accept_with_new_account(
    session: Session, *, secret: str, password: str, password_hash: str, now: datetime
) -> int:
    """Make the account that the invitation is for, join the study, and return the account's number.

    Raises NotFound for a link that opens nothing, InputError for a password that cannot be used, Refused
    when there is an account for the address already.
    """
    opened = one_time.find(session, secret=secret, purpose=Purpose.INVITATION)
    if opened is None:
        one_time.use(session, secret=secret, purpose=Purpose.INVITATION, now=now)
        raise AssertionError("a secret that cannot be found was used")
    organiser_id = accounts.add_organiser(
        session,
        email=opened.email,
        password=password,
        password_hash=password_hash,
        now=now,
        actor=opened.email,
    )
    accept(session, secret=secret, organiser_id=organiser_id, now=now)
    return organiser_id


def change_role(
    session: Session, *, study: Study, organiser_id: int, role: str, now: datetime, actor: str
) -> None:
    """Give a member another role, from the next request on. At least one owner stays.

    Raises InputError for an unknown role, NotFound, Refused.
    """
    if problems := _problems_of_role(role):
        raise InputError(problems)
    hold_members(session, study_id=study.id)
    member = _get_member(session, study_id=study.id, organiser_id=organiser_id)
    before = member.role
    if before == role:
        return
    keep_apart(session, study=study, organiser_id=organiser_id, role=role)
    member.role = role
    keep_an_owner(session, study_id=study.id)
    _record(
        session, study.id, "member.role", now=now, actor=actor, role=role, member=organiser_id, before=before
    )


def remove(session: Session, *, study: Study, organiser_id: int, now: datetime, actor: str) -> None:
    """Let somebody work on the study no longer, from the next request on. At least one owner stays."""
    hold_members(session, study_id=study.id)
    member = _get_member(session, study_id=study.id, organiser_id=organiser_id)
    role = member.role
    session.execute(
        delete(Membership).where(Membership.study_id == study.id, Membership.organiser_id == organiser_id)
    )
    keep_an_owner(session, study_id=study.id)
    _record(session, study.id, "member.remove", now=now, actor=actor, role=role, member=organiser_id)


def find_role(session: Session, *, study: Study, email: str) -> str | None:
    """What the person with this address is in the study, or None."""
    return session.scalar(
        select(Membership.role)
        .join(Organiser, Organiser.id == Membership.organiser_id)
        .where(Membership.study_id == study.id, Organiser.email_key == fold_address(email))
    )


def get_member_id(session: Session, *, study: Study, email: str) -> int:
    """The number of the member with this address. Raises NotFound."""
    found = _find_member(session, study_id=study.id, email=email)
    if found is None:
        raise NotFound(f"{email} does not work on '{study.slug}'.")
    return found


def _problems_of_role(role: str) -> list[Problem]:
    if role in set(Role):
        return []
    known = ", ".join(Role)
    return [
        Problem("role", Sentence("'{role}' is no role; choose one of: {known}.", role=role[:40], known=known))
    ]


def _find_member(session: Session, *, study_id: int, email: str) -> int | None:
    return session.scalar(
        select(Organiser.id)
        .join(Membership, Membership.organiser_id == Organiser.id)
        .where(Membership.study_id == study_id, Organiser.email_key == fold_address(email))
    )


def _get_member(session: Session, *, study_id: int, organiser_id: int) -> Membership:
    member = session.get(Membership, (study_id, organiser_id), populate_existing=True)
    if member is None:
        raise NotFound(Sentence("This person does not work on the study (any more)."))
    return member


def _take_back(session: Session, *, study_id: int, email: str, now: datetime) -> None:
    for each in list_invitations(session, study_id=study_id, now=now):
        if fold_address(each.email) == fold_address(email):
            session.execute(
                update(OneTimeSecret)
                .where(
                    OneTimeSecret.study_id == study_id,
                    func.substr(OneTimeSecret.secret_hash, 1, _NAME_LETTERS) == each.name,
                )
                .values(used_at=now)
            )


def _record(
    session: Session,
    study_id: int,
    act: str,
    *,
    now: datetime,
    actor: str,
    role: str,
    member: int | None = None,
    before: str | None = None,
) -> None:
    detail: dict[str, object] = {"role": role}
    if member is not None:
        detail["id"] = member
    if before is not None:
        detail["before"] = before
    record(session, study_id=study_id, now=now, actor=actor, act=act, detail=detail)
