"""One panellist's page: by name or by pseudonym, what happened, and what can be done."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from surveyapp.models import AuditEntry, Identity, Panellist, Study
from surveyapp.services.permissions import Role
from surveyapp.services.reading.panellists import seat_of
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
