"""A spreadsheet of proposals: what is filled in finds its place, all of it or nothing, and only once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from surveyapp.errors import InputError, Refused
from surveyapp.exchange.proposal_file import ProposalRow, read_proposal_file, write_proposal_file
from surveyapp.models import AuditEntry, Study
from surveyapp.services import item_history
from surveyapp.services.proposals import handling
from surveyapp.services.proposals.from_sheet import Placed, place_from_sheet
from surveyapp.services.proposals.to_sheet import export_proposals, read_rows
from surveyapp.services.unit import Database, read_now
from tests.support.proposing import close, lay_proposing, name, propose, read
from tests.support.speaking import at_work
from tests.support.studies import Ground

HOSTILE = "=1+1, or “worse”"


@pytest.fixture
def ground(database: Database) -> Ground:
    ground = lay_proposing(database)
    propose(ground, 0, "Higher dikes", "Sandbags", HOSTILE)
    propose(ground, 1, "Raise the dikes", "Bags of sand")
    propose(ground, 2, "Fewer people", "Early warning, says Jane")
    close(ground)
    return ground


def rows_of(ground: Ground) -> dict[str, ProposalRow]:
    """The rows of the sheet by their texts."""
    with ground.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        rows = read_rows(session, study=study, round_number=0)
    return {row.text: replace(row, row=place) for place, row in enumerate(rows, start=2)}


def place(ground: Ground, *rows: ProposalRow) -> Placed:
    with ground.database.verb() as session:
        return place_from_sheet(
            session,
            study=session.get_one(Study, ground.study_id),
            round_number=0,
            file="p.xlsx",
            rows=rows,
            reason="proposed by the panel",
            now=read_now(session),
            actor="test",
        )


def filled(ground: Ground) -> list[ProposalRow]:
    """Everything in its place."""
    rows = rows_of(ground)
    dikes = rows["Higher dikes"].id
    changes: dict[str, dict[str, Any]] = {
        "Higher dikes": {"item": "dikes", "title": "Dikes  and walls"},
        "Raise the dikes": {"grouped_as": dikes.lower()},
        "Sandbags": {"item": "bags"},
        "Bags of sand": {"item": "bags"},
        "Fewer people": {"because": "no measure"},
        "Early warning, says Jane": {"released_text": "Early warning", "item": "warning"},
    }
    return [replace(row, **changes.get(text, {})) for text, row in rows.items()]


def test_what_is_filled_in_finds_its_place(ground: Ground) -> None:
    assert place(ground, *filled(ground)) == Placed(
        redacted=1, grouped=1, items=3, covered=0, set_aside=1, left=1
    )
    found = {text: (each.state, each.item, each.because) for text, each in read(ground).items()}
    assert found == {
        "Higher dikes": ("item", "dikes", ""),
        "Raise the dikes": ("item", "dikes", ""),
        "Sandbags": ("item", "bags", ""),
        "Bags of sand": ("item", "bags", ""),
        "Fewer people": ("set_aside", "", "no measure"),
        "Early warning, says Jane": ("item", "warning", ""),
        HOSTILE: ("unread", "", ""),
    }
    with ground.database.reading() as session:
        fates = item_history.read_fates(session, study_id=ground.study_id, cohort="")
    titles = {fate.item.id: fate.item.title.get("en") for fate in fates}
    assert titles["dikes"] == "Dikes and walls"
    assert titles["warning"] == "Early warning"
    assert titles["bags"] in {"Sandbags", "Bags of sand"}


def test_the_same_file_again_changes_nothing(ground: Ground) -> None:
    rows = filled(ground)
    place(ground, *rows)
    with ground.database.reading() as session:
        before = len(session.scalars(select(AuditEntry.id)).all())
    assert place(ground, *rows) == Placed(left=7)
    assert place(ground, *rows_of(ground).values()) == Placed(left=7)
    with ground.database.reading() as session:
        assert len(session.scalars(select(AuditEntry.id)).all()) == before
    # A later file covers what was left by an item that is there now.
    rest = replace(rows_of(ground)[HOSTILE], item="bags", because="the same in signs")
    assert place(ground, rest) == Placed(covered=1)
    assert read(ground)[HOSTILE].because == "the same in signs"


def test_everything_wrong_is_told_and_nothing_is_done(ground: Ground) -> None:
    rows = rows_of(ground)
    first, second, third, fourth, *_ = rows.values()
    wrong = [
        replace(first, grouped_as="N-NOBODY"),
        replace(second, grouped_as=first.id),
        replace(third, item="Not an id"),
        replace(fourth, title="Of nothing"),
        replace(fourth, id="N-7777777", row=9),
        replace(fourth, row=10),
    ]
    with pytest.raises(InputError) as caught:
        place(ground, *wrong)
    told = [str(problem) for problem in caught.value.problems]
    assert [each.split(": ")[0] for each in told] == [
        f"p.xlsx, row {number}" for number in (2, 3, 4, 5, 9, 10)
    ]
    for expected, line in zip(
        ("no proposal 'N-NOBODY'", "does not stand for itself", "cannot be an item's id",
         "a title is for a new item", "no proposal 'N-7777777'", "stands in the file twice"),
        told, strict=True,
    ):  # fmt: skip
        assert expected in line
    assert {each.state for each in read(ground).values()} == {"unread"}


def test_what_would_not_fit_together_is_told_with_its_row(ground: Ground) -> None:
    rows = rows_of(ground)
    alike = [
        replace(rows["Sandbags"], item="bags", title="Sandbags"),
        replace(rows["Bags of sand"], item="more-bags", title="sandbags"),
    ]
    with pytest.raises(InputError, match=rf"p.xlsx, row {alike[1].row}: more-bags: .*this title is the same"):
        place(ground, *alike)
    assert {each.state for each in read(ground).values()} == {"unread"}


def test_what_found_its_place_meanwhile_is_never_overwritten(ground: Ground) -> None:
    rows = filled(ground)
    with at_work(ground) as (session, key):
        handling.set_aside_proposals(session, names=[name(ground, "Sandbags")], because="too many", **key)
    with pytest.raises(InputError, match="it has found another place already") as caught:
        place(ground, *rows)
    assert len(caught.value.problems) == 1
    assert read(ground)["Higher dikes"].state == "unread"


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_a_file_goes_out_and_comes_back(ground: Ground, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"proposals.{ending}"
    done = export_proposals(ground.database, slug=ground.slug, out=out, actor="test")
    assert (done.round, done.proposals) == (0, 7)
    rows = read_proposal_file(out)
    assert [row.text for row in rows] == list(rows_of(ground))
    assert {row.people for row in rows} == {"1"}
    assert place(ground, *rows) == Placed(left=7)
    with pytest.raises(Refused, match="is there already"):
        write_proposal_file(out, rows)
    with ground.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "proposals.export")).one()
    assert "dikes" not in entry.detail


def test_a_file_without_its_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("Proposal,Item\nN-1,x\n", encoding="utf-8")
    with pytest.raises(InputError, match="columns are missing: 'redacted text', 'says the same as', 'title'"):
        read_proposal_file(file)
    file.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="empty"):
        read_proposal_file(file)
