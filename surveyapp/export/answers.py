"""The answers as tidy long lines and as one wide row per panellist, written in one pass.

A panel of ten thousand gives millions of lines, nearly all of them one of a few thousand different ones
behind a different panellist. So the database hands over, per panellist and round, one text of tokens
(`surveyapp.export.tokens`), and each different token is turned into its piece of line once and then only
looked up. What is no token (written texts, options, fractions) comes as an `Entry`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from surveyapp.export.tables import Column
from surveyapp.export.tokens import TOKEN_BASE, Entry, read_token
from surveyapp.export.writers.csv import END, Value, encoded, field_writer, lines, number_text
from surveyapp.questionnaire.cells import Status

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
WIDE_MARKS: Mapping[str, str] = {
    "": "Not asked, or nothing submitted in this round.",
    _BLANK_MARK: "Asked and left blank.",
}
SEVERAL = "|"
_LINE = "\n"
"""Between several texts: each is one line, so nothing that is written can be taken for it."""

LONG_COLUMNS = (
    Column("panellist", "Pseudonym of the panellist, the same in all files and rounds of this study."),
    Column(
        "is_synthetic",
        "Whether this panellist was invented by a program.",
        {"yes": "Synthetic: nothing in this row is a finding.", "no": "A person."},
    ),
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
        f"by '{SEVERAL}', in the order of preference where one was asked; several texts have a line each.",
    ),
    Column(
        "label", "The value in words, in the questionnaire's first language; empty for numbers and texts."
    ),
    Column("status", "What kind of answer it is. A cell that was never asked has no row.", STATUS_MEANINGS),
    Column("reason", "The written reason, in rows whose part is 'reason'."),
    Column(
        "correction",
        "Number of the latest correction of the round's wording that stood on the page when this was given: "
        "see corrections.csv. 0 for the wording that the round was opened with.",
    ),
)


class Writing(Protocol):
    """Where lines go."""

    def write(self, text: str, rows: int) -> None:
        """Write `text`, which holds `rows` rows."""

    def write_bytes(self, data: bytes, rows: int) -> None:
        """Write what is in UTF-8 already."""


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
    title: str = ""
    """Title of the item in the wording that was asked."""

    @property
    def name(self) -> str:
        """A readable name: ``effectiveness.item.context.criterion``. `column_names` makes names unique."""
        wording = f"{self.item}@{self.item_version}" if self.item_version > 1 else self.item
        pieces = [self.question, wording, self.context, self.criterion, self.part]
        return ".".join(piece for piece in pieces if piece)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one panellist gave in one round: tokens, what is no token, and edits that were not submitted."""

    round: int
    group: str
    state: Literal["submitted", "started", "withdrawn"]
    submitted: str
    receipt: str | None = None
    variant: str = ""
    is_admitted: bool = False
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
        # What stands around a written text in its line, for cells whose values have no labels.
        self._heads = {
            counted: {
                cell.number: f"{'yes' if counted else 'no'},{self._starts[cell.number]},"
                + (",,value," if cell.part == "reason" else "")
                for cell in cells
            }
            for counted in (True, False)
        }
        self._tails = {
            cell.number: "" if cell.part == "reason" else ",,value," for cell in cells if not cell.labels
        }
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
        header = ["panellist", "is_synthetic", "group", *(f"r{number}.state" for number in rounds)]
        header += [names[number, cell.number] for number in rounds for cell in cells]
        self._write_header(long, [column.name for column in LONG_COLUMNS])
        self._write_header(wide, header)

    def write(self, pseudonym: str, group: str, sheets: Iterable[Sheet], *, is_synthetic: bool) -> None:
        """Write all that one panellist gave, rounds in ascending order."""
        field = self._field
        who = f"{field(pseudonym)},{'yes' if is_synthetic else 'no'}"
        row = [""] * self._width
        for sheet in sheets:
            pieces, shown = self._write_entries(sheet)
            start = f"{who},{field(sheet.group)},{sheet.round},{field(sheet.submitted)},"
            self._write_long(start, sheet, pieces)
            row[self._states[sheet.round]] = sheet.state
            # Drafts stand in the long file only: here is what a table of results may be made from.
            if sheet.is_submitted:
                for place, text in map(self._wide_values[sheet.round].__getitem__, sheet.tokens):
                    row[place] = text
                places = self._places[sheet.round]
                for cell, text in shown:
                    row[places[cell]] = text
        self._wide.write(f"{who},{field(group)},{','.join(row)}{END}", 1)

    def _write_entries(self, sheet: Sheet) -> tuple[dict[str, bytes], list[tuple[int, str]]]:
        """Pieces of long lines under keys that sort like tokens, and (cell, field of the wide file)."""
        pieces: dict[str, bytes] = {}
        shown: list[tuple[int, str]] = []
        heads, tails, field = self._heads[sheet.is_submitted], self._tails, self._field
        for entry in sheet.entries:
            cell, status, _, text, _, correction = entry
            if text is not None and status == Status.VALUE and cell in tails:
                # Written texts are by far the most of these; this saves a second per hundred thousand.
                written = field(text)
                line = f"{heads[cell]}{written}{tails[cell]},{correction}"
                pieces[str(TOKEN_BASE + cell)] = encoded(line)
                shown.append((cell, written))
            else:
                pieces[str(TOKEN_BASE + cell)] = encoded(self.piece(entry, counted=sheet.is_submitted))
                shown.append((cell, field(wide_value(self._cells[cell], entry))))
        for entry in sheet.drafts:
            # A late draft follows the answer that counts in the same cell.
            pieces[f"{TOKEN_BASE + entry.cell}~"] = encoded(
                self.piece(entry, counted=False, status=LATE_DRAFT)
            )
        return pieces, shown

    def _write_long(self, start: str, sheet: Sheet, own: Mapping[str, bytes]) -> None:
        pieces = self._pieces[sheet.is_submitted]
        pieces.update(own)
        texts = list(map(pieces.__getitem__, sorted([*sheet.tokens, *own])))
        for key in own:
            del pieces[key]
        if texts:
            # Pieces are kept as the file has them: to encode them again and again would take a tenth longer.
            head, end = encoded(start), encoded(END)
            self._long.write_bytes(head + (end + head).join(texts) + end, len(texts))

    def piece(self, entry: Entry, *, counted: bool, status: str = "") -> str:
        """The end of a long line, from ``counted`` on, without the line end."""
        cell = self._cells[entry.cell]
        counts = "yes" if counted and entry.status != Status.WITHDRAWN else "no"
        value = self._field(long_value(cell, entry))
        word = status or STATUS_WORDS[entry.status]
        start = self._starts[entry.cell]
        if cell.part == "reason":
            return f"{counts},{start},,,{word},{value},{entry.correction}"
        return f"{counts},{start},{value},{self._field(label(cell, entry))},{word},,{entry.correction}"

    def wide_field(self, entry: Entry) -> str:
        """One field of the wide file."""
        return self._field(wide_value(self._cells[entry.cell], entry))

    def _write_header(self, file: Writing, names: Sequence[str]) -> None:
        file.write("".join(lines([names], exact=self._exact)), 0)


