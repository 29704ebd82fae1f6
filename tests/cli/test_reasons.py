"""``surveyapp reasons``: out to a spreadsheet, back, and how far the work is, as somebody types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from surveyapp.cli import main
from surveyapp.services.unit import Database
from tests.support.speaking import lay_talk, read, speak
from tests.support.studies import Ground

Run = Callable[..., Result]
APPLES, PEARS = ("apples", "north"), ("pears", "north")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_talk(database, tmp_path)


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    environ = {
        "SURVEYAPP_ENVIRONMENT": "development",
        "SURVEYAPP_DATABASE_URL": database_url,
        "SURVEYAPP_DATA_DIR": str(tmp_path / "var"),
    }

    def invoke(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, ["reasons", *words], env=environ)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return invoke


def test_reasons_go_out_are_coded_and_come_back(ground: Ground, run: Run, tmp_path: Path) -> None:
    speak(ground, 0, {APPLES: ("3", "=They keep"), PEARS: ("1", "Sour")})
    assert "Round 1 is open" in run("status", "talk", "--round", "1", code=1).stderr
    assert "No round of this study is closed" in run("status", "talk", code=1).stderr
    ground.close()
    told = run("status", "talk").stdout
    assert "Round 1 of 'talk': 2 reasons." in told
    assert "To do: Apples: 1 reason has not been dealt with" in told
    out = tmp_path / "reasons.xlsx"
    result = run("export", "talk", "--round", "1", "--coder", "Ann", "--out", str(out))
    assert "2 reasons of round 1" in result.stdout
    assert "keep the file" in result.stderr
    assert "there already" in run("export", "talk", "--out", str(out), code=1).stderr
    done = json.loads(run("import", "talk", str(out), "--json").stdout)
    assert (done["changes"], done["unchanged"], done["coder"]) == ([], 2, "Ann")
    workbook = load_workbook(out)
    sheet = workbook["reasons"]
    columns = {cell.value: place for place, cell in enumerate(sheet[1], start=1)}
    for row in range(2, 4):
        sheet.cell(row, columns["themes"]).value = "storage" if row == 2 else "none"
        sheet.cell(row, columns["state"]).value = "released"
        # As somebody types it: a number, not a text.
        sheet.cell(row, columns["summary sentence"]).value = 1 if row == 2 else None
    workbook["code book"].append(["storage", "Storage"])
    workbook["summaries"].append(["apples", 1, "They keep."])
    workbook.save(out)
    workbook.close()
    told = run("import", "talk", str(out), "--dry-run").stdout
    assert "6 changes would be made; 0 rows are as they were." in told
    assert "Nothing was changed." in told
    assert {each.state for each in read(ground).values()} == {"unread"}
    assert "6 changes made" in run("import", "talk", str(out)).stdout
    found = read(ground)
    assert {each.state for each in found.values()} == {"released"}
    assert found["=They keep"].themes == {"Ann": ("storage",)}
    assert found["=They keep"].sentences == (1,)
    assert "Every reason is accounted for." in run("status", "talk").stdout
    status = json.loads(run("status", "talk", "--json").stdout)
    assert (status["is_complete"], status["states"]["released"], status["uncovered"]) == (True, 2, [])


def test_two_coders_see_how_far_they_agree(ground: Ground, run: Run, tmp_path: Path) -> None:
    speak(ground, 0, {APPLES: ("3", "They keep"), PEARS: ("1", "Sour")})
    ground.close()
    for coder, themes in (("Ann", ("taste", "none")), ("Ben", ("taste", "taste"))):
        out = tmp_path / f"{coder}.xlsx"
        run("export", "talk", "--coder", coder, "--out", str(out))
        workbook = load_workbook(out)
        titles = [cell.value for cell in workbook["reasons"][1]]
        for row, theme in enumerate(themes, start=2):
            workbook["reasons"].cell(row, titles.index("themes") + 1).value = theme
        if coder == "Ann":
            workbook["code book"].append(["taste", "Taste"])
        workbook.save(out)
        workbook.close()
        run("import", "talk", str(out))
    told = run("status", "talk").stdout
    assert "Theme taste: Ann and Ben agree on 50 % of 2 (kappa 0.00)." in told
    (agreement,) = json.loads(run("status", "talk", "--json").stdout)["agreement"]
    assert (agreement["share"], agreement["kappa"]) == (0.5, 0.0)


def test_bad_rows_are_told_with_their_numbers(ground: Ground, run: Run, tmp_path: Path) -> None:
    speak(ground, 0, {APPLES: ("3", "They keep")})
    ground.close()
    out = tmp_path / "reasons.csv"
    run("export", "talk", "--out", str(out))
    out.write_text(out.read_text("utf-8-sig").replace("unread", "published"), "utf-8")
    assert "row 2: R-" in run("import", "talk", str(out), code=1).stderr
    assert "There is no file" in run("import", "talk", str(tmp_path / "gone.csv"), code=1).stderr
