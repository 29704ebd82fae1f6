"""A release: drafted after the close, looked at by a person, frozen; nothing in it that may not be shown."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from surveyapp import jobs
from surveyapp.delphi.feedback import ReleaseContent, ShownCell
from surveyapp.delphi.lineage import Outcome
from surveyapp.errors import Conflict, NotFound, Refused, RoundClosed
from surveyapp.models import AuditEntry, Panellist, Publication, Release, Round, Study, Submission
from surveyapp.services import doors, releasing, rounds
from surveyapp.services.reading.seats import Seat
from surveyapp.services.release_stamps import read_stamp
from surveyapp.services.unit import Database, read_now
from surveyapp.version import __version__
from tests.support.answering import answer, save
from tests.support.between_rounds import decide, release
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text

PANEL = ("both",) * 6
ALL_GROUPS = PROTOCOL.replace("rounds:", "feedback: {of_groups: all groups}\nrounds:")


def lay(
    database: Database, folder: Path, *, groups: tuple[str, ...] = PANEL, protocol: str = PROTOCOL
) -> Ground:
    """A study in its first round, beside another one whose answers must never show."""
    questionnaire = load_text(SMALL, folder)
    noise = lay_ground(database, questionnaire, slug="noise", groups=("both",))
    rate(noise, 0, "1")
    ground = lay_ground(database, questionnaire, groups=groups, is_open=False)
    if protocol:
        set_protocol(ground, protocol)
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.open_round(session, study=study, now=read_now(session), actor="test")
    return ground


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay(database, tmp_path)


def apples(ground: Ground) -> int:
    return ground.number("fruit", "apples", "north", "effect")


def rate(ground: Ground, member: int, value: str, *, reason: str = "", best: str = "") -> Seat:
    """One member rates apples in the north and submits."""
    texts = {apples(ground): value, ground.number("best"): best}
    if reason:
        texts[ground.number("fruit", "apples", "north", part="reason")] = reason
    return answer(ground, member, texts)


def rate_all(ground: Ground, *values: str) -> list[Seat]:
    return [rate(ground, member, value) for member, value in enumerate(values)]


def withdraw(ground: Ground, seat: Seat) -> None:
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=False, now=read_now(session))


def draft(ground: Ground) -> ReleaseContent:
    return releasing.draft_release(ground.database, study_id=ground.study_id, number=1)


def shown(content: ReleaseContent, ground: Ground) -> ShownCell:
    return content.cells_by_number[apples(ground)]


def decide_all(ground: Ground) -> None:
    for item in ("apples", "pears"):
        decide(ground, item, Outcome.KEEP)


def stored(ground: Ground) -> list[Release]:
    with ground.database.reading() as session:
        return list(session.scalars(select(Release).where(Release.study_id == ground.study_id)))


def test_closing_asks_for_a_draft_and_asking_twice_makes_one(ground: Ground) -> None:
    rate_all(ground, "3", "1", "2", "3")
    ground.close()
    while jobs.run_next(ground.database):
        pass
    first = stored(ground)
    assert [(each.number, each.released_at) for each in first] == [(1, None)]
    releasing.settle_round(ground.database, study_id=ground.study_id, number=1, actor="test")
    (again,) = stored(ground)
    assert (again.content_sha256, again.input_sha256) == (first[0].content_sha256, first[0].input_sha256)
    assert again.code_version == __version__


def test_the_input_hash_can_be_recomputed_from_what_everybody_holds(ground: Ground) -> None:
    rate_all(ground, "3", "1", "2", "3")
    ground.close()
    content = draft(ground)
    with ground.database.reading() as session:
        rows = session.execute(
            select(Panellist.pseudonym, Submission.sha256)
            .join(Submission, Submission.panellist_id == Panellist.id)
            .where(Panellist.study_id == ground.study_id, Submission.study_id == ground.study_id)
        ).all()
    text = "".join(sorted(f"{pseudonym} {sha256}\n" for pseudonym, sha256 in rows))
    assert stored(ground)[0].input_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert content.submissions == 4


def test_what_was_edited_after_submitting_and_what_was_never_submitted_counts_nothing(ground: Ground) -> None:
    seats = rate_all(ground, "3", "1", "2", "3")
    save(ground, seats[0], {apples(ground): "1"})
    save(ground, ground.sit_down(4), {ground.number("consent"): "1", apples(ground): "1"})
    ground.close()
    total = shown(draft(ground), ground).total
    assert total is not None
    assert (total.n, total.counts) == (4, (1, 1, 2))


def test_a_draft_that_is_older_than_the_answers_is_made_anew(ground: Ground) -> None:
    seats = rate_all(ground, "3", "1", "2", "3", "1")
    ground.close()
    before = draft(ground)
    withdraw(ground, seats[0])
    decide_all(ground)
    after = release(ground)
    assert (before.submissions, after.submissions) == (5, 4)
    total = shown(after, ground).total
    assert total is not None
    assert total.counts == (2, 1, 1)


def stamp(ground: Ground) -> str:
    with ground.database.reading() as session:
        return read_stamp(session, study_id=ground.study_id, number=1)


def test_a_person_releases_what_that_person_looked_at(ground: Ground) -> None:
    rate_all(ground, "3", "1", "2", "3")
    ground.close()
    decide_all(ground)
    releasing.preview_release(ground.database, slug=ground.slug)
    looked_at = stamp(ground)
    decide(ground, "apples", Outcome.DROP)
    with pytest.raises(Conflict, match="not what you looked at"):
        releasing.release_round(ground.database, slug=ground.slug, actor="test", reviewed=looked_at)
    seen = releasing.preview_release(ground.database, slug=ground.slug)
    released = releasing.release_round(
        ground.database,
        slug=ground.slug,
        actor="ada@example.org",
        reviewed=stamp(ground),
        note=" Thank you. ",
    )
    content = ReleaseContent.from_canonical(released.content)
    assert content == seen.model_copy(update={"note": "Thank you."})
    assert released.content_sha256 == content.sha256()
    with ground.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "round.release")).one()
    assert entry.actor == "ada@example.org"
    assert json.loads(entry.detail)["sha256"] == content.sha256()


def test_what_changes_in_the_last_moment_stops_the_release(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    seats = rate_all(ground, "3", "1", "2", "3", "1")
    ground.close()
    decide_all(ground)
    find_missing = releasing._find_missing

    def somebody_leaves_meanwhile(*args: Any, **kw: Any) -> tuple[str, ...]:
        withdraw(ground, seats[0])
        return find_missing(*args, **kw)

    monkeypatch.setattr(releasing, "_find_missing", somebody_leaves_meanwhile)
    with pytest.raises(Refused, match="changed in this moment"):
        release(ground)
    monkeypatch.undo()
    with ground.database.reading() as session:
        assert session.get_one(Round, (ground.study_id, 1)).state == "closed"
        assert session.scalars(select(Publication.cell)).all() == []
    assert release(ground).submissions == 4


def test_reasons_hold_a_release_up_unless_figures_may_go_first(ground: Ground) -> None:
    rate(ground, 0, "3", reason="They keep well")
    for member in range(1, 4):
        rate(ground, member, "1")
    ground.close()
    decide(ground, "apples", Outcome.KEEP)
    with pytest.raises(Refused, match=r"reasons are not accounted for[\s\S]*Apples: 1 reason has not been"):
        release(ground)
    released = releasing.release_round(ground.database, slug=ground.slug, actor="test", figures_first=True)
    missing = ReleaseContent.from_canonical(released.content).missing
    assert len(missing) == 2
    assert missing[1] == "No decision yet on: pears."


def test_the_ledger_has_a_line_for_every_figure_that_is_shown(database: Database, tmp_path: Path) -> None:
    groups = ("both",) * 4 + ("north",) * 3
    ground = lay(database, tmp_path, groups=groups, protocol=ALL_GROUPS)
    rate_all(ground, "3", "1", "2", "3", "1", "2", "3")
    ground.close()
    decide_all(ground)
    content = release(ground)
    cell = shown(content, ground)
    assert cell.total is not None
    assert {group: figure.n for group, figure in cell.groups.items()} == {"both": 4, "north": 3}
    with database.reading() as session:
        lines = session.execute(
            select(Publication.cell, Publication.figure, Publication.n).where(
                Publication.study_id == ground.study_id
            )
        ).all()
    assert {(figure, n) for number, figure, n in lines if number == cell.cell} == {
        ("total", 7),
        ("group:both", 4),
        ("group:north", 3),
    }


def test_a_group_is_hidden_with_the_small_one_that_it_would_give_away(
    database: Database, tmp_path: Path
) -> None:
    ground = lay(database, tmp_path, groups=("both",) * 4 + ("north",) * 2, protocol=ALL_GROUPS)
    rate_all(ground, "3", "1", "2", "3", "1", "2")
    ground.close()
    cell = shown(draft(ground), ground)
    assert cell.total is not None
    assert cell.groups == {}
    assert cell.hidden_groups == {"both": "remainder", "north": "too_few"}


def test_groups_are_left_out_where_the_protocol_shows_none(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, groups=("both",) * 3 + ("north",) * 3)
    rate_all(ground, "3", "1", "2", "3", "1", "2")
    ground.close()
    cell = shown(draft(ground), ground)
    assert (cell.groups, cell.hidden_groups) == ({}, {})


def test_groups_are_there_for_a_variant_that_shows_them(database: Database, tmp_path: Path) -> None:
    variants = """variants:
  - {id: less, share: 50%, feedback: {}}
  - {id: more, share: 50%, feedback: {of_groups: own group}}