class _Pieces(dict[str, bytes]):
    """Token → its piece of a long line, made when first met."""

    def __init__(self, writer: AnswerWriter, *, counted: bool) -> None:
        super().__init__()
        self._writer, self._counted = writer, counted

    def __missing__(self, token: str) -> bytes:
        piece = encoded(self._writer.piece(read_token(token), counted=self._counted))
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


def long_value(cell: AskedCell, entry: Entry) -> Value:
    """What the column ``value`` holds: a Decimal, a text, or None where there is no value."""
    if entry.number is not None:
        return Decimal(number_text(entry.number))
    if entry.parts is not None:
        return (SEVERAL if cell.labels else _LINE).join(entry.parts)
    return entry.text


def wide_value(cell: AskedCell, entry: Entry) -> Value:
    """What a wide column holds; a blank is told from a question that was not asked there too."""
    return _BLANK_MARK if entry.status == Status.BLANK else long_value(cell, entry)


def label(cell: AskedCell, entry: Entry) -> str | None:
    """The value in words, as far as the cell's labels have words for it."""
    if entry.parts is not None:
        return (
            f" {SEVERAL} ".join(cell.labels.get(part, part) for part in entry.parts) if cell.labels else None
        )
    code = number_text(entry.number) if entry.number is not None else entry.text
    return cell.labels.get(code) if code is not None else None
