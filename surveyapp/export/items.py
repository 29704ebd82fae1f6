"""The items as a table: all that the questionnaire says about what was rated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from surveyapp.export.tables import Column
from surveyapp.export.writers.csv import Value

ItemContent = tuple[int, Mapping[str, Any]]
"""Version of the wording, and the item as it is stored."""

_PLAIN = {
    "lifecycle_stage": "Stage of the life cycle that the item belongs to.",
    "actor": "Who is responsible for it.",
    "function": "Its risk-management function.",
    "source": "Where it comes from.",
}
_TEXTS = {
    "title": "Title of the item, as experts read it.",
    "definition": "What the item means, as experts read it.",
    "details": "More about it.",
}


def item_columns(items: Sequence[ItemContent]) -> tuple[Column, ...]:
    """The columns; texts in several languages get one column each, free fields one per name."""
    columns = [
        Column("item", "Id of the item."),
        Column("item_version", "1 for the first wording, and so on."),
    ]
    for name, meaning in _TEXTS.items():
        columns += [
            Column(
                _text_column(name, language),
                meaning if language == "*" else f"{meaning} Language: {language}.",
            )
            for language in _languages(items, name)
        ]
    columns.append(Column("categories", "Places in taxonomies as taxonomy:code, joined by '|'."))
    columns += [Column(name, meaning) for name, meaning in _PLAIN.items()]
    columns.append(Column("tags", "Tags of the item, joined by '|'."))
    columns += [Column(f"field.{name}", "A free field of the questionnaire.") for name in _fields(items)]
    return tuple(columns)


def item_rows(items: Sequence[ItemContent]) -> Iterator[tuple[Value, ...]]:
    """One row per item and wording, in the columns' order."""
    languages = {name: _languages(items, name) for name in _TEXTS}
    fields = _fields(items)
    for version, item in items:
        texts = [_in_language(item.get(name), language) for name in _TEXTS for language in languages[name]]
        categories = "|".join(f"{each['taxonomy']}:{each['code']}" for each in item.get("categories", ()))
        own = item.get("fields", {})
        yield (
            item["id"],
            version,
            *texts,
            categories,
            *(item.get(name) for name in _PLAIN),
            "|".join(item.get("tags", ())),
            *(own.get(name) for name in fields),
        )


def _languages(items: Sequence[ItemContent], name: str) -> list[str]:
    found = {language for _, item in items for language in _texts(item.get(name))}
    return sorted(found) or ["*"]


def _texts(text: Any) -> Mapping[str, str]:
    if text is None:
        return {}
    return text if isinstance(text, Mapping) else {"*": str(text)}


def _in_language(text: Any, language: str) -> str | None:
    return _texts(text).get(language)


def _text_column(name: str, language: str) -> str:
    return name if language == "*" else f"{name}.{language}"


def _fields(items: Sequence[ItemContent]) -> list[str]:
    return sorted({name for _, item in items for name in item.get("fields", {})})
