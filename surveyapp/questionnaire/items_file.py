"""Items from a table beside the questionnaire: CSV as spreadsheets write it, or XLSX.

    items: {file: items.csv, columns: {title: "Name of the measure"}, taxonomy: mitigation-taxonomy}

Header names are forgiving; a column that is not known becomes a free field of the items.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from surveyapp.errors import Problem, Sentence
from surveyapp.questionnaire.model import Identifier, Strict
from surveyapp.questionnaire.tables import Row, TableError, read_table

_MOST_ITEMS: Final = 5000
_NAMES: Final[Mapping[str, str]] = {
    "id": "id", "key": "id", "itemid": "id",
    "title": "title", "name": "title", "item": "title",
    "definition": "definition", "description": "definition",
    "details": "details", "detail": "details", "moreinformation": "details",
    "code": "code", "category": "code", "categorycode": "code",
    "taxonomy": "taxonomy", "reasoning": "reasoning",
    "lifecyclestage": "lifecycle_stage", "stage": "lifecycle_stage",
    "actor": "actor", "responsibleactor": "actor",
    "function": "function", "riskmanagementfunction": "function",
    "source": "source", "tags": "tags", "tag": "tags",
}  # fmt: skip
_TARGETS: Final = frozenset(_NAMES.values())
_TEXTS: Final = frozenset({"title", "definition", "details"})
_IN_LANGUAGE: Final = re.compile(r"\s*(\w+)\s*[(\[.:]\s*([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*[)\]]?\s*")


class ItemsFile(Strict):
    """Items that stand in a CSV or XLSX file beside this one."""

    file: str
    """The file's name, without folders."""
    columns: dict[str, str] = Field(default_factory=dict)
    """What an item has → the header of the column it stands in, where the header does not say so itself."""
    taxonomy: Identifier | None = None
    """The taxonomy of the codes, where no column names it."""
    sheet: str | None = None
    """The sheet of an XLSX file; the first one when left out."""


