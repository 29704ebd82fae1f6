"""Take a round's proposals to a spreadsheet, to be placed there and brought back by `from_sheet`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from surveyapp.exchange.proposal_file import ProposalRow, write_proposal_file
from surveyapp.exchange.sheet_writing import as_cell
from surveyapp.models import Study
from surveyapp.services.audit import record
from surveyapp.services.proposals.gathering import gather_proposals
from surveyapp.services.reading.proposals import find_collected_round, list_proposals
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now


@dataclass(frozen=True, slots=True)
class ExportedProposals:
    """What an export wrote."""

    out: Path
    round: int
    proposals: int


def export_proposals(
    database: Database,
    *,
    slug: str,
    out: Path,
    actor: str,
    round_number: int | None = None,
    force: bool = False,
) -> ExportedProposals:
    """Write the proposals of a closed round, or of the last one closed, to an XLSX or CSV file.

    Raises what `gather_proposals` and `write_proposal_file` raise.
    """
    with database.verb() as session:
        study = get_study(session, slug=slug)
        number = find_collected_round(session, study_id=study.id) if round_number is None else round_number
        now = read_now(session)
        gather_proposals(session, study_id=study.id, round_number=number, now=now, actor=actor)
        rows = read_rows(session, study=study, round_number=number)
        # Recorded before there is a file: no data leave without a trace.
        detail = {"round": number, "proposals": len(rows)}
        record(session, study_id=study.id, now=now, actor=actor, act="proposals.export", detail=detail)
    write_proposal_file(out, rows, force=force)
    return ExportedProposals(out, number, len(rows))


def read_rows(session: Session, *, study: Study, round_number: int) -> tuple[ProposalRow, ...]:
    """The rows as a file would hold them now: what has found its place stands in its column."""
    return tuple(
        ProposalRow(
            row=0,
            id=each.public_id,
            question=each.question,
            context=each.context,
            text=as_cell(each.text),
            people=str(each.people),
            released_text=as_cell(each.released_text),
            grouped_as=each.grouped_as,
            # Those in a group share what stands beside the one that stands for them.
            item="" if each.grouped_as else each.item,
            because="" if each.grouped_as else as_cell(each.because),
        )
        for each in list_proposals(session, study=study, round_number=round_number)
    )
