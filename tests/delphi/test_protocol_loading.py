"""Loading a protocol: every mistake is found at once, at its line and column, with what to write instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.delphi.protocol.loading import find_problems, load, load_text
from surveyapp.delphi.protocol.model import Protocol, share_of
from surveyapp.errors import ProtocolError
from surveyapp.questionnaire.loading import load_text as load_questionnaire
from surveyapp.questionnaire.model import Questionnaire

QUESTIONNAIRE = """\
format: 1
id: floods
version: "1"
languages: [en]
title: Floods
scales:
  five:
    points:
      - {value: 1, label: A}
      - {value: 2, label: B}
      - {value: 3, label: C}
      - {value: 4, label: D}
      - {value: 5, label: E}
    agreement: [4, 5]
    disagreement: [1, 2]
  nine:
    points:
      - {value: 1, label: A}
      - {value: 2, label: B}
      - {value: 3, label: C}
      - {value: 4, label: D}
      - {value: 5, label: E}
      - {value: 6, label: F}
      - {value: 7, label: G}
      - {value: 8, label: H}
      - {value: 9, label: I}
criteria:
  helps: {title: Helps, scale: five}
  cheap: {title: Cheap, scale: nine}
  unused: {title: Unused, scale: nine}
contexts:
  regions:
    title: Regions
    members: [{id: coast, title: Coast}, {id: hills, title: Hills}, {id: town, title: Town}]
items:
  - {id: dikes, title: Dikes}
  - {id: alarms, title: Alarms}
groups: [{id: experts, title: Experts}, {id: people, title: People}]
pages:
  - id: help
    title: Help
    for_each: regions
    questions: [{id: help, kind: rating, text: Help?, criteria: [helps]}]
  - id: cost
    title: Cost
    questions:
      - {id: cost, kind: rating, text: Cheap?, criteria: [cheap]}
      - {id: both, kind: combination, text: Both?, max: 2}
"""

GOOD = """\
format: 1
id: good
version: "1"
title: Good
questionnaire: floods
rounds:
  - {number: 1, asks: all items, days_open: 21}
  - {number: 2, asks: only open}
later_rounds: all invited
consensus:
  - id: helpful
    for: {criterion: helps}
    rule: agree > 60% in every context and chosen > 40%
  - id: cheap
    for: {question: cost}
    rule: "in: high >= 70% and low < 15%; out: low >= 70%"
stability: {rule: shift < 15% and changed < 25%, minimum_pairs: 6}
stopping: rounds >= 2 or done = 100%
decisions:
  - {propose: accept, when: helpful is consensus and stability is stable}
  - {propose: drop, when: cheap is out or round >= 2}
groups: {which: [experts, people]}
counting: {minimum_n: 8, minimum_n_in_group: 5}
feedback: {of_groups: own group}
variants:
  - {id: a, share: 50%, feedback: {reasons: true}}
  - {id: b, share: 50%, feedback: {reasons: false}}
