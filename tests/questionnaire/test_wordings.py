"""Texts that experts read: found by their path, and put right without anything else changing."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Questionnaire, Text
from surveyapp.questionnaire.routing import all_cells
from surveyapp.questionnaire.wordings import Correction, corrected, find_problems, find_text, list_texts
from tests.support.studies import QUESTIONNAIRES, SMALL, load_text


@pytest.fixture
def small(tmp_path: Path) -> Questionnaire:
    return load_text(SMALL, tmp_path)


def test_every_text_has_a_path_of_its_own_and_stays_where_it_is() -> None:
    for file in sorted(QUESTIONNAIRES.glob("*.yaml")):
        if file.name.endswith(".protocol.yaml"):
            continue
        asked = load(file)
        texts = list_texts(asked)
        assert len({text.path for text in texts}) == len(texts), file.name
        for text in texts:
            changed = corrected(asked, [Correction(text.path, text.words, f"{text.words}!")])
            differing = [
                after.path
                for before, after in zip(texts, list_texts(changed), strict=True)
                if before.words != after.words
            ]
            assert differing == [text.path], file.name
        # All at once: the same cells, in the same order, under the same conditions.
        every = corrected(asked, [Correction(text.path, text.words, "?") for text in texts])
        assert [spec.key for spec in all_cells(every)] == [spec.key for spec in all_cells(asked)]
        assert {text.words for text in list_texts(every)} == {"?"}


def test_one_language_of_a_text_is_put_right_alone(small: Questionnaire) -> None:
    apples = small.items[0].model_copy(update={"title": Text({"en": "Apples", "de": "Äpfel"})})
    asked = small.model_copy(update={"items": (apples, *small.items[1:])})
    assert [text.path for text in list_texts(asked) if text.steps == ("items", "apples", "title")] == [
        "items.apples.title.en",
        "items.apples.title.de",
    ]
    changed = corrected(asked, [Correction("items.apples.title.de", "Äpfel", "Reife Äpfel")])
    assert changed.items[0].title.root == {"en": "Apples", "de": "Reife Äpfel"}


@pytest.mark.parametrize(
    ("path", "to", "problem"),
    [
        ("items.apples.title", "  ", "empty"),
        ("items.apples.title", "Apples", "says already"),
        ("items.apples.title", "x" * 20_001, "20001 characters"),
        ("items.apples.title", "App\x07les", "cannot be shown"),
        ("items.apples.title", "pears", "same as that of item"),
        ("criteria.effect.statement", "It helps.", "{context}"),
        ("criteria.effect.statement", "It helps in {context} and {place}.", "{place}"),
        ("scales.agreement.points.1.label", "Agree", "Agree"),
    ],
)
def test_what_would_mislead_is_refused(small: Questionnaire, path: str, to: str, problem: str) -> None:
    text = find_text(small, path)
    assert text is not None
    problems = list(find_problems(small, Correction(path, text.words, to)))
    assert len(problems) == 1
    assert problem in str(problems[0])


def test_a_text_that_says_something_else_by_now_is_left_alone(small: Questionnaire) -> None:
    twice = [
        Correction("items.apples.title", "Apples", "Apple"),
        Correction("items.apples.title", "Apple", "Red apples"),
        Correction("items.pears.title", "Plums", "Ripe plums"),
    ]
    titles = {item.id: item.title.get("en") for item in corrected(small, twice).items}
    assert titles == {"apples": "Red apples", "pears": "Pears"}
