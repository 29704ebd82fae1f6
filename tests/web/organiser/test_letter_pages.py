"""The pages of letters: texts with their preview, sending after a look at who, the outbox, the rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.models import OutboxMessage, Participation
from tests.support.judging import JudgingClient
from tests.support.mailing import introduce
from tests.support.studies import Ground

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def known(answered: Ground) -> Ground:
    """A panel that can be written to, of which two have not submitted."""
    introduce(answered)
    with answered.database.verb() as session:
        session.execute(
            update(Participation)
            .where(Participation.panellist_id.in_([each.panellist_id for each in answered.panel[:2]]))
            .values(submission=0, submitted_at=None)
        )
    return answered


def states(ground: Ground) -> list[str]:
    with ground.database.reading() as session:
        return sorted(session.scalars(select(OutboxMessage.state)))


def test_a_text_is_looked_at_saved_and_given_back(client: JudgingClient, known: Ground, desk: str) -> None:
    address = f"{desk}/letters/invitation/1"
    page = client.get(address)
    assert "{closes}" in page.words
    assert "https://example.org/l/personal-link" in page.response.get_data(as_text=True)
    assert "/l/fruit." not in page.response.get_data(as_text=True)
    fields = {"subject": "Come, {name}", "body": "Dear {nmae}, {link}", "language": "en"}
    page = client.post(address, {**fields, "act": "save"}, expect=422)
    assert "did you mean {name}?" in page.words
    assert page.find_all("textarea")[0].text == "Dear {nmae}, {link}"
    fields["body"] = "Dear {name}, {link}"
    page = client.post(address, {**fields, "act": "look"}, expect=200)
    assert "Come, P-" in page.words
    assert "Expert 1" not in page.words
    client.post(address, {**fields, "act": "save"}, expect=303)
    assert client.get(address).find_all("input", name="subject")[0].get("value") == "Come, {name}"
    client.post(address, {**fields, "act": "built-in"}, expect=303)
    assert client.get(address).find_all("input", name="subject")[0].get("value") == "Invitation: {study}"
    for nothing in ("love/1", "invitation/2", "reminder/6"):
        client.get(f"{desk}/letters/{nothing}", expect=404)


def test_a_reminder_goes_to_those_who_were_looked_at_once(
    client: JudgingClient, known: Ground, desk: str
) -> None:
    address = f"{desk}/letters/reminder/1/send"
    page = client.get(address)
    assert "2 people get it now" in page.words
    reviewed = page.find_all("input", name="reviewed")[0].get("value", "")
    fields = {"reviewed": reviewed, "audience": "not_submitted"}
    client.post(address, {**fields, "reviewed": ""}, expect=409)
    assert states(known) == []
    client.post(address, fields, expect=303)
    assert states(known) == ["queued", "queued"]
    assert "Nobody is left" in client.post(address, fields, expect=409).words
    assert "nobody else" in client.get(f"{desk}/letters/thanks/1/send", expect=409).words


def test_the_outbox_is_filtered_and_acted_on(client: JudgingClient, known: Ground, desk: str) -> None:
    address = f"{desk}/letters/reminder/1/send"
    reviewed = client.get(address).find_all("input", name="reviewed")[0].get("value", "")
    client.post(address, {"reviewed": reviewed}, expect=303)
    outbox = f"{desk}/letters/outbox"
    page = client.get(outbox)
    assert "expert1@example.org" in page.words
    first = page.find_all("input", name="letter")[0].get("value", "")
    client.post(outbox, {"act": "cancel", "letter": first}, expect=303)
    assert states(known) == ["cancelled", "queued"]
    assert len(client.get(f"{outbox}?state=cancelled").find_all("input", name="letter")) == 1
    assert len(client.get(f"{outbox}?kind=thanks").find_all("input", name="letter")) == 0
    client.post(outbox, {"act": "retry", "letter": first}, expect=303)
    client.post(outbox, {"act": "cancel-all"}, expect=303)
    client.post(outbox, {"act": "retry-all", "state": "cancelled"}, expect=303)
    assert states(known) == ["queued", "queued"]
    client.post(outbox, {"act": "bounced", "letter": first}, expect=409)
    client.post(outbox, {"act": "love"}, expect=409)
    client.post(outbox, {"act": "retry", "letter": "nonsense"}, expect=422)
    client.get(f"{outbox}?state=love&kind=love&page=99")


def test_rules_are_kept_and_what_is_wrong_is_told_with_all_that_was_typed(
    client: JudgingClient, known: Ground, desk: str
) -> None:
    client.get(f"{desk}/letters")
    address = f"{desk}/letters/reminders"
    rule = {"on-1": "1", "days-1": "3", "hour-1": "9:30", "anchor-1": "before_closing"}
    rule |= {"audience-1": "not_started", "most": "2"}
    client.post(address, rule, expect=303)
    page = client.get(f"{desk}/letters")
    assert page.find_all("input", name="hour-1")[0].get("value") == "09:30"
    assert page.find_all("input", name="most")[0].get("value") == "2"
    page = client.post(address, {**rule, "days-1": "many", "most": "x"}, expect=422)
    assert "Reminder 1" in page.words
    assert page.find_all("input", name="days-1")[0].get("value") == "many"
    assert "0 to 365" in client.post(address, {**rule, "days-1": "900"}, expect=422).words


def test_what_goes_by_itself_is_switched(client: JudgingClient, known: Ground, desk: str) -> None:
    client.get(f"{desk}/letters")
    address = f"{desk}/letters/thanks/automatic"
    client.post(address, {"automatic": "on"}, expect=303)
    assert "Switch off Thanks" in " ".join(client.get(f"{desk}/letters").words.split())
    client.post(f"{desk}/letters/results/automatic", {"automatic": "on"}, expect=422)


@SQLITE
def test_a_test_letter_goes_to_oneself(
    client: JudgingClient, known: Ground, desk: str, tmp_path: Path
) -> None:
    client.get(f"{desk}/letters/invitation/1")
    client.post(f"{desk}/letters/invitation/1/test", {"language": "en"}, expect=303)
    [file] = (tmp_path / "var" / "letters").glob("*.eml")
    assert b"owner@example.org" in file.read_bytes()
    assert states(known) == []
