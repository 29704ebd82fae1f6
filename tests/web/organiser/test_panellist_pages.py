"""One panellist's page: by name or by pseudonym, what happened, and what can be done."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from surveyapp.mail.kinds import Kind
from surveyapp.models import AuditEntry, Identity, OutboxMessage, Panellist, Study
from surveyapp.services.letters.audience import Occasion
from surveyapp.services.letters.outbox import put_in
from surveyapp.services.permissions import Role
from surveyapp.services.reading.panellists import seat_of
from surveyapp.services.unit import read_now
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.organiser.conftest import SignIn, join

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def panel(answered: Ground, client: JudgingClient, sign_in: SignIn) -> str:
    """The panel's address, with names on it and the owner signed in."""
    with answered.database.verb() as session:
        for number, seat in enumerate(session.scalars(select(Panellist).order_by(Panellist.id)).all()):
            email = f"expert-{number}@example.org"
            session.add(
                Identity(
                    study_id=seat.study_id,
                    panellist_id=seat.id,
                    name=f"Someone Number{number}",
                    email=email,
                    email_key=email,
                )
            )
    sign_in(join(answered, Role.OWNER))
    return f"/organiser/s/{answered.slug}/panel"


def seats(ground: Ground) -> list[tuple[str, str]]:
    """Number and pseudonym of every seat, in the order of their ids."""
    with ground.database.reading() as session:
        rows = session.scalars(select(Panellist).order_by(Panellist.id)).all()
        return [(seat_of(row.id), row.pseudonym) for row in rows]


def test_the_page_has_a_name_or_a_pseudonym_and_never_both(
    client: JudgingClient, answered: Ground, panel: str, sign_in: SignIn
) -> None:
    (seat, pseudonym), *_ = seats(answered)
    listed = client.get(panel)
    assert f"{panel}/p/{seat}" in [link.get("href") for link in listed.find_all("a")]
    shown = client.get(f"{panel}/p/{seat}")
    assert "Someone Number0" in shown.words
    assert "submitted round 1" in shown.words
    assert pseudonym not in shown.text
    client.get(f"{panel}/p/{pseudonym}", expect=404)
    with answered.database.verb() as session:
        session.execute(update(Study).values(anonymity="blind"))
    nameless = client.get(f"{panel}/p/{pseudonym}")
    assert "submitted round 1" in nameless.words
    assert "Someone" not in nameless.text
    assert f"/p/{seat}" not in nameless.text
    client.get(f"{panel}/p/{seat}", expect=404)
    sign_in(join(answered, Role.CUSTODIAN))
    named = client.get(f"{panel}/p/{seat}")
    # That somebody submitted has to be known for reminders; when it was could be found again in the answers.
    assert "submitted round 1" not in named.words
    assert "submitted" in named.words
    assert pseudonym not in named.text


def test_what_is_known_is_changed_or_every_problem_told(
    client: JudgingClient, answered: Ground, panel: str
) -> None:
    (seat, pseudonym), *_ = seats(answered)
    page = f"{panel}/p/{seat}"
    client.get(page)
    wrong = client.submit(
        {"name": "Ada", "email": "expert-1@example.org", "tags": "x" * 61, "time_zone": "Europe/Berlyn"},
        action=f"{page}/change",
        expect=422,
    )
    said = wrong.words_of(wrong.find("div", class_="summary"))
    assert "Address: expert-1@example.org belongs to somebody else" in said
    assert "Tags: the tags are too many or too long" in said
    assert "Time zone: there is no time zone 'Europe/Berlyn'; write one such as Europe/Berlin" in said
    assert wrong.find("input", id="name").get("value") == "Ada"
    client.submit(
        {"email": "ada@example.org", "tags": "chair, north", "time_zone": "europe/berlin"},
        action=f"{page}/change",
    )
    shown = client.get(page)
    assert "ada@example.org" in shown.words
    assert "chair, north" in shown.words
    assert "Europe/Berlin" in shown.words
    with answered.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "panellist.change")).one()
    # Neither what it was and is, nor the pseudonym: that would join it to the name.
    assert entry.detail == f'{{"changed":["email","name","tags","time_zone"],"seat":"{seat}"}}'
    assert pseudonym not in entry.detail


