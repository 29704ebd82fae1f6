"""Letters that came back are noted from the mailbox: each once, and only the one that was meant."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.mail.kinds import Kind
from surveyapp.mail.mailbox import MailboxTrouble
from surveyapp.mail.transport import Memory
from surveyapp.models import AuditEntry, OutboxMessage
from surveyapp.services.letters import outbox
from surveyapp.services.letters.office import Office
from surveyapp.services.letters.returning import check_mailbox
from surveyapp.services.letters.sending import send_due
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.mailbox_server import Post, mailbox_with, report_of
from tests.support.mailing import introduce, office_with
from tests.support.studies import SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("north", "south"))
    introduce(laid)
    return laid


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def office(post: Post, tmp_path: Path) -> Iterator[Office]:
    with mailbox_with(post) as mailbox:
        yield dataclasses.replace(office_with(Memory(), tmp_path), mailbox=mailbox)


def send(ground: Ground, office: Office) -> list[str]:
    """Send both invitations; their Message-IDs, in the order of `states`."""
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        occasion = outbox.find_occasion(session, study=study, kind=Kind.INVITATION)
        outbox.send_letters(session, study=study, occasion=occasion, now=read_now(session), actor="test")
    send_due(ground.database, office)
    assert isinstance(office.transport, Memory)
    return [letter.message_id for letter in office.transport.letters]


def rows(ground: Ground) -> list[OutboxMessage]:
    with ground.database.reading() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.sent_at)))


def test_a_letter_that_came_back_is_noted_with_the_servers_words(
    ground: Ground, office: Office, post: Post
) -> None:
    first, _ = send(ground, office)
    with ground.database.reading() as session:
        now = read_now(session)
    post.arrive(b"Subject: I am away\r\n\r\nUntil Monday.\r\n", now)
    post.arrive(report_of(first), now)
    looked = check_mailbox(ground.database, office)
    assert (looked.reports, looked.noted) == (1, 1)
    back, other = rows(ground)
    assert (back.state, back.answer) == ("bounced", "550 5.1.1 no such user …")
    assert other.state == "sent"
    with ground.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "letters.bounced")).one()
    assert (entry.actor, entry.study_id) == ("system", ground.study_id)
    # Looked at again, nothing is new; and nothing in the mailbox was touched.
    assert check_mailbox(ground.database, office).noted == 0
    assert [each for each in post.commands if each.upper().startswith(("SELECT", "UID STORE"))] == []


def test_a_letter_sent_again_is_not_taken_for_the_one_that_came_back(
    ground: Ground, office: Office, post: Post
) -> None:
    first, _ = send(ground, office)
    with ground.database.reading() as session:
        earlier = read_now(session) - timedelta(hours=1)
    post.arrive(report_of(first), earlier)
    assert check_mailbox(ground.database, office).noted == 0
    assert [row.state for row in rows(ground)] == ["sent", "sent"]


@pytest.mark.parametrize(
    "content",
    [
        report_of("<0123456789abcdef0123456789abcdef@delphi.example.org>"),
        report_of("{first}", action="delayed"),
        report_of("{first}").replace(b"multipart/report", b"multipart/mixed"),
        report_of("{first}").replace(b"Message-ID:", b"Message-No:"),
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\n\xff\xfe",
    ],
    ids=["of another house", "only late", "no report", "about nothing", "torn"],
)
@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_other_messages_note_nothing(ground: Ground, office: Office, post: Post, content: bytes) -> None:
    first, _ = send(ground, office)
    with ground.database.reading() as session:
        post.arrive(content.replace(b"{first}", first.encode()), read_now(session))
    assert check_mailbox(ground.database, office).noted == 0
    assert [row.state for row in rows(ground)] == ["sent", "sent"]


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_a_mailbox_that_cannot_be_read_says_why_and_never_the_password(
    ground: Ground, office: Office, post: Post
) -> None:
    post.says_at_login = "account of ada@example.org is locked"
    with pytest.raises(MailboxTrouble, match=r"account of … is locked") as caught:
        check_mailbox(ground.database, office)
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(office)
