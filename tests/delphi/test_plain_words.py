"""A protocol in plain words, and what an amendment changes in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from surveyapp.delphi.protocol.differing import LABELS, differences, label_of
from surveyapp.delphi.protocol.loading import load, load_text
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.protocol.telling import tell
from surveyapp.delphi.rules.expression import Figure, figures
from surveyapp.delphi.rules.names import CONSENSUS, NAMES
from surveyapp.delphi.rules.reading import read_rule
from surveyapp.delphi.rules.telling import Words, tell_condition
from surveyapp.errors import Sentence
from surveyapp.questionnaire.loading import load as load_questionnaire
from surveyapp.questionnaire.model import Text

SHIPPED = Path(__file__).parents[2] / "questionnaires"
STUDY = SHIPPED / "systemic-risk-mitigations.protocol.yaml"


def said(protocol: Protocol, section: str) -> list[str]:
    questionnaire = load_questionnaire(SHIPPED / "systemic-risk-mitigations.yaml")
    return [
        str(sentence)
        for each in tell(protocol, questionnaire, "en")
        if each.title == section
        for sentence in each.sentences
    ]


def test_the_shipped_protocol_in_plain_words() -> None:
    protocol = load(STUDY)
    consensus = said(protocol, "Consensus")
    assert consensus[:3] == [
        "“Effective in every risk area” is about ratings of “Effectiveness”.",
        (
            "“Effective in every risk area” says “consensus” when the share of ratings that agree is more "
            "than 60 % in every context and the share of preferred combinations that it is in is "
            "more than 40 %."
        ),
        "“Effective in every risk area” says “no consensus” otherwise.",
    ]
    assert said(protocol, "Decisions")[0] == (
        "It is proposed to accept an item when the rule “Effective in every risk area” says “consensus” "
        "and it is round 2 or a later one."
    )
    assert "Otherwise it ends after round 3." in said(protocol, "Stability and the end")
    assert "No figure of fewer than 5 people is shown." in said(protocol, "Anonymity")


def test_nobody_is_kept_out_for_having_proposed_nothing() -> None:
    rounds = said(load(SHIPPED / "examples" / "protocols" / "round-zero.protocol.yaml"), "Rounds")
    assert "Round 0 collects items: experts propose what should be rated." in rounds
    later = rounds.index("Later rounds are for those who answered the round before.")
    assert rounds[later + 1] == (
        "Everybody who was invited may take part in round 1, whether they proposed anything or not."
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("agree >= 70%", "the share of ratings that agree is at least 70 %"),
        ("iqr < 2", "the interquartile range is less than 2"),
        ("median = 3", "the median is exactly 3"),
        ("not disagreement", "there is no disagreement by the rule for the panel's size"),
        ("not iqr <= 1", "it is not so that the interquartile range is at most 1"),
        (
            "agree > 2/3 and (iqr <= 1 or sd <= 1)",
            (
                "the share of ratings that agree is more than 2/3 and (the interquartile range is at most 1 "
                "or the standard deviation is at most 1)"
            ),
        ),
        (
            "agree of feasible >= apmo",
            "the share of ratings that agree for “feasible” is at least the APMO cut-off of the round",
        ),
        ("n > 9 in every context", "the number of ratings is more than 9 in every context"),
        ("n > 9 in any context", "the number of ratings is more than 9 in at least one context"),
        ("n > 9 in at least 3 contexts", "the number of ratings is more than 9 in at least 3 contexts"),
        ("n > 9 in context coast", "the number of ratings is more than 9 in the context “coast”"),
        ("n > 9 in each group", "the number of ratings is more than 9 in each group"),
        ("n > 9 in any group", "the number of ratings is more than 9 in at least one group"),
        ("n > 9 in at least 2 groups", "the number of ratings is more than 9 in at least 2 groups"),
        ("n > 9 in group experts", "the number of ratings is more than 9 in the group “experts”"),
    ],
)
def test_conditions_in_plain_words(rule: str, words: str) -> None:
    (condition,) = read_rule(rule).conditions
    sentence = tell_condition(condition, Words())
    assert sentence == words
    # Every part can be said in another language; here each stands in angle brackets.
    other = sentence.said_by(lambda template: f"<{template}>")
    assert other.startswith("<")
    assert other.endswith(">")
    assert other.replace("<", "").replace(">", "") == words
    assert other.count("<") > 1


def test_a_threshold_has_the_decimal_sign_of_the_readers_language() -> None:
    (condition,) = read_rule("agree >= 66.7%").conditions
    sentence = tell_condition(condition, Words())
    assert sentence.endswith("is at least 66.7 %")
    said = sentence.said_by(lambda text: "{whole},{decimals}" if text == "{whole}.{decimals}" else text)
    assert said.endswith("is at least 66,7 %")


def test_every_measure_has_words() -> None:
    for name, each in NAMES.items():
        assert len(each.words) > 5
        if each.level in CONSENSUS:
            assert each.words in tell_condition(Figure(name), Words())
    assert list(figures(Figure("agree"))) == [Figure("agree")]


def changed(old: str, new: str) -> list[str]:
    text = STUDY.read_text(encoding="utf-8")
    assert old in text
    before, after = (load_text("p.yaml", each.encode()) for each in (text, text.replace(old, new, 1)))
    return [str(sentence) for sentence in differences(before, after)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("days_open: 21", "days_open: 28", ["round 1, how many days it is open: 28 instead of 21."]),
        (
            "agree > 60% in every context and chosen > 40%",
            "agree > 50% in every context",
            [
                (
                    "the rule “effective”, what it says: “agree > 50% in every context” instead of "
                    "“agree > 60% in every context and chosen > 40%”."
                )
            ],
        ),
        ("stopping: done = 100%\n", "", ["the rule of stopping: “done = 100%” was removed."]),
        (
            "stopping: done = 100%\n",
            "stopping: done = 100%\ndiscussion: {replies: false}\n",
            ["the discussion: (marks: yes, replies: no, moderated: yes) is new."],
        ),
        (
            "reasons: true",
            "reasons: false",
            ["the feedback, whether reasons are shown: no instead of yes."],
        ),
        ("id: ineffective", "id: useless", None),
        ("k: 5, k_reasons: 8", "k: 6, k_reasons: 9", None),
        ("minimum_n: 8", "minimum_n: 8  # as before", []),
        ("  minimum_n: 8\n", "", []),
        (
            "  - {number: 3, title: What is still open, asks: only open, days_open: 14}\n",
            "",
            [
                (
                    "round 3: (number: 3, title: “What is still open”, asks: “only open”, days_open: 14) "
                    "was removed."
                )
            ],
        ),
    ],
)
def test_differences(old: str, new: str, says: list[str] | None) -> None:
    if "ineffective" in old:
        text = STUDY.read_text(encoding="utf-8").replace("ineffective is", "useless is").replace(old, new)
        found = differences(load(STUDY), load_text("p.yaml", text.encode()))
        assert [str(each).split(":")[0] for each in found] == [
            "the rule “ineffective”",
            "the rule “useless”",
            "the proposed decisions",
        ]
        return
    found_sentences = changed(old, new)
    if says is None:
        assert len(found_sentences) == 2
    else:
        assert found_sentences == says


def test_another_order_is_a_difference() -> None:
    protocol = load(STUDY)
    turned = Protocol.model_validate(
        protocol.model_dump(by_alias=True)
        | {"consensus": tuple(each.model_dump(by_alias=True) for each in reversed(protocol.consensus))}
    )
    (sentence,) = differences(protocol, turned)
    assert sentence == "The order has changed and is now: feasible, ineffective, effective."
    assert isinstance(sentence, Sentence)


def places(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of the format, as a path."""
    for name, field in model.model_fields.items():
        here = (*path, field.alias or name)
        yield here
        for inner in models(field.annotation):
            if inner is not Text:
                yield from places(inner, here)


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def test_everything_that_can_change_has_a_name() -> None:
    found = {label_of(path) for path in places(Protocol) if path[0] != "decisions" or len(path) == 1}
    assert found == set(LABELS)
