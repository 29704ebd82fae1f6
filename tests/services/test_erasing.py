"""Withdrawing somebody and erasing somebody: what goes, what stays, and that it stays gone."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from surveyapp.errors import InputError, Refused
from surveyapp.mail.kinds import Kind
from surveyapp.mail.links import hash_token
from surveyapp.mail.transport import Folder
from surveyapp.models import (
    Answer,
    AuditEntry,
    Base,
    Erasure,
    Identity,
    OutboxMessage,
    Panellist,
    Participation,
    Study,
    Submission,
)
from surveyapp.questionnaire.cells import Status
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services import access_export, erasing, erasure_list, leaving, lookups, operations, retaining
from surveyapp.services.letters.audience import NO_ROUND, Occasion
from surveyapp.services.letters.outbox import put_in
from surveyapp.services.letters.sending import send_due
from surveyapp.services.schema import migrate
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer
from tests.support.mailing import introduce, office_with
from tests.support.studies import SMALL, Ground, lay_ground, load_text

NAME, ADDRESS, WORD = "Ada Unmistakable", "Ada.Unmistakable@example.org", "botany-unmistakable"
WHY = "asked by telephone to be taken out"


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """Everybody has a name and answered; beside it a study that nothing may touch."""
    questionnaire = load_text(SMALL, tmp_path)
    lay_answered(database, questionnaire, "noise", "fruit")
    laid = lay_answered(database, questionnaire, "fruit", WORD)
    with database.verb() as session:
        identity = session.get_one(Identity, (laid.study_id, laid.panel[0].panellist_id))
        identity.name, identity.email, identity.email_key = NAME, ADDRESS, ADDRESS.casefold()
    return laid


def lay_answered(database: Database, questionnaire: Questionnaire, slug: str, word: str) -> Ground:
    laid = lay_ground(database, questionnaire, slug=slug)
    introduce(laid)
    for member in range(len(laid.panel)):
        answer(laid, member, {laid.number("word"): "fruit" if member else word})
    return laid


def erase(
    ground: Ground, member: int, answers: str, *, typed: str | None = ADDRESS, reason: str = WHY
) -> str:
    with ground.database.verb() as session:
        return erasing.erase_panellist(
            session,
            study=session.get_one(Study, ground.study_id),
            panellist_id=ground.panel[member].panellist_id,
            answers=answers,
            typed=typed,
            reason=reason,
            now=read_now(session),
            actor="owner@example.org",
        ).email


def dump(database: Database) -> str:
    """All that the database holds, as text."""
    with database.reading() as session:
        return "\n".join(
            str(tuple(row)) for table in Base.metadata.sorted_tables for row in session.execute(select(table))
        )


def count(ground: Ground, table: type[Base], **values: object) -> int:
    with ground.database.reading() as session:
        wanted = {"study_id": ground.study_id, **values}
        return session.scalar(select(func.count()).select_from(table).filter_by(**wanted)) or 0


@pytest.mark.parametrize("answers", ["keep", "remove"])
def test_prv_32_nothing_but_a_line_is_left_of_a_person(
    ground: Ground, database: Database, tmp_path: Path, answers: str
) -> None:
    member = ground.panel[0].panellist_id
    office = office_with(Folder(tmp_path / "letters"), tmp_path)
    with database.verb() as session:
        now, study = read_now(session), session.get_one(Study, ground.study_id)
        # A reason in the record that names the person, a letter in a file, and one that waits.
        lookups.look_up(
            session, study=study, sought=ADDRESS, reason=f"{NAME} rang us up", now=now, actor="test"
        )
        put_in(
            session, occasion=Occasion(study.id, 1, Kind.THANKS), panellists=[member], now=now, actor="test"
        )
    send_due(database, office)
    assert len(list((tmp_path / "letters").glob("*.eml"))) == 1
    with database.verb() as session:
        occasion = Occasion(ground.study_id, NO_ROUND, Kind.WITHDRAWAL)
        put_in(session, occasion=occasion, panellists=[member], now=read_now(session), actor="test")
    others = count(ground, Identity) - 1
    with database.verb() as session:
        erased = erasing.erase_panellist(
            session,
            study=session.get_one(Study, ground.study_id),
            panellist_id=member,
            answers=answers,
            typed=ADDRESS.upper(),
            reason=WHY,
            now=read_now(session),
            actor="owner@example.org",
        )
    erasure_list.tidy_up(database, office=office, folder=tmp_path, erased=erased)
    left = dump(database) + (tmp_path / erasure_list.FILE).read_text()
    token = ground.panel[0].token
    for trace in ("Unmistakable", "unmistakable@example.org", token, hash_token(token)):
        assert trace not in left.replace(WORD, ""), trace
    assert not list((tmp_path / "letters").glob("*.eml"))
    assert count(ground, Identity) == others
    assert (WORD in left) == (answers == "keep")
    assert count(ground, OutboxMessage, panellist_id=member, state="queued") == 0
    with database.reading() as session:
        line = session.get_one(Erasure, (ground.study_id, member))
        seat = session.get_one(Panellist, (ground.study_id, member))
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "panellist.erase")).one()
        given = session.scalars(select(Answer.status).where(Answer.panellist_id == member)).all()
        part = session.get_one(Participation, (ground.study_id, 1, member))
    assert line.answers == ("kept" if answers == "keep" else "removed")
    assert seat.state == "withdrawn"
    assert json.loads(entry.detail) == {"seat": f"{member:x}", "answers": line.answers}
    assert (set(given) == {Status.WITHDRAWN}) == (answers == "remove")
    assert (part.submission > 0) == (answers == "keep")
    with pytest.raises(Refused):
        erase(ground, 0, answers)
    # The study beside it, and everybody else.
    assert count(ground, Submission) == len(ground.panel) - (answers == "remove")


def test_nobody_is_erased_by_mistake(ground: Ground) -> None:
    before = dump(ground.database)
    with pytest.raises(InputError) as refused:
        erase(ground, 0, "perhaps", typed="somebody@example.org", reason=f"{NAME} asked us")
    assert [each.where for each in refused.value.problems] == ["answers", "typed", "reason"]
    # A pseudonym is never taken for the address: that would tell whose it is.
    with ground.database.reading() as session:
        pseudonym = session.get_one(Panellist, (ground.study_id, ground.panel[0].panellist_id)).pseudonym
    with pytest.raises(InputError):
        erase(ground, 0, "keep", typed=pseudonym)
    assert dump(ground.database) == before


def test_prv_33_a_restored_backup_brings_nobody_back(
    ground: Ground, database: Database, empty_database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    backup = tmp_path / "before.zip"
    operations.backup(database, file=backup)
    erase(ground, 0, "remove")
    erase(ground, 1, "keep", typed=None)
    with database.verb() as session:
        # The third one's name has only reached its day.
        third = session.get_one(Panellist, (ground.study_id, ground.panel[2].panellist_id))
        told = {"answers": "keep", "reason": "", "now": read_now(session), "actor": "system"}
        erasing.forget_panellist(session, seat=third, leaves=False, **told)  # type: ignore[arg-type]  # as named
    erasure_list.write_down(database, folder=folder)
    erasure_list.write_down(database, folder=folder)
    assert len((folder / erasure_list.FILE).read_text().splitlines()) == 3
    restored = Database(empty_database_url)
    try:
        migrate(restored)
        operations.restore(restored, file=backup)
        assert NAME in dump(restored)
        assert erasure_list.settle(restored, folder=folder) == 3
        left = dump(restored)
        assert NAME not in left
        assert WORD not in left
        assert "expert2@example.org" in left, "in the study beside it"
        with restored.reading() as session:
            rows = session.execute(
                select(Erasure.answers, Panellist.state).join(
                    Panellist,
                    (Panellist.study_id == Erasure.study_id) & (Panellist.id == Erasure.panellist_id),
                )
            ).all()
        assert sorted(tuple(row) for row in rows) == [
            ("kept", "invited"),
            ("kept", "withdrawn"),
            ("removed", "withdrawn"),
        ]
        assert erasure_list.settle(restored, folder=folder) == 0
        # The database alone completes a list that was lost.
        (folder / erasure_list.FILE).unlink()
        assert erasure_list.settle(restored, folder=folder) == 0
        assert len((folder / erasure_list.FILE).read_text().splitlines()) == 3
    finally:
        restored.close()


@pytest.mark.parametrize("answers", ["keep", "remove"])
def test_who_asks_the_team_leaves_as_by_the_own_button(ground: Ground, answers: str) -> None:
    member = ground.panel[0].panellist_id
    seat = ground.sit_down(0)
    with pytest.raises(InputError) as refused:
        withdraw(ground, "", reason="short")
    assert [each.where for each in refused.value.problems] == ["answers", "reason"]
    withdraw(ground, answers)
    assert count(ground, Submission, panellist_id=member) == (answers == "keep")
    assert count(ground, OutboxMessage, panellist_id=member, kind="withdrawal", state="queued") == 1
    with ground.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "panellist.withdraw")).one()
        assert session.get_one(Panellist, (ground.study_id, member)).state == "withdrawn"
    assert (entry.actor, entry.reason) == ("o@example.org", WHY)
    assert seat.pseudonym not in entry.detail
    with pytest.raises(Refused):
        withdraw(ground, answers)


def withdraw(ground: Ground, answers: str, *, reason: str = WHY) -> None:
    with ground.database.verb() as session:
        leaving.withdraw_for(
            session,
            study=session.get_one(Study, ground.study_id),
            panellist_id=ground.panel[0].panellist_id,
            answers=answers,
            reason=reason,
            sends_letter=True,
            now=read_now(session),
            actor="o@example.org",
        )


def test_prv_34_names_go_on_the_day_that_was_said(ground: Ground, tmp_path: Path) -> None:
    database, day = ground.database, timedelta(days=30)
    with database.verb() as session:
        now, study = read_now(session), session.get_one(Study, ground.study_id)
        with pytest.raises(InputError):
            retaining.keep_names_until(session, study=study, until=now, now=now, actor="test")
        retaining.keep_names_until(session, study=study, until=now + day, now=now, actor="test")
        lookups.look_up(session, study=study, sought=ADDRESS, reason=f"{NAME} asked", now=now, actor="test")
    people = len(ground.panel)

    def forget(after: timedelta, *, keep: bool = True) -> int:
        with database.verb(keep=keep) as session:
            return retaining.forget_due_names(session, now=now + after)

    assert forget(day - timedelta(seconds=1)) == 0
    # A worker that is killed before the end has done nothing, and the next one does all of it.
    assert forget(day, keep=False) == people
    assert count(ground, Identity) == people
    assert [forget(day), forget(day)] == [people, 0]
    left = dump(database)
    assert NAME not in left
    assert ADDRESS not in left
    assert "expert2@example.org" in left, "the study beside it keeps its names"
    # The answers stay as they were, linked to nobody.
    assert count(ground, Submission) == people
    assert WORD in left
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "panel.names_forgotten")).one()
        states = set(session.scalars(select(Panellist.state).where(Panellist.study_id == ground.study_id)))
    assert entry.detail == f'{{"people":{people}}}'
    assert states == {"invited"}
    erasure_list.write_down(database, folder=tmp_path)
    assert len((tmp_path / erasure_list.FILE).read_text().splitlines()) == people


def test_prv_31_a_person_gets_all_that_is_kept_and_nothing_of_others(ground: Ground) -> None:
    member, other = (each.panellist_id for each in ground.panel[:2])
    with ground.database.verb() as session:
        study, now = session.get_one(Study, ground.study_id), read_now(session)
        told = {"study": study, "panellist_id": member, "now": now, "actor": "test"}
        with pytest.raises(InputError):
            access_export.export_person(session, reason="", **told)  # type: ignore[arg-type]  # as named
        found = access_export.export_person(session, reason=WHY, **told)  # type: ignore[arg-type]  # as named
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "panellist.export")).one()
    assert (found["identity"][0]["name"], found["panellist"][0]["state"]) == (NAME, "invited")
    by_table = {table.name: table for table in Base.metadata.sorted_tables}
    with ground.database.reading() as session:
        for name, table in by_table.items():
            if {"study_id", "panellist_id"} <= set(table.columns.keys()):
                rows = session.execute(
                    select(func.count())
                    .select_from(table)
                    .where(table.c.study_id == ground.study_id, table.c.panellist_id == member)
                ).scalar_one()
                assert len(found.get(name, [])) == rows, name
    text = json.dumps(found)
    assert WORD in text
    assert "Your field in a word?" in text
    assert "expert2@example.org" not in text
    assert str(other) not in text
    assert hash_token(ground.panel[0].token) not in text
    assert entry.reason == WHY
