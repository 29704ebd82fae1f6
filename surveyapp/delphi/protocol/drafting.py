"""The fields of a form as a protocol's file: the file is the one truth, and the form one way to write it.

A field is called as what it holds is called in the file: ``rounds.0.asks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from surveyapp.delphi.rules.ready_made import READY_MADE
from surveyapp.questionnaire.finding import Path
from surveyapp.questionnaire.writing import Written, write

Fields: TypeAlias = Mapping[str, str]
"""Field → what stands in it; a box that is ticked has ``y``, one that is not has no field."""

OWN: Final = "own"
"""Choice of whoever writes a rule or condition in words of the language of rules."""
ALL_DONE: Final = "done = 100%"
SCOPES: Final = (
    "",
    "in every context",
    "in any context",
    "in each group",
    "in any group",
)
ROWS: Final = ("rounds", "consensus", "decisions", "variants")
MOST_ROWS: Final = 20
SHOWN: Final = ("own_answer", "distribution", "quartiles", "reasons", "summaries")


def written_of(fields: Fields) -> Written:
    """The file that these fields make."""
    return write(data_of(fields))


def data_of(fields: Fields) -> dict[str, Any]:
    """The data of that file, in the order in which such files are written.

    What is no number where one is due stays as it was typed, so that the loader can say so.
    """
    data: dict[str, Any] = {
        "format": 1,
        "id": fields.get("id", ""),
        "version": fields.get("version", "") or "1",
        "title": fields.get("title", "").strip(),
        # As it was typed: its lines and paragraphs are its author's.
        "notes": fields.get("notes", "") if fields.get("notes", "").strip() else None,
        "questionnaire": _text(fields, "questionnaire"),
        "rounds": _rounds(fields),
        "later_rounds": _text(fields, "later_rounds"),
        "cohorts": _text(fields, "cohorts"),
        "consensus": [_consensus(fields, each) for each in _rows(fields, "consensus")],
        "stability": _stability(fields),
        "stopping": _stopping(fields),
        "decisions": [
            {"propose": fields.get(f"{each}.propose", ""), "when": fields.get(f"{each}.when", "").strip()}
            for each in _rows(fields, "decisions")
            if fields.get(f"{each}.when", "").strip()
        ],
        "groups": _groups(fields),
        "counting": {
            "quantile_type": _number(fields, "counting.quantile_type"),
            "denominator": _text(fields, "counting.denominator"),
            "minimum_n": _number(fields, "counting.minimum_n"),
            "minimum_n_in_group": _number(fields, "counting.minimum_n_in_group"),
            "partial_answers": "counting.partial_answers" in fields,
        },
        "feedback": _feedback(fields, "feedback"),
        "variants": [
            {
                "id": fields.get(f"{each}.id", "").strip(),
                "title": _text(fields, f"{each}.title"),
                "share": fields.get(f"{each}.share", "").strip(),
                "feedback": _feedback(fields, f"{each}.feedback"),
            }
            for each in _rows(fields, "variants")
            if fields.get(f"{each}.id", "").strip() or fields.get(f"{each}.share", "").strip()
        ],
        "settled_results": _text(fields, "settled_results"),
        "anonymity": {
            "level": _text(fields, "anonymity.level"),
            "k": _number(fields, "anonymity.k"),
            "k_reasons": _number(fields, "anonymity.k_reasons"),
            "unanimity": _text(fields, "anonymity.unanimity"),
        },
        "reasons": {
            "ask": _text(fields, "reasons.ask"),
            "step": _number(fields, "reasons.step"),
        },
        "discussion": _discussion(fields),
    }
    return {name: _without_none(value) for name, value in data.items() if value is not None and value != []}


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    return [_without_none(each) for each in value] if isinstance(value, list) else value


def field_at(path: Path, known: frozenset[str]) -> str:
    """The field, or the group of fields, that stands for this place of the file; '' for none."""
    parts = [str(part) for part in path]
    while parts:
        name = ".".join(parts)
        if name in known:
            return name
        parts.pop()
    return ""


def count_rows(fields: Fields, sort: str) -> int:
    """How many rows of this sort there are."""
    return len(_rows(fields, sort))


def with_row(fields: Fields, sort: str) -> dict[str, str]:
    """The fields with another row at the end, which says what is usual there."""
    number = count_rows(fields, sort)
    if number >= MOST_ROWS:
        return dict(fields)
    begun = {
        "rounds": {"asks": "all items" if number == 0 else "only open"},
        "consensus": {"id": "", "rule.kind": "percentage-agreement", "rule.values": "75%"},
        "decisions": {"propose": "accept", "when": ""},
        "variants": {"id": "", "share": "50%", **{f"feedback.{name}": "y" for name in SHOWN}},
    }[sort]
    return {**fields, **{f"{sort}.{number}.{name}": value for name, value in begun.items()}}


def without_row(fields: Fields, sort: str, number: int) -> dict[str, str]:
    """The fields without that row; those after it move up."""
    kept: dict[str, str] = {}
    for name, value in fields.items():
        head, *rest = name.split(".")
        if head != sort or not rest:
            kept[name] = value
        elif int(rest[0]) != number:
            place = int(rest[0]) - (int(rest[0]) > number)
            kept[".".join((sort, str(place), *rest[1:]))] = value
    return kept


def _rows(fields: Fields, sort: str) -> list[str]:
    """The names of the rows, ``rounds.0``, ``rounds.1`` …, as far as there are any."""
    numbers = {
        int(parts[1])
        for parts in (name.split(".") for name in fields)
        if parts[0] == sort and len(parts) > 2 and parts[1].isascii() and parts[1].isdigit()
    }
    return [f"{sort}.{number}" for number in sorted(numbers) if number < MOST_ROWS]


def _text(fields: Fields, name: str) -> str | None:
    return fields.get(name, "").strip() or None


def _number(fields: Fields, name: str) -> int | str | None:
    text = fields.get(name, "").strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= 9
    return int(text) if is_number else text or None


def _rounds(fields: Fields) -> list[dict[str, Any]]:
    rows = _rows(fields, "rounds")
    # Rounds are numbered as they stand; one that only collects items comes before the first.
    first = 0 if rows and fields.get(f"{rows[0]}.asks") == "proposals" else 1
    return [
        {
            "number": number,
            "title": _text(fields, f"{each}.title"),
            "asks": fields.get(f"{each}.asks", ""),
            "days_open": _number(fields, f"{each}.days_open"),
            "feedback": _feedback(fields, f"{each}.feedback") if f"{each}.feedback" in fields else None,
            "real_time": None if batch is None else {"batch": batch},
        }
        for number, each in enumerate(rows, start=first)
        for batch in [_number(fields, f"{each}.real_time.batch")]
    ]


def _consensus(fields: Fields, row: str) -> dict[str, Any]:
    return {
        "id": fields.get(f"{row}.id", "").strip(),
        "title": _text(fields, f"{row}.title"),
        "for": _selection(fields, f"{row}.for"),
        "rule": _rule(fields, f"{row}.rule"),
    }


def _rule(fields: Fields, name: str) -> str:
    kind = fields.get(f"{name}.kind", OWN)
    if kind not in READY_MADE:
        return " ".join(fields.get(f"{name}.own", "").split())
    values = fields.get(f"{name}.values", "").strip()
    given = f"({values})" if values and READY_MADE[kind].usual else ""
    return f"{kind}{given} {fields.get(f'{name}.scope', '')}".strip()


def _selection(fields: Fields, name: str) -> dict[str, Any] | None:
    selected = {
        "criterion": _text(fields, f"{name}.criterion"),
        "question": _text(fields, f"{name}.question"),
        "contexts": _named(fields, f"{name}.contexts.") or None,
    }
    return selected if any(selected.values()) else None


def _named(fields: Fields, prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in fields if name.startswith(prefix)]


def _stability(fields: Fields) -> dict[str, Any] | None:
    if "stability" not in fields:
        return None
    return {
        "for": _selection(fields, "stability.for"),
        "rule": _text(fields, "stability.rule"),
        "minimum_pairs": _number(fields, "stability.minimum_pairs"),
    }


def _stopping(fields: Fields) -> str | None:
    kind = fields.get("stopping.kind", "")
    if kind == "all":
        return ALL_DONE
    return " ".join(fields.get("stopping.own", "").split()) if kind == OWN else None


def _groups(fields: Fields) -> dict[str, Any]:
    return {
        "which": _named(fields, "groups.which.") or None,
        "each_must_agree": "groups.each_must_agree" in fields,
    }


def _feedback(fields: Fields, name: str) -> dict[str, Any]:
    shown: dict[str, Any] = {each: f"{name}.{each}" in fields for each in SHOWN}
    return {**shown, "of_groups": _text(fields, f"{name}.of_groups")}


def _discussion(fields: Fields) -> dict[str, bool] | None:
    if "discussion" not in fields:
        return None
    return {name: f"discussion.{name}" in fields for name in ("marks", "replies", "moderated")}
