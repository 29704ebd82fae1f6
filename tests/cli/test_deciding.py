"""``surveyapp decide``, as somebody types it after a closed round."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveyapp.services.unit import Database
from tests.cli.test_commands import Shell
from tests.support.answering import answer
from tests.support.between_rounds import open_next
from tests.support.protocols import set_protocol
from tests.support.studies import SMALL, lay_ground, load_text


@pytest.fixture
def shell(database: Database, database_url: str, tmp_path: Path) -> Shell:
    """A round closed in which apples were agreed on and pears were not."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3, is_open=False)
    set_protocol(ground)
    open_next(ground)
    ratings = {
        ground.number("fruit", item, context, "effect"): rating
        for item, rating in (("apples", "3"), ("pears", "1"))
        for context in ("north", "south")
    }
    for member in range(3):
        answer(ground, member, ratings)
    ground.close()
    return Shell(database_url, tmp_path)


def outcomes(shell: Shell) -> dict[str, str]:
    return {each["item"]: each["decided"] for each in shell.ask("decide", "fruit")["items"]}


def test_what_the_protocol_proposes_is_listed_and_confirmed(shell: Shell) -> None:
    told = shell.say("decide", "fruit")
    assert "After round 1:" in told
    assert "proposed: keep" in told
    assert shell.ask("decide", "fruit")["items"][0]["verdict"] == "consensus"
    told = shell.say("decide", "fruit", "apples", "accept", "--reason", "agreed")
    assert told == "Decided after round 1 of 'fruit': accept 'apples'.\n1 item is left to decide.\n"
    told = shell.say("decide", "fruit", "--as-proposed", "--reason", "as the protocol has it")
    assert (
        told == "Decided 1 item after round 1 of 'fruit' as proposed.\nNext: surveyapp round release fruit\n"
    )
    assert outcomes(shell) == {"apples": "accept", "pears": "keep"}


def test_a_merger_is_broken_up_and_a_decision_taken_back(shell: Shell) -> None:
    file = shell.write("pome.yaml", "partners: [pears]\nmerged: {id: pome-fruit, title: Pome fruit}\n")
    shell.say("decide", "fruit", "apples", "merge", "--reason", "one thing", "--detail", file)
    assert outcomes(shell) == {"apples": "merge", "pears": "merge"}
    told = shell.say("decide", "fruit", "pears", "drop", "--reason", "not needed")
    assert "Undecided again, because their merger is broken up: apples." in told
    told = shell.say("decide", "fruit", "pears", "--take-back", "--reason", "too early")
    assert told == "Taken back after round 1 of 'fruit': pears.\n2 items are left to decide.\n"
    assert outcomes(shell) == {"apples": "", "pears": ""}


def test_what_is_lacking_is_told_with_its_place(shell: Shell) -> None:
    assert "the reason is empty" in shell.fail("decide", "fruit", "apples", "keep")
    assert "needs the new wording" in shell.fail("decide", "fruit", "apples", "revise", "--reason", "x")
    file = shell.write("wrong.yaml", "wording: {titel: x}\n")
    told = shell.fail("decide", "fruit", "apples", "revise", "--reason", "x", "--detail", file)
    assert told.startswith("wrong.yaml:1:11: “titel”")
    assert "did you mean “title”?" in told
    assert outcomes(shell) == {"apples": "", "pears": ""}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("apples", "Say what becomes of 'apples'"),
        ("apples keep --as-proposed", "only one of them"),
        ("apples --as-proposed", "leave ITEM out"),
        ("--take-back", "Say which item's decision"),
        ("apples burn", "is not one of"),
    ],
)
def test_what_was_not_understood_does_nothing(shell: Shell, words: str, says: str) -> None:
    assert says in shell.fail("decide", "fruit", *words.split(), code=2)