anonymity: {k: 5, k_reasons: 8}
reasons: {step: 2}
discussion: {marks: true}
"""


@pytest.fixture(scope="module")
def floods() -> Questionnaire:
    return load_questionnaire("floods.yaml", QUESTIONNAIRE.encode(), Path())


def problems(text: str, questionnaire: Questionnaire | None) -> list[str]:
    try:
        load_text("p.yaml", text.encode(), questionnaire)
    except ProtocolError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_the_good_one_is_good(floods: Questionnaire) -> None:
    assert problems(GOOD, floods) == []
    protocol = load_text("p.yaml", GOOD.encode(), floods)
    assert Protocol.from_canonical(protocol.canonical()) == protocol
    assert protocol.limits.minimum_in_group == 5
    assert [each.number for each in protocol.rating_rounds] == [1, 2]
    assert protocol.feedback_in(2).reasons
    assert not protocol.feedback_in(2, "b").reasons


def test_what_is_usual_is_written_out_in_the_canonical_text() -> None:
    """So that a locked protocol never comes to mean something else when what is usual changes."""
    short = 'format: 1\nid: x\nversion: "1"\ntitle: X\nrounds: [{number: 1, asks: all items}]\n'
    protocol = load_text("p.yaml", (short + "consensus: [{id: a, rule: agree > 1%}]").encode())
    for part in (
        '"quantile_type":7',
        '"k":5',
        '"k_reasons":8',
        '"settled_results":"at the end"',
        '"minimum_n":8',
    ):
        assert part in protocol.canonical()
    said = short + "anonymity: {k: 5}\nconsensus: [{id: a, rule: agree > 1%}]"
    assert load_text("p.yaml", said.encode()).sha256() == protocol.sha256()
    other = short + "anonymity: {k: 6}\nconsensus: [{id: a, rule: agree > 1%}]"
    assert load_text("p.yaml", other.encode()).sha256() != protocol.sha256()


# What is written instead of what; ‸ stands where the problem must be reported.
MISTAKES = [
    # the form
    ("title: Good", "‸titel: Good", "“titel” is not known here; did you mean “title”?"),
    ("format: 1", "format: ‸2", "2 cannot stand here; write 1"),
    ("asks: only open", "asks: ‸open", "write proposals or all items or only open"),
    ("days_open: 21", "days_open: ‸0", "0 is too small; the least is 1"),
    ("days_open: 21", "‸day_open: 21", "did you mean “days_open”?"),
    ("for: {criterion: helps}", "‸four: {criterion: helps}", "did you mean “for”?"),
    ("for: {criterion: helps}", "for: {‸criteria: helps}", "did you mean “criterion”?"),
    ("for: {criterion: helps}", "for: ‸helps", "a mapping of keys is due here"),
    (
        "later_rounds: all invited",
        "later_rounds: ‸everybody",
        "write all invited or answered any earlier round",
    ),
    ("k: 5", "k: ‸2", "2 is too small; the least is 3"),
    ("share: 50%", "share: ‸0.5", "a share is due here, not 0.5; write it like 50%"),
    ("share: 50%", "share: ‸half", "“half” is no share; write it like 50%"),
    ("share: 50%", "share: ‸150%", "“150%” is no share"),
    ("counting: {", "counting: {quantile_type: ‸8, ", "8 cannot stand here; write 2 or 6 or 7"),
    ("propose: accept", "propose: ‸accpt", "write keep or accept or drop"),
    # what fits together
    ("{number: 2, a", "{number: ‸3, a", "round 3 does not follow round 1"),
    ("{number: 1, asks: all items", "{number: 1, asks: ‸only open", "in the first round of ratings"),
    ("{number: 1, asks: all items", "{number: 1, asks: ‸proposals", "only round 0 collects items"),
    ("{number: 1, asks: all items", "{number: ‸2, asks: all items", "the first round has the number 2"),
    ("{number: 1, asks", "{number: 1, feedback: ‸{reasons: true}, asks", "nothing to show"),
    ("asks: only open", "asks: only open, real_time: {batch: ‸4}", "fewer than k = 5"),
    (
        "of_groups: own group",
        "distribution: false, quartiles: false, of_groups: ‸own group",
        "beside those of",
    ),
    ("{id: b, share: 50%", "{id: ‸a, share: 50%", "the variant “a” stands here a second time"),
    ("variants:\n  - {id: a, share: 50%", "variants:\n  ‸- {id: a, share: 40%", "add up to 90 %"),
    ("k_reasons: 8", "k_reasons: ‸4", "4 is less than k = 5"),
    ("minimum_n_in_group: 5", "minimum_n_in_group: ‸4", "fewer than k = 5"),
    ("id: cheap\n", "id: ‸helpful\n", "the rule “helpful” stands here a second time"),
    ("id: cheap\n", "id: ‸stability\n", "“stability” has a meaning of its own"),
    ("agree > 60%", "‸agre > 60%", "there is no measure “agre”; did you mean “agree”?"),
    ("agree > 60%", "agree > ‸160%", "160% is out of range"),
    ("low < 15%; out", "low < ‸15; out", "“low” is a share; write it like 15%"),
    ("shift < 15%", "‸agree < 15%", "for the rules of consensus"),
    ("rounds >= 2 or", "‸round >= 2 or", "there is no measure “round”; did you mean “rounds”?"),
    ("rounds >= 2 or", "rounds >= ‸2% or", "not a share"),
    ("when: helpful is", "when: ‸helpfull is", "there is no rule “helpfull”; did you mean “helpful”?"),
    ("helpful is consensus", "helpful is ‸concensus", "never gives “concensus”; did you mean “consensus”?"),
    ("cheap is out", "cheap is ‸consensus", "“cheap” never gives “consensus”; known are in, out, none"),
    ("stability is stable", "stability is ‸settled", "“stability” never gives “settled”"),
    ("cheap is out or", "cheap ‸out or", "“out” stands where “is” with a verdict"),
    ("cheap is out or round >= 2", "cheap is out or round >= 2 ‸)", "“)” cannot follow here"),
    ("or round >= 2}", "or round >= ‸x}", "“x” stands where the number of a round is due"),
    ("or round >= 2}", "or last‸}", "the condition ends where “round”"),
    ("or round >= 2}", "or cheap is‸}", "the condition ends where a verdict is due"),
    ("or round >= 2}", "or (cheap is in‸}", "a closing bracket"),
    (
        "which: [experts, people]",
        "which: [experts, ‸experts]",
        "the group “experts” stands here a second time",
    ),
    ("which: [experts, people]", "which: ‸[]", "no group is named"),
    (
        "high >= 70% and low",
        "high >= 70% ‸in group peple and low",
        "“peple” is not among the groups that count",
    ),
    (
        "high >= 70% and low",
        "high >= 70% ‸in at least 3 groups and low",
        "3 groups are asked for, but 2 count",
    ),
    ("which: [experts, people]", "each_must_agree: true", None),
    # what the questionnaire has
    ("questionnaire: floods", "questionnaire: ‸fires", "is for “fires”, but the questionnaire is “floods”"),
    ("which: [experts, people]", "which: [experts, ‸peoples]", "did you mean “people”?"),
    ("criterion: helps", "criterion: ‸help", "there is no criterion “help”; did you mean “helps”?"),
    ("question: cost", "question: ‸costs", "there is no question with ratings “costs”; did you mean “cost”?"),
    ("question: cost", "question: ‸both", "there is no question with ratings “both”"),
    (
        "for: {criterion: helps}",
        "for: {criterion: helps, contexts: [‸coasts]}",
        "there is no context “coasts”",
    ),
    ("for: {criterion: helps}", "for: ‸{criterion: unused}", "no item is rated there"),
    (
        "    for: {criterion: helps}\n    rule: ",
        "    rule: ‸",
        "items are rated on helps, cheap; say which one",
    ),
    ("in every context", "‸in context coats", "there is no context “coats”; did you mean “coast”?"),
    ("in every context", "‸in group expert", "is not among the groups that count"),
    ("in every context", "‸in at least 4 contexts", "4 contexts are asked for, but there are 3"),
    ("‸agree > 60% in every context", "‸agree > 60%", "rated in 3 contexts; say in how many"),
    ("low >= 70%", "low >= 70% ‸in every context", "is not rated per context"),
    ("and chosen", "and chosen of ‸", None),
    ("and chosen", "and ‸chosen of help", "there is no question about a combination “help”"),
    (
        "and chosen",
        "and ‸agree of cheep > 1% and chosen",
        "there is no criterion “cheep”; did you mean “cheap”?",
    ),
    ("out: low", "out: ‸agree > 1% and low", "add agreement: […] to the scale “nine”"),
    ("out: low", "out: ‸disagree > 1% and low", "add disagreement: […] to the scale “nine”"),
    ("out: low", "out: median <= ‸10 and low", "10 is off the scale “nine” from 1 to 9"),
    ("out: low", "out: iqr <= ‸9 and low", "9 is more than the scale “nine” is wide: 8"),
    (
        "agree > 60% in",
        "(agree > 60% and ‸di > 1) in",
        "defined for nine points from 1 to 9; the scale “five”",
    ),
    ("{rule: shift", "{for: {criterion: ‸chap}, rule: shift", "did you mean “cheap”?"),
    ("step: 2", "step: ‸9", "no rating can change by 9 points"),
]


@pytest.mark.parametrize(("old", "new", "says"), MISTAKES)
def test_one_mistake_is_one_problem(old: str, new: str, says: str | None, floods: Questionnaire) -> None:
    old = old.replace("‸", "")
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    before, _, after = text.partition("‸")
    found = problems(before + after, floods)
    if says is None:
        return
    place = f"p.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
    mine = [problem for problem in found if problem.startswith(place) and says in problem]
    assert len(mine) == 1, found
    # Only what follows from the mistake may come with it.
    assert len(found) <= 4, found


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  - {number: 2, asks: only open}\n", "", "stability is told from two rounds of ratings, but one"),
        ("  - {number: 2, asks: only open}\n", "", "one round of ratings only; plan a second"),
        (
            "stability: {rule: shift < 15% and changed < 25%, minimum_pairs: 6}\n",
            "",
            "“done” needs a rule of",
        ),
        (
            "stability: {rule: shift < 15% and changed < 25%, minimum_pairs: 6}\n",
            "",
            "no rule of stability; add",
        ),
        ("reasons: true", "reasons: false", "but none are shown"),
        (
            "groups: {which: [experts, people]}",
            "groups: {each_must_agree: true}",
            "says already that the rule",
        ),
    ],
)
def test_what_follows_elsewhere(old: str, new: str, says: str, floods: Questionnaire) -> None:
    text = GOOD.replace(old, new, 1).replace("of_groups: own group", "of_groups: own group, reasons: false")
    if "each_must_agree" in new:
        text = text.replace("high >= 70% and", "high >= 70% in any group and")
    assert any(says in problem for problem in problems(text, floods)), problems(text, floods)


def test_a_questionnaire_without_groups(floods: Questionnaire) -> None:
    text = re.sub(r"groups: \[.*\n", "", QUESTIONNAIRE)
    alone = load_questionnaire("floods.yaml", text.encode(), Path())
    found = problems(GOOD.replace("which: [experts, people]", "each_must_agree: true"), alone)
    assert [problem.split(": ", 1)[1] for problem in found] == [
        "each group must agree, but the questionnaire declares no groups; remove this",
        "figures of groups are to be shown, but the questionnaire declares no groups; write none",
    ]


def test_all_problems_at_once_and_in_order(floods: Questionnaire) -> None:
    """Mistakes of every sort in one file: none hides another."""
    text = GOOD
    for old, new in (
        ("title: Good", "titel: Good"),
        ("days_open: 21", "days_open: many"),
        ("agree > 60%", "agre > 60%"),
        ("for: {question: cost}", "for: {question: costs}"),
        ("shift < 15%", "shift < 115%"),
        ("helpful is consensus", "helpful is consensu"),
        ("k: 5", "k: 1"),
        ("share: 50%", "share: 60%"),
        ("step: 2", "step: 20"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    lines = [int(problem.split(":")[1]) for problem in problems(text, floods)]
    # That the rule “helpful” cannot be read leaves its verdicts unknown: line 20 is not judged by it.
    assert lines == [1, 4, 7, 13, 15, 17, 26, 28, 29]


def test_a_rule_over_several_lines_says_how_far_into_it() -> None:
    text = GOOD.replace(
        "rule: agree > 60% in every context and chosen > 40%",
        "rule: >-\n      agree > 60% in every context\n      and chosn > 40%",
    )
    assert problems(text, None) == [
        "p.yaml:13:11: character 34 of this text: there is no measure “chosn”; did you mean “chosen”?"
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert "none.yaml: the file cannot be read" in str(find_problems(tmp_path / "none.yaml")[0])
    large = tmp_path / "large.yaml"
    large.write_bytes(b"# " + b"x" * 1_000_000)
    assert "up to 1 MB is read" in str(find_problems(large)[0])
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1\n")
    with pytest.raises(ProtocolError):
        load(broken)


def test_shares_are_exact() -> None:
    assert share_of("12.5%") * 8 == 1
    assert share_of("33.3%") * 1000 == 333


@given(
    st.integers(0, len(GOOD) - 1),
    st.integers(1, 60),
    st.sampled_from(["", "x", "[", ": ", "- ", "\n", "1", "''", "in each group ", "not ", ";"]),
)
def test_a_damaged_file_is_refused_politely_or_still_good(start: int, length: int, instead: str) -> None:
    text = GOOD[:start] + instead + GOOD[start + length :]
    floods = load_questionnaire("floods.yaml", QUESTIONNAIRE.encode(), Path())
    for problem in problems(text, floods):
        assert re.match(r"p\.yaml:\d+:\d+: .", problem)
