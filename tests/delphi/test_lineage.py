"""What becomes of items after a round, and what is asked next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.delphi.decision_checks import find_misfits, find_problems
from surveyapp.delphi.lineage import (
    NOTHING_MORE,
    Decided,
    Detail,
    Edge,
    Fate,
    Outcome,
    Wording,
    begin,
    check_comparable,
    derive,
    edges,
    fold,
    let_go,
    successors,
    with_decision,
)
from surveyapp.errors import Refused
from surveyapp.questionnaire.checking import check
from surveyapp.questionnaire.loading import load_text
from surveyapp.questionnaire.model import Combination, Item, Questionnaire, Rating, Text

FRUIT = """
format: 1
id: fruit
version: "1"
languages: [en]
title: Fruit
scales:
  agreement:
    points: [{value: 1, label: No}, {value: 2, label: Perhaps}, {value: 3, label: Yes}]
criteria:
  tasty: {title: Tasty, scale: agreement}
items:
  - {id: apples, title: Apples, tags: [pome], actor: Growers}
  - {id: pears, title: Pears, tags: [pome]}
  - {id: plums, title: Plums, tags: [stone]}
  - {id: cherries, title: Cherries}
pages:
  - id: all
    title: All
    questions: [{id: everything, kind: rating, text: Rate, criteria: [tasty]}]
  - id: some
    title: Some
    questions:
      - {id: named, kind: rating, text: Rate, criteria: [tasty], items: [plums, apples]}
      - {id: years, kind: number, text: For how many years?}
  - id: pome
    title: Pome
    show_if: years > 2
    questions: [{id: pomes, kind: rating, text: Rate, criteria: [tasty], tagged: pome}]
  - id: best
    title: Best
    questions: [{id: best, kind: combination, text: Which?, min: 2, max: 3}]
"""
ASKED = ("apples", "pears", "plums", "cherries")


def read(text: str) -> Questionnaire:
    return load_text("fruit.yaml", text.encode(), Path())


FIRST = read(FRUIT)
ONE_PAGE = FRUIT.partition("  - id: some")[0]
"""Its first page alone."""
DEPENDING = f"""{FRUIT.rstrip()}
  - id: last
    title: Last
    show_if: "'cherries' in best"
    questions: [{{id: why, kind: long_text, text: Why?}}]
