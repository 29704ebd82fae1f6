"""Bringing a panel in: every bad row at once, all or nothing, and links that only the panel has."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from surveyapp.errors import PanelError
from surveyapp.exchange.panel_file import PanelRow
from surveyapp.mail.links import hash_token
from surveyapp.models import AuditEntry, Identity, Invitation, Panellist
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services import doors
from surveyapp.services.addresses import find_near, find_problem, fold_address
from surveyapp.services.panel import PanelImport, import_panel, list_links
from surveyapp.services.panel_checks import check_rows
from surveyapp.services.studies import create_study, get_study
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, load_text

KEY = b"only tests derive links with this"


@pytest.fixture
def questionnaire(tmp_path: Path) -> Questionnaire:
    return load_text(SMALL, tmp_path).model_copy(update={"languages": ("en", "de")})


@pytest.fixture
def study(database: Database, questionnaire: Questionnaire) -> str:
    """Two studies: the one asked for, and another that no query may touch."""
    with database.verb() as session:
        for slug in ("fruit", "noise"):
            create_study(
                session,
                questionnaire=questionnaire,
                source="",
                title=slug,
                slug=slug,
                now=read_now(session),
                actor="test",
            )
    bring_in(database, questionnaire, [row(2, "jane@example.org", name="Jane Doe")], slug="noise")
    return "fruit"


def row(number: int, email: str, *, name: str = "", group: str = "north", language: str = "") -> PanelRow:
    return PanelRow(number, name, email, group, (), language)


def bring_in(
    database: Database, questionnaire: Questionnaire, rows: list[PanelRow], *, slug: str = "fruit"
) -> PanelImport:
    with database.verb() as session:
        return import_panel(
            session,
            study=get_study(session, slug=slug),
            questionnaire=questionnaire,
            rows=rows,
            now=read_now(session),
            actor="test",
            link_key=KEY,
        )


def test_everybody_gets_a_seat_an_identity_and_a_link(
    database: Database, questionnaire: Questionnaire, study: str
) -> None:
    rows = [
        replace(row(2, "Jane@Example.org", name="Jane Doe"), tags=("a", "b", "a"), language="Deutsch"),
        row(3, "bob@example.org", group="Southerners"),
    ]
    result = bring_in(database, questionnaire, rows)
    assert (result.added, dict(result.by_group)) == (2, {"north": 1, "south": 1})
    with database.reading() as session:
        found = get_study(session, slug=study)
        seats = session.execute(select(Panellist).where(Panellist.study_id == found.id)).scalars().all()
        links = list(list_links(session, study=found, link_key=KEY, base_url="https://d.example.org"))
        assert sorted(seat.group for seat in seats) == ["north", "south"]
        assert {seat.language for seat in seats} == {"de", "en"}
        assert all(re.fullmatch(r"P-[2-9A-HJ-NP-Z]{5}", seat.pseudonym) for seat in seats)
        assert all(0 < seat.id < 2**62 for seat in seats)
        assert [link.email for link in links] == ["bob@example.org", "Jane@Example.org"]
        token = links[0].link.removeprefix("https://d.example.org/l/")
        invited = doors.find_invited(session, token=token)
        assert invited is not None
        assert invited.group == "south"
        stored = session.execute(select(Invitation.token_hash)).scalars().all()
        assert hash_token(token) in stored
        assert not any(token.partition(".")[2] in value for value in stored)
        details = session.execute(select(AuditEntry.detail).where(AuditEntry.act == "panel.import")).scalars()
        assert not any("@" in detail for detail in details)


def test_sec_71_sec_72_every_bad_row_is_told_and_nobody_is_added(
    database: Database, questionnaire: Questionnaire, study: str
) -> None:
    bring_in(database, questionnaire, [row(2, "there@example.org")])
    rows = [
        row(2, "good@example.org"),
        row(3, ""),
        row(4, "no address"),
        row(5, "a@example.org", group="nort"),
        row(6, "b@example.org", group=""),
        row(7, "c@example.org", language="Klingon"),
        row(8, "GOOD@example.org"),
        row(9, "There@Example.org"),
        row(10, "d@example.org", name="x\0y"),
        row(11, "a@b,c@d.org", group="elsewhere", language="xx"),
    ]
    with pytest.raises(PanelError) as caught:
        bring_in(database, questionnaire, rows)
    problems = [str(problem) for problem in caught.value.problems]
    assert [problem.partition(":")[0] for problem in problems] == [
        "row 3", "row 4", "row 5", "row 6", "row 7", "row 8", "row 9", "row 10", "row 11", "row 11", "row 11",
    ]  # fmt: skip
    for words in (
        "did you mean 'north'?",
        "stands in row 2 too",
        "on the panel already",
        "write one of: en, de",
    ):
        assert any(words in problem for problem in problems), words
    with database.reading() as session:
        assert session.execute(select(func.count()).select_from(Identity)).scalar_one() == 2


def test_sec_72_the_same_person_in_another_study_is_no_duplicate(
    database: Database, questionnaire: Questionnaire, study: str
) -> None:
    result = bring_in(database, questionnaire, [row(2, "jane@example.org", name="Jane Doe")])
    assert result.added == 1
    assert result.warnings == ()


def test_near_duplicates_are_pointed_out_and_do_not_block(
    database: Database, questionnaire: Questionnaire, study: str
) -> None:
    bring_in(database, questionnaire, [row(2, "jane@example.org", name="Jane Doe")])
    rows = [
        row(2, "jane.doe@else.org", name="Doe, Jané"),
        row(3, "jnae@example.org", name="X"),
        row(4, "expert1@example.org"),
        row(5, "expert2@example.org"),
    ]
    result = bring_in(database, questionnaire, rows)
    assert result.added == 4
    told = [str(warning) for warning in result.warnings]
    assert len(told) == 2
    assert "same name" in told[0]
    assert "one letter away" in told[1]


def test_groups_are_found_by_id_or_title_however_written(questionnaire: Questionnaire) -> None:
    rows = [
        row(n, f"p{n}@example.org", group=text) for n, text in enumerate(("NORTH", "Northerners ", "nörth"))
    ]
    checked = check_rows(questionnaire, rows, known={})
    assert not checked.problems
    assert {member.group for member in checked.members} == {"north"}


def test_a_questionnaire_without_groups_takes_none(questionnaire: Questionnaire) -> None:
    plain = questionnaire.model_copy(update={"groups": ()})
    checked = check_rows(plain, [row(2, "a@example.org", group=""), row(3, "b@example.org")], known={})
    assert [problem.where for problem in checked.problems] == ["row 3"]


def test_what_is_not_committed_was_never_there(
    database: Database, questionnaire: Questionnaire, study: str
) -> None:
    class EnoughError(Exception):
        pass

    def look_only() -> None:
        with database.verb() as session:
            import_panel(
                session,
                study=get_study(session, slug=study),
                questionnaire=questionnaire,
                rows=[row(2, "a@example.org")],
                now=read_now(session),
                actor="test",
                link_key=KEY,
            )
            raise EnoughError

    with pytest.raises(EnoughError):
        look_only()
    with database.reading() as session:
        found = get_study(session, slug=study)
        assert list(list_links(session, study=found, link_key=KEY, base_url="")) == []


def test_those_who_declined_get_no_link(database: Database, questionnaire: Questionnaire, study: str) -> None:
    bring_in(database, questionnaire, [row(2, "a@example.org"), row(3, "b@example.org")])
    with database.verb() as session:
        found = get_study(session, slug=study)
        first = next(iter(list_links(session, study=found, link_key=KEY, base_url="")))
        doors.decline(session, token=first.link.removeprefix("/l/"), now=read_now(session))
    with database.reading() as session:
        links = list(list_links(session, study=found, link_key=KEY, base_url=""))
    assert [link.email for link in links] == ["b@example.org"]


def test_addresses_fold_by_the_documented_rule() -> None:
    assert fold_address("Jane.Doe@Example.ORG") == "jane.doe@example.org"
    assert fold_address("jane.doe@googlemail.com") == fold_address("JaneDoe@gmail.com")
    assert fold_address("jane+a@gmail.com") != fold_address("jane@gmail.com")


@pytest.mark.parametrize(
    "address",
    ["a", "a@", "@b.org", "a@b", "a@b,c@d.org", "a b@c.org", "a@b.org\nBcc: c@d.org", "a" * 300 + "@b.org"],
)
def test_sec_71_what_is_no_single_address_is_refused(address: str) -> None:
    assert find_problem(address)


def test_usual_and_unusual_addresses_are_taken() -> None:
    for address in ("a@b.org", "o'brien@example.org", "jürgen@exämple.de", "a+b@example.co.uk"):
        assert find_problem(address) is None, address


LETTERS = st.text("abcdefgh", min_size=3, max_size=8)


@given(word=LETTERS, letter=st.sampled_from("xyz"), data=st.data())
def test_one_slip_is_always_found(word: str, letter: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    slips = {
        word[:place] + letter + word[place:],
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place + 1 :],
        word[:place] + word[place : place + 2][::-1] + word[place + 2 :],
    } - {word}
    for slip in slips:
        assert list(find_near([slip], [word])) == [(slip, word)]


@given(words=st.lists(LETTERS, unique=True, max_size=12))
def test_near_addresses_are_told_once_and_never_with_themselves(words: list[str]) -> None:
    pairs = [frozenset(pair) for pair in find_near(words, [])]
    assert len(pairs) == len(set(pairs))
    assert all(len(pair) == 2 for pair in pairs)
