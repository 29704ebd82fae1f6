"""A whole questionnaire around a list of items: consent, and one question that rates each of them.

It is written as a file like any other, so that its author can go on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from surveyapp.errors import Problem, QuestionnaireError, Sentence
from surveyapp.questionnaire.items_file import ItemsFile, identifier_of, read_items
from surveyapp.questionnaire.writing import write

LANGUAGES: Final = ("en", "de")
SCALES: Final = ("agreement", "importance", "relevance")
"""Five points of agreement; importance from 1 to 9 as for core outcome sets; relevance from 1 to 4."""
CODES: Final = "codes"
_MOST_GROUPS: Final = 30

_TEXTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "en": {
            "agreement": ("Strongly disagree", "Disagree", "Neither", "Agree", "Strongly agree"),
            "importance": ("1: of little importance", "2", "3", "4", "5", "6", "7", "8", "9: critical"),
            "relevance": ("Not relevant", "Somewhat relevant", "Quite relevant", "Highly relevant"),
            "cannot": "I cannot judge",
            "before": "Before you begin",
            "voluntary": "Taking part is voluntary. I have read what this study is about, and I take part.",
            "agree": "I agree",
            "ratings": "Your ratings",
            "codes": "Codes of the list",
        },
        "de": {
            "agreement": (
                "Stimme gar nicht zu",
                "Stimme eher nicht zu",
                "Weder noch",
                "Stimme eher zu",
                "Stimme voll zu",
            ),
            "importance": ("1: wenig wichtig", "2", "3", "4", "5", "6", "7", "8", "9: entscheidend"),
            "relevance": ("Nicht relevant", "Etwas relevant", "Ziemlich relevant", "Sehr relevant"),
            "cannot": "Kann ich nicht beurteilen",
            "before": "Bevor Sie beginnen",
            "voluntary": "Die Teilnahme ist freiwillig. Ich habe gelesen, worum es geht, und nehme teil.",
            "agree": "Ich stimme zu",
            "ratings": "Ihre Bewertungen",
            "codes": "Codes der Liste",
        },
    }
)
_ORDER: Final = ("id", "title", "definition", "details")
_AGREEMENT: Final = {"agreement": [4, 5], "importance": [7, 8, 9], "relevance": [3, 4]}
_DISAGREEMENT: Final = {"agreement": [1, 2], "importance": [1, 2, 3], "relevance": [1, 2]}


@dataclass(frozen=True, slots=True)
class ItemsAsked:
    """What is asked about each item of a list."""

    title: str
    question: str
    criterion: str
    scale: str
    language: str
    groups: tuple[str, ...] = ()
    with_reasons: bool = True


def questionnaire_text(folder: Path, file: str, asked: ItemsAsked) -> str:
    """The questionnaire around the items in `file`, which lies in `folder`, as the text of its file.

    Raises QuestionnaireError with everything that is wrong with the list and with what is asked.
    """
    table = read_items(folder, ItemsFile(file=file), [CODES])
    problems = [*_missing(asked), *table.problems]
    if problems:
        raise QuestionnaireError(problems)
    texts = _TEXTS[asked.language]
    has_codes = any("categories" in item for item in table.items)
    groups = [
        {"id": identifier_of(name) or f"group-{place}", "title": name}
        for place, name in enumerate(dict.fromkeys(asked.groups), start=1)
    ]
    rating = {
        "id": "ratings",
        "kind": "rating",
        "text": asked.question,
        "criteria": ["rated"],
        "reason": "item" if asked.with_reasons else "none",
    }
    data: dict[str, Any] = {
        "format": 1,
        "id": identifier_of(asked.title) or "questionnaire",
        "version": "1",
        "languages": [asked.language],
        "title": asked.title,
        "scales": {asked.scale: _scale(asked.scale, texts)},
        "criteria": {"rated": {"title": asked.criterion, "scale": asked.scale}},
        "groups": groups or None,
        "taxonomies": {CODES: {"title": texts["codes"], "version": "1"}} if has_codes else None,
        "items": [_tidy(item) for item in table.items],
        "pages": [
            {
                "id": "consent",
                "title": texts["before"],
                "once": True,
                "questions": [
                    {
                        "id": "consent",
                        "kind": "consent",
                        "text": texts["voluntary"],
                        "agree_label": texts["agree"],
                    }
                ],
            },
            {"id": "rate", "title": texts["ratings"], "questions": [rating]},
        ],
    }
    return write(data).text


def _missing(asked: ItemsAsked) -> list[Problem]:
    wanted = {
        "question": (asked.question, Sentence("write what experts are asked about each item.")),
        "criterion": (
            asked.criterion,
            Sentence("write in a word what items are rated on, such as Importance."),
        ),
        "title": (asked.title, Sentence("it is empty; write the title as experts shall read it.")),
    }
    problems = [Problem(where, what) for where, (text, what) in wanted.items() if not text.strip()]
    if asked.scale not in SCALES:
        problems.append(Problem("scale", Sentence("choose one of the scales.")))
    if asked.language not in LANGUAGES:
        problems.append(Problem("language", Sentence("choose one of the languages.")))
    if len(asked.groups) > _MOST_GROUPS:
        problems.append(Problem("groups", Sentence("write at most {most} groups.", most=_MOST_GROUPS)))
    return problems


def _scale(name: str, texts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "points": [{"value": value, "label": label} for value, label in enumerate(texts[name], start=1)],
        "agreement": _AGREEMENT[name],
        "disagreement": _DISAGREEMENT[name],
        "opt_outs": [{"id": "cannot-judge", "label": texts["cannot"]}],
    }


def _tidy(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as a file writes it: in the usual order, and without what is empty."""
    names = [*_ORDER, *sorted(set(item) - set(_ORDER))]
    return {
        name: list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in ((name, item.get(name)) for name in names)
        if value not in ((), "", None)
    }
