"""What came too late is let in by an organiser, before the release and with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.models import AuditEntry, Panellist, Participation, Round, Study, Submission
from surveyapp.services import admitting, answering, releasing, rounds
from surveyapp.services.figures import read_figures
from surveyapp.services.reading.deviations import list_deviations
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer, save
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.support.taking_home import export, read


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """Three who submit, one who began, one who only comes when it is over."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 5)
    for member in range(3):
        answer(ground, member, {apples(ground): "3"})
    began = ground.sit_down(3)
    save(ground, began, {ground.number("consent"): "1", ground.number("word"): "law", apples(ground): "1"})
    ground.sit_down(4)
    return ground


def apples(ground: Ground) -> int:
    return ground.number("fruit", "apples", "north", "effect")


def pseudonym(ground: Ground, member: int) -> str:
    with ground.database.reading() as session:
        return session.get_one(Panellist, (ground.study_id, ground.panel[member].panellist_id)).pseudonym


def admit(
    ground: Ground, member: int, reason: str = "the mail server was down", name: str = ""
) -> answering.Submitted:
    with ground.database.verb() as session:
        return admitting.admit_late(
            session,
            study=session.get_one(Study, ground.study_id),
            number=1,
            pseudonym=name or pseudonym(ground, member),
            reason=reason,
            now=read_now(session),
            actor="test",
        )


def counted(ground: Ground) -> tuple[int, ...]:
    with ground.database.reading() as session:
        counts = read_figures(session, study_id=ground.study_id, number=1).counts(apples(ground))
    assert counts is not None
    return counts.of


def test_what_stood_and_what_came_late_is_counted_from_then_on(ground: Ground) -> None:
    seat = ground.sit_down(3)
    ground.close()
    with ground.database.verb() as session:
        changes = {apples(ground): ground.given(apples(ground), "2")}
        answering.keep_late_draft(
            session, seat=seat, request_id="too-late-1", changes=changes, now=read_now(session)
        )
    first = releasing.draft_release(ground.database, study_id=ground.study_id, number=1)
    assert (counted(ground), first.submissions) == ((0, 0, 3), 3)
    submitted = admit(ground, 3)
    assert counted(ground) == (0, 1, 3)
    with ground.database.reading() as session:
        kept = session.scalars(select(Submission).where(Submission.sha256 == submitted.sha256)).one()
        assert kept.admitted_because == "the mail server was down"
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "submission.admit")).one()
        assert entry.reason == kept.admitted_because
    # The draft was made without it, so it is made anew.
    released = releasing.release_round(ground.database, slug=ground.slug, actor="test")
    assert released.submissions == 4


def test_it_is_reported_with_all_else_that_departed_from_the_plan(ground: Ground, tmp_path: Path) -> None:
    with ground.database.verb() as session:
        session.execute(
            update(Participation)
            .where(Participation.panellist_id == ground.panel[0].panellist_id)
            .values(variant="plain")
        )
    ground.close()
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.reopen_round(
            session, study=study, reason="closed by mistake", now=read_now(session), actor="test"
        )
    ground.close()
    admit(ground, 3)
    with ground.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        found = list_deviations(session, study=study)
    assert [(each.kind, each.number, each.reason) for each in found] == [
        ("reopening", 1, "closed by mistake"),
        ("admission", 1, "the mail server was down"),
    ]
    rows = {row["panellist"]: row for row in read(export(ground, tmp_path / "out"), "panel.csv")}
    assert [rows[pseudonym(ground, member)]["r1.admitted"] for member in range(5)] == [
        "no", "no", "no", "yes", "",
    ]  # fmt: skip
    assert [rows[pseudonym(ground, member)]["r1.variant"] for member in range(2)] == ["plain", ""]


def test_it_is_refused_in_words(ground: Ground) -> None:
    with pytest.raises(Refused, match="late answers are let in after it is closed"):
        admit(ground, 3)
    ground.close()
    with pytest.raises(InputError, match="write why"):
        admit(ground, 3, " ")
    with pytest.raises(Refused, match="nothing came after it"):
        admit(ground, 0)
    with pytest.raises(Refused, match="has given nothing"):
        admit(ground, 4)
    with pytest.raises(NotFound, match="Nobody called"):
        admit(ground, 3, name="NOBODY")
    with ground.database.verb() as session:
        session.execute(update(Round).values(state="released"))
    with pytest.raises(Refused, match="nothing can be let in any more"):
        admit(ground, 3)


def test_what_was_submitted_after_a_late_draft_is_not_taken_back_by_it(ground: Ground) -> None:
    """The round was opened again for the late ones, and they came and thought better of it."""
    seat = ground.sit_down(3)
    ground.close()
    with ground.database.verb() as session:
        changes = {apples(ground): ground.given(apples(ground), "2")}
        answering.keep_late_draft(
            session, seat=seat, request_id="too-late-1", changes=changes, now=read_now(session)
        )
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.reopen_round(session, study=study, reason="asked for", now=read_now(session), actor="test")
    answer(ground, 3, {apples(ground): "3"})
    ground.close()
    with pytest.raises(Refused, match="nothing came after it"):
        admit(ground, 3)
    assert counted(ground) == (0, 0, 4)
