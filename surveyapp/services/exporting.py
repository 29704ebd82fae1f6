"""Take a study's data home: one package of tidy files, from one instant, without anybody's name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import RoundClosed, Sentence
from surveyapp.export import codebook
from surveyapp.export.answers import AnswerWriter, AskedCell, Sheet, label, long_value
from surveyapp.export.items import item_columns, item_rows
from surveyapp.export.package import FileEntry, Package, PackageFile, building
from surveyapp.export.panel import LATE_COLUMNS, panel_columns
from surveyapp.export.proposals import PROPOSAL_COLUMNS, PROPOSALS, proposal_rows
from surveyapp.export.readme import readme
from surveyapp.export.tables import Column, Table
from surveyapp.export.tokens import Entry
from surveyapp.export.writers.csv import Value, lines
from surveyapp.models import Cell, ItemVersion, Panellist, QuestionnaireVersion, Round, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Questionnaire, Text
from surveyapp.questionnaire.routing import all_cells
from surveyapp.services.audit import record
from surveyapp.services.reading.ahead import read_ahead
from surveyapp.services.reading.proposals import read_proposed_lines
from surveyapp.services.reading.sheets import PanelSeat, iterate_seats
from surveyapp.services.studies import get_study
from surveyapp.services.study_tables import course_tables, protocol_files, read_protocol_versions
from surveyapp.services.unit import Database, read_now
from surveyapp.version import __version__

FORMAT = "surveyapp-export-1"
_ABOUT = {
    codebook.LONG: "All answers, one row per panellist, round and cell.",
    codebook.WIDE: "The counted answers, one row per panellist.",
    "panel.csv": "The panel without identities, one row per panellist.",
    "late-drafts.csv": "What arrived after a round had closed, one row per save and cell. It never counts.",
    "items.csv": "The items that were rated, one row per item and wording, without later corrections.",
    PROPOSALS: "The items that experts proposed and what became of them, without their authors.",
    "codebook.csv": "Every column of every file and every code, explained.",
    "codebook.md": "The same for reading.",
    "questionnaire.json": "The questionnaire as the study uses it; its SHA-256 is in the manifest.",
    "questionnaire.yaml": "The questionnaire as its author wrote it.",
    "README.txt": "What each file is, and what counts.",
}


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export wrote. `rows` counts the long answers."""

    out: Path
    files: tuple[FileEntry, ...]
    rows: int
    panellists: int
    is_exact: bool
    is_synthetic: bool


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every file of one export is made from."""

    study: Study
    now: datetime
    rounds: tuple[Round, ...]
    versions: tuple[QuestionnaireVersion, ...]
    questionnaires: tuple[Questionnaire, ...]
    """All versions, oldest first."""
    cells: tuple[AskedCell, ...]
    is_synthetic: bool
    exact: bool

    @property
    def round_numbers(self) -> tuple[int, ...]:
        return tuple(each.number for each in self.rounds)


def export_study(
    database: Database,
    *,
    slug: str,
    out: Path,
    exact: bool = False,
    actor: str,
    progress: Callable[[int], None] | None = None,
) -> ExportSummary:
    """Write the study's data to `out`, a zip file if it ends in ``.zip``, else a folder; whole or not at all.

    `exact` leaves texts as they were written, formulas included. `progress` is told how many more
    panellists are done. Everything is read from one instant. Raises NotFound for an unknown study,
    RoundClosed while a round is open (nobody peeks at its answers), InputError when `out` is taken or
    cannot be written.
    """
    with database.snapshot() as session:
        ground = _read_ground(session, slug=slug, exact=exact)
        with building(out) as package:
            panellists, rows = _write_files(session, ground, package, progress or (lambda _: None))
            package.write_manifest(_facts(ground))
            # Recorded before the package gets its name: no data leave without a trace.
            _record(database, ground, actor=actor, panellists=panellists, rows=rows)
    return ExportSummary(out, tuple(package.files), rows, panellists, exact, ground.is_synthetic)


def _read_ground(session: Session, *, slug: str, exact: bool) -> _Ground:
    study = get_study(session, slug=slug)
    rounds = session.scalars(select(Round).where(Round.study_id == study.id).order_by(Round.number)).all()
    for each in rounds:
        if each.state == RoundState.OPEN:
            raise RoundClosed(
                Sentence(
                    "Round {number} of '{slug}' is open, and nobody sees answers before it is closed. "
                    "Close it first ('round close {slug}'), then export.",
                    number=each.number,
                    slug=slug,
                )
            )
    versions = session.scalars(
        select(QuestionnaireVersion)
        .where(QuestionnaireVersion.study_id == study.id)
        .order_by(QuestionnaireVersion.number)
    ).all()
    questionnaires = tuple(Questionnaire.from_canonical(each.canonical) for each in versions)
    has_invented = session.scalar(
        select(exists().where(Panellist.study_id == study.id, Panellist.is_synthetic.is_(True)))
    )
    return _Ground(
        study=study,
        now=read_now(session),
        rounds=tuple(each for each in rounds if each.state not in {RoundState.DRAFT, RoundState.SCHEDULED}),
        versions=tuple(versions),
        questionnaires=questionnaires,
        cells=_read_cells(session, study=study, questionnaires=questionnaires),
        is_synthetic=study.is_synthetic or bool(has_invented),
        exact=exact,
    )


def _read_cells(
    session: Session, *, study: Study, questionnaires: Sequence[Questionnaire]
) -> tuple[AskedCell, ...]:
    labels: dict[CellKey, dict[str, str]] = {}
    for each in questionnaires:
        for spec in all_cells(each):
            # Newer versions speak last; an item that was dropped keeps its label where it was chosen before.
            labels.setdefault(spec.key, {}).update(spec.labels)
    titles = {
        (content["id"], version): Text.model_validate(content["title"]).get(questionnaires[-1].language)
        for version, content in _read_items(session, study)
    }
    rows = session.scalars(select(Cell).where(Cell.study_id == study.id).order_by(Cell.number))
    return tuple(
        AskedCell(
            number=row.number,
            question=row.question,
            item=row.item,
            item_version=row.item_version,
            context=row.context,
            criterion=row.criterion,
            part=row.part,
            labels=labels.get(CellKey(row.question, row.item, row.context, row.criterion, row.part), {}),
            title=titles.get((row.item, row.item_version), ""),
        )
        for row in rows
    )


def _write_files(
    session: Session, ground: _Ground, package: Package, progress: Callable[[int], None]
) -> tuple[int, int]:
    panel = panel_columns(ground.round_numbers)
    panellists, rows = _write_panel_and_answers(session, ground, package, panel, progress)
    contents = _read_items(session, ground.study)
    items = Table("items.csv", _ABOUT["items.csv"], item_columns(contents), item_rows(contents))
    _write_table(package, items, exact=ground.exact)
    tables = {"panel.csv": panel, "items.csv": items.columns, "late-drafts.csv": LATE_COLUMNS}
    if any(each.asks_for_proposals for each in ground.questionnaires):
        proposed = read_proposed_lines(session, study_id=ground.study.id, rounds=ground.round_numbers)
        rows_of = proposal_rows(proposed, is_synthetic=ground.is_synthetic)
        table = Table(PROPOSALS, _ABOUT[PROPOSALS], PROPOSAL_COLUMNS, rows_of)
        _write_table(package, table, exact=ground.exact)
        tables[PROPOSALS] = PROPOSAL_COLUMNS
    tables |= _write_course(session, ground, package)
    _write_codebook(package, ground, tables)
    for version in ground.versions:
        is_in_force = version.number == ground.study.questionnaire_number
        suffix = "" if is_in_force else f"-{version.number}"
        for ending, text in (("json", version.canonical), ("yaml", version.source)):
            about = _ABOUT[f"questionnaire.{ending}"]
            if not is_in_force and version.corrects is not None:
                about = f"Version {version.number}, with corrected wording. {about}"
            elif not is_in_force:
                about = f"Version {version.number}, which other rounds asked. {about}"
            package.add_text(f"questionnaire{suffix}.{ending}", about, text)
    listed = [*package.files, FileEntry("README.txt", _ABOUT["README.txt"], 0, "", None)]
    text = readme(
        title=ground.study.title, is_synthetic=ground.is_synthetic, exact=ground.exact, files=listed
    )
    package.add_text("README.txt", _ABOUT["README.txt"], text)
    return panellists, rows


def _write_course(session: Session, ground: _Ground, package: Package) -> Mapping[str, tuple[Column, ...]]:
    """What the study went by, what was decided, and what was said of reasons; gives each table's columns."""
    versions = read_protocol_versions(session, study=ground.study)
    for file in protocol_files(versions):
        package.add_text(file.name, file.about, file.text)
    tables = course_tables(
        session,
        study=ground.study,
        versions=versions,
        at_grain=lambda moment: _at_grain(moment, ground.study.time_grain),
    )
    for table in tables:
        _write_table(package, table, exact=ground.exact)
    return {table.file: table.columns for table in tables}


