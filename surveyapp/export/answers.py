"""The answers as tidy long lines and as one wide row per panellist, written in one pass.

A panel of ten thousand gives millions of lines, nearly all of them one of a few thousand different ones
behind a different panellist. So the database hands over, per panellist and round, one text of *tokens*, and
each different token is turned into its piece of line once and then only looked up. A token is
``{TOKEN_BASE + cell}:{status}:{whole number or opt-out id}``; tokens of one length sort in the order of
their cells. What is no small token (written texts, options, fractions) comes as an `Entry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple, Protocol

from surveyapp.export.tables import Column
from surveyapp.export.writers.csv import END, Value, field_writer, lines, number_text
from surveyapp.questionnaire.cells import Status

TOKEN_BASE = 10_000_000
_KEPT_PIECES = 200_000

LATE_DRAFT = "late_draft"
STATUS_WORDS: Mapping[int, str] = {status.value: status.name.lower() for status in Status}
STATUS_MEANINGS: Mapping[str, str] = {
    "value": "An answer was given.",
    "blank": "The cell was asked and left blank, or emptied again.",
    "dont_know": "The expert cannot judge; 'value' holds the opt-out's id. Not a point of the scale.",
    "declined": "The expert declines to answer; 'value' holds the opt-out's id. Not a point of the scale.",
    "withdrawn": "The expert withdrew this answer. It does not count.",
    "kept": "The answer of an earlier round, kept on purpose.",
    LATE_DRAFT: "Edited after the latest submission and not submitted again. It does not count.",
}
_BLANK_MARK = "(blank)"
_WITHDRAWN_MARK = "(withdrawn)"
WIDE_MARKS: Mapping[str, str] = {
    "": "Not asked, or nothing submitted in this round.",
    _BLANK_MARK: "Asked and left blank.",
    _WITHDRAWN_MARK: "The expert withdrew this answer.",
}
SEVERAL = "|"

LONG_COLUMNS = (
    Column("panellist", "Pseudonym of the panellist, the same in all files and rounds of this study."),
    Column("group", "Reporting group of the panellist in this round."),
    Column("round", "Number of the round."),
    Column(
        "submitted", "When the latest submission was made, in UTC, no finer than the study's grain of time."
    ),
    Column(
        "counted",
        "Whether the answer counts.",
        {
            "yes": "It is part of the panellist's latest submission in this round.",
            "no": "It is a draft that was never submitted, a late draft, or withdrawn.",
        },
    ),
    Column("question", "Id of the question."),
    Column("item", "Id of the item; empty where the question has none."),
    Column("item_version", "Wording of the item that was asked; 0 where there is no item."),
    Column("context", "Id of the context that the item is rated for; empty where there is none."),
    Column("criterion", "Id of the criterion; empty where there is none."),
    Column(
        "part",
        "Which part of the question this row is.",
        {
            "": "The answer itself.",
            "reason": "The written reason that goes with the rating or ratings.",
            "other": "What was written beside the option 'other'.",
        },
    ),
    Column(
        "value",
        "The number, the id of the option or opt-out, or the text that was written. Several ids are joined "
        f"by '{SEVERAL}', in the order of preference where one was asked.",
    ),
    Column(
        "label", "The value in words, in the questionnaire's first language; empty for numbers and texts."
    ),
    Column("status", "What kind of answer it is. A cell that was never asked has no row.", STATUS_MEANINGS),
    Column("reason", "The written reason, in rows whose part is 'reason'."),
)


class Writing(Protocol):
    """Where lines go."""

    def write(self, text: str, rows: int) -> None:
        """Write `text`, which holds `rows` rows."""


@dataclass(frozen=True, slots=True)
class AskedCell:
    """One cell of the study, with what its rows say about it."""

    number: int
    question: str
    item: str = ""
    item_version: int = 0
    context: str = ""
    criterion: str = ""
    part: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A readable name: ``effectiveness.item.context.criterion``. `column_names` makes names unique."""
        wording = f"{self.item}@{self.item_version}" if self.item_version > 1 else self.item
        pieces = [self.question, wording, self.context, self.criterion, self.part]
        return ".".join(piece for piece in pieces if piece)


