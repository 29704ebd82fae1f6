"""The codebook: every column of every file and every code in it, explained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from surveyapp.export.answers import LONG_COLUMNS, WIDE_MARKS, AskedCell, column_names
from surveyapp.export.tables import Column
from surveyapp.questionnaire.model import Question, Questionnaire, Rating

COLUMNS = (
    Column("file", "The file that the column stands in."),
    Column("column", "The column's name."),
    Column(
        "applies_to", "The question (and criterion) whose values the code belongs to; empty for all rows."
    ),
    Column("code", "The code as it stands in the file; empty in the row that explains the column itself."),
    Column("meaning", "What the column or the code means."),
)
LONG = "answers-long.csv"
WIDE = "answers-wide.csv"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One row of the codebook. `is_code` tells the code '' from a row that explains a column."""

    file: str
    column: str
    applies_to: str
    code: str
    meaning: str
    is_code: bool = False

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        code = self.code if self.code or not self.is_code else "(empty)"
        return (self.file, self.column, self.applies_to, code, self.meaning)


@dataclass(frozen=True, slots=True)
class _Words:
    """What the ids of all versions of a questionnaire mean; where versions differ, the latest has its say."""

    questions: Mapping[str, Question]
    groups: Mapping[str, str]
    items: Mapping[str, str]
    contexts: Mapping[str, str]
    criteria: Mapping[str, str]
    language: str

    @classmethod
    def of(cls, versions: Sequence[Questionnaire], cells: Sequence[AskedCell]) -> _Words:
        """`versions` oldest first."""
        language = versions[-1].language
        items = {item.id: item.title.get(language) for each in versions for item in each.items}
        return cls(
            questions={name: asked for each in versions for name, asked in each.questions_by_id.items()},
            groups={group.id: group.title.get(language) for each in versions for group in each.groups},
            items=items | _wordings(cells),
            contexts={
                name: context.title.get(language)
                for each in versions
                for name, context in each.contexts_by_id.items()
            },
            criteria={name: _criterion(each, name) for each in versions for name in each.criteria},
            language=language,
        )


def _wordings(cells: Sequence[AskedCell]) -> dict[str, str]:
    """The titles of each item that was asked in several wordings."""
    titles: dict[str, dict[int, str]] = {}
    for cell in cells:
        if cell.title:
            titles.setdefault(cell.item, {})[cell.item_version] = cell.title
    return {
        item: "; ".join(f"wording {version}: {title}" for version, title in sorted(wordings.items()))
        for item, wordings in titles.items()
        if len(wordings) > 1
    }


def explain(
    questionnaires: Sequence[Questionnaire],
    *,
    tables: Mapping[str, Sequence[Column]],
    cells: Sequence[AskedCell],
    rounds: Sequence[int],
) -> Iterator[Explanation]:
    """All explanations: plain tables, the long answers with the meaning of each value, the wide columns.

    `questionnaires` are all versions that the study asked, oldest first: what left the questionnaire between
    rounds still stands in the answers.
    """
    words = _Words.of(questionnaires, cells)
    for file, columns in tables.items():
        yield from _explain_columns(file, columns)
    yield from _explain_long(words, cells)
    yield from _explain_wide(words, cells, rounds)


def _explain_columns(file: str, columns: Iterable[Column]) -> Iterator[Explanation]:
    for column in columns:
        yield Explanation(file, column.name, "", "", column.meaning)
        for code, meaning in column.codes.items():
            yield Explanation(file, column.name, "", code, meaning, is_code=True)


def _explain_long(words: _Words, cells: Sequence[AskedCell]) -> Iterator[Explanation]:
    codes: dict[str, Mapping[str, str]] = {
        "group": words.groups,
        "question": {
            question.id: f"{question.text.get(words.language)} (kind: {question.kind})"
            for question in words.questions.values()
            if question.kind != "information"
        },
        "item": words.items,
        "context": words.contexts,
        "criterion": words.criteria,
    }
    for column in LONG_COLUMNS:
        yield from _explain_columns(LONG, [column])
        for code, meaning in codes.get(column.name, {}).items():
            yield Explanation(LONG, column.name, "", code, meaning, is_code=True)
        if column.name == "value":
            yield from _explain_values(cells)


