"""A protocol through the fields of its form and back: the same protocol; and each problem at its field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from surveyapp.delphi.protocol.drafting import (
    count_rows,
    data_of,
    field_at,
    with_row,
    without_row,
    written_of,
)
from surveyapp.delphi.protocol.filling import fields_of, read_rule_fields, usual_fields
from surveyapp.delphi.protocol.loading import load, load_text
from surveyapp.errors import ProtocolError
from surveyapp.questionnaire import loading
from surveyapp.questionnaire.source import read
from surveyapp.questionnaire.writing import write
from tests.support.checkout import CHECKOUT
from tests.support.studies import SMALL
from tests.support.studies import load_text as load_questionnaire

SHELF = CHECKOUT / "questionnaires"
TEXTS = (
    "yes",
    "1.0",
    "a: b",
    "- a",
    "# a",
    "",
    " a",
    "ä",
    "a\nb",
    '"',
    "null",
    "70%",
    "agree >= 70%",
    "[a]",
    "@",
)
PROTOCOLS = sorted([*SHELF.glob("*.protocol.yaml"), *(SHELF / "examples" / "protocols").glob("*.yaml")])


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_every_shipped_protocol_goes_through_the_form_unchanged(path: Path) -> None:
    protocol = load(path)
    fields = fields_of(protocol)
    assert fields is not None
    again = load_text("again.yaml", written_of(fields).text.encode())
    assert again.canonical() == protocol.canonical()


def test_what_no_field_can_hold_is_said() -> None:
    text = PROTOCOLS[0].read_text(encoding="utf-8").replace("title: ", "title: {en: A, de: B} # ", 1)
    assert fields_of(load_text("two.yaml", text.encode())) is None


def test_what_is_usual_fits_its_questionnaire(tmp_path: Path) -> None:
    for questionnaire in (
        load_questionnaire(SMALL, tmp_path),
        loading.load(SHELF / "systemic-risk-mitigations.yaml"),
    ):
        fields = usual_fields(questionnaire, slug="fruit", title="A: study # of fruit")
        protocol = load_text("usual.yaml", written_of(fields).text.encode(), questionnaire)
        assert protocol.title.get("en") == "A: study # of fruit"
        assert len(protocol.rating_rounds) == 2


def test_each_problem_is_found_at_its_field(tmp_path: Path) -> None:
    questionnaire = load_questionnaire(SMALL, tmp_path)
    fields = usual_fields(questionnaire, slug="fruit", title="Fruit") | {
        "anonymity.k": "2",
        "rounds.1.days_open": "ten",
        "consensus.0.rule.kind": "own",
        "consensus.0.rule.own": "agre >= 70%",
        "decisions.0.propose": "accept",
        "decisions.0.when": "nothing is consensus",
    }
    written = written_of(fields)
    with pytest.raises(ProtocolError) as caught:
        load_text("wrong.yaml", written.text.encode(), questionnaire)
    known = frozenset(fields) | {"consensus.0.rule", "decisions.0"}
    found = {field_at(written.path_of(problem.where), known) for problem in caught.value.problems}
    assert {"anonymity.k", "rounds.1.days_open", "consensus.0.rule", "decisions.0.when"} <= found


def test_what_has_no_field_is_said_at_what_it_is_part_of() -> None:
    known = frozenset({"rounds", "rounds.0.asks"})
    assert field_at(("rounds", 0, "asks"), known) == "rounds.0.asks"
    assert field_at(("rounds", 7, "asks"), known) == "rounds"
    assert field_at(("format",), known) == ""


def test_rows_come_and_go() -> None:
    fields = {"rounds.0.asks": "all items", "rounds.0.days_open": "3", "title": "T"}
    two = with_row(fields, "rounds")
    assert count_rows(two, "rounds") == 2
    assert without_row(two, "rounds", 0) == {"rounds.0.asks": "only open", "title": "T"}
    # A round that only collects comes before the first.
    collecting = data_of(two | {"rounds.0.asks": "proposals"})
    assert [each["number"] for each in collecting["rounds"]] == [0, 1]


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_is_read_back_as_it_was(text: str) -> None:
    data = {"a": text, "b": [text, {"c": text, "d": {"e": [text]}}], "f": True, "g": 5}
    again = read("x.yaml", write(data).text.encode(), ProtocolError).data
    # The reader makes tuples of lists.
    assert json.dumps(again) == json.dumps(data)


def test_a_rule_is_shown_as_what_it_is() -> None:
    known = read_rule_fields("percentage-agreement(80%) in every context")
    assert (known.kind, known.values, known.scope) == ("percentage-agreement", "80%", "in every context")
    for own in (
        "agree >= 70%",
        "percentage-agreement in at least 2 contexts",
        "ram(median, di) or agree >= 1%",
    ):
        assert read_rule_fields(own).own == own