"""


def item(name: str, title: str = "", **more: object) -> Item:
    return Item(id=name, title=Text({"*": title or name.title()}), **more)  # type: ignore[arg-type]  # as said


def decided(name: str, outcome: str, reason: str = "as discussed", **detail: object) -> Decided:
    return Decided(name, Outcome(outcome), reason, Detail(**detail))  # type: ignore[arg-type]  # as said


def take(*all_decided: Decided) -> dict[str, Decided]:
    decisions: dict[str, Decided] = {}
    for each in all_decided:
        decisions = with_decision(decisions, each)
    return decisions


def after(*all_decided: Decided, first: Questionnaire = FIRST) -> tuple[Fate, ...]:
    return fold(begin(first), take(*all_decided), number=1)


def asked_by(questionnaire: Questionnaire, question: str) -> tuple[str, ...]:
    found = questionnaire.questions_by_id[question]
    assert isinstance(found, Rating | Combination)
    return tuple(each.id for each in questionnaire.items_of(found))


def problems(each: Decided, *before: Decided) -> list[str]:
    found = find_problems(each, fates=begin(FIRST), decisions=take(*before), asked=ASKED)
    return [problem.what for problem in found]


def misfits(*all_decided: Decided, first: Questionnaire = FIRST) -> list[str]:
    found = find_misfits(first, begin(first), take(*all_decided), number=1)
    return [str(problem) for problem in found]


MERGER = decided("apples", "merge", partners=("pears",), merged=item("pome-fruit", "Pome fruit"))
SPLIT = decided("plums", "split", parts=(item("blue-plums"), item("yellow-plums")))
NEW = decided("quinces", "new", item=item("quinces", tags=("pome",)))
REVISION = decided("pears", "revise", wording=Wording(title=Text({"*": "Ripe pears"})))


def test_each_outcome_has_its_consequence() -> None:
    fates = after(decided("apples", "accept"), REVISION, SPLIT, decided("cherries", "drop"), NEW)
    assert [(each.item.id, each.status) for each in fates] == [
        ("apples", "accepted"),
        ("pears", "open"),
        ("plums", "replaced"),
        ("blue-plums", "open"),
        ("yellow-plums", "open"),
        ("cherries", "dropped"),
        ("quinces", "open"),
    ]
    assert fates[1].item.title.get("en") == "Ripe pears"
    assert fates[3].item.tags == ("stone",), "a part takes over what it does not say itself"
    later = fold(fates, take(decided("quinces", "finalise"), decided("blue-plums", "keep")), number=2)
    assert {each.item.id: each.status for each in later}["quinces"] == "finalised"


def test_what_is_still_open_is_asked_and_what_is_accepted_can_be_chosen() -> None:
    fates = after(decided("apples", "accept"), SPLIT, decided("cherries", "drop"), NEW)
    only_open = derive(FIRST, fates, "only open")
    everything = derive(FIRST, fates, "all items")
    assert asked_by(only_open, "everything") == ("pears", "blue-plums", "yellow-plums", "quinces")
    assert asked_by(only_open, "named") == ("blue-plums", "yellow-plums")
    assert asked_by(only_open, "pomes") == ("pears", "quinces")
    assert asked_by(everything, "named") == ("blue-plums", "yellow-plums", "apples"), "the order of the list"
    assert asked_by(everything, "pomes") == ("apples", "pears", "quinces")
    for each in (only_open, everything):
        assert asked_by(each, "best") == ("apples", "pears", "blue-plums", "yellow-plums", "quinces")
        assert each.criteria == FIRST.criteria


def test_finalised_items_are_asked_no_more_even_where_all_are() -> None:
    fates = after(decided("apples", "finalise"), decided("pears", "accept"))
    assert asked_by(derive(FIRST, fates, "all items"), "pomes") == ("pears",)


def test_nobody_is_asked_to_choose_more_items_than_are_left() -> None:
    fates = after(decided("apples", "drop"), decided("plums", "drop"), decided("pears", "drop"))
    best = derive(FIRST, fates, "only open").questions_by_id["best"]
    assert isinstance(best, Combination)
    assert (best.min, best.max) == (1, 1)


def test_a_list_of_items_loses_what_is_dropped() -> None:
    fates = after(decided("apples", "drop"))
    assert asked_by(derive(FIRST, fates, "only open"), "named") == ("plums",)
    assert (
        derive(FIRST, fates, "only open").questions_by_id["everything"] == FIRST.questions_by_id["everything"]
    )


def test_a_page_without_items_goes_unless_an_answer_on_it_decides() -> None:
    fates = after(decided("apples", "accept"), decided("plums", "accept"))
    left = derive(FIRST, fates, "only open")
    assert "named" not in left.questions_by_id
    assert "years" in left.questions_by_id, "the page on pome fruit depends on it"
    neither = after(decided("apples", "accept"), decided("pears", "accept"))
    assert [page.id for page in derive(FIRST, neither, "only open").pages] == ["all", "some", "best"]


def test_when_nothing_is_left_to_ask_that_is_said() -> None:
    bare = read(ONE_PAGE)
    fates = after(*(decided(name, "accept") for name in ASKED), first=bare)
    with pytest.raises(Refused, match="nothing to ask in another round"):
        derive(bare, fates, "only open")


def test_nothing_decided_changes_nothing() -> None:
    fates = after(*(decided(name, "keep") for name in ASKED))
    for asks in ("only open", "all items"):
        assert derive(FIRST, fates, asks).canonical() == FIRST.canonical()


def test_a_merger_is_one_item_with_all_its_roots_whoever_names_whom() -> None:
    by_pears = decided("pears", "merge", partners=("apples",), merged=item("pome-fruit", "Pome fruit"))
    for each in (MERGER, by_pears):
        fates = after(each)
        assert [(fate.item.id, fate.status, sorted(fate.roots)) for fate in fates[:3]] == [
            ("apples", "replaced", ["apples"]),
            ("pome-fruit", "open", ["apples", "pears"]),
            ("pears", "replaced", ["pears"]),
        ]


def test_an_item_can_swallow_another() -> None:
    fates = after(decided("apples", "merge", partners=("pears",), merged=item("apples", "Apples and pears")))
    assert [(each.item.id, each.status) for each in fates[:2]] == [("apples", "open"), ("pears", "replaced")]
    assert fates[0].roots == {"apples", "pears"}


def test_deciding_anew_about_one_partner_breaks_the_merger_up() -> None:
    merged = take(MERGER)
    assert set(merged) == {"apples", "pears"}
    keep = decided("pears", "keep")
    assert let_go(merged, keep) == ("apples",)
    assert set(with_decision(merged, keep)) == {"pears"}
    again = decided("apples", "merge", partners=("cherries",), merged=item("fruit"))
    assert let_go(merged, again) == ("pears",)
    assert set(with_decision(merged, again)) == {"apples", "cherries"}
    assert let_go(merged, decided("plums", "keep")) == ()


@pytest.mark.parametrize(
    ("each", "says"),
    [
        (decided("apples", "keep", reason=" "), "the reason is empty"),
        (decided("melons", "keep"), "not asked in the round"),
        (decided("pears", "revise"), "needs the new wording"),
        (decided("pears", "revise", wording=Wording()), "needs the new wording"),
        (decided("pears", "revise", wording=Wording(title=Text({"*": "Pears"}))), "the same as the old one"),
        (decided("plums", "split"), "at least two parts"),
        (decided("plums", "split", parts=(item("damsons"),)), "at least two parts"),
        (decided("plums", "split", parts=(item("x"), item("x"))), "the id “x” is taken"),
        (decided("plums", "split", parts=(item("pears"), item("x"))), "the id “pears” is taken"),
        (decided("apples", "merge", merged=item("x")), "needs a partner"),
        (decided("apples", "merge", partners=("apples",), merged=item("x")), "needs a partner"),
        (decided("apples", "merge", partners=("melons",), merged=item("x")), "“melons” was not asked"),
        (decided("apples", "merge", partners=("pears",)), "needs the item that comes of it"),
        (decided("apples", "merge", partners=("pears",), merged=item("plums")), "the id “plums” is taken"),
        (decided("plums", "merge", partners=("pears",), merged=item("x"), is_comparable=True), "cannot be"),
        (decided("quinces", "new"), "needs its title"),
        (decided("apples", "new", item=item("apples")), "there is an item “apples” already"),
        (decided("quince", "new", item=item("quinces")), "decide about it under this name"),
        (decided("apples", "drop", wording=Wording(title=Text({"*": "x"}))), "“wording” means nothing"),
        (decided("plums", "split", parts=SPLIT.detail.parts, is_comparable=True), "“is_comparable” means"),
    ],
)  # fmt: skip
def test_what_a_decision_lacks_is_said(each: Decided, says: str) -> None:
    found = problems(each)
    assert len(found) == 1, found
    assert says in found[0]


@pytest.mark.parametrize("each", [MERGER, SPLIT, NEW, REVISION, decided("apples", "drop")])
def test_whole_decisions_lack_nothing_also_when_taken_again(each: Decided) -> None:
    assert problems(each) == []
    assert problems(each, each) == []
    assert misfits(each) == []


def test_where_nothing_is_asked_any_more_nothing_has_to_fit() -> None:
    assert misfits(*(decided(name, "drop") for name in ASKED), first=read(DEPENDING)) == []


def test_two_decisions_of_a_round_cannot_make_the_same_item() -> None:
    also = decided("cherries", "split", parts=(item("blue-plums"), item("x")))
    assert problems(also, SPLIT) == ["the id “blue-plums” is taken; give each part its own."]
    assert problems(decided("blue-plums", "new", item=item("blue-plums")), SPLIT)
    assert problems(decided("cherries", "merge", partners=("plums",), merged=item("quinces")), NEW)
    # A merger that is broken up by this very decision stands in nobody's way.
    assert problems(decided("pears", "split", parts=(item("pome-fruit"), item("x"))), MERGER) == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    assert len(problems(decided("melons", "split", reason="", parts=(item("pears"),)))) == 4


def test_what_would_not_fit_together_is_found_before_anybody_is_asked() -> None:
    twin = decided("plums", "split", parts=(item("a", "Pears"), item("b")))
    [found] = misfits(twin)
    assert found.startswith("plums: ")
    assert "this title is the same as that of item" in found
    languages = FIRST.model_copy(update={"languages": ("en", "de")})
    foreign = decided("pears", "revise", wording=Wording(title=Text({"en": "Ripe pears"})))
    assert any("de" in each and each.startswith("pears: ") for each in misfits(foreign, first=languages))
    depending = read(DEPENDING)
    assert "“cherries” is not possible here" in misfits(decided("cherries", "drop"), first=depending)[0]
    assert misfits(decided("pears", "drop"), first=depending) == []


def test_a_new_item_that_no_rating_would_ask_about_is_refused() -> None:
    narrow = read(FRUIT.replace("criteria: [tasty]}", "criteria: [tasty], items: [apples, pears]}", 1))
    untagged = decided("quinces", "new", item=item("quinces"))
    assert "give it one of these tags: pome" in misfits(untagged, first=narrow)[0]
    assert misfits(NEW, first=narrow) == []
    named = read(ONE_PAGE.replace("[tasty]}", "[tasty], items: [apples, pears]}"))
    assert "each names its own items" in misfits(NEW, first=named)[0]
    four = ONE_PAGE.replace("[tasty]}", "[tasty], items: [cherries, plums, pears, apples]}")
    assert misfits(NEW, first=read(four)) == [], "a list of all items takes new ones"


def test_lines_of_descent() -> None:
    comparable = decided("pears", "revise", wording=REVISION.detail.wording, is_comparable=True)
    drawn = edges(take(comparable, SPLIT, decided("cherries", "drop"), NEW, decided("apples", "accept")))
    assert {(edge.parent, edge.child, edge.kind, edge.is_comparable) for edge in drawn} == {
        ("pears", "pears", "revised", True),
        ("plums", "blue-plums", "split", False),
        ("plums", "yellow-plums", "split", False),
        ("cherries", "", "dropped", False),
        ("", "quinces", "new", False),
        ("apples", "apples", "accepted", True),
    }
    assert {(edge.parent, edge.child) for edge in edges(take(MERGER))} == {
        ("apples", "pome-fruit"),
        ("pears", "pome-fruit"),
    }
    swallowing = decided(
        "apples", "merge", partners=("pears",), merged=item("apples", "Apples"), is_comparable=True
    )
    assert {(edge.parent, edge.is_comparable) for edge in edges(take(swallowing))} == {
        ("apples", True),
        ("pears", False),
    }
    assert successors(MERGER) == ("pome-fruit",)
    assert successors(SPLIT) == ("blue-plums", "yellow-plums")
    assert successors(REVISION) == ()


def test_what_does_not_mean_the_same_is_not_compared() -> None:
    with pytest.raises(Refused, match="“pears” was revised, and its ratings before and after do not mean"):
        check_comparable(edges(take(REVISION)), "pears")
    check_comparable(edges(take(REVISION)), "apples")
    check_comparable([Edge("pears", "pears", "revised", is_comparable=True, reason="")], "pears")


def test_a_detail_comes_back_as_it_was_stored() -> None:
    for each in (MERGER, SPLIT, NEW, REVISION):
        assert Detail.model_validate_json(each.detail.canonical()) == each.detail
    assert NOTHING_MORE.canonical() == "{}"


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Decided]]:
    """Up to three rounds of whole decisions, some of them taken again otherwise."""
    fates = begin(FIRST)
    rounds = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        decisions: dict[str, Decided] = {}
        open_items = [fate.item.id for fate in fates if fate.status in {"open", "accepted"}]
        for step in range(draw(st.integers(0, 8))):
            made = f"made-{number}-{step}"
            outcome = draw(st.sampled_from(Outcome))
            if outcome is Outcome.NEW:
                each = decided(made, "new", item=item(made))
            elif not open_items:
                continue
            else:
                each = draw(_about(draw(st.sampled_from(open_items)), outcome, open_items, made))
            if not list(find_problems(each, fates=fates, decisions=decisions, asked=open_items)):
                decisions = with_decision(decisions, each)
        rounds.append(decisions)
        fates = fold(fates, decisions, number=number)
    return rounds


def _about(name: str, outcome: Outcome, open_items: list[str], made: str) -> st.SearchStrategy[Decided]:
    details: Mapping[Outcome, st.SearchStrategy[Detail]] = {
        Outcome.REVISE: st.builds(
            Detail,
            wording=st.just(Wording(title=Text({"*": made}))),
            is_comparable=st.booleans(),
        ),
        Outcome.SPLIT: st.just(Detail(parts=(item(f"{made}-a"), item(f"{made}-b")))),
        Outcome.MERGE: st.builds(
            Detail,
            partners=st.lists(st.sampled_from(open_items), min_size=1, max_size=3).map(tuple),
            merged=st.sampled_from([made, name]).map(lambda chosen: item(chosen, made)),
            is_comparable=st.booleans(),
        ),
    }
    return details.get(outcome, st.just(NOTHING_MORE)).map(
        lambda detail: Decided(name, outcome, "as discussed", detail)
    )


@given(histories())
def test_every_item_has_one_fate_and_what_is_asked_fits_together(rounds: list[dict[str, Decided]]) -> None:
    fates = begin(FIRST)
    for number, decisions in enumerate(rounds, start=1):
        before = {fate.item.id for fate in fates}
        fates = fold(fates, decisions, number=number)
        ids = [fate.item.id for fate in fates]
        assert len(ids) == len(set(ids)), "every item has one fate"
        assert before <= set(ids), "none is forgotten"
        lines = edges(decisions)
        assert {line.parent for line in lines if line.parent} == {
            name for name, each in decisions.items() if each.outcome is not Outcome.NEW
        }, "every decided item has a line to what became of it"
        assert {line.child for line in lines if line.child} <= set(ids)
        assert set(ids) - before <= {line.child for line in lines}, "what is new comes from somewhere"
    for asks in ("only open", "all items"):
        try:
            questionnaire = derive(FIRST, fates, asks)
        except Refused:
            continue
        assert [finding.what for finding in check(questionnaire)] == []
        present = {fate.item.id for fate in fates if fate.status not in {"dropped", "replaced"}}
        assert set(questionnaire.items_by_id) == present
        due = {fate.item.id for fate in fates if fate.status == "open"}
        if asks == "all items":
            due |= {fate.item.id for fate in fates if fate.status == "accepted"}
        rated = {
            name
            for question in questionnaire.questions_by_id.values()
            if isinstance(question, Rating)
            for name in asked_by(questionnaire, question.id)
        }
        assert rated == due, "everything that is due is asked, and nothing else"