class Entry(NamedTuple):
    """What stands in one cell: see `surveyapp.questionnaire.cells.Given`."""

    cell: int
    status: int
    number: Decimal | float | int | None = None
    text: str | None = None
    parts: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one panellist gave in one round: tokens, what is no token, and edits that were not submitted."""

    round: int
    group: str
    state: Literal["submitted", "started", "withdrawn"]
    submitted: str
    tokens: Sequence[str] = ()
    entries: Sequence[Entry] = ()
    drafts: Sequence[Entry] = ()

    @property
    def is_submitted(self) -> bool:
        return self.state == "submitted"


def column_names(cells: Iterable[AskedCell], rounds: Sequence[int]) -> dict[tuple[int, int], str]:
    """(round, cell number) → name of the wide column. Names are readable and never the same twice."""
    names: dict[tuple[int, int], str] = {}
    taken: dict[str, int] = {}
    for cell in cells:
        name = cell.name
        # An item and a context may share an id; then the cell's number tells the two columns apart.
        if taken.setdefault(name, cell.number) != cell.number:
            name = f"{name}#{cell.number}"
        for number in rounds:
            names[number, cell.number] = f"r{number}.{name}"
    return names


class AnswerWriter:
    """Writes both answer files, panellist by panellist, holding one panellist at a time."""

    def __init__(
        self, cells: Sequence[AskedCell], rounds: Sequence[int], *, exact: bool, long: Writing, wide: Writing
    ) -> None:
        self._field = field_writer(exact=exact)
        self._exact = exact
        self._cells = {cell.number: cell for cell in cells}
        self._long, self._wide = long, wide
        self._starts = {
            cell.number: ",".join(
                self._field(text)
                for text in (
                    cell.question, cell.item, cell.item_version, cell.context, cell.criterion, cell.part
                )
            )
            for cell in cells
        }  # fmt: skip
        self._pieces = {True: _Pieces(self, counted=True), False: _Pieces(self, counted=False)}
        names = column_names(cells, rounds)
        self._states = {number: position for position, number in enumerate(rounds)}
        self._places = {
            number: {
                cell.number: len(rounds) + index * len(cells) + place for place, cell in enumerate(cells)
            }
            for index, number in enumerate(rounds)
        }
        self._wide_values = {number: _WideValues(self, places) for number, places in self._places.items()}
        self._width = len(rounds) + len(rounds) * len(cells)
        header = ["panellist", "group", *(f"r{number}.state" for number in rounds)]
        header += [names[number, cell.number] for number in rounds for cell in cells]
        self._write_header(long, [column.name for column in LONG_COLUMNS])
        self._write_header(wide, header)

    def write(self, pseudonym: str, group: str, sheets: Iterable[Sheet]) -> int:
        """Write all that one panellist gave, rounds in ascending order; returns the number of long rows."""
        row = [""] * self._width
        written = 0
        for sheet in sheets:
            written += self._write_long(pseudonym, sheet)
            row[self._states[sheet.round]] = sheet.state
            # Drafts stand in the long file only: here is what a table of results may be made from.
            if sheet.state != "started":
                for place, text in map(self._wide_values[sheet.round].__getitem__, sheet.tokens):
                    row[place] = text
                places = self._places[sheet.round]
                for entry in sheet.entries:
                    row[places[entry.cell]] = self._field(wide_value(entry))
        start = f"{self._field(pseudonym)},{self._field(group)},"
        self._wide.write(start + ",".join(row) + END, 1)
        return written

    def _write_long(self, pseudonym: str, sheet: Sheet) -> int:
        pieces = self._pieces[sheet.is_submitted]
        field = self._field
        start = f"{field(pseudonym)},{field(sheet.group)},{sheet.round},{field(sheet.submitted)},"
        texts: list[str]
        if sheet.entries or sheet.drafts:
            # A draft stands behind the answer that counts in the same cell.
            keyed = [(token[:_CELL_DIGITS], "", pieces[token]) for token in sheet.tokens]
            keyed += [
                (str(TOKEN_BASE + entry.cell), "", self.piece(entry, counted=sheet.is_submitted))
                for entry in sheet.entries
            ]
            keyed += [
                (
                    str(TOKEN_BASE + entry.cell),
                    LATE_DRAFT,
                    self.piece(entry, counted=False, status=LATE_DRAFT),
                )
                for entry in sheet.drafts
            ]
            keyed.sort()
            texts = [piece for _, _, piece in keyed]
        else:
            texts = [pieces[token] for token in sorted(sheet.tokens)]
        if texts:
            self._long.write(start + (END + start).join(texts) + END, len(texts))
        return len(texts)

    def piece(self, entry: Entry, *, counted: bool, status: str = "") -> str:
        """The end of a long line, from ``counted`` on, without the line end."""
        cell = self._cells[entry.cell]
        counts = counted and entry.status != Status.WITHDRAWN
        value = long_value(entry)
        is_reason = cell.part == "reason"
        fields: tuple[Value, ...] = (
            None if is_reason else value,
            None if is_reason else label(cell, entry),
            status or STATUS_WORDS[entry.status],
            value if is_reason else None,
        )
        middle = ",".join([self._field(each) for each in fields])
        return f"{'yes' if counts else 'no'},{self._starts[entry.cell]},{middle}"

    def wide_field(self, entry: Entry) -> str:
        """One field of the wide file."""
        return self._field(wide_value(entry))

    def _write_header(self, file: Writing, names: Sequence[str]) -> None:
        file.write("".join(lines([names], exact=self._exact)), 0)


_CELL_DIGITS = len(str(TOKEN_BASE))


class _Pieces(dict[str, str]):
    """Token → its piece of a long line, made when first met."""

    def __init__(self, writer: AnswerWriter, *, counted: bool) -> None:
        super().__init__()
        self._writer, self._counted = writer, counted

    def __missing__(self, token: str) -> str:
        piece = self._writer.piece(read_token(token), counted=self._counted)
        if len(self) < _KEPT_PIECES:
            self[token] = piece
        return piece


class _WideValues(dict[str, tuple[int, str]]):
    """Token → where it stands in a wide row, and as what."""

    def __init__(self, writer: AnswerWriter, places: Mapping[int, int]) -> None:
        super().__init__()
        self._writer, self._places = writer, places

    def __missing__(self, token: str) -> tuple[int, str]:
        entry = read_token(token)
        found = (self._places[entry.cell], self._writer.wide_field(entry))
        if len(self) < _KEPT_PIECES:
            self[token] = found
        return found


def read_token(token: str) -> Entry:
    """The entry that a token stands for: ``10000012:1:4`` is the value 4 in cell 12."""
    cell, status, rest = token.split(":", 2)
    kind = Status(int(status))
    number = Decimal(rest) if kind in {Status.VALUE, Status.KEPT} else None
    text = rest if kind in {Status.DONT_KNOW, Status.DECLINED} else None
    return Entry(int(cell) - TOKEN_BASE, kind.value, number, text)


def long_value(entry: Entry) -> Value:
    """What the column ``value`` holds: a Decimal, a text, or None where there is no value."""
    if entry.number is not None:
        return Decimal(number_text(entry.number))
    return SEVERAL.join(entry.parts) if entry.parts is not None else entry.text


def wide_value(entry: Entry) -> Value:
    """What a wide column holds; the answers that are no value are told apart there too."""
    if entry.status == Status.BLANK:
        return _BLANK_MARK
    return _WITHDRAWN_MARK if entry.status == Status.WITHDRAWN else long_value(entry)


def label(cell: AskedCell, entry: Entry) -> str | None:
    """The value in words, as far as the cell's labels have words for it."""
    if entry.parts is not None:
        return f" {SEVERAL} ".join(cell.labels.get(part, part) for part in entry.parts)
    code = number_text(entry.number) if entry.number is not None else entry.text
    return cell.labels.get(code) if code is not None else None
