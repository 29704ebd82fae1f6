"""The command line, as somebody types it: what it says, what it returns, and never a traceback."""

from __future__ import annotations

import csv
import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from surveyapp.cli import COMMANDS, main
from surveyapp.services.unit import Database
from tests.support.studies import SMALL

PANEL = (
    "name,email,group\nJane Doe,jane@example.org,north\n=Bob,bob@example.org,South\nX,x@example.org,both\n"
)


class Shell:
    """Runs ``surveyapp`` with the settings of one test's installation."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.folder = folder
        self.environ: dict[str, str | None] = {
            "SURVEYAPP_ENVIRONMENT": "development",
            "SURVEYAPP_DATABASE_URL": database_url,
            "SURVEYAPP_DATA_DIR": str(folder / "var"),
            "SURVEYAPP_BASE_URL": "http://delphi.example.org",
            "SURVEYAPP_SECRET_KEY": None,
            "SURVEYAPP_CONFIG": None,
        }

    def write(self, name: str, text: str) -> str:
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return str(file)

    def run(self, *words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, list(words), env=self.environ, input=typed)

    def say(self, *words: str, typed: str | None = None) -> str:
        """Run what must succeed; returns what it prints."""
        result = self.run(*words, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    def ask(self, *words: str) -> Any:
        """Run with --json, and read it."""
        return json.loads(self.say(*words, "--json"))

    def fail(self, *words: str, code: int = 1, typed: str | None = None) -> str:
        """Run what must fail; returns what it complains."""
        result = self.run(*words, typed=typed)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        assert not result.exception or isinstance(result.exception, SystemExit)
        assert result.stderr.strip()
        return result.stderr


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


@pytest.fixture
def study(shell: Shell) -> str:
    """A study with three panellists."""
    file = shell.write("small.yaml", SMALL)
    shell.say("study", "create", file, "--title", "Fruit", "--time-zone", "Europe/Berlin")
    shell.say("panel", "import", "fruit", shell.write("panel.csv", PANEL))
    return "fruit"


def test_a_whole_round_from_file_to_package(shell: Shell, study: str) -> None:
    opened = shell.ask("round", "open", study, "--closes", "2126-12-12 18:00")
    assert (opened["study"], opened["round"], opened["state"]) == ("fruit", 1, "open")
    assert (opened["closes_at"], opened["closed_at"]) == ("2126-12-12T17:00:00Z", None)
    done = shell.ask("simulate", study, "--seed", "3", "--share", "1")
    assert (done["submitted"], done["synthetic"]) == (3, True)
    refused = shell.fail("export", study, "--out", str(shell.folder / "out.zip"))
    assert "open" in refused
    status = shell.ask("round", "status", study)
    assert status["rounds"][0]["submitted"] == 3
    assert "closes 2126-12-12 18:00 Europe/Berlin" in shell.say("round", "status", study)
    assert shell.ask("round", "close", study)["round"] == 1
    out = shell.folder / "out.zip"
    exported = shell.ask("export", study, "--format", "csv", "--out", str(out))
    assert exported["panellists"] == 3
    with zipfile.ZipFile(out) as archive:
        assert len(archive.namelist()) >= len(exported["files"])
    [listed] = shell.ask("study", "list")
    assert (listed["slug"], listed["round_state"], listed["synthetic"]) == ("fruit", "closed", True)
    assert "fruit" in shell.say("study", "list")


def test_an_open_round_shows_no_answer_anywhere(shell: Shell, study: str) -> None:
    shell.say("round", "open", study)
    shell.say("simulate", study)
    for words in (("round", "status", study), ("study", "list")):
        for text in (shell.say(*words), json.dumps(shell.ask(*words))):
            assert "apples" not in text
            assert "reason" not in text


def test_importing_says_what_would_happen_and_does_nothing(shell: Shell, study: str) -> None:
    more = shell.write("more.csv", "email,group,shoe\nnew@example.org,both,42\n")
    would = shell.ask("panel", "import", study, more, "--dry-run")
    assert would == {
        "added": 0,
        "would_add": 1,
        "left_out": 0,
        "dry_run": True,
        "groups": {"both": 1},
        "warnings": [],
        "ignored_columns": ["shoe"],
    }
    assert "Nothing was changed." in shell.say("panel", "import", study, more, "--dry-run")
    assert shell.ask("study", "list")[0]["panel"] == 3
    assert "Added 1 panellist " in shell.say("panel", "import", study, more)
    told = shell.fail("panel", "import", study, more)
    assert "row 2: new@example.org is on the panel already" in told
    assert "nobody was added" in told


def test_sec_93_links_are_private_and_safe_for_spreadsheets(shell: Shell, study: str) -> None:
    out = shell.folder / "links.csv"
    result = shell.run("links", study, "--out", str(out))
    assert result.exit_code == 0
    assert "keys" in result.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == ["'=Bob", "Jane Doe", "X"]
    assert all(row["link"].startswith("http://delphi.example.org/l/fruit.") for row in rows)
    assert len({row["link"] for row in rows}) == 3
    assert "--force" in shell.fail("links", study, "--out", str(out))
    shell.say("links", study, "--out", str(out), "--force")
    printed = list(csv.DictReader(io.StringIO(shell.say("links", study))))
    assert [row["link"] for row in printed] == [row["link"] for row in rows]
    assert "cannot be written" in shell.fail("links", study, "--out", str(shell.folder / "no" / "x.csv"))


def test_a_panel_file_of_links_can_be_read_again(shell: Shell, study: str) -> None:
    """SEC-54: what we wrote, we read; the names lose our quote."""
    out = shell.folder / "links.csv"
    shell.say("links", study, "--out", str(out))
    text = out.read_text(encoding="utf-8-sig").replace("example.org,", "else.example.org,")
    again = shell.write(
        "again.csv",
        "\n".join(f"{line},north" for line in text.splitlines()).replace("link,north", "link,group", 1),
    )
    shell.say("panel", "import", study, again)
    names = [row["name"] for row in shell.ask("links", study)]
    assert names.count("=Bob") == 2


def test_questionnaires_are_checked_all_at_once(shell: Shell) -> None:
    good = shell.write("good.yaml", SMALL)
    bad = shell.write(
        "bad.yaml", SMALL.replace("scale: agreement", "scale: agrement").replace("max: 1", "max: 0")
    )
    assert "fine" in shell.say("questionnaire", "check", good)
    told = shell.fail("questionnaire", "check", good, bad)
    assert told.count("bad.yaml:") >= 2
    found = json.loads(shell.run("questionnaire", "check", good, bad, "--json").stdout)
    assert found[good] == []
    assert len(found[bad]) >= 2
    assert "nothing was done" in shell.fail("questionnaire", "show", bad)
    assert "nothing was done" in shell.fail("study", "create", bad, "--title", "T")
    assert shell.ask("study", "list") == []
    shown = shell.ask("questionnaire", "show", good)
    assert (shown["id"], shown["items"], shown["groups"]) == ("small", 2, ["north", "south", "both"])
    assert "choose" in shell.say("questionnaire", "show", good)


def test_accounts_are_made_with_a_password_and_a_study(shell: Shell, study: str) -> None:
    shell.say(
        "organiser",
        "add",
        "jane@example.org",
        "--study",
        study,
        "--password-stdin",
        typed="a long password\n",
    )
    assert "There is the account" in shell.say("organiser", "add", "JANE@example.org", "--study", study)
    assert "at least 8" in shell.fail(
        "organiser", "add", "b@example.org", "--password-stdin", typed="short\n"
    )
    typed = "another password\nanother password\n"
    assert "Made the account" in shell.say("organiser", "add", "b@example.org", typed=typed)
    shell.say("organiser", "password", "b@example.org", "--password-stdin", typed="a third password\n")
    shell.say("organiser", "disable", "b@example.org")
    assert "no account" in shell.fail("organiser", "disable", "c@example.org")
    shell.say(
        "study", "create", shell.write("s.yaml", SMALL), "--title", "Owned", "--owner", "jane@example.org"
    )
    assert "no account" in shell.fail(
        "study", "create", shell.write("s.yaml", SMALL), "--title", "Not", "--owner", "nobody@example.org"
    )
    assert {each["slug"] for each in shell.ask("study", "list")} == {"fruit", "owned"}


def test_a_backup_comes_back_in_a_new_database(shell: Shell, study: str, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    rows = shell.ask("backup", str(file))["rows"]
    assert rows > 10
    other = Shell(f"sqlite:///{tmp_path / 'other.sqlite3'}", tmp_path)
    assert "init-db" in other.fail("restore", str(file))
    assert "ready" in other.say("init-db")
    assert "ready" in other.say("init-db")
    assert other.ask("restore", str(file))["rows"] == rows
    assert other.ask("study", "list") == shell.ask("study", "list")
    other.fail("restore", str(file))


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("round status friut", "Did you mean 'fruit'"),
        ("round close fruit", "no round"),
        ("round open fruit --closes tomorrow", "write it like '2026-12-12 18:00'"),
        ("round open fruit --closes 2126-12-12", "write it like"),
        ("round open fruit --closes 2020-01-01T10:00", "over already"),
        ("round open fruit --closes 2027-03-28T02:30", "does not exist in Europe/Berlin"),
        ("simulate fruit", "No round"),
        ("simulate fruit --share 2", "share"),
        ("panel import fruit nowhere.csv", "There is no file"),
        ("study create nowhere.yaml --title T", "cannot be read"),
        ("questionnaire check nowhere.yaml", "cannot be read"),
        ("restore nowhere.zip", "nowhere.zip"),
        ("backup panel.csv", "there already"),
    ],
)
def test_what_goes_wrong_is_a_sentence(
    shell: Shell, study: str, words: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shell.folder)
    assert told in shell.fail(*words.split())


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "words", ["nothing", "round", "round open", "export fruit", "simulate fruit --seed x", "--bad"]
)
def test_what_was_not_understood_has_its_own_exit_code(shell: Shell, words: str) -> None:
    shell.fail(*words.split(), code=2)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_a_database_that_cannot_be_used_is_told_without_its_password(shell: Shell) -> None:
    shell.environ["SURVEYAPP_DATABASE_URL"] = "postgresql://user:geheim-5@127.0.0.1:1/nowhere"
    told = shell.fail("study", "list")
    assert "SURVEYAPP_DATABASE_URL" in told
    assert "geheim" not in told


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_wrong_settings_are_told_all_at_once(shell: Shell) -> None:
    shell.environ |= {"SURVEYAPP_PORT": "x", "SURVEYAPP_BASE_URL": "ftp://x"}
    told = shell.fail("study", "list")
    assert "SURVEYAPP_PORT" in told
    assert "SURVEYAPP_BASE_URL" in told


def list_commands() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        found.append((name, command))
        if isinstance(command, click.Group):
            found.extend((f"{name} {each}", one) for each, one in command.commands.items())
    return found


@pytest.mark.parametrize(("name", "command"), list_commands())
def test_every_command_explains_itself_with_an_example(name: str, command: click.Command) -> None:
    result = CliRunner().invoke(main, [*name.split(), "--help"])
    assert result.exit_code == 0
    if not isinstance(command, click.Group):
        assert "Example:" in result.output
        assert f"surveyapp {name}" in result.output
    for option in command.params:
        if isinstance(option, click.Option) and option.name != "format_":
            assert option.help, f"{name}: {option.opts} has no help"


def test_times_are_read_in_the_studys_zone(shell: Shell, study: str) -> None:
    shell.say("round", "open", study, "--closes", "2126-07-01T18:00+00:00")
    [current] = shell.ask("round", "status", study)["rounds"]
    assert current["closes_at"] == "2126-07-01T18:00:00Z"


def test_the_program_finds_its_own_home_in_a_checkout(tmp_path: Path) -> None:
    from surveyapp.cli.frame import CHECKOUT, settings_for

    own = settings_for({"PATH": "/bin", "SURVEYAPP_PORT": "9000"})
    assert own["SURVEYAPP_ENVIRONMENT"] == "development"
    assert own["SURVEYAPP_DATA_DIR"] == str(CHECKOUT / "var")
    for name in ("SECRET_KEY", "DATABASE_URL", "ENVIRONMENT", "CONFIG", "BASE_URL", "DATA_DIR"):
        given = {f"SURVEYAPP_{name}": "x"}
        assert settings_for(given) == given


def test_the_demo_is_made_once_and_goes_on(tmp_path: Path) -> None:
    from config import Config
    from surveyapp.cli import demo
    from surveyapp.services.reading.progress import get_progress
    from surveyapp.services.studies import get_study

    settings = demo.demo_settings(tmp_path / "demo", host="", port="")
    config = Config.from_environment(settings)
    database = Database(config.database_url)
    password = demo.prepare(database, config)
    link = demo.expert_link(database, config)

    def look() -> object:
        with database.reading() as session:
            return get_progress(session, study=get_study(session, slug=demo.SLUG))

    first = look()
    assert demo.prepare(database, config) == password
    assert demo.expert_link(database, config) == link
    assert look() == first
    database.close()
    progress: Any = first
    assert (progress.panel, progress.is_synthetic, progress.current.state) == (76, True, "open")
    assert 30 <= progress.current.counts.submitted <= 50
    assert len(progress.current.groups) == 5
    kept = tmp_path / "demo" / "organiser-password"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text(encoding="ascii").strip() == password