def _write_panel_and_answers(
    session: Session,
    ground: _Ground,
    package: Package,
    columns: Sequence[Column],
    progress: Callable[[int], None],
) -> tuple[int, int]:
    names = {
        (cell.question, cell.item, cell.item_version, cell.context, cell.criterion, cell.part): cell.number
        for cell in ground.cells
    }
    by_number = {cell.number: cell for cell in ground.cells}
    panellists = 0
    with ExitStack() as stack:
        long, wide, panel, late = (
            stack.enter_context(package.open(name, _ABOUT[name]))
            for name in (codebook.LONG, codebook.WIDE, "panel.csv", "late-drafts.csv")
        )
        writer = AnswerWriter(ground.cells, ground.round_numbers, exact=ground.exact, long=long, wide=wide)
        _write_header(panel, columns, exact=ground.exact)
        _write_header(late, LATE_COLUMNS, exact=ground.exact)
        blocks = iterate_seats(session, study=ground.study, rounds=ground.round_numbers, cells=names)
        # SQLite works inside this process, and gains nothing from a thread of its own.
        for block in blocks if _is_sqlite(session) else read_ahead(blocks):
            for seat in block:
                sheets = [
                    Sheet(
                        sheet.round,
                        sheet.group,
                        sheet.state,
                        _at_grain(sheet.submitted_at, ground.study.time_grain),
                        sheet.receipt,
                        sheet.variant,
                        sheet.is_admitted,
                        sheet.tokens,
                        sheet.entries,
                        sheet.drafts,
                    )
                    for sheet in seat.sheets
                ]
                invented = _is_synthetic(ground, seat)
                writer.write(seat.pseudonym, seat.group, sheets, is_synthetic=invented)
                _write_rows(panel, [_panel_row(ground, seat, sheets)], exact=ground.exact)
                _write_rows(late, _late_rows(ground, seat, by_number), exact=ground.exact)
            panellists += len(block)
            progress(len(block))
    return panellists, long.rows


