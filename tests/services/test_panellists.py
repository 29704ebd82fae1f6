"""What is done for one panellist: putting right what is known, a new link, the invitation once more."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.mail.transport import Memory
from surveyapp.models import Identity, OutboxMessage, Panellist, Participation, Study
from surveyapp.services import doors, panellists
from surveyapp.services.letters.sending import send_due
from surveyapp.services.panellists import Wanted
from surveyapp.services.reading.panellists import Person, find_by_word, get_person
from surveyapp.services.reading.seats import find_seat
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer, save
from tests.support.mailing import introduce, office_with, read
from tests.support.studies import LINK_KEY, SMALL, Ground, lay_ground, load_text

BASE = "https://delphi.example.org"


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A study with an open round, and another whose panel has the same addresses."""
    questionnaire = load_text(SMALL, tmp_path)
    introduce(lay_ground(database, questionnaire, slug="noise"))
    laid = lay_ground(database, questionnaire)
    introduce(laid)
    return laid


def change(ground: Ground, wanted: Wanted, member: int = 0) -> tuple[str, ...]:
    with ground.database.verb() as session:
        return panellists.change_panellist(
            session,
            study=session.get_one(Study, ground.study_id),
            panellist_id=ground.panel[member].panellist_id,
            wanted=wanted,
            now=read_now(session),
            actor="test",
        )


def make_link(ground: Ground, member: int = 0, *, sends: bool = False) -> str:
    with ground.database.verb() as session:
        return panellists.make_new_link(
            session,
            study=session.get_one(Study, ground.study_id),
            panellist_id=ground.panel[member].panellist_id,
            link_key=LINK_KEY,
            base_url=BASE,
            now=read_now(session),
            actor="test",
            sends_invitation=sends,
        )


def invite(ground: Ground, member: int = 0) -> int:
    with ground.database.verb() as session:
        return panellists.invite_again(
            session,
            study=session.get_one(Study, ground.study_id),
            panellist_id=ground.panel[member].panellist_id,
            now=read_now(session),
            actor="test",
        )


def look(ground: Ground, member: int = 0, *, with_names: bool = True) -> Person:
    with ground.database.reading() as session:
        return get_person(
            session,
            study=session.get_one(Study, ground.study_id),
            panellist_id=ground.panel[member].panellist_id,
            with_names=with_names,
        )


def test_everything_is_changed_or_every_problem_told(ground: Ground) -> None:
    with pytest.raises(InputError) as refused:
        change(
            ground,
            Wanted(
                email="EXPERT2@example.org", group="nort", language="tlh", time_zone="Mars", name="x" * 201
            ),
        )
    wheres = [each.where for each in refused.value.problems]
    assert sorted(wheres) == ["email", "group", "language", "name", "time zone"]
    assert look(ground).name == "Expert 1"
    changed = change(ground, Wanted(email="new@example.org", group="Southerners", tags=[" a ", "", "b", "a"]))
    assert changed == ("email", "group", "tags")
    person = look(ground)
    assert (person.email, person.group, person.tags) == ("new@example.org", "south", ("a", "b"))
    assert change(ground, Wanted(email="new@example.org", tags=("a", "b"))) == ()
    # The own address in other letters is nobody else's.
    assert change(ground, Wanted(email="New@example.org")) == ("email",)


def test_sec_87_the_group_is_fixed_with_the_first_answer(ground: Ground) -> None:
    seat = ground.sit_down(0)
    change(ground, Wanted(group="south"))
    with ground.database.reading() as session:
        part = session.get_one(Participation, (ground.study_id, 1, seat.panellist_id))
    assert part.group == "south", "who has only pressed Start answers in the new group"
    save(ground, ground.sit_down(0), {ground.number("consent"): "1"})
    with pytest.raises(InputError, match="fixed with the first answer"):
        change(ground, Wanted(group="north", name="Somebody"))
    assert look(ground).name == "Expert 1"
    change(ground, Wanted(group="south", name="Somebody"))
    assert look(ground).name == "Somebody"