class ItemsTable:
    """The items of a table as plain data, with the place of each, and what is wrong with them."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.places: list[str] = []
        self.problems: list[Problem] = []


def read_items(folder: Path, wanted: ItemsFile, taxonomies: Sequence[str]) -> ItemsTable:
    """The items in the file that `wanted` names, which lies in `folder`."""
    table = ItemsTable()
    name = wanted.file
    if Path(name).name != name or name in {"", ".", ".."} or "\\" in name:
        what = Sentence("name a file that lies beside this one, without folders, like items.csv")
        table.problems.append(Problem(f"“{name}”", what))
        return table
    try:
        rows = read_table(folder / name, sheet=wanted.sheet)
    except TableError as error:
        table.problems.append(Problem(name, error.args[0]))
        return table
    targets = _targets(table, name, rows[0], wanted.columns)
    if not any(target.partition(".")[0] == "title" for target in targets):
        known = ", ".join(f"“{header}”" for header in rows[0].cells if header)
        what = Sentence(
            "no column holds the titles; name one of {known} “title”, or write columns: {{title: …}}",
            known=known,
        )
        table.problems.append(Problem(f"{name}: row {rows[0].number}", what))
        return table
    if len(rows) - 1 > _MOST_ITEMS:
        what = Sentence(
            "there are {count:,} items; up to {most:,} can be read", count=len(rows) - 1, most=_MOST_ITEMS
        )
        table.problems.append(Problem(name, what))
        return table
    taxonomy = wanted.taxonomy or (taxonomies[0] if len(taxonomies) == 1 else None)
    for row in rows[1:]:
        place = f"{name}: row {row.number}"
        extra = [cell.strip() for cell in row.cells[len(targets) :] if cell.strip()]
        if extra:
            what = Sentence(
                "“{text}” stands outside the columns; put texts with commas in quotes", text=extra[0][:40]
            )
            table.problems.append(Problem(place, what))
        item = _item(table, place, dict(zip(targets, row.cells, strict=False)), taxonomy)
        if item is not None:
            table.items.append(item)
            table.places.append(place)
    return table


def _targets(table: ItemsTable, name: str, header: Row, columns: Mapping[str, str]) -> list[str]:
    """What each column holds: a known name, or its own header for a free field."""
    asked = {_plain(title): target for target, title in columns.items()}
    present = {_plain(cell) for cell in header.cells}
    place = f"{name}: row {header.number}"
    for target, title in columns.items():
        if target.partition(".")[0] not in _TARGETS:
            known = ", ".join(sorted(_TARGETS))
            what = Sentence("“{part}” is no part of an item; parts are {known}", part=target, known=known)
            table.problems.append(Problem(place, what))
        if _plain(title) not in present:
            what = Sentence("there is no column “{title}”; check the first row", title=title)
            table.problems.append(Problem(place, what))
    targets: list[str] = []
    for number, cell in enumerate(header.cells, start=1):
        target = asked.get(_plain(cell)) or _known(cell, columns) or cell.strip() or f"column {number}"
        if target in targets:
            what = Sentence("two columns hold “{part}”; rename or remove one", part=target)
            table.problems.append(Problem(place, what))
            target = f"column {number}"
        targets.append(target)
    return targets


def _known(header: str, columns: Mapping[str, str]) -> str | None:
    """The part of an item that a header means by itself, unless another column was named for it."""
    match = _IN_LANGUAGE.fullmatch(header)
    if match is not None:
        part = _NAMES.get(_plain(match.group(1)))
        target = f"{part}.{match.group(2)}" if part in _TEXTS else None
    else:
        target = _NAMES.get(_plain(header))
    return None if target in columns else target


def _plain(header: str) -> str:
    return re.sub(r"[\W_]+", "", header.casefold())


def _item(
    table: ItemsTable, place: str, cells: Mapping[str, str], taxonomy: str | None
) -> dict[str, Any] | None:
    texts = {name: dict(_text(name, cells)) for name in _TEXTS}
    if not texts["title"]:
        what = Sentence("this item has no title; write one, or remove the row")
        table.problems.append(Problem(place, what))
        return None
    title = next(iter(texts["title"].values()))
    item: dict[str, Any] = {"id": cells.get("id", "").strip() or identifier_of(title)}
    if not item["id"]:
        what = Sentence("no id can be made from this title; add a column “id”")
        table.problems.append(Problem(place, what))
        return None
    # A text in one language only is written plainly, so that missing translations are noticed.
    item |= {name: text["*"] if set(text) == {"*"} else text for name, text in texts.items() if text}
    for name in ("lifecycle_stage", "actor", "function", "source"):
        if cells.get(name, "").strip():
            item[name] = cells[name].strip()
    tags = [tag.strip() for tag in re.split(r"[,;\n]", cells.get("tags", ""))]
    item["tags"] = tuple(tag for tag in tags if tag)
    categories = tuple(_categories(table, place, cells, taxonomy))
    if categories:
        item["categories"] = categories
    free = {
        name: text.strip()
        for name, text in cells.items()
        if text.strip() and name not in _TARGETS and name.partition(".")[0] not in _TEXTS
    }
    if free:
        item["fields"] = free
    return item


def _text(name: str, cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if cells.get(name, "").strip():
        yield "*", cells[name].strip()
    for key, text in cells.items():
        part, dot, language = key.partition(".")
        if part == name and dot and text.strip():
            yield language, text.strip()


def _categories(
    table: ItemsTable, place: str, cells: Mapping[str, str], taxonomy: str | None
) -> Iterator[dict[str, Any]]:
    code = cells.get("code", "").strip()
    if not code:
        return
    named = cells.get("taxonomy", "").strip() or taxonomy
    if named is None:
        what = Sentence(
            "code “{code}” means nothing without its taxonomy; add a column, or taxonomy: … beside file:",
            code=code,
        )
        table.problems.append(Problem(place, what))
        return
    category: dict[str, Any] = {"taxonomy": named, "code": code}
    if cells.get("reasoning", "").strip():
        category["reasoning"] = cells["reasoning"].strip()
    yield category


def identifier_of(title: str) -> str:
    """An id made from a title: “Safety Drills” → ``safety-drills``; ``''`` if it has no Latin letters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")
    return words[:60].rstrip("-")