def _is_sqlite(session: Session) -> bool:
    return session.connection().dialect.name == "sqlite"


def _is_synthetic(ground: _Ground, seat: PanelSeat) -> bool:
    return ground.study.is_synthetic or seat.is_synthetic


def _panel_row(ground: _Ground, seat: PanelSeat, sheets: Sequence[Sheet]) -> tuple[Value, ...]:
    by_round = {sheet.round: sheet for sheet in sheets}
    per_round: list[Value] = []
    for number in ground.round_numbers:
        sheet = by_round.get(number)
        if sheet is None:
            per_round += ["not_started", None, None, None, None]
            continue
        admitted = "" if sheet.state != "submitted" else "yes" if sheet.is_admitted else "no"
        per_round += [sheet.state, sheet.submitted, sheet.receipt, sheet.variant, admitted]
    return (
        seat.pseudonym,
        "yes" if _is_synthetic(ground, seat) else "no",
        seat.group,
        seat.language,
        "|".join(seat.tags),
        seat.state,
        *per_round,
    )


def _late_rows(
    ground: _Ground, seat: PanelSeat, cells: Mapping[int, AskedCell]
) -> Iterator[tuple[Value, ...]]:
    for number, save in enumerate(seat.late, start=1):
        arrived = _at_grain(save.received_at, ground.study.time_grain)
        for entry in save.entries:
            head = (seat.pseudonym, "yes" if _is_synthetic(ground, seat) else "no", save.round, number)
            yield (*head, arrived, *_late_cell(cells[entry.cell], entry))


