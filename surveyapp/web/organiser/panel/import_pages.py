"""What the page shows that takes people from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.errors import Problem, Sentence, say
from surveyapp.exchange.panel_file import Heading, PanelFile, PanelRow
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.panel import PanelImport
from surveyapp.services.reading.people_alike import RowBeside
from surveyapp.web.organiser.panel.twins import Twin, twin_of

SHOWN = 100
"""How many problems a page lists; the file holds all."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a column can hold."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """One column of the sheet, and what it is taken for."""

    index: int
    title: str
    label: str
    samples: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row as it stands in the sheet, and all that is wrong with it."""

    number: int
    cells: tuple[str, ...]
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowTwins:
    """A row beside whom the panel knows already."""

    row: int
    name: str
    email: str
    group: str
    twins: tuple[Twin, ...]


@dataclass(frozen=True, slots=True)
class ImportPage:
    """What a file would do, or why it cannot be taken."""

    file: str
    problems: tuple[str, ...]
    """What is wrong with the file as a whole."""
    bad_rows: tuple[BadRow, ...]
    count: int
    more: int
    """Problems that are not listed here."""
    would_add: str
    left_out: str
    leaves_out_known: bool
    by_group: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...]
    beside: tuple[RowTwins, ...]
    unused: tuple[str, ...]
    columns: tuple[ColumnLine, ...]
    needs_matching: bool
    """Whether no column was taken for the address, so that somebody has to say."""
    groups: tuple[tuple[str, str], ...]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at a file."""

    name: str = ""
    headings: tuple[Heading, ...] = ()
    file: PanelFile | None = None
    outcome: PanelImport | None = None
    problems: tuple[Problem, ...] = ()
    refused: tuple[str, ...] = ()
    beside: tuple[RowBeside, ...] = ()
    leaves_out_known: bool = False


def import_page(looked: Looked, questionnaire: Questionnaire) -> ImportPage:
    """The page about one file, or about none yet."""
    titles = {each.id: each.title.get(questionnaire.language) for each in questionnaire.groups}
    rows = {row.row: row for row in looked.file.rows} if looked.file is not None else {}
    of_file = [each for each in looked.problems if row_of(each) not in rows]
    bad = _bad_rows([each for each in looked.problems if row_of(each) in rows], rows)
    shown = bad[:SHOWN]
    told = sum(len(each.wrong) for each in shown) + len(of_file[:SHOWN])
    outcome = looked.outcome
    return ImportPage(
        file=looked.name,
        problems=(*looked.refused, *(written(each) for each in of_file[:SHOWN])),
        bad_rows=shown,
        count=len(looked.problems) + len(looked.refused),
        more=max(0, len(looked.problems) - told),
        would_add=_would_add(outcome.added) if outcome else "",
        left_out=_left_out(outcome.left_out) if outcome else "",
        leaves_out_known=looked.leaves_out_known,
        by_group=tuple(
            (titles.get(group, group), count) for group, count in sorted(outcome.by_group.items()) if group
        )
        if outcome
        else (),
        warnings=tuple(written(each) for each in outcome.warnings[:SHOWN]) if outcome else (),
        beside=tuple(_row_twins(each) for each in looked.beside[:SHOWN]),
        unused=looked.file.ignored_columns if looked.file and outcome else (),
        columns=_columns(looked.headings),
        needs_matching=bool(looked.headings) and all(each.column != "email" for each in looked.headings),
        groups=tuple(titles.items()),
        languages=questionnaire.languages,
    )


def _would_add(count: int) -> str:
    return str(ngettext("%(num)s panellist would be added.", "%(num)s panellists would be added.", count))


def _left_out(count: int) -> str:
    if not count:
        return ""
    return str(
        ngettext(
            "%(num)s row is left out: its address is on the panel already.",
            "%(num)s rows are left out: their addresses are on the panel already.",
            count,
        )
    )


def row_of(problem: Problem) -> int:
    """The row of the sheet that a problem is about; 0 for the file as a whole."""
    number = problem.where.values.get("number", 0) if isinstance(problem.where, Sentence) else 0
    return number if isinstance(number, int) else 0


def written(problem: Problem) -> str:
    """A problem in the reader's language, with where it is."""
    where, what = say(problem.where, _), say(problem.what, _)
    return f"{where}: {what}" if where else what


def _bad_rows(problems: Iterable[Problem], rows: Mapping[int, PanelRow]) -> tuple[BadRow, ...]:
    wrong: dict[int, list[str]] = {}
    for problem in problems:
        wrong.setdefault(row_of(problem), []).append(say(problem.what, _))
    return tuple(
        BadRow(number, _cells(rows[number]), tuple(dict.fromkeys(said)))
        for number, said in sorted(wrong.items())
    )


def _cells(row: PanelRow) -> tuple[str, ...]:
    cells = (row.name, row.email, row.group, ", ".join(row.tags), row.language, row.time_zone)
    return tuple(cell[:120] for cell in cells)


def _row_twins(each: RowBeside) -> RowTwins:
    return RowTwins(each.row, each.name, each.email, each.group, tuple(twin_of(one) for one in each.alike))


def _columns(headings: Sequence[Heading]) -> tuple[ColumnLine, ...]:
    words: dict[str, str] = {
        "": _("nothing; leave it out"),
        "name": _("name"),
        "first_name": _("first name"),
        "last_name": _("last name"),
        "email": _("e-mail address"),
        "group": _("group"),
        "tags": _("tags"),
        "language": _("language"),
        "time_zone": _("time zone"),
    }
    return tuple(
        ColumnLine(
            index,
            each.title,
            each.title or _("column %(number)s", number=index + 1),
            ", ".join(each.samples),
            tuple(Choice(value, said, value == each.column) for value, said in words.items()),
        )
        for index, each in enumerate(headings)
        if each.title or each.samples
    )
