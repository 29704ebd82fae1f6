"""A study from protocol to results, as somebody types it, and what is said where something is in the way."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.test_commands import PANEL, Shell
from tests.support.protocols import PROTOCOL
from tests.support.studies import SMALL

TWO_RULES = PROTOCOL.replace(
    "consensus:", "consensus:\n  - {id: half, for: {criterion: effect}, rule: agree >= 50% in every context}"
)


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    """An installation with a study of three panellists and no protocol."""
    shell = Shell(database_url, tmp_path)
    shell.say("study", "create", shell.write("small.yaml", SMALL), "--title", "Fruit")
    shell.say("panel", "import", "fruit", shell.write("panel.csv", PANEL))
    return shell


@pytest.fixture
def locked(shell: Shell) -> Shell:
    """The same with its protocol locked."""
    shell.say("protocol", "set", "fruit", shell.write("protocol.yaml", PROTOCOL))
    shell.say("protocol", "lock", "fruit")
    return shell


def states(shell: Shell) -> list[tuple[int, str]]:
    return [(each["round"], each["state"]) for each in shell.ask("round", "status", "fruit")["rounds"]]


def test_a_protocol_is_set_locked_and_amended(shell: Shell) -> None:
    assert "has no protocol yet" in shell.say("protocol", "history", "fruit")
    assert "has no protocol yet. Give it one first" in shell.fail("protocol", "lock", "fruit")
    file = shell.write("protocol.yaml", PROTOCOL)
    assert shell.ask("protocol", "set", "fruit", file) == {"study": "fruit", "protocol": 1, "locked": False}
    assert "must be before the first round" in shell.fail("round", "open", "fruit")
    told = shell.fail("protocol", "amend", "fruit", file, "--reason", "another rule")
    assert "not locked yet, so it needs no amendment" in told
    assert shell.say("protocol", "lock", "fruit").startswith("The protocol of 'fruit' is locked.")
    assert "locked already" in shell.fail("protocol", "lock", "fruit")
    assert "no longer replaced. Amend it" in shell.fail("protocol", "set", "fruit", file)
    assert "nothing to amend" in shell.fail("protocol", "amend", "fruit", file, "--reason", "the same")
    other = shell.write("other.yaml", TWO_RULES)
    assert "it is empty; write why" in shell.fail("protocol", "amend", "fruit", other, "--reason", " ")
    shell.fail("protocol", "amend", "fruit", other, code=2)
    amended = shell.ask("protocol", "amend", "fruit", other, "--reason", "to compare")
    assert amended["protocol"] == 2
    assert any("half" in change for change in amended["changes"])
    first, second = shell.ask("protocol", "history", "fruit")
    assert (first["protocol"], first["reason"], second["reason"]) == (1, "", "to compare")
    assert first["locked_at"]
    assert first["sha256"] != second["sha256"]
    assert "amended: to compare" in shell.say("protocol", "history", "fruit")


def test_a_protocol_with_mistakes_is_not_taken(shell: Shell) -> None:
    wrong = shell.write("wrong.yaml", PROTOCOL.replace("agree >=", "agre >=").replace("{k: 3,", "{k: 2,"))
    told = shell.fail("protocol", "set", "fruit", wrong)
    assert "wrong.yaml:" in told
    assert "did you mean “agree”" in told
    assert "the least is 3" in told
    strange = shell.write("strange.yaml", PROTOCOL.replace("criterion: effect", "criterion: taste"))
    assert "there is no criterion “taste”" in shell.fail("protocol", "set", "fruit", strange)
    assert shell.ask("protocol", "history", "fruit") == []


def test_a_round_is_scheduled_moved_extended_reopened_and_cancelled(locked: Shell) -> None:
    shell = locked
    assert "is over already" in shell.fail("round", "schedule", "fruit", "--opens", "2020-01-01 09:00")
    planned = shell.ask("round", "schedule", "fruit", "--opens", "2126-01-01 09:00")
    assert (planned["round"], planned["state"]) == (1, "scheduled")
    told = shell.say(
        "round", "schedule", "fruit", "--opens", "2126-02-01 09:00", "--closes", "2126-03-01 09:00"
    )
    assert "opens 2126-02-01 09:00" in told
    wrong = shell.fail(
        "round", "schedule", "fruit", "--opens", "2126-02-01 09:00", "--closes", "2126-01-31 09:00"
    )
    assert "is not after the opening" in wrong
    assert states(shell) == [(1, "scheduled")]
    shell.say("round", "open", "fruit", "--closes", "2126-03-01 09:00")
    told = shell.say("round", "extend", "fruit", "--closes", "2126-03-08 09:00", "--reason", "asked for")
    assert "now closes 2126-03-08 09:00" in told
    earlier = ("round", "extend", "fruit", "--closes", "2126-03-02 09:00", "--reason", "in a hurry")
    assert "only ever moved to a later time" in shell.fail(*earlier)
    assert "experts were told so" in shell.fail(*earlier)
    shell.fail("round", "extend", "fruit", "--closes", "2126-03-09 09:00", code=2)
    assert "so you cannot reopen it" in shell.fail("round", "reopen", "fruit", "--reason", "x")
    shell.say("round", "close", "fruit")
    assert "it is empty; write why" in shell.fail("round", "reopen", "fruit", "--reason", " ")
    told = shell.say("round", "reopen", "fruit", "--reason", "blocked", "--closes", "2126-04-01 09:00")
    assert "is open again until 2126-04-01 09:00" in told
    assert shell.ask("round", "cancel", "fruit", "--reason", "the wrong letter")["state"] == "cancelled"
    assert "no round 7" in shell.fail("round", "cancel", "fruit", "--round", "7", "--reason", "x")
    told = shell.fail("round", "cancel", "fruit", "--round", "1", "--reason", "again")
    assert "was cancelled, so you cannot cancel it" in told
    assert shell.ask("round", "open", "fruit")["round"] == 2
    assert states(shell) == [(1, "cancelled"), (2, "open")]
    assert "Round 1: cancelled since" in shell.say("round", "status", "fruit")


def test_a_release_waits_for_decisions_and_shows_in_the_next_round(locked: Shell) -> None:
    shell = locked
    assert "no round yet" in shell.fail("round", "release", "fruit")
    shell.say("round", "open", "fruit")
    shell.say("simulate", "fruit", "--share", "1", "--seed", "8")
    assert "so you cannot release it" in shell.fail("round", "release", "fruit")
    assert "nobody sees its results" in shell.fail("results", "fruit")
    assert "nobody sees its results" in shell.fail("decide", "fruit")
    shell.say("round", "close", "fruit")
    told = shell.fail("round", "release", "fruit")
    assert "items have no decision: apples, pears" in told or "reasons are not accounted for" in told
    assert "feedback of round 1 is not released yet" in shell.fail("round", "open", "fruit")
    shell.say("decide", "fruit", "--as-proposed", "--reason", "as the protocol has it")
    released = shell.ask("round", "release", "fruit", "--figures-first", "--note", "Thank you.")
    assert (released["round"], released["release"], released["submissions"]) == (1, 1, 3)
    assert re.fullmatch("[0-9a-f]{64}", released["sha256"])
    assert "nothing more can be done" in shell.fail("round", "release", "fruit").lower()
    assert "so you cannot reopen it" in shell.fail("round", "reopen", "fruit", "--reason", "x")
    shell.say("round", "open", "fruit")
    assert states(shell) == [(1, "released"), (2, "open")]


def test_results_come_as_a_table_and_as_json(locked: Shell) -> None:
    shell = locked
    assert "no round yet" in shell.fail("results", "fruit")
    shell.say("round", "open", "fruit")
    shell.say("simulate", "fruit", "--share", "1")
    shell.say("round", "close", "fruit")
    told = shell.say("results", "fruit")
    assert "Fruit, round 1, closed  (synthetic panel: invented answers)" in told
    assert "3 of 3 answered." in told
    assert "Rule 'agreed': agree >= 70% in every context" in told
    assert "Apples  [apples]" in told
    assert "effect north" in told
    found = shell.ask("results", "fruit")
    assert (found["answered"], found["invited"], found["synthetic"]) == (3, 3, True)
    assert [each["item"] for each in found["items"]] == ["apples", "pears"]
    for item in found["items"]:
        for cell in item["cells"]:
            assert cell["measures"]["n"]["n"] == sum(cell["counts"].values())
            agree = cell["measures"]["agree"]
            if agree["value"] is not None:
                assert agree["value"] == pytest.approx(cell["counts"]["3"] / agree["n"])
    one = shell.ask("results", "fruit", "--item", "pears")
    assert [each["item"] for each in one["items"]] == ["pears"]
    assert one["sensitivity"]["agreed"]
    assert "Under other rules than 'agreed':" in shell.say("results", "fruit", "--item", "pears")
    assert "It asked: apples, pears." in shell.fail("results", "fruit", "--item", "plums")
    assert "no round 4" in shell.fail("results", "fruit", "--round", "4")


def test_a_whole_protocol_is_played(locked: Shell) -> None:
    shell = locked
    told = shell.say("simulate", "fruit", "--rounds", "3", "--share", "1")
    assert re.search(r"^Round 1: [1-3] submitted; 2 ", told, re.MULTILINE)
    assert "Planted among 3 invented people:" in told
    assert "3 rounds were played. The study is labelled synthetic. Next: surveyapp results fruit" in told
    assert states(shell) == [(1, "released"), (2, "released"), (3, "released")]
    again = json.loads(shell.say("simulate", "fruit", "--rounds", "1", "--json"))
    assert again["rounds"] == []
    assert "they are over" in again["ended"]
    assert shell.ask("results", "fruit", "--round", "2")["round"] == 2


def test_there_is_nothing_to_play_without_a_protocol(shell: Shell) -> None:
    assert "has no protocol, so there are no rounds to play" in shell.fail(
        "simulate", "fruit", "--rounds", "2"
    )
    shell.fail("simulate", "fruit", "--rounds", "0", code=2)