def _late_cell(cell: AskedCell, entry: Entry) -> tuple[Value, ...]:
    return (
        cell.question,
        cell.item,
        cell.item_version,
        cell.context,
        cell.criterion,
        cell.part,
        long_value(cell, entry),
        label(cell, entry),
        entry.correction,
    )


def _write_codebook(package: Package, ground: _Ground, tables: Mapping[str, Sequence[Column]]) -> None:
    explanations = list(
        codebook.explain(
            ground.questionnaires, tables=tables, cells=ground.cells, rounds=ground.round_numbers
        )
    )
    rows = (each.row for each in explanations)
    table = Table("codebook.csv", _ABOUT["codebook.csv"], codebook.COLUMNS, rows)
    _write_table(package, table, exact=ground.exact)
    note = (
        "Texts that a spreadsheet could take for a formula begin with one added apostrophe."
        if not ground.exact
        else "Exact mode: texts stand as they were written."
    )
    with package.open("codebook.md", _ABOUT["codebook.md"], is_table=False) as file:
        for text in codebook.as_markdown(ground.study.title, explanations, note=note):
            file.write(text)


def _read_items(session: Session, study: Study) -> list[tuple[int, dict[str, Any]]]:
    rows = session.execute(
        select(ItemVersion.item, ItemVersion.version, ItemVersion.content).where(
            ItemVersion.study_id == study.id
        )
    ).all()
    # Sorted here: databases disagree on the order of texts.
    rows = sorted(rows, key=lambda row: (row.item, row.version))
    return [(row.version, json.loads(row.content)) for row in rows]


def _write_table(package: Package, table: Table, *, exact: bool) -> None:
    with package.open(table.file, table.about) as file:
        _write_header(file, table.columns, exact=exact)
        _write_rows(file, table.rows, exact=exact)


def _write_header(file: PackageFile, columns: Sequence[Column], *, exact: bool) -> None:
    file.write("".join(lines([[column.name for column in columns]], exact=exact)))


def _write_rows(file: PackageFile, rows: Iterable[Sequence[Value]], *, exact: bool) -> None:
    for line in lines(rows, exact=exact):
        file.write(line, rows=1)


def _at_grain(moment: datetime | None, grain: str) -> str:
    """`moment` in UTC, cut down to the grain: ``2026-12-12``, ``2026-12-12T17Z`` or ``2026-12-12T17:05Z``."""
    if moment is None:
        return ""
    text = iso(moment)
    return {"day": text[:10], "hour": text[:13] + "Z", "minute": text[:16] + "Z"}[grain]


def _facts(ground: _Ground) -> dict[str, Any]:
    facts: dict[str, Any] = {"synthetic": True} if ground.is_synthetic else {}
    in_force = next(each for each in ground.versions if each.number == ground.study.questionnaire_number)
    return facts | {
        "format": FORMAT,
        "program": f"surveyapp {__version__}",
        "exported_at": iso(ground.now),
        "mode": "exact" if ground.exact else "spreadsheet-safe",
        "study": {"slug": ground.study.slug, "title": ground.study.title},
        "time_grain": ground.study.time_grain,
        "questionnaire": {"version": in_force.number, "sha256": in_force.sha256},
        "rounds": [
            {
                "number": each.number,
                "state": each.state,
                "questionnaire_version": each.questionnaire_number,
                "opened": _at_grain(each.opened_at, ground.study.time_grain),
                "closed": _at_grain(each.closed_at, ground.study.time_grain),
            }
            for each in ground.rounds
        ],
    }


def _record(database: Database, ground: _Ground, *, actor: str, panellists: int, rows: int) -> None:
    detail = {"mode": "exact" if ground.exact else "spreadsheet-safe", "panellists": panellists, "rows": rows}
    with database.verb() as session:
        record(
            session,
            study_id=ground.study.id,
            now=read_now(session),
            actor=actor,
            act="study.export",
            detail=detail,
        )
