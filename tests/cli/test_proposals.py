"""A study from round 0 to the results of round 1, as somebody types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.support.proposing import EXAMPLE, PROTOCOL

PANEL = "name,email\n" + "".join(f"Expert {n},e{n}@example.org\n" for n in range(6))


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    """An installation with a study that has no items, and whose protocol is locked."""
    shell = Shell(database_url, tmp_path)
    shell.say("study", "create", str(EXAMPLE), "--title", "Floods")
    shell.say("panel", "import", "floods", shell.write("panel.csv", PANEL))
    shell.say("protocol", "set", "floods", shell.write("protocol.yaml", PROTOCOL))
    shell.say("protocol", "lock", "floods")
    return shell


@pytest.fixture
def collected(shell: Shell) -> Shell:
    """Round 0 is closed; the same seed gives the same proposals, under other names."""
    shell.say("round", "open", "floods")
    shell.say("simulate", "floods", "--share", "1", "--seed", "2")
    shell.say("round", "close", "floods")
    return shell


def listed(shell: Shell, *words: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = shell.ask("proposals", "list", "floods", *words)["proposals"]
    return found


def names_of(shell: Shell) -> dict[str, list[str]]:
    """Text → the names of the proposals that say it."""
    found: dict[str, list[str]] = {}
    for each in listed(shell):
        found.setdefault(str(each["text"]), []).append(str(each["proposal"]))
    return found


def test_from_round_zero_to_the_results_of_round_one(shell: Shell) -> None:
    assert "proposals are read and worked on when one is" in shell.fail("proposals", "list", "floods")
    assert "Round 0 of 'floods' is open" in shell.say("round", "open", "floods")
    assert "Round 0 is open" in shell.fail("proposals", "list", "floods", "--round", "0")
    shell.say("simulate", "floods", "--share", "1", "--seed", "2")
    assert "Round 0 (collects items): open" in shell.say("round", "status", "floods")
    assert "Next: surveyapp proposals list floods" in shell.say("round", "close", "floods")
    assert "no item yet that could be rated" in shell.fail("round", "open", "floods")
    suggested = shell.ask("proposals", "alike", "floods")
    assert suggested["groups"]
    for group in suggested["groups"]:
        shell.say("proposals", "group", "floods", group["lead"], *group["proposals"])
    assert "No two unread proposals are worded alike" in shell.say("proposals", "alike", "floods")
    leads = [each for each in listed(shell, "--state", "unread") if not each["grouped_as"]]
    assert len({each["text"] for each in leads}) == len(leads)
    first, second, third = (str(each["proposal"]) for each in leads[:3])
    told = shell.say("decide", "floods", "first", "new", "--proposal", first, "--reason", "proposed")
    assert "Decided after round 0 of 'floods': new 'first'." in told
    assert "Next: surveyapp round open floods" in told
    assert "proposals have found no place yet: surveyapp proposals list floods --round 0" in told
    detail = shell.write("second.yaml", f"item: {{id: second, title: Worded anew}}\nproposals: [{second}]\n")
    shell.say("decide", "floods", "second", "new", "--detail", detail, "--reason", "proposed")
    shell.say("proposals", "cover", "floods", third, "--item", "second", "--because", "the same in brief")
    opened = shell.run("round", "open", "floods")
    assert opened.exit_code == 0
    assert "Round 1 of 'floods' is open" in opened.stdout
    assert "found no place yet" in opened.stderr
    shell.say("simulate", "floods", "--share", "1", "--seed", "2")
    shell.say("round", "close", "floods")
    results = shell.ask("results", "floods")
    assert (results["round"], [each["item"] for each in results["items"]]) == (1, ["first", "second"])
    assert results["items"][1]["title"] == "Worded anew"
    shell.say("decide", "floods", "--as-proposed", "--reason", "as the protocol has it")
    released = shell.ask("round", "release", "floods", "--figures-first")
    assert released["unread_proposals"] == len(leads) - 3
    out = shell.folder / "out"
    shell.say("export", "floods", "--out", str(out))
    with (out / "proposals.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["proposal"]: row for row in csv.DictReader(stream, strict=True)}
    assert len(rows) == len(listed(shell, "--round", "0"))
    assert (rows[first]["state"], rows[first]["item"], rows[first]["is_synthetic"]) == (
        "item",
        "first",
        "yes",
    )
    assert (rows[third]["state"], rows[third]["item"]) == ("covered", "second")
    assert rows[third]["because"] == "the same in brief"
    assert {row["round"] for row in rows.values()} == {"0"}
    assert "P-" not in (out / "proposals.csv").read_text(encoding="utf-8")
    codebook = (out / "codebook.csv").read_text(encoding="utf-8")
    assert "proposals.csv,state,,set_aside" in codebook
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert [each["number"] for each in manifest["rounds"]] == [0, 1]
    assert [each["questionnaire_version"] for each in manifest["rounds"]] == [2, 3]


def test_each_act_says_what_it_did(collected: Shell) -> None:
    shell = collected
    (one, *same), (other, *_) = sorted(names_of(shell).values(), key=len, reverse=True)[:2]
    assert same
    assert f"{one} stands for" in shell.say("proposals", "group", "floods", one.lower(), *same)
    assert shell.ask("proposals", "ungroup", "floods", same[0])["proposals"] == 1
    told = shell.say("proposals", "set-aside", "floods", other, "--because", "no measure")
    assert "1 proposal set aside." in told
    assert "[set aside: no measure]" in shell.say("proposals", "list", "floods", "--state", "set-aside")
    assert "1 proposal to be read again." in shell.say("proposals", "put-back", "floods", other)
    assert "is passed on as: A fund" in shell.say(
        "proposals", "redact", "floods", other, "--text", " A  fund"
    )
    assert f"{other}  A fund  [unread]" in shell.say("proposals", "list", "floods")
    assert "no item 'dams'" in shell.fail("proposals", "cover", "floods", other, "--item", "dams")
    assert "no proposal N-1" in shell.fail("proposals", "put-back", "floods", "N-1")
    shell.fail("proposals", "set-aside", "floods", other, code=2)
    assert "proposals have found no place yet" in shell.say("decide", "floods")
    shell.fail("decide", "floods", "x", "keep", "--proposal", other, code=2)
    assert "Nothing was rated in round 0" in shell.fail("decide", "floods", "--as-proposed")
    shell.say("decide", "floods", "fund", "new", "--proposal", other, "--reason", "proposed")
    told = shell.say("decide", "floods", "fund", "--take-back", "--reason", "too early")
    assert "Taken back after round 0 of 'floods': fund." in told
    assert {each["state"] for each in listed(shell)} == {"unread"}
    assert "No items were rated in this round." in shell.say("results", "floods")
    assert "asked no item 'fund'. Nothing was rated in it." in shell.fail(
        "results", "floods", "--item", "fund"
    )


def test_proposals_are_placed_in_a_spreadsheet(collected: Shell) -> None:
    shell, out = collected, collected.folder / "proposals.csv"
    assert "proposals of round 0 are in" in shell.say("proposals", "export", "floods", "--out", str(out))
    assert "is there already" in shell.fail("proposals", "export", "floods", "--out", str(out))
    with out.open(encoding="utf-8-sig", newline="") as stream:
        header, *rows = csv.reader(stream)
    text, item, because = (header.index(each) for each in ("text", "item", "set aside because"))
    ids = {each: f"item-{place}" for place, each in enumerate(sorted({row[text] for row in rows}))}
    for row in rows:
        row[item] = ids[row[text]]
    rows[0][item], rows[0][because] = "", "no measure"
    lines = [header, *rows]
    with out.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
    words = ("proposals", "import", "floods", str(out), "--reason", "proposed by the panel")
    assert "Nothing was changed." in shell.say(*words, "--dry-run")
    assert {each["state"] for each in listed(shell)} == {"unread"}
    done = shell.ask(*words)
    assert (done["items"], done["set_aside"], done["left"]) == (len({row[item] for row in rows[1:]}), 1, 0)
    assert {each["state"] for each in listed(shell)} == {"item", "set_aside"}
    assert f"0 new items; 0 grouped, 0 covered, 0 set aside, 0 redacted; {len(rows)} rows left" in shell.say(
        *words
    )
    rows[0][because] = "another reason"
    with out.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)
    assert "proposals.csv, row 2: it has found another place already" in shell.fail(*words)
    assert shell.ask("round", "open", "floods")["round"] == 1


def test_a_protocol_with_a_round_zero_is_played(shell: Shell) -> None:
    told = shell.say("simulate", "floods", "--rounds", "3", "--share", "1")
    assert "Round 0: " in told
    assert "of them made items." in told
    rounds = shell.ask("round", "status", "floods")["rounds"]
    assert [(each["round"], each["state"], each["collects_items"]) for each in rounds] == [
        (0, "closed", True),
        (1, "released", False),
        (2, "released", False),
    ]
    assert "they are over" in json.loads(shell.say("simulate", "floods", "--rounds", "1", "--json"))["ended"]
    assert all("Synthetic proposal" in str(each["text"]) for each in listed(shell, "--round", "0"))