def test_a_new_link_opens_the_seat_and_the_old_one_nothing(ground: Ground) -> None:
    with ground.database.verb() as session:
        started = doors.start(session, token=ground.panel[0].token, now=read_now(session))
    token = make_link(ground).removeprefix(f"{BASE}/l/")
    with ground.database.reading() as session:
        assert doors.find_invited(session, token=ground.panel[0].token) is None
        invited = doors.find_invited(session, token=token)
        assert invited is not None
        assert invited.panellist_id == ground.panel[0].panellist_id
        assert find_seat(session, id_hash=doors.hash_cookie(started.cookie)) is None
        assert doors.find_invited(session, token=ground.panel[1].token) is not None
    newest = make_link(ground).removeprefix(f"{BASE}/l/")
    with ground.database.reading() as session:
        assert doors.find_invited(session, token=token) is None
        assert doors.find_invited(session, token=newest) is not None
    assert [each.number for each in look(ground).timeline if each.what == "link"] == [2, 3]


def test_the_letter_that_goes_once_more_is_one_of_its_own(ground: Ground, tmp_path: Path) -> None:
    line = Memory()
    office = office_with(line, tmp_path)
    assert invite(ground) == 1
    with pytest.raises(Refused, match="waits in the outbox already"):
        invite(ground)
    send_due(ground.database, office)
    link = make_link(ground, sends=True)
    send_due(ground.database, office)
    first, second = (read(each.content) for each in line.letters)
    # The same Message-ID would be taken for the letter that is there already.
    assert first["Message-ID"] != second["Message-ID"]
    assert link in str(second.get_body(("plain",)))
    assert first["Subject"] == second["Subject"]
    # Whoever has started can have lost the link as well; whoever has submitted needs none.
    ground.sit_down(1)
    assert invite(ground, 1) == 2
    send_due(ground.database, office)
    assert len(line.letters) == 3
    answer(ground, 2, {})
    with pytest.raises(Refused, match="nothing to invite to"):
        invite(ground, 2)
    states = {each.state for each in look(ground).timeline if each.what == "letter"}
    assert states == {"sent"}


def test_somebody_is_found_by_address_or_pseudonym(ground: Ground) -> None:
    with ground.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        seat = session.get_one(Panellist, (study.id, ground.panel[0].panellist_id))
        assert find_by_word(session, study=study, who="Expert1@example.org") == (seat.id, True)
        assert find_by_word(session, study=study, who=seat.pseudonym.lower()) == (seat.id, False)
        with pytest.raises(NotFound):
            find_by_word(session, study=study, who="nobody@example.org")


def test_the_timeline_tells_days_by_name_and_where_organisers_are_blind_nothing(ground: Ground) -> None:
    answer(ground, 0, {})
    by_name = {each.what: each for each in look(ground).timeline}
    assert by_name["submitted"].is_day
    assert (by_name["submitted"].at.hour, by_name["submitted"].at.minute) == (0, 0)
    assert not {each.what: each for each in look(ground, with_names=False).timeline}["submitted"].is_day
    with ground.database.verb() as session:
        session.get_one(Study, ground.study_id).anonymity = "blind"
    blind = look(ground)
    assert {each.what for each in blind.timeline} == {"added"}
    assert [each.standing for each in blind.rounds] == ["submitted"]
    assert "submitted" in {each.what for each in look(ground, with_names=False).timeline}


def test_nothing_is_done_for_whoever_has_left(ground: Ground) -> None:
    with ground.database.verb() as session:
        key = (ground.study_id, ground.panel[0].panellist_id)
        session.get_one(Panellist, key).state = "withdrawn"
        session.delete(session.get_one(Identity, (ground.study_id, ground.panel[1].panellist_id)))
    for member in (0, 1):
        with pytest.raises(Refused):
            make_link(ground, member)
        with pytest.raises(Refused):
            invite(ground, member)
    with pytest.raises(Refused):
        change(ground, Wanted(name="Somebody"), member=1)
    with ground.database.reading() as session:
        assert session.scalars(select(OutboxMessage)).all() == []
