"""Answers: what is taken, what is refused and how, what is still missing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.errors import AnswerError
from surveyapp.questionnaire.cells import BLANK, CellKey, CellSpec, Given, Status
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.routing import all_cells

EXAMPLES = Path(__file__).parents[2] / "questionnaires" / "examples"
LOADED: dict[str, Questionnaire] = {path.stem: load(path) for path in EXAMPLES.glob("*.yaml")}
BOMBS = [
    "5 ",
    "５",
    "1.5",
    "NaN",
    "nan",
    "true",
    "1e0",
    "01",
    "+1",
    "0x1",
    "1,0",
    "None",
    "٣",
    "-",
    "1\x00",
    "inf",
]


def spec_of(example: str, key: CellKey) -> CellSpec:
    return next(spec for spec in all_cells(LOADED[example]) if spec.key == key)


def parse(example: str, key: CellKey, *values: str) -> Given:
    questionnaire = LOADED[example]
    question = questionnaire.questions_by_id[key.question]
    return KINDS[question.kind].parse(questionnaire, question, spec_of(example, key), values)


def refusal(example: str, key: CellKey, *values: str) -> str:
    with pytest.raises(AnswerError) as caught:
        parse(example, key, *values)
    return str(caught.value)


def shortfall(example: str, key: CellKey, given: Given | None) -> str | None:
    questionnaire = LOADED[example]
    question = questionnaire.questions_by_id[key.question]
    return KINDS[question.kind].shortfall(questionnaire, question, spec_of(example, key), given)


def show(example: str, key: CellKey, given: Given) -> str:
    questionnaire = LOADED[example]
    question = questionnaire.questions_by_id[key.question]
    return KINDS[question.kind].show(questionnaire, question, spec_of(example, key), given, "en")


RATING = CellKey("importance", "alarms", "", "urgency")
REASON = CellKey("importance", "alarms", "", "", "reason")


def test_rating() -> None:
    assert parse("rating", RATING, "3") == Given(Status.VALUE, number=Decimal(3))
    assert parse("rating", RATING, "3") is parse("rating", RATING, "3")
    assert parse("rating", RATING, "cannot-judge") == Given(Status.DONT_KNOW, text="cannot-judge")
    assert parse("rating", RATING, "") == parse("rating", RATING) == BLANK
    assert show("rating", RATING, parse("rating", RATING, "3")) == "Important"
    assert show("rating", RATING, parse("rating", RATING, "cannot-judge")) == "I cannot judge"
    assert show("rating", RATING, BLANK) == ""


@pytest.mark.parametrize("bomb", [*BOMBS, "0", "5", "cannot-judge "])
def test_sec_85_rating_refuses_what_no_page_sends(bomb: str) -> None:
    assert "Alarms – Urgency: " in refusal("rating", RATING, bomb)


def test_two_ratings_at_once() -> None:
    assert "several answers" in refusal("rating", RATING, "1", "2")


def test_cells_stand_in_the_order_of_display() -> None:
    keys = [spec.key for spec in all_cells(LOADED["rating"])]
    assert keys[:3] == [
        CellKey("importance", "dikes", "", "importance"),
        CellKey("importance", "dikes", "", "urgency"),
        CellKey("importance", "dikes", "", "", "reason"),
    ]
    assert keys[9:] == [
        CellKey("closer-look", "alarms", "", "urgency"),
        CellKey("closer-look", "alarms", "", "urgency", "reason"),
        CellKey("closer-look", "drills", "", "urgency"),
        CellKey("closer-look", "drills", "", "urgency", "reason"),
    ]
    spec = spec_of("rating", REASON)
    assert (spec.kind, spec.value_type, spec.required, spec.page) == ("reason", "text", False, "all-items")
    assert spec_of("rating", keys[10]).required
    assert dict(spec_of("rating", RATING).labels) == {
        "1": "Not important",
        "2": "Somewhat important",
        "3": "Important",
        "4": "Very important",
        "cannot-judge": "I cannot judge",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Plain.",
        "  spaces stay  ",
        "=SUM(A1)",
        "שלום \u202ealeph\u202c",
        "👩‍🔬 é e\u0301 \ufeff",
        "ا\u200fب",
        "tab\tand\x0bmore",
        "x" * 20_000,
        "𝒳" * 20_000,
    ],
)
def test_reasons_stay_exactly_as_written(text: str) -> None:
    assert parse("rating", REASON, text) == Given(Status.VALUE, text=text)


def test_line_ends_become_one() -> None:
    assert parse("rating", REASON, "a\r\nb\rc\nd").text == "a\nb\nc\nd"


@pytest.mark.parametrize("blank", ["", " ", "\r\n \t", "\u3000"])
def test_white_space_alone_is_blank(blank: str) -> None:
    assert parse("rating", REASON, blank) == BLANK


def test_texts_that_cannot_be_stored() -> None:
    assert "cannot be stored" in refusal("rating", REASON, "a\x00b")
    assert "cannot be stored" in refusal("rating", REASON, "a\ud800b")
    too_long = refusal("rating", REASON, "x" * 20_001)
    assert too_long == "Alarms: this text has 20,001 characters; up to 20,000 can be stored"


def test_short_text_takes_one_line() -> None:
    key = CellKey("job-title")
    assert parse("short_text", key, "Engineer").text == "Engineer"
    assert "one line" in refusal("short_text", key, "a\r\nb")
    assert "up to 80" in refusal("short_text", key, "x" * 81)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", "3"),
        ("3.5", "3.5"),
        ("3,5", "3.5"),
        (" 3 ", "3"),
        ("3.0", "3"),
        ("+3", "3"),
        ("70", "70"),
        ("0", "0"),
    ],
)
def test_number(text: str, number: str) -> None:
    taken = parse("number", CellKey("experience"), text)
    assert taken == Given(Status.VALUE, number=Decimal(number))
    assert show("number", CellKey("experience"), taken) == f"{number} years"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("-1", "the least is 0"),
        ("70.1", "the most is 70"),
        ("3.25", "at most 1 decimals"),
        ("nan", "not a number"),
        ("inf", "not a number"),
        ("1e3", "not a number"),
        ("1_000", "not a number"),
        ("1.000,5", "not a number"),
        ("３", "not a number"),
        ("9" * 400, "not a number"),
        ("3 years", "not a number"),
    ],
)
def test_number_refused(text: str, says: str) -> None:
    message = refusal("number", CellKey("experience"), text)
    assert says in message
    assert message.startswith("How long have you worked in your field?: ")
    assert len(message) < 200


def test_consent() -> None:
    key = CellKey("consent")
    yes, no = parse("consent", key, "1"), parse("consent", key, "0")
    assert (yes.number, no.number) == (Decimal(1), Decimal(0))
    assert parse("consent", key, "0", "1") == yes
    assert parse("consent", key) == BLANK
    assert "neither yes (1) nor no (0)" in refusal("consent", key, "on")
    assert shortfall("consent", key, yes) is None
    for missing in (None, BLANK, no):
        assert "consent is needed" in str(shortfall("consent", key, missing))
    assert shortfall("consent", CellKey("newsletter"), no) is None
    assert shortfall("consent", CellKey("newsletter"), None) is None


def test_single_choice() -> None:
    key = CellKey("sector")
    assert parse("single_choice", key, "no") == Given(Status.VALUE, text="no")
    assert parse("single_choice", key, "other").text == "other"
    assert parse("single_choice", key._replace(part="other"), "At home").text == "At home"
    assert show("single_choice", key, parse("single_choice", key, "no")) == "Nowhere at present"
    assert show("single_choice", key, parse("single_choice", key, "other")) == "Somewhere else"
    assert "“moon” is not one of the options" in refusal("single_choice", key, "moon")
    assert "several answers" in refusal("single_choice", key, "academia", "industry")
    assert "needed" in str(shortfall("single_choice", key, BLANK))


def test_multiple_choice() -> None:
    key = CellKey("methods")
    assert parse("multiple_choice", key, "experiment", "survey").parts == ("survey", "experiment")
    assert parse("multiple_choice", key, "survey", "survey").parts == ("survey",)
    assert parse("multiple_choice", key, "none").parts == ("none",)
    assert parse("multiple_choice", key, "") == BLANK
    shown = show("multiple_choice", key, parse("multiple_choice", key, "survey", "other"))
    assert shown == "Survey; Another method"
    assert "at most 2" in refusal("multiple_choice", key, "survey", "interview", "experiment")
    assert "“None of these” cannot be chosen together" in refusal("multiple_choice", key, "survey", "none")
    assert "“I never did research” cannot" in refusal("multiple_choice", key, "survey", "never-any")
    assert "not offered" in refusal("multiple_choice", key, "survey", "moon")


def test_fewer_than_the_least() -> None:
    key = CellKey("combination")
    questionnaire = LOADED["combination"]
    question = questionnaire.questions_by_id["combination"].model_copy(update={"min": 2})
    spec = spec_of("combination", key)
    kind = KINDS["combination"]
    one, two = (Given(Status.VALUE, parts=parts) for parts in (("dikes",), ("dikes", "maps")))
    missing = kind.shortfall(questionnaire, question, spec, one)
    assert missing == "Choose at least 2; so far you chose 1."
    assert kind.shortfall(questionnaire, question, spec, two) is None
    assert kind.shortfall(questionnaire, question, spec, Given(Status.VALUE, parts=("none",))) is None
    assert kind.shortfall(questionnaire, question, spec, None) is None


def test_combination() -> None:
    free, ordered = CellKey("combination"), CellKey("in-order")
    assert parse("combination", free, "maps", "dikes").parts == ("dikes", "maps")
    assert "at most 2" in refusal("combination", free, "maps", "dikes", "alarms")
    assert parse("combination", ordered, "drills", "", "dikes").parts == ("drills", "dikes")
    assert "“Drills” stands in two places" in refusal("combination", ordered, "drills", "drills")
    assert "not offered" in refusal("combination", ordered, "maps")
    shown = show("combination", ordered, parse("combination", ordered, "drills", "dikes"))
    assert shown == "1. Drills; 2. Higher dikes"


def test_expertise() -> None:
    key = CellKey("by-region", context="mountains")
    assert parse("expertise", key, "3").number == 3
    assert parse("expertise", key, "rather-not") == Given(Status.DECLINED, text="rather-not")
    assert "How well do you know these regions? – Mountains: " in refusal("expertise", key, "4")
    assert [spec.key.context for spec in all_cells(LOADED["expertise"])] == ["", "coast", "mountains"]


CELLS = [(name, spec) for name, example in LOADED.items() for spec in all_cells(example)]


@given(st.sampled_from(CELLS), st.lists(st.one_of(st.text(max_size=30), st.sampled_from(BOMBS)), max_size=4))
def test_parse_raises_nothing_but_polite_refusals(cell: tuple[str, CellSpec], values: list[str]) -> None:
    name, spec = cell
    questionnaire = LOADED[name]
    question = questionnaire.questions_by_id[spec.key.question]
    try:
        given_ = KINDS[question.kind].parse(questionnaire, question, spec, values)
    except AnswerError as error:
        refused = error.problems[0]
    else:
        _is_whole(questionnaire, spec, given_)
        return
    assert refused.where
    assert refused.what


def _is_whole(questionnaire: Questionnaire, spec: CellSpec, given_: Given) -> None:
    question = questionnaire.questions_by_id[spec.key.question]
    KINDS[question.kind].show(questionnaire, question, spec, given_, "en")
    KINDS[question.kind].shortfall(questionnaire, question, spec, given_)
    holds = (given_.number, given_.text, given_.parts)
    assert sum(part is not None for part in holds) == (not given_.is_blank)


def test_proposals() -> None:
    key = CellKey("new-measures")
    assert parse("proposals", key, "", "  ", "") == BLANK
    given = parse("proposals", key, "A dam", "", "Higher ground ")
    assert given == Given(Status.VALUE, parts=("A dam", "Higher ground "))
    assert show("proposals", key, given) == "A dam; Higher ground "
    assert "“a  DAM” stands here twice" in refusal("proposals", key, "A dam", "", "a  DAM")
    assert "5 proposals are written and at most 4 can be; take 1 out" in refusal("proposals", key, *"abcde")
    assert "up to 120" in refusal("proposals", key, "A dam", "x" * 121)
    assert "one line" in refusal("proposals", key, "A dam\nand a dike")
    assert "cannot be stored" in refusal("proposals", key, "A dam\x00")
    spec = spec_of("proposals", key)
    assert (spec.kind, spec.value_type, spec.page, dict(spec.labels)) == (
        "proposals",
        "texts",
        "new-measures",
        {},
    )
