"""One panellist at a time, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.support.studies import SMALL

JANE, BOB = "jane@example.org", "bob@example.org"
PANEL = f"name,e-mail,group,time zone\nJane Roe,{JANE},north,Europe/Berlin\nBob,{BOB},south,\n"
WHY = ("--reason", "asked for it by letter")

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    """An installation with a study and two panellists."""
    shell = Shell(database_url, tmp_path)
    shell.say("study", "create", shell.write("small.yaml", SMALL), "--title", "Fruit")
    shell.say("panel", "import", "fruit", shell.write("panel.csv", PANEL))
    return shell


def test_a_panellist_is_shown_changed_and_invited(shell: Shell) -> None:
    shown = shell.ask("panel", "show", "fruit", JANE)
    assert (shown["name"], shown["time_zone"], shown["state"]) == ("Jane Roe", "Europe/Berlin", "invited")
    assert "pseudonym" not in shown
    pseudonym = shell.ask("lookup", "fruit", JANE, *WHY)["pseudonym"]
    nameless = shell.say("panel", "show", "fruit", pseudonym)
    assert pseudonym in nameless
    assert "Jane" not in nameless
    assert "Changed: group, tags." in shell.say(
        "panel", "change", "fruit", JANE, "--group", "south", "--tags", "chair"
    )
    assert "bob@example.org belongs to somebody else" in shell.fail(
        "panel", "change", "fruit", JANE, "--email", BOB
    )
    link = shell.say("panel", "link", "fruit", JANE, "--reason", "the old one was lost").strip()
    assert link.startswith("http://delphi.example.org/l/fruit.")
    assert link in shell.say("links", "fruit")
    shell.say("panel", "invite", "fruit", JANE)
    assert "letter: invitation queued" in shell.say("panel", "show", "fruit", JANE)
    assert "Nobody on this panel" in shell.fail("panel", "show", "fruit", "nobody@example.org")


def test_a_panellist_is_withdrawn_and_erased(shell: Shell) -> None:
    assert "answers stay" in shell.say("panel", "withdraw", "fruit", JANE, "--answers", "keep", *WHY)
    assert "withdrawn already" in shell.fail("panel", "withdraw", "fruit", JANE, "--answers", "keep", *WHY)
    out = shell.folder / "bob.json"
    shell.say("panel", "export", "fruit", BOB, "--out", str(out), *WHY)
    assert json.loads(out.read_text())["identity"][0]["email"] == BOB
    assert out.stat().st_mode & 0o077 == 0
    assert "is there already" in shell.fail("panel", "export", "fruit", BOB, "--out", str(out), *WHY)
    wanted = ("panel", "erase", "fruit", BOB, "--answers", "remove", *WHY)
    assert "nobody was erased" in shell.fail(*wanted, typed="jane\n")
    assert "are gone" in shell.say(*wanted, typed=f"{BOB}\n")
    assert "Nobody on this panel" in shell.fail("panel", "show", "fruit", BOB)
    assert BOB not in shell.say("links", "fruit")


def test_prv_33_a_backup_that_is_restored_brings_nobody_back(shell: Shell) -> None:
    backup = str(shell.folder / "before.zip")
    shell.say("backup", backup)
    shell.say("panel", "erase", "fruit", BOB, "--answers", "remove", "--yes", *WHY)
    later = Shell(f"sqlite:///{shell.folder / 'later.sqlite3'}", shell.folder)
    later.say("init-db")
    assert "1 person was erased after this backup was made, and erased again." in later.say("restore", backup)
    assert "Nobody on this panel" in later.fail("panel", "show", "fruit", BOB)
    later.say("panel", "show", "fruit", JANE)


def test_people_who_ask_are_listed_and_names_kept_until_a_day(shell: Shell) -> None:
    assert "no public link yet" in shell.fail("panel", "registration", "fruit")
    link = shell.say("panel", "registration", "fruit", "--open", "--note", "Growers of pears").strip()
    assert link.startswith("http://delphi.example.org/l/join/fruit.")
    assert shell.ask("panel", "registration", "fruit") == {
        "link": link, "open": True, "note": "Growers of pears", "waiting": 0
    }  # fmt: skip
    assert link != shell.say("panel", "registration", "fruit", "--new-link").strip()
    assert shell.ask("panel", "requests", "fruit") == []
    assert "Nobody asks for a seat with: x@example.org" in shell.fail(
        "panel", "approve", "fruit", "x@example.org"
    )
    assert "as long as the study is there" in shell.say("panel", "names", "fruit")
    assert "until 2127-01-01T00:00:00Z" in shell.say("panel", "names", "fruit", "--until", "2126-12-31")
    assert "is over" in shell.fail("panel", "names", "fruit", "--until", "2020-01-01")
    assert "is no day" in shell.fail("panel", "names", "fruit", "--until", "soon")
    assert "as long as the study is there" in shell.say("panel", "names", "fruit", "--no-end")


def test_columns_are_named_and_known_people_passed_over(shell: Shell) -> None:
    sheet = shell.write("more.csv", f"Wer,Kontakt,Team\nAda,ada@example.org,north\nJane,{JANE},north\n")
    assert "no column for the e-mail" in shell.fail("panel", "import", "fruit", sheet)
    named = ("--column", "Kontakt=email", "--column", "Team=group", "--column", "Wer=name")
    assert "no column 'Adresse'" in shell.fail("panel", "import", "fruit", sheet, "--column", "Adresse=email")
    assert "is on the panel already" in shell.fail("panel", "import", "fruit", sheet, *named)
    done = shell.ask("panel", "import", "fruit", sheet, *named, "--leave-out-known")
    assert (done["added"], done["left_out"]) == (1, 1)
