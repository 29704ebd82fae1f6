"""Bring back a spreadsheet of proposals: everything that was filled in finds its place, or nothing does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Decided, Detail, Outcome
from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.exchange.proposal_file import ProposalRow
from surveyapp.exchange.sheet_writing import as_cell
from surveyapp.models import Study
from surveyapp.questionnaire.model import Item, Text, is_identifier
from surveyapp.services import deciding, item_history
from surveyapp.services.proposals import handling
from surveyapp.services.reading.proposals import ProposalAtWork, list_proposals


@dataclass(frozen=True, slots=True)
class Placed:
    """What an import did: how many proposals were redacted, grouped, made items, covered, set aside, left."""

    redacted: int = 0
    grouped: int = 0
    items: int = 0
    covered: int = 0
    set_aside: int = 0
    left: int = 0
    """Rows with nothing filled in, or with what is so already."""


def place_from_sheet(
    session: Session,
    *,
    study: Study,
    round_number: int,
    file: str,
    rows: Sequence[ProposalRow],
    reason: str,
    now: datetime,
    actor: str,
) -> Placed:
    """Do what was filled in: redact, group, make items with this `reason`, cover, set aside.

    What has found another place here since is never overwritten. Raises InputError with everything that is
    wrong, row by row; then nothing is done.
    """
    known = {each.public_id: each for each in list_proposals(session, study=study, round_number=round_number)}
    items = set(item_history.known_items(session, study_id=study.id, rounds={round_number}))
    problems = [Problem(_at(file, row), what) for row, what in _find_problems(rows, known, items)]
    if problems:
        raise InputError(problems)
    work = _Work(session, study, round_number, now, actor)
    asked = [row for row in rows if not _is_so(row, known[row.id.upper()])]
    redacted = [row for row in rows if row.released_text not in {"", _redacted(known[row.id.upper()])}]
    for row in redacted:
        work.redact(row)
    grouped = work.group([row for row in asked if row.grouped_as], known)
    named = [row for row in asked if row.item]
    work.cover([row for row in named if row.item in items])
    made = work.make([row for row in named if row.item not in items], reason, file)
    aside = [row for row in asked if row.because and not row.item]
    work.set_aside(aside)
    return Placed(
        redacted=len(redacted),
        grouped=grouped,
        items=made,
        covered=sum(row.item in items for row in named),
        set_aside=len(aside),
        left=len(rows) - len(asked),
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """The acts of one import."""

    session: Session
    study: Study
    number: int
    now: datetime
    actor: str

    def redact(self, row: ProposalRow) -> None:
        handling.redact_proposal(
            self.session,
            study_id=self.study.id,
            name=row.id,
            released_text=row.released_text,
            now=self.now,
            actor=self.actor,
        )

    def group(self, rows: Sequence[ProposalRow], known: Mapping[str, ProposalAtWork]) -> int:
        by_lead: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            lead = known[row.grouped_as.upper()]
            by_lead[lead.grouped_as or lead.public_id].append(row.id)
        for lead_name, others in sorted(by_lead.items()):
            handling.group_proposals(
                self.session,
                study_id=self.study.id,
                lead=lead_name,
                others=others,
                now=self.now,
                actor=self.actor,
            )
        return len(rows)

    def cover(self, rows: Sequence[ProposalRow]) -> None:
        for row in rows:
            handling.cover_proposals(
                self.session,
                study_id=self.study.id,
                names=[row.id],
                item=row.item,
                because=row.because,
                now=self.now,
                actor=self.actor,
            )

    def make(self, rows: Sequence[ProposalRow], reason: str, file: str) -> int:
        """One item for all rows that name it. What would not fit is told with the row of the first."""
        by_item: dict[str, list[ProposalRow]] = defaultdict(list)
        for row in rows:
            by_item[row.item].append(row)
        problems: list[Problem] = []
        for item, mine in by_item.items():
            title = next((row.title for row in mine if row.title), "")
            made = Item(id=item, title=Text({"*": " ".join(title.split())})) if title else None
            detail = Detail(item=made, proposals=tuple(row.id for row in mine))
            try:
                deciding.decide(
                    self.session,
                    study=self.study,
                    number=self.number,
                    decided=Decided(item, Outcome.NEW, reason, detail),
                    now=self.now,
                    actor=self.actor,
                )
            except InputError as error:
                where = _at(file, mine[0])
                problems += [
                    Problem(where, Sentence("{item}: {what}", item=item, what=each.what))
                    for each in error.problems
                ]
        if problems:
            raise InputError(problems)
        return len(by_item)

    def set_aside(self, rows: Sequence[ProposalRow]) -> None:
        for row in rows:
            handling.set_aside_proposals(
                self.session,
                study_id=self.study.id,
                names=[row.id],
                because=row.because,
                now=self.now,
                actor=self.actor,
            )


def _at(file: str, row: ProposalRow) -> Sentence:
    return Sentence("{file}, row {number}", file=file, number=row.row)


def _find_problems(
    rows: Sequence[ProposalRow], known: Mapping[str, ProposalAtWork], items: set[str]
) -> Iterator[tuple[ProposalRow, Sentence]]:
    seen: set[str] = set()
    sheet = {row.id.upper(): row for row in rows}
    for row in rows:
        name = row.id.upper()
        if name not in known:
            yield row, Sentence("there is no proposal '{id}' in this round.", id=row.id)
            continue
        if name in seen:
            yield row, Sentence("{name} stands in the file twice; keep one of its rows.", name=name)
        seen.add(name)
        yield from ((row, what) for what in _wrong_in(row, known, items, sheet))


def _wrong_in(
    row: ProposalRow,
    known: Mapping[str, ProposalAtWork],
    items: set[str],
    sheet: Mapping[str, ProposalRow],
) -> Iterator[Sentence]:
    each, lead = known[row.id.upper()], row.grouped_as.upper()
    if _is_so(row, each):
        return
    if each.state != "unread" or (each.grouped_as and not lead):
        yield (
            Sentence(
                "it has found another place already, and that is never overwritten: free it "
                "first with 'proposals put-back', 'proposals ungroup' or 'decide --take-back', "
                "or leave its row as it was."
            )
        )
    if lead and (row.item or row.because):
        yield Sentence(
            "it shares what becomes of the one that it says the same as; leave item and reason empty."
        )
    if lead and lead not in known:
        yield Sentence(
            "there is no proposal '{grouped_as}' in this round for it to say the same as.",
            grouped_as=row.grouped_as,
        )
    elif lead == each.public_id or (lead in sheet and sheet[lead].grouped_as):
        yield Sentence(
            "'{grouped_as}' does not stand for itself; name the one that stands for all.",
            grouped_as=row.grouped_as,
        )
    if row.item and row.item not in items and not is_identifier(row.item):
        yield Sentence(
            "'{item}' cannot be an item's id; write lower-case letters and digits joined by hyphens.",
            item=row.item,
        )
    if row.title and (not row.item or row.item in items):
        yield Sentence("a title is for a new item: name its id in the column 'item'.")


def _is_so(row: ProposalRow, each: ProposalAtWork) -> bool:
    """Whether nothing was filled in, or only what is so already; a redacted text is looked at apart."""
    if not (row.grouped_as or row.item or row.because or row.title):
        return True
    if each.grouped_as:
        return (row.grouped_as.upper(), row.item, row.because) == (each.grouped_as, "", "")
    is_titled = bool(row.title) and each.state != "item"
    return not is_titled and (row.grouped_as, row.item, row.because) == (
        "",
        each.item,
        as_cell(each.because),
    )


def _redacted(each: ProposalAtWork) -> str:
    return as_cell(each.released_text)
