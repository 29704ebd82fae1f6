"""What a round that only collects items asks of a questionnaire, and rules that fit before there are any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from surveyapp.delphi.collecting import as_if_proposed, collecting_part, has_something_to_rate
from surveyapp.delphi.protocol.loading import load_text as load_protocol
from surveyapp.errors import ProtocolError, QuestionnaireError
from surveyapp.questionnaire.checking import check
from surveyapp.questionnaire.loading import load_text
from surveyapp.questionnaire.model import Item, Questionnaire, Text
from surveyapp.questionnaire.routing import all_cells

HEAD = """
format: 1
id: floods
version: "1"
languages: [en]
title: Floods
scales:
  helpfulness: {points: [{value: 1, label: "No"}, {value: 2, label: "Yes"}], agreement: [2]}
criteria: {helps: {title: Help, scale: helpfulness}}
practice: {title: Umbrellas, criterion: helps}
"""
PAGES = """
pages:
  - id: welcome
    title: Welcome
    questions:
      - {id: hello, kind: information, text: Welcome}
      - {id: consent, kind: consent, text: May we?, agree_label: "Yes"}
      - {id: letters, kind: consent, text: Letters?, agree_label: "Yes", required: false}
  - id: place
    title: Place
    questions:
      - id: where
        kind: single_choice
        text: Where?
        options: [{id: sea, label: Sea}, {id: hill, label: Hill}]
      - {id: taste, kind: short_text, text: Taste?}
  - id: about
    title: About
    once: true
    questions:
      - {id: years, kind: number, text: Years?}
  - id: both
    title: Both
    show_if: where == 'sea'
    questions:
      - {id: intro, kind: information, text: Think}
      - {id: help, kind: rating, text: Help?, criteria: [helps], TAGGED}
      - {id: missing, kind: proposals, text: What is missing?}
  - id: best
    title: Best
    questions:
      - {id: best, kind: combination, text: Best?, max: 3}
  - id: end
    title: End
    questions:
      - {id: remarks, kind: long_text, text: Anything else?}
"""
PROTOCOL = """
format: 1
id: floods
version: "1"
title: Floods
rounds: ROUNDS
consensus: [{id: helpful, for: {criterion: helps}, rule: agree >= 70%}]
"""
WITH_ZERO = "[{number: 0, asks: proposals}, {number: 1, asks: all items}]"
WITHOUT = "[{number: 1, asks: all items}]"
ITEMS = "items: [{id: dikes, title: Dikes}, {id: alarms, title: Alarms}, {id: dams, title: Dams}]\n"


def load(text: str = "", *, tagged: str = "reason: none") -> Questionnaire:
    return load_text("floods.yaml", (HEAD + text + PAGES.replace("TAGGED", tagged)).encode(), Path())


def fit(questionnaire: Questionnaire, rounds: str = WITH_ZERO, **changes: str) -> list[str]:
    text = PROTOCOL.replace("ROUNDS", rounds)
    for old, new in changes.items():
        text = text.replace(old, new)
    try:
        load_protocol("protocol.yaml", text.encode(), questionnaire)
    except ProtocolError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_only_what_proposing_needs_is_asked() -> None:
    part = collecting_part(load(ITEMS))
    assert {page.id: [question.id for question in page.questions] for page in part.pages} == {
        "welcome": ["consent"],
        # Whether the page with proposals is shown depends on it.
        "place": ["where"],
        "about": ["years"],
        "both": ["intro", "missing"],
    }
    assert part.practice is None
    assert [item.id for item in part.items] == ["dikes", "alarms", "dams"]
    assert list(check(part)) == []
    assert not any(spec.key.item for spec in all_cells(part))


def test_a_part_has_no_cell_that_the_whole_has_not() -> None:
    whole = load(ITEMS)
    assert {spec.key for spec in all_cells(collecting_part(whole))} <= {spec.key for spec in all_cells(whole)}


def test_a_questionnaire_without_items_is_fine_where_experts_propose_them() -> None:
    found = load()
    assert found.awaits_items
    assert not has_something_to_rate(found)
    assert load(tagged="tagged: new").awaits_items
    with pytest.raises(QuestionnaireError, match="this asks about no item at all"):
        load_text(
            "floods.yaml",
            (HEAD + PAGES.replace("TAGGED", "reason: none").replace("proposals", "long_text")).encode(),
            Path(),
        )
    with pytest.raises(QuestionnaireError, match="there is no item “dikes”"):
        load(tagged="items: [dikes]")


def test_rules_are_checked_as_if_items_had_come() -> None:
    for tagged in ("reason: none", "tagged: new"):
        assert fit(load(tagged=tagged)) == []
    told = fit(load(), **{"criterion: helps": "criterion: costs", "agree >= 70%": "disagree >= 70%"})
    assert any("there is no criterion “costs”" in each for each in told)
    told = fit(load(), **{"agree >= 70%": "disagree >= 70%"})
    assert any("needs the points that count as disagreement" in each for each in told)
    stand_in = as_if_proposed(load(tagged="tagged: new"))
    assert [item.tags for item in stand_in.items] == [("new",)]
    assert as_if_proposed(load(ITEMS)) == load(ITEMS)


def test_a_round_zero_needs_a_question_and_no_items_need_a_round_zero() -> None:
    (told,) = fit(load(), WITHOUT)
    assert "6:9: the questionnaire has no items yet; begin with {number: 0, asks: proposals}" in told
    assert fit(load(ITEMS), WITHOUT) == []
    silent = load_text(
        "floods.yaml",
        (HEAD + ITEMS + PAGES.replace("TAGGED", "reason: none").replace("proposals", "long_text")).encode(),
        Path(),
    )
    (told,) = fit(silent)
    assert "the questionnaire has no question of the kind proposals; add one" in told


def test_what_is_proposed_must_be_rated_by_something() -> None:
    (told,) = fit(load(ITEMS, tagged="items: [dikes, dams]"))
    assert "could never be rated, for each rating names its own items" in told
    # Naming all of them means all, whatever comes.
    assert fit(load(ITEMS, tagged="items: [dikes, dams, alarms]")) == []
    assert fit(load(ITEMS.replace("title: Dams", "title: Dams, tags: [new]"), tagged="tagged: new")) == []


def test_proposals_that_wait_for_a_choice_among_items_are_found() -> None:
    text = (HEAD + ITEMS + PAGES.replace("TAGGED", "reason: none")).replace(
        "  - id: end\n    title: End\n    questions:\n",
        "  - id: end\n    title: End\n    show_if: \"'dikes' in best\"\n    questions:\n"
        "      - {id: more, kind: proposals, text: More?}\n",
    )
    (told,) = fit(load_text("floods.yaml", text.encode(), Path()))
    assert "is shown only after “best”, which is about items and not asked in it" in told


def test_what_follows_is_the_same_for_the_same_questionnaire() -> None:
    one, other = collecting_part(load(ITEMS)), collecting_part(load(ITEMS))
    assert one.canonical() == other.canonical()
    assert json.loads(one.canonical())["id"] == "floods"
    item = Item(id="dams", title=Text({"*": "Dams"}))
    assert has_something_to_rate(load().model_copy(update={"items": (item,)}))
