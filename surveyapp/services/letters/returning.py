"""Letters that came back: what arrives in the mailbox is held against what was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from surveyapp.mail.kinds import Kind
from surveyapp.mail.letters import message_id
from surveyapp.mail.returned import Returned, read_returned
from surveyapp.models import OutboxMessage, Study
from surveyapp.services.audit import record
from surveyapp.services.letters.audience import Occasion
from surveyapp.services.letters.office import Office
from surveyapp.services.letters.writing import about
from surveyapp.services.unit import Database, read_now

LOOKS_BACK = timedelta(days=7)
"""Mail servers give up after five days as a rule."""
_SENT = ("sent", "unknown")


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look into the mailbox found."""

    reports: int
    """Messages that say of some letter that it could not be delivered."""
    noted: int
    """Letters of this installation that are now noted as having come back."""


def check_mailbox(database: Database, office: Office, *, actor: str = "system") -> Looked:
    """Note the letters that came back. Raises MailboxTrouble when the mailbox cannot be read.

    A look may be repeated at any time: what is noted already stays as it is, and a report about an earlier
    sending says nothing about a letter that was sent again since.
    """
    if office.mailbox is None:
        return Looked(0, 0)
    with database.reading() as session:
        now = read_now(session)
    # The mailbox is read first: a server that is slow holds no transaction open.
    found: dict[str, tuple[Returned, datetime]] = {}
    reports = 0
    for arrived in office.mailbox.reports_since(now - LOOKS_BACK):
        returned = read_returned(arrived.content)
        if returned is None:
            continue
        reports += 1
        for each in returned.message_ids:
            if each not in found or found[each][1] < arrived.at:
                found[each] = (returned, arrived.at)
    if not found:
        return Looked(reports, 0)
    with database.verb() as session:
        noted = _note_returned(session, office, found, now=read_now(session), actor=actor)
    return Looked(reports, noted)


def _note_returned(
    session: Session,
    office: Office,
    found: Mapping[str, tuple[Returned, datetime]],
    *,
    now: datetime,
    actor: str,
) -> int:
    """Note them in the outbox and, by study, in the record; returns how many."""
    sent = session.execute(
        select(
            OutboxMessage.study_id,
            OutboxMessage.panellist_id,
            OutboxMessage.round,
            OutboxMessage.kind,
            OutboxMessage.number,
            OutboxMessage.sent_at,
            Study.slug,
        )
        .join(Study, Study.id == OutboxMessage.study_id)
        .where(OutboxMessage.state.in_(_SENT), OutboxMessage.sent_at >= now - LOOKS_BACK)
    ).all()
    noted: Counter[int] = Counter()
    for letter in sent:
        occasion = Occasion(letter.study_id, letter.round, Kind(letter.kind), letter.number)
        name = message_id(
            office.link_key, host=office.host, about=about(letter.slug, letter.panellist_id, occasion)
        )
        returned, at = found.get(name, (None, now))
        # Mail servers write whole seconds.
        if returned is None or letter.sent_at is None or at < letter.sent_at.replace(microsecond=0):
            continue
        changed = session.execute(
            update(OutboxMessage)
            .where(
                OutboxMessage.study_id == letter.study_id,
                OutboxMessage.panellist_id == letter.panellist_id,
                OutboxMessage.round == letter.round,
                OutboxMessage.kind == letter.kind,
                OutboxMessage.number == letter.number,
                OutboxMessage.state.in_(_SENT),
                OutboxMessage.sent_at == letter.sent_at,
            )
            .values(state="bounced", state_at=now, answer=returned.words)
            .returning(OutboxMessage.panellist_id)
        ).all()
        noted[letter.study_id] += len(changed)
    for study_id, letters in sorted((+noted).items()):
        record(
            session,
            study_id=study_id,
            now=now,
            actor=actor,
            act="letters.bounced",
            detail={"letters": letters},
        )
    session.flush()
    return noted.total()