rounds:"""
    protocol = PROTOCOL.replace("rounds:", variants)
    ground = lay(database, tmp_path, groups=("both",) * 3 + ("north",) * 3, protocol=protocol)
    rate_all(ground, "3", "1", "2", "3", "1", "2")
    ground.close()
    assert set(shown(draft(ground), ground).groups) == {"both", "north"}


def test_a_panel_of_three_is_shown_nothing_when_five_are_needed(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, groups=("both",) * 3, protocol="")
    for member, value in enumerate(("3", "1", "2")):
        rate(ground, member, value, best="apples")
    ground.close()
    content = release(ground)
    assert (shown(content, ground).total, shown(content, ground).hidden) == (None, "too_few")
    assert [(each.n, each.hidden, each.chosen) for each in content.combinations] == [(0, "too_few", {})]
    assert {each.hidden for each in content.cells} == {"too_few", "no_answers"}
    with database.reading() as session:
        assert session.scalars(select(Publication.cell)).all() == []


def test_everybody_who_cannot_judge_is_told_as_such(database: Database, tmp_path: Path) -> None:
    shows_all = PROTOCOL.replace("k_reasons: 3}", "k_reasons: 3, unanimity: show}")
    ground = lay(database, tmp_path, protocol=shows_all)
    rate_all(ground, *["dont-know"] * 4)
    ground.close()
    total = shown(draft(ground), ground).total
    assert total is not None
    assert (total.n, total.counts, total.dont_know, total.median) == (0, (0, 0, 0), 4, None)


def test_a_round_nobody_answered_can_be_released(ground: Ground) -> None:
    ground.close()
    decide_all(ground)
    content = release(ground)
    assert content.submissions == 0
    assert {each.hidden for each in content.cells} == {"no_answers"}


def test_that_all_chose_the_same_is_not_told(ground: Ground) -> None:
    for member in range(5):
        rate(ground, member, "3", best="apples")
    ground.close()
    assert [(each.n, each.hidden) for each in draft(ground).combinations] == [(0, "alike")]


def test_choices_are_told_where_people_differ(ground: Ground) -> None:
    for member in range(5):
        rate(ground, member, "3", best="apples" if member < 3 else "pears")
    ground.close()
    (combination,) = draft(ground).combinations
    assert (combination.n, combination.chosen) == (5, {"apples": 3, "pears": 2})


def test_reopening_takes_the_draft_and_a_draft_of_an_open_round_is_refused(ground: Ground) -> None:
    rate_all(ground, "3", "1", "2", "3")
    ground.close()
    draft(ground)
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.reopen_round(session, study=study, reason="too early", now=read_now(session), actor="test")
    assert stored(ground) == []
    # The job of the first close comes late: there is nothing to do.
    releasing.settle_round(ground.database, study_id=ground.study_id, number=1, actor="test")
    assert stored(ground) == []
    with pytest.raises(RoundClosed, match="is open, and nobody sees its results"):
        draft(ground)
    with pytest.raises(NotFound, match="no round 7"):
        releasing.draft_release(ground.database, study_id=ground.study_id, number=7)
