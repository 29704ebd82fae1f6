"""Every protocol that is shipped or documented works, and the format is the one that is written down."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from surveyapp.delphi.protocol.loading import find_problems, load, load_text
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.protocol.schema import json_schema, schema_text
from surveyapp.delphi.protocol.telling import tell
from surveyapp.delphi.rules.names import NAMES
from surveyapp.delphi.rules.reading import read_rule
from surveyapp.delphi.rules.ready_made import READY_MADE
from surveyapp.questionnaire import source
from surveyapp.questionnaire.loading import load as load_questionnaire
from surveyapp.questionnaire.loading import load_text as load_questionnaire_text
from surveyapp.questionnaire.model import Questionnaire

SHIPPED = Path(__file__).parents[2] / "questionnaires"
FILES = sorted(SHIPPED.rglob("*.protocol.yaml"))
DOCUMENT = (SHIPPED / "PROTOCOL.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)


def plain(text: str) -> Any:
    return source.read("example.yaml", text.encode()).data


def floods() -> Questionnaire:
    """The first example of the other format, which rates `helps` per region; `feasible` and proposals too."""
    text = re.findall(r"```yaml\n(.*?)```", (SHIPPED / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    data = plain(text)
    question = {"id": "feasible", "kind": "rating", "text": "Feasible?", "criteria": ["feasible"]}
    page = {"id": "feasible", "title": "Feasible", "questions": [question]}
    proposals = {"id": "missing", "kind": "proposals", "text": "What is missing?"}
    more = {"id": "missing", "title": "More", "questions": [proposals]}
    whole = data | {"pages": [*data["pages"], page, more]}
    return load_questionnaire_text("README.md", json.dumps(whole).encode(), SHIPPED)


def asked(identifier: str | None) -> Questionnaire | None:
    paths = [*(SHIPPED / "examples").glob("*.yaml"), SHIPPED / "systemic-risk-mitigations.yaml"]
    return next((each for each in map(load_questionnaire, paths) if each.id == identifier), None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shipped_protocols_have_no_problem(path: Path) -> None:
    assert [str(problem) for problem in find_problems(path)] == []
    protocol = load(path)
    questionnaire = asked(protocol.questionnaire)
    assert (questionnaire is None) == (protocol.questionnaire is None)
    if questionnaire is not None:
        assert [str(problem) for problem in find_problems(path, questionnaire)] == []
    again = Protocol.from_canonical(protocol.canonical())
    assert again == protocol
    assert again.sha256() == protocol.sha256()
    assert all(section.sentences for section in tell(protocol, questionnaire, "en"))


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_examples_of_the_documentation(number: int) -> None:
    data = plain(BLOCKS[number])
    whole = data if "format" in data else {**plain(BLOCKS[0]), **data}
    load_text("PROTOCOL.md", json.dumps(whole).encode(), floods())


def test_documentation_names_every_key_measure_and_ready_made_rule() -> None:
    assert len(BLOCKS) >= 7
    for name in Protocol.model_fields:
        assert f"`{name}`" in DOCUMENT, name
    for name in NAMES:
        assert f"`{name}`" in DOCUMENT, name
    for name, made in READY_MADE.items():
        assert re.search(rf"`{re.escape(name)}[`(]", DOCUMENT), name
        read_rule(made.name)


def test_rules_in_the_table_of_ready_made_ones_are_what_they_stand_for() -> None:
    table = DOCUMENT.split("### Ready-made rules")[1].split("\n## ")[0]
    for names, stands_for in re.findall(r"^\| (`.*`) \| `([^`]+)` \|$", table, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", names):
            assert read_rule(name) == read_rule(stands_for), name


def test_the_schema_is_up_to_date_and_fits_the_examples() -> None:
    written = (SHIPPED / "protocol.schema.json").read_text(encoding="utf-8")
    assert written == schema_text(), "run python -m surveyapp.delphi.protocol.schema"
    jsonschema.Draft202012Validator.check_schema(json_schema())
    validator = jsonschema.Draft202012Validator(json_schema())
    for path in FILES:
        data = json.loads(json.dumps(plain(path.read_text(encoding="utf-8"))))
        assert not list(validator.iter_errors(data)), path.name
        assert list(validator.iter_errors(data | {"titel": "x"}))
        assert list(
            validator.iter_errors(data | {"variants": [{"id": "a", "share": "half", "feedback": {}}]})
        )
