"""Asking for a seat: what is kept of it, what nobody is told, and what approval brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.mail.links import derive_registration_token
from surveyapp.models import AuditEntry, Identity, OutboxMessage, Panellist, SeatRequest, Study
from surveyapp.services import doors, registering
from surveyapp.services.panel import list_links
from surveyapp.services.reading.seat_requests import Asking, get_registration_desk
from surveyapp.services.registering import Decided, Request
from surveyapp.services.unit import Database, read_now
from tests.support.mailing import introduce
from tests.support.studies import LINK_KEY, SMALL, Ground, lay_ground, load_text

ADA = Request("Ada  Lund", "Ada@example.org", "Southerners", "", "I grow pears.", "I agree.")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A study whose registration is open, and another one whose is, too."""
    questionnaire = load_text(SMALL, tmp_path)
    noise, ground = (lay_ground(database, questionnaire, slug=slug) for slug in ("noise", "fruit"))
    for each in (noise, ground):
        introduce(each)
        set_door(each, is_open=True)
    ask(noise, replace(ADA, email="elsewhere@example.org"), slug="noise")
    return ground


def set_door(ground: Ground, *, is_open: bool | None = None, renews: bool = False) -> int:
    with ground.database.verb() as session:
        return registering.set_registration(
            session,
            study=session.get_one(Study, ground.study_id),
            now=read_now(session),
            actor="test",
            is_open=is_open,
            renews_link=renews,
        ).number


def ask(ground: Ground, asked: Request, *, slug: str = "fruit", number: int = 1) -> None:
    token = derive_registration_token(LINK_KEY, slug=slug, number=number)
    with ground.database.verb() as session:
        registering.ask_for_seat(session, token=token, link_key=LINK_KEY, asked=asked, now=read_now(session))


def waiting(ground: Ground) -> tuple[Asking, ...]:
    with ground.database.reading() as session:
        return get_registration_desk(session, study=session.get_one(Study, ground.study_id)).waiting


def approve(ground: Ground, *requests: int, sends: bool = True) -> Decided:
    with ground.database.verb() as session:
        return registering.approve(
            session,
            study=session.get_one(Study, ground.study_id),
            requests=requests,
            link_key=LINK_KEY,
            sends_invitation=sends,
            now=read_now(session),
            actor="test",
        )


def count(ground: Ground, table: type[SeatRequest | Panellist | OutboxMessage]) -> int:
    with ground.database.reading() as session:
        counted = select(func.count()).select_from(table).where(table.study_id == ground.study_id)
        return session.scalar(counted) or 0


def test_everything_that_is_wrong_is_told_at_once(ground: Ground) -> None:
    with pytest.raises(InputError) as refused:
        ask(ground, Request(" ", "ada", "west", "tlh", "x" * 2_001, ""))
    wheres = {each.where for each in refused.value.problems}
    assert wheres == {"name", "email", "group", "language", "message", "consent"}
    assert count(ground, SeatRequest) == 0


def test_only_the_present_link_opens_and_only_while_it_is_open(ground: Ground) -> None:
    set_door(ground, is_open=False)
    with pytest.raises(Refused):
        ask(ground, ADA)
    assert set_door(ground, is_open=True, renews=True) == 2
    with pytest.raises(NotFound):
        ask(ground, ADA)
    with pytest.raises(NotFound):
        ask(ground, ADA, slug="noise", number=2)
    ask(ground, ADA, number=2)
    with ground.database.verb() as session:
        session.execute(update(Study).values(archived_at=read_now(session)))
    with pytest.raises(Refused):
        ask(ground, ADA, number=2)


def test_who_is_on_the_panel_already_is_told_to_the_team_and_not_to_the_visitor(ground: Ground) -> None:
    ask(ground, ADA)
    # The same address, the same name in another order, an address one letter away, and one who asks twice.
    ask(ground, replace(ADA, email="EXPERT1@example.org"))
    ask(ground, replace(ADA, name="1, Expert", email="other@example.org"))
    ask(ground, replace(ADA, email="expertt2@example.org"))
    ask(ground, replace(ADA, name="Ada L."))
    found = {(each.email, one.likeness, one.email) for each in waiting(ground) for one in each.alike}
    assert found == {
        ("EXPERT1@example.org", "same_address", "expert1@example.org"),
        ("other@example.org", "same_name", "expert1@example.org"),
        ("expertt2@example.org", "near_address", "expert2@example.org"),
        ("Ada@example.org", "asks_too", "Ada@example.org"),
    }
    assert [each.is_known for each in waiting(ground)].count(True) == 1


def test_approval_gives_a_seat_a_link_and_a_letter(ground: Ground) -> None:
    ask(ground, ADA)
    ask(ground, replace(ADA, email="bo@example.org", name="Bo"))
    before = count(ground, Panellist)
    decided = approve(ground, *(each.id for each in waiting(ground)))
    assert decided == Decided(added=2, letters=2, refused=0)
    assert count(ground, Panellist) == before + 2
    assert count(ground, SeatRequest) == 0
    with ground.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        ada = session.scalars(select(Identity).where(Identity.email == "Ada@example.org")).one()
        seat = session.get_one(Panellist, (study.id, ada.panellist_id))
        letters = session.scalars(
            select(OutboxMessage).where(OutboxMessage.panellist_id == ada.panellist_id)
        ).all()
        links = {
            each.email: each.link
            for each in list_links(session, study=study, link_key=LINK_KEY, base_url="x")
        }
        invited = doors.find_invited(session, token=links["Ada@example.org"].removeprefix("x/l/"))
        details = session.scalars(select(AuditEntry.detail).where(AuditEntry.study_id == study.id)).all()
    assert (ada.name, seat.group, seat.language) == ("Ada Lund", "south", "en")
    assert [(each.kind, each.round, each.state) for each in letters] == [("invitation", 1, "queued")]
    assert invited is not None
    assert invited.takes_answers
    assert not any("Ada" in each or "@" in each for each in details)


def test_nobody_is_taken_on_when_one_of_them_cannot_be(ground: Ground) -> None:
    for email in ("ada@example.org", "expert1@example.org", "ADA@example.org"):
        ask(ground, replace(ADA, email=email))
    before = count(ground, Panellist)
    ids = [each.id for each in waiting(ground)]
    with pytest.raises(InputError) as refused:
        approve(ground, *ids)
    assert len(refused.value.problems) == 2
    assert (count(ground, Panellist), count(ground, SeatRequest)) == (before, 3)
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        registering.refuse(session, study=study, requests=ids[1:], now=read_now(session), actor="test")
    # Two who decide at once: the second looks again.
    with pytest.raises(NotFound):
        approve(ground, *ids)
    assert approve(ground, ids[0], sends=False) == Decided(1, 0, 0)
    assert count(ground, OutboxMessage) == 0


def test_a_flood_fills_nothing(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registering, "MOST_WAITING", 2)
    ask(ground, ADA)
    ask(ground, ADA)
    with pytest.raises(Refused):
        ask(ground, ADA)
    assert count(ground, SeatRequest) == 2
