"""Sending letters about accounts: each claimed, its link derived, handed over, and what came of it noted.

A worker may be killed at any instant: another takes the letter when the lease runs out, and then it is the
same letter with the same link and the same Message-ID.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.mail.account_texts import AccountLetter, account_text, account_words
from surveyapp.mail.letters import Body, Letter, Recipient, Sender, compose, message_id, write_body
from surveyapp.mail.links import account_link, derive_account_secret
from surveyapp.mail.transport import Answer, Outcome
from surveyapp.models import Organiser, Study
from surveyapp.services import one_time, queue, resetting
from surveyapp.services.account_letters.asking import JOB
from surveyapp.services.letters.office import Office
from surveyapp.services.letters.writing import written_moment
from surveyapp.services.one_time import Purpose
from surveyapp.services.queue import ClaimedJob
from surveyapp.services.unit import Database, read_now

GIVE_UP_NOTICES_AFTER = timedelta(days=2)
_LANGUAGES = ("en", "de")
_SECRET = frozenset({AccountLetter.RESET, AccountLetter.INVITATION})
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _About:
    """Who a letter goes to, and what its variables mean; a moment is written in the letter's language."""

    email: str
    link: str
    moments: Mapping[str, datetime]
    values: Mapping[str, str]


def send_account_letter(database: Database, office: Office) -> Answer | None:
    """Send the letter about an account that has been due longest; None where none was due or is needed."""
    with database.verb() as session:
        job = queue.claim(session, now=read_now(session), only=(JOB,))
    if job is None:
        return None
    try:
        with database.verb() as session:
            letter = _put_together(session, office, job, now=read_now(session))
            if letter is None:
                queue.finish(session, job=job, now=read_now(session))
                return None
        with office.transport.open() as line:
            answer = line.hand_over(letter)
    except Exception as trouble:  # noqa: BLE001 - whatever went wrong, the letter is tried again later
        # The class alone: a message may quote an address or a link.
        answer = Answer(Outcome.LATER, type(trouble).__name__)
    _note(database, job, answer)
    return answer


def _note(database: Database, job: ClaimedJob, answer: Answer) -> None:
    with database.verb() as session:
        now = read_now(session)
        if answer.outcome is Outcome.ACCEPTED:
            queue.finish(session, job=job, now=now)
        elif answer.outcome is Outcome.LATER:
            queue.fail(session, job=job, error=answer.words, now=now)
        else:
            # Refused for good, or nobody knows: to repeat it is for the person who asked.
            queue.give_up(session, job=job, error=answer.words, now=now)
    if answer.outcome is not Outcome.ACCEPTED:
        _log.warning("Letter %s about an account was not accepted: %s", job.id, answer.outcome)


def _put_together(session: Session, office: Office, job: ClaimedJob, *, now: datetime) -> Letter | None:
    """The letter, or None where it has lost its reason."""
    kind = AccountLetter(job.payload["letter"])
    asked_at = datetime.fromisoformat(job.payload["at"])
    if kind in _SECRET and not office.transport.is_mail:
        # A link that opens something may not lie about in a folder. Whoever asked was told so.
        return None
    find: Callable[..., _About | None] = {
        AccountLetter.RESET: _about_reset,
        AccountLetter.INVITATION: _about_invitation,
    }.get(kind, _about_change)
    about = find(session, office, job, asked_at=asked_at, now=now)
    if about is None:
        return None
    language = str(job.payload["language"])
    body = _body(kind, about, office, language=language)
    return compose(
        body,
        sender=Sender(f"Surveyapp ({office.host})", office.sender),
        recipient=Recipient(about.email, about.email),
        message_id=message_id(office.link_key, host=office.host, about=f"account/{job.key}"),
        letters_link="",
        language=language or _LANGUAGES[0],
        # A repeat is the same letter to the byte, its date included.
        now=asked_at,
    )


def _body(kind: AccountLetter, about: _About, office: Office, *, language: str) -> Body:
    bodies = [_body_in(kind, about, office, each) for each in ([language] if language else _LANGUAGES)]
    return Body(
        " / ".join(body.subject for body in bodies),
        "\n\n".join(body.plain for body in bodies),
        Markup("\n<hr>\n").join(body.html for body in bodies),
    )


def _body_in(kind: AccountLetter, about: _About, office: Office, language: str) -> Body:
    values = {
        **about.values,
        **{name: written_moment(each, "UTC", language) for name, each in about.moments.items()},
        "email": about.email,
        "host": office.host,
        "link": about.link,
    }
    return write_body(account_text(kind, language), values, words=account_words(language), letters_link="")


def _about_reset(
    session: Session, office: Office, job: ClaimedJob, *, asked_at: datetime, now: datetime
) -> _About | None:
    """The link for a new password: made at the first attempt, the same at every other."""
    email = _address_of(session, job)
    if email is None or now - asked_at >= resetting.LASTS:
        return None
    secret = derive_account_secret(office.link_key, seed=job.payload["seed"])
    if not one_time.has_been_issued(session, secret=secret):
        resetting.request_reset(session, email=email, secret=secret, now=now, actor=job.payload["actor"])
    opened = one_time.find(session, secret=secret, purpose=Purpose.RESET)
    if opened is None:
        return None
    link = account_link(office.base_url, secret)
    return _About(email, link, {"until": opened.expires_at}, {})


def _about_invitation(
    session: Session, office: Office, job: ClaimedJob, *, asked_at: datetime, now: datetime
) -> _About | None:
    """The link into a study, as long as the invitation stands."""
    del asked_at, now
    secret = derive_account_secret(office.link_key, seed=job.payload["seed"])
    opened = one_time.find(session, secret=secret, purpose=Purpose.INVITATION)
    if opened is None:
        return None
    title = session.scalar(select(Study.title).where(Study.id == opened.study_id)) or ""
    values = {"study": title, "inviter": opened.actor}
    link = account_link(office.base_url, secret)
    return _About(opened.email, link, {"until": opened.expires_at}, values)


def _about_change(
    session: Session, office: Office, job: ClaimedJob, *, asked_at: datetime, now: datetime
) -> _About | None:
    """What changed about signing in; the link asks for a new password and opens nothing by itself."""
    email = _address_of(session, job)
    if email is None or now - asked_at >= GIVE_UP_NOTICES_AFTER:
        return None
    return _About(email, f"{office.base_url.rstrip('/')}/organiser/forgotten", {"at": asked_at}, {})


def _address_of(session: Session, job: ClaimedJob) -> str | None:
    return session.scalar(
        select(Organiser.email).where(
            Organiser.id == job.payload["organiser"], Organiser.disabled_at.is_(None)
        )
    )
