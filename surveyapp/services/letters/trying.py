"""Looking at a letter before it goes: for one panellist, or as a test letter to oneself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random, SystemRandom

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.mail.kinds import Kind
from surveyapp.mail.letters import Recipient, Sender, compose, message_id, write_body
from surveyapp.mail.texts import Text, words
from surveyapp.mail.transport import Answer, Outcome
from surveyapp.models import Panellist, Study
from surveyapp.services.addresses import find_problem
from surveyapp.services.audit import record
from surveyapp.services.letters.audience import Occasion, find_addressee
from surveyapp.services.letters.office import Office
from surveyapp.services.letters.texts import find_text
from surveyapp.services.letters.writing import write
from surveyapp.services.unit import Database, read_now

_chance = SystemRandom()
_SHOWN_LINK = "https://example.org/l/personal-link"


@dataclass(frozen=True, slots=True)
class Preview:
    """A letter as one panellist would read it; without name, address and link, which are theirs."""

    pseudonym: str
    language: str
    subject: str
    plain: str
    html: Markup


def preview(
    session: Session,
    office: Office,
    *,
    study: Study,
    occasion: Occasion,
    pseudonym: str,
    text: Text | None = None,
) -> Preview:
    """The letter to this panellist as it would go now. Raises NotFound.

    The personal link is never shown: whoever has it can answer in the panellist's place. Nor is the name:
    beside the pseudonym it would tell who is who, without the record that a look-up leaves.
    """
    panellist_id = session.scalar(
        select(Panellist.id).where(
            Panellist.study_id == study.id, Panellist.pseudonym == pseudonym.strip().upper()
        )
    )
    to = panellist_id and find_addressee(session, occasion=occasion, panellist_id=panellist_id, now=None)
    if not to:
        raise NotFound(
            Sentence("There is nobody '{seat}' on this panel who could be written to.", seat=pseudonym[:80])
        )
    said = (
        text
        or find_text(
            session, study_id=study.id, kind=occasion.kind, number=occasion.number, language=to.language
        ).text
    )
    body, off = write(office, occasion=occasion, to=to, text=said, language=to.language)
    hidden: dict[str, str] = {}
    if off:
        hidden[off] = f"{_SHOWN_LINK}-letters"
    for word in set(body.plain.split()):
        if word.startswith(f"{office.base_url.rstrip('/')}/l/") and word != off:
            hidden[word] = _SHOWN_LINK
    if to.name:
        hidden[to.name] = pseudonym.upper()
    return Preview(
        pseudonym=pseudonym.upper(),
        language=to.language,
        subject=_hide(body.subject, hidden),
        plain=_hide(body.plain, hidden),
        html=Markup(_hide(str(body.html), hidden)),  # noqa: S704 - markup in which addresses were replaced
    )


def _hide(text: str, hidden: Mapping[str, str]) -> str:
    for what, instead in hidden.items():
        text = text.replace(what, instead)
    return text


def send_test(
    database: Database,
    office: Office,
    *,
    slug: str,
    kind: Kind,
    number: int,
    language: str,
    to: str,
    actor: str,
    chance: Random = _chance,
) -> Answer:
    """Hand one letter with invented values over to `to` now, and say what the mail server said.

    It is no letter to the panel: it has no personal link that opens anything, and is not in the outbox.
    Raises InputError for what is no address, and Refused with the server's words.
    """
    with database.reading() as session:
        study = session.scalars(select(Study).where(Study.slug == slug)).one()
        now = read_now(session)
        said = find_text(session, study_id=study.id, kind=kind, number=number, language=language).text
    if (problem := find_problem(to.strip())) is not None:
        raise InputError([Problem("address", problem)])
    spoken = words(language)
    values = {
        "name": to.strip(),
        "study": study.title,
        "organisation": study.organisation or study.title,
        "contact": study.contact_email,
        "round": "1",
        "rounds": str(study.planned_rounds),
        "closes": spoken.unlimited,
        "link": f"{office.base_url.rstrip('/')}/l/test",
        "letters_link": f"{office.base_url.rstrip('/')}/l/letters/test",
    }
    body = write_body(said, values, words=spoken, letters_link=values["letters_link"])
    try:
        letter = compose(
            body,
            sender=Sender(study.organisation or study.title, office.sender, study.contact_email),
            recipient=Recipient("", to.strip()),
            message_id=message_id(office.link_key, host=office.host, about=f"test/{chance.getrandbits(96)}"),
            letters_link=values["letters_link"],
            language=language,
            now=now,
        )
    except ValueError as error:
        raise InputError([Problem("address", Sentence("no letter can go to this address."))]) from error
    with office.transport.open() as line:
        answer = line.hand_over(letter)
    _note_test(database, study_id=study.id, kind=kind, language=language, now=now, actor=actor)
    if answer.outcome is not Outcome.ACCEPTED:
        raise Refused(Sentence("The test letter was not taken. {words}", words=answer.words))
    return answer


def _note_test(
    database: Database, *, study_id: int, kind: Kind, language: str, now: datetime, actor: str
) -> None:
    with database.verb() as session:
        detail = {"kind": str(kind), "language": language}
        record(session, study_id=study_id, now=now, actor=actor, act="letters.test", detail=detail)