def _explain_values(cells: Sequence[AskedCell]) -> Iterator[Explanation]:
    seen: set[tuple[str, str]] = set()
    for cell in cells:
        where = f"{cell.question}, {cell.criterion}" if cell.criterion else cell.question
        for code, meaning in cell.labels.items():
            if (where, code) not in seen:
                seen.add((where, code))
                yield Explanation(LONG, "value", where, code, meaning, is_code=True)


def _explain_wide(words: _Words, cells: Sequence[AskedCell], rounds: Sequence[int]) -> Iterator[Explanation]:
    yield from _explain_columns(WIDE, LONG_COLUMNS[:2])
    yield Explanation(WIDE, "group", "", "", "Reporting group of the panellist.")
    for number in rounds:
        state = Column(
            f"r{number}.state",
            f"What the panellist did in round {number}.",
            {
                "submitted": "Submitted; the columns of this round hold the latest submission.",
                "started": "Began and did not submit; drafts stand in the long file only.",
                "withdrawn": "Withdrew; nothing of this round counts.",
                "": "Did not begin.",
            },
        )
        yield from _explain_columns(WIDE, [state])
    names = column_names(cells, rounds)
    for number in rounds:
        for cell in cells:
            meaning = f"Round {number}: {_describe(words, cell)}"
            yield from _explain_columns(WIDE, [Column(names[number, cell.number], meaning, cell.labels)])
    for code, meaning in WIDE_MARKS.items():
        yield Explanation(WIDE, "(every column of answers)", "", code, meaning, is_code=True)


def _describe(words: _Words, cell: AskedCell) -> str:
    question = words.questions.get(cell.question)
    pieces = [question.text.get(words.language) if question is not None else cell.question]
    if cell.item:
        wording = f" (wording {cell.item_version})" if cell.item_version > 1 else ""
        pieces.append(f"item: {cell.title or cell.item}{wording}")
    if cell.context in words.contexts:
        pieces.append(f"context: {words.contexts[cell.context]}")
    if cell.criterion in words.criteria:
        pieces.append(f"criterion: {words.criteria[cell.criterion]}")
    if cell.part == "reason":
        pieces.append(
            "the written reason for this rating"
            if cell.criterion or not isinstance(question, Rating)
            else "the written reason for this item"
        )
    elif cell.part:
        pieces.append(f"what was written beside '{cell.part}'")
    return "; ".join(pieces)


def _criterion(questionnaire: Questionnaire, name: str) -> str:
    criterion = questionnaire.criteria[name]
    title = criterion.title.get(questionnaire.language)
    if criterion.statement is None:
        return title
    return f"{title}: {criterion.statement.get(questionnaire.language)}"


def as_markdown(title: str, explanations: Iterable[Explanation], *, note: str) -> Iterator[str]:
    """The codebook for people, piece by piece; the codes of wide columns are those of the long file."""
    yield f"# Codebook: {_cell_text(title)}\n\n{note}\n"
    file = column = ""
    for each in explanations:
        if each.file != file:
            file, column = each.file, ""
            yield f"\n## {file}\n\n"
        if each.column != column or not each.is_code:
            column = each.column
            if not each.is_code:
                yield f"- **{_cell_text(column)}** — {_cell_text(each.meaning)}\n"
                continue
            yield f"- **{_cell_text(column)}**\n"
        if file != WIDE or not column.startswith("r") or column.endswith(".state"):
            where = f" ({_cell_text(each.applies_to)})" if each.applies_to else ""
            yield f"    - `{each.row[3]}`{where}: {_cell_text(each.meaning)}\n"


def _cell_text(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("*", "\\*")
