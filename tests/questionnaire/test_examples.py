"""Every example in the documentation works, every kind has one, and the shipped study is what it says."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest

from surveyapp.questionnaire import kinds, source
from surveyapp.questionnaire.cells import BLANK, CellKey, Given, Status
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.loading import find_problems, load, load_text
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.routing import all_cells, estimate, route, routing_questions
from surveyapp.questionnaire.schema import json_schema, schema_text

SHIPPED = Path(__file__).parents[2] / "questionnaires"
EXAMPLES = sorted((SHIPPED / "examples").glob("*.yaml"))
FILES = [*sorted(SHIPPED.glob("*[!l].yaml")), *EXAMPLES]
README = (SHIPPED / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
STUDY = SHIPPED / "systemic-risk-mitigations.yaml"


def plain(path_or_text: Path | str) -> Any:
    text = path_or_text if isinstance(path_or_text, str) else path_or_text.read_text(encoding="utf-8")
    return source.read("example.yaml", text.encode()).data


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shipped_files_have_no_problem(path: Path) -> None:
    assert [str(problem) for problem in find_problems(path)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_canonical_text_gives_the_same_questionnaire(path: Path) -> None:
    questionnaire = load(path)
    again = Questionnaire.from_canonical(questionnaire.canonical())
    assert again == questionnaire
    assert again.canonical() == questionnaire.canonical()
    assert all_cells(again) == all_cells(questionnaire)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_examples_of_the_documentation(number: int) -> None:
    data = plain(BLOCKS[number])
    whole = data if "format" in data else {**plain(BLOCKS[0]), **data}
    load_text("README.md", json.dumps(whole).encode(), SHIPPED)


def test_documentation_names_every_key_and_kind() -> None:
    assert len(BLOCKS) >= 6
    for name in Questionnaire.model_fields:
        assert f"`{name}`" in README, name
    for kind in KINDS:
        assert f"[`{kind}`](examples/{kind}.yaml)" in README


def test_every_kind_has_its_file_and_its_example() -> None:
    folder = Path(kinds.__file__).parent
    assert set(KINDS) == {kind.name for kind in KINDS.values()}
    for name in KINDS:
        assert (folder / f"{name}.py").is_file()
        example = load(SHIPPED / "examples" / f"{name}.yaml")
        assert name in {question.kind for question in example.questions_by_id.values()}
    for rule in ("for_each", "show_if", "once", "items_from_csv"):
        assert SHIPPED / "examples" / f"{rule}.yaml" in EXAMPLES


def test_the_schema_is_up_to_date_and_fits_the_examples() -> None:
    written = (SHIPPED / "questionnaire.schema.json").read_text(encoding="utf-8")
    assert written == schema_text(), "run python -m surveyapp.questionnaire.schema"
    jsonschema.Draft202012Validator.check_schema(json_schema())
    validator = jsonschema.Draft202012Validator(json_schema())
    for path in FILES:
        assert not list(validator.iter_errors(json.loads(json.dumps(plain(path))))), path.name
    wrong = json.loads(json.dumps(plain(STUDY))) | {"titel": "x"}
    assert list(validator.iter_errors(wrong))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_plausible_answers_are_taken_and_shown(path: Path) -> None:
    """What a rehearsal sends passes the same doors as what people send."""
    questionnaire = load(path)
    rng = Random(7)
    keys = [spec.key for spec in all_cells(questionnaire)]
    assert len(set(keys)) == len(keys)
    for spec in all_cells(questionnaire):
        question = questionnaire.questions_by_id[spec.key.question]
        kind = KINDS[question.kind]
        for _ in range(10):
            sent = kind.plausible(questionnaire, question, spec, rng, rng.uniform(-1, 1))
            given = kind.parse(questionnaire, question, spec, sent)
            shown = kind.show(questionnaire, question, spec, given, questionnaire.language)
            if question.kind != "consent":  # a no to a consent has nothing to show
                assert bool(shown) is not given.is_blank
            if spec.required:
                assert kind.shortfall(questionnaire, question, spec, given) is None
        assert kind.parse(questionnaire, question, spec, []) == BLANK
        assert (kind.shortfall(questionnaire, question, spec, None) is not None) is spec.required
        assert kind.seconds(questionnaire, question, questionnaire.language) > 0


def test_the_study_is_complete() -> None:
    study = load(STUDY)
    assert len(study.items) == 27
    assert [group.id for group in study.groups] == [
        "ai-safety",
        "critical-infrastructure",
        "democratic-processes",
        "cbrn",
        "discrimination-and-bias",
    ]
    assert {member.id for member in study.contexts["risk-areas"].members} == {
        group.id for group in study.groups[1:]
    }
    codes = {item.id: item.categories[0].code for item in study.items}
    assert codes["pre-deployment-risk-assessments"] == "1.2"
    assert codes["advanced-information-security"] == "2.1"
    restrictions = study.items_by_id["capability-restrictions"].categories[1]
    assert restrictions.reasoning is not None
    assert "Inferred" in restrictions.reasoning.get("en")
    assert all(item.definition and item.actor and item.function for item in study.items)
    assert study.notes is not None
    for fact in ("A1036", "A1037", "A1039", "A1041", "ours"):
        assert fact.casefold() in study.notes.get("en").casefold()
    assert study.citation is not None
    assert "2412.02145" in study.citation
    assert routing_questions(study) == {"consent", "areas"}


def test_who_is_asked_what_in_the_study() -> None:
    study = load(STUDY)
    agreed = {CellKey("consent"): Given(Status.VALUE, number=Decimal(1))}
    cbrn = route(study, group="cbrn", tags=(), answers=agreed)
    assert [page.key for page in cbrn.pages] == [
        "consent",
        "background",
        "effectiveness.cbrn",
        "feasibility",
        "preferred-combination",
        "closing",
    ]
    assert cbrn.is_consented
    chosen = {CellKey("areas"): Given(Status.VALUE, parts=("democratic-processes", "cbrn"))}
    safety = route(study, group="ai-safety", tags=(), answers=agreed | chosen)
    assert [page.key for page in safety.pages][2:5] == [
        "choice-of-areas",
        "effectiveness.democratic-processes",
        "effectiveness.cbrn",
    ]
    # A field expert cannot slip into the areas question's pages by sending an answer to it.
    sly = route(study, group="cbrn", tags=(), answers=agreed | chosen)
    assert sly.cells() == cbrn.cells()
    own = estimate(study, group="cbrn", tags=(), answers={})
    assert own.min_seconds == own.max_seconds
    before = estimate(study, group="ai-safety", tags=(), answers={})
    after = estimate(study, group="ai-safety", tags=(), answers=chosen)
    assert before.min_seconds < before.max_seconds
    assert after.min_seconds == after.max_seconds == before.max_seconds