def test_a_link_is_made_and_shown_once(
    client: JudgingClient, answered: Ground, panel: str, sign_in: SignIn
) -> None:
    (seat, _), *_ = seats(answered)
    page = f"{panel}/p/{seat}"
    client.get(page)
    made = client.submit({"reason": "Number0 lost it", "send": []}, action=f"{page}/link", expect=422)
    assert "Leave out the name" in made.words
    made = client.submit({"reason": "the old one was lost", "send": []}, action=f"{page}/link", expect=200)
    link = made.words_of(made.find("code", class_="secret"))
    assert "/l/fruit." in link
    assert link not in client.get(page).text
    # Where organisers are blind, whoever knows the name never gets at the answers, not by the link either.
    with answered.database.verb() as session:
        session.execute(update(Study).values(anonymity="blind"))
    sign_in(join(answered, Role.CUSTODIAN))
    client.get(page)
    again = client.submit({"reason": "the old one was lost", "send": []}, action=f"{page}/link", expect=200)
    assert "The next letter brings the new one." in again.words
    assert "/l/fruit." not in again.text


def test_who_asks_the_team_is_withdrawn_and_erased(
    client: JudgingClient, answered: Ground, panel: str, sign_in: SignIn
) -> None:
    (seat, _), *_ = seats(answered)
    page = f"{panel}/p/{seat}"
    client.get(page)
    refused = client.submit({"answers": "keep", "reason": "short"}, action=f"{page}/withdraw", expect=422)
    assert "Write why, in 10 to 1000 characters" in refused.words_of(refused.find("div", class_="summary"))
    gone = client.submit({"answers": "keep", "reason": "rang us on Monday"}, action=f"{page}/withdraw")
    assert "This panellist has left the study." in client.get(gone.location).words
    wrong = client.submit(
        {"answers": "remove", "reason": "asked for it by letter", "typed": "expert-1@example.org"},
        action=f"{page}/erase",
        expect=422,
    )
    assert "this is another one" in wrong.words_of(wrong.find("div", class_="summary"))
    client.submit(
        {"answers": "remove", "reason": "asked for it by letter", "typed": "expert-0@example.org"},
        action=f"{page}/erase",
    )
    shown = client.get(page)
    assert "An erased panellist" in shown.words
    assert not shown.find_all("button", class_="grave")
    assert "expert-0@example.org" not in client.get(panel).text
    # An organiser sees names and erases nobody.
    sign_in(join(answered, Role.ORGANISER))
    (_, _), (other, _), *_ = seats(answered)
    offered = client.get(f"{panel}/p/{other}")
    assert f"{panel}/p/{other}/withdraw" in offered.text
    assert f"{panel}/p/{other}/erase" not in offered.text


def test_the_outbox_tells_no_pseudonym_beside_a_name(
    client: JudgingClient, answered: Ground, panel: str
) -> None:
    base = panel.removesuffix("/panel")
    with answered.database.verb() as session:
        occasion = Occasion(answered.study_id, 1, Kind.THANKS)
        people = [member.panellist_id for member in answered.panel]
        put_in(session, occasion=occasion, panellists=people, now=read_now(session), actor="test")
    shown = client.get(f"{base}/letters/outbox")
    assert "Someone Number0" in shown.words
    assert not any(pseudonym in shown.text for _, pseudonym in seats(answered))
    key = shown.find_all("input", name="letter")[0].get("value", "")
    client.post(f"{base}/letters/outbox", {"act": "cancel", "letter": key})
    with answered.database.reading() as session:
        states = session.scalars(select(OutboxMessage.state)).all()
    assert sorted(states) == ["cancelled", *["queued"] * (len(people) - 1)]
    for nonsense in ("#zz.thanks.1.1", "#-1.thanks.1.1", "#.thanks.1.1"):
        client.post(f"{base}/letters/outbox", {"act": "cancel", "letter": nonsense}, expect=409)
