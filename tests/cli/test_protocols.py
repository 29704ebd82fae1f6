"""``surveyapp protocol``: checking and showing files, as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from surveyapp.cli import main

SHIPPED = Path(__file__).parents[2] / "questionnaires"
STUDY = str(SHIPPED / "systemic-risk-mitigations.yaml")
PROTOCOL = str(SHIPPED / "systemic-risk-mitigations.protocol.yaml")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["protocol", *words])


def test_check_and_show_what_is_fine() -> None:
    result = run("check", PROTOCOL, "--questionnaire", STUDY)
    assert (result.exit_code, result.stdout) == (0, f"{PROTOCOL}: fine\n")
    assert json.loads(run("check", PROTOCOL, "--json").stdout) == {PROTOCOL: []}
    shown = run("show", PROTOCOL, "--questionnaire", STUDY)
    assert shown.exit_code == 0
    assert "Effective in every risk area” says “consensus” when the share" in shown.stdout
    as_json = json.loads(run("show", PROTOCOL, "--json").stdout)
    assert as_json["rounds"] == [1, 2, 3]
    assert len(as_json["sha256"]) == 64
    assert as_json["sections"][0]["title"] == "Rounds"


def test_every_problem_is_told(tmp_path: Path) -> None:
    text = Path(PROTOCOL).read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        text.replace(": agree > 60% in", ": agre > 60% in").replace("k: 5", "k: 2"), encoding="utf-8"
    )
    strange = tmp_path / "strange.yaml"
    strange.write_text(text.replace("criterion: feasibility", "criterion: ease"), encoding="utf-8")
    result = run("check", str(wrong), str(strange), "--questionnaire", STUDY)
    assert result.exit_code == 1
    assert "wrong.yaml:25:11: there is no measure “agre”; did you mean “agree”?" in result.stderr
    assert "2 is too small; the least is 3" in result.stderr
    assert "there is no criterion “ease”" in result.stderr
    assert run("check", str(strange)).exit_code == 0
    shown = run("show", str(wrong))
    assert shown.exit_code == 1
    assert "2 problems in wrong.yaml; nothing was done." in shown.stderr
    assert "Traceback" not in shown.output
    found = json.loads(run("check", str(wrong), "--json").stdout)[str(wrong)]
    assert len(found) == 2
