"""What experts wrote is gathered when the round is closed: what counts, once, and without its authors."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select, update

from surveyapp.errors import NotFound, RoundClosed
from surveyapp.models import Answer, AuditEntry, Participation, Reason, Round, SummarySentence
from surveyapp.questionnaire.cells import BLANK
from surveyapp.services import answering, doors, gathered
from surveyapp.services.gathered import Gathered
from surveyapp.services.reasons import gathering
from surveyapp.services.reasons.coding import add_theme, code_reasons
from surveyapp.services.reasons.handling import merge_reasons, release_reasons
from surveyapp.services.reasons.showing import shown_reasons
from surveyapp.services.reasons.summarising import DraftSentence, write_summary
from surveyapp.services.unit import Database, read_now
from tests.support.speaking import at_work, gather, lay_noise, lay_talk, names, read, speak
from tests.support.studies import Ground

APPLES = ("apples", "north")
PEARS = ("pears", "north")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    lay_noise(database, tmp_path)
    return lay_talk(database, tmp_path)


def reopen(ground: Ground) -> None:
    with ground.database.verb() as session:
        session.execute(
            update(Round).where(Round.study_id == ground.study_id).values(state="open", closed_at=None)
        )


def audit(ground: Ground) -> list[AuditEntry]:
    with ground.database.reading() as session:
        return list(
            session.scalars(
                select(AuditEntry).where(AuditEntry.study_id == ground.study_id).order_by(AuditEntry.id)
            )
        )


def test_reasons_come_with_their_ratings_and_without_their_authors(ground: Ground) -> None:
    speak(ground, 0, {APPLES: ("3", "Keeps well"), PEARS: ("1", "Too soft")}, remarks="Thank you\nall")
    speak(ground, 1, {APPLES: ("dont-know", "I never eat them"), PEARS: ("2", "  \n ")})
    ground.close()
    assert gather(ground) == Gathered(added=4, changed=0, gone=0, unchanged=0)
    found = read(ground)
    assert {text: (each.item, each.context, each.band, each.state) for text, each in found.items()} == {
        "Keeps well": ("apples", "north", "agree", "unread"),
        "Too soft": ("pears", "north", "disagree", "unread"),
        "Thank you\nall": ("", "", "", "unread"),
        "I never eat them": ("apples", "north", "dont_know", "unread"),
    }
    (rating,) = found["Too soft"].ratings
    assert (rating.criterion, rating.value, rating.answer) == ("effect", 1, "value")
    assert found["I never eat them"].ratings[0].answer == "dont_know"
    fields = set(found["Keeps well"].__slots__)
    assert not fields & {"panellist_id", "pseudonym", "group", "name"}
    assert len({each.public_id for each in found.values()}) == 4


def test_gathering_again_changes_nothing(ground: Ground) -> None:
    speak(ground, 0, {APPLES: ("3", "Keeps well")})
    ground.close()
    gather(ground)
    before = read(ground)
    entries = len(audit(ground))
    assert gather(ground) == Gathered(added=0, changed=0, gone=0, unchanged=1)
    assert read(ground) == before
    assert len(audit(ground)) == entries


def test_gathering_in_parts_gives_the_same(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    for member in range(5):
        speak(ground, member, {APPLES: ("3", f"Keeps well, says {member}")})
    ground.close()
    monkeypatch.setattr(gathered, "_PART", 2)
    for expected in (Gathered(5, 0, 0, 0), Gathered(0, 0, 0, 5)):
        found = gathering.gather_in_parts(
            ground.database, study_id=ground.study_id, round_number=1, actor="test"
        )
        assert found == expected
    assert gather(ground) == Gathered(0, 0, 0, 5)
    assert len({each.public_id for each in read(ground).values()}) == 5


def test_public_names_are_drawn_again_when_they_are_taken(ground: Ground) -> None:
    for member in range(2):
        speak(ground, member, {APPLES: ("3", f"Keeps well, says {member}")})
    ground.close()
    names_drawn = []
    for member in range(2):
        with at_work(ground) as (session, key):
            only = [ground.panel[member].panellist_id]
            gathering.gather_reasons(session, round_number=1, only=only, chance=Random(1), **key)
        names_drawn.append({each.public_id for each in read(ground).values()})
    assert [len(each) for each in names_drawn] == [1, 2]


def test_only_what_counts_is_gathered(ground: Ground) -> None:
    speak(ground, 0, {APPLES: ("3", "Submitted"), PEARS: ("3", "Taken back later")})
    seat = speak(ground, 0, {APPLES: ("1", "Edited and never submitted"), PEARS: ("1", "")}, submit=False)
    speak(ground, 1, {APPLES: ("2", "Begun only")}, submit=False)
    gone = speak(ground, 2, {APPLES: ("2", "I take this along")})
    kept = speak(ground, 3, {APPLES: ("2", "I leave this here")})
    with ground.database.verb() as session:
        now = read_now(session)
        doors.withdraw(session, seat=gone, keep_answers=False, now=now)
        doors.withdraw(session, seat=kept, keep_answers=True, now=now)
    ground.close()
    assert gather(ground).added == 3
    found = read(ground)
    # The rating beside a reason is the submitted one as well.
    assert {text: each.band for text, each in found.items()} == {
        "Submitted": "agree",
        "Taken back later": "agree",
        "I leave this here": "middle",
    }
    assert seat.round == 1
    assert gather(ground, partial_counts=True).added == 1
    assert read(ground)["Begun only"].band == "middle"


def test_answers_of_a_question_that_fell_out_of_the_route_are_no_reasons(ground: Ground) -> None:
    # A row that the submission does not hold: as a question leaves, whose answer had been saved before.
    seat = speak(ground, 0, {APPLES: ("3", "Stays")})
    with ground.database.verb() as session:
        session.execute(
            update(Participation).where(Participation.study_id == ground.study_id).values(has_strays=True)
        )
        session.add(
            Answer(
                study_id=ground.study_id,
                round=1,
                panellist_id=seat.panellist_id,
                cell=ground.number("fruit", "apples", "south", part="reason"),
                status=1,
                text="Fell out",
                revision=1,
            )
        )
    ground.close()
    assert gather(ground).added == 1
    assert list(read(ground)) == ["Stays"]


def test_nothing_is_read_while_the_round_takes_answers(ground: Ground) -> None:
    speak(ground, 0, {APPLES: ("3", "Keeps well")})
    with pytest.raises(RoundClosed, match="Round 1 is open"):
        gather(ground)
    with pytest.raises(RoundClosed, match="Round 1 is open"):
        read(ground)
    ground.close()
    gather(ground)
    reopen(ground)
    with pytest.raises(RoundClosed):
        read(ground)
    with pytest.raises(NotFound, match="no round 7"):
        read(ground, round_number=7)


def test_a_reason_rewritten_after_reopening_is_unread_again(ground: Ground) -> None:
    speak(ground, 0, {APPLES: ("3", "First thought"), PEARS: ("3", "Stays")})
    speak(ground, 1, {APPLES: ("3", "First thought, too"), PEARS: ("3", "Goes away")})
    ground.close()
    gather(ground)
    first, same, stays, goes = names(ground, "First thought", "First thought, too", "Stays", "Goes away")
    with at_work(ground) as (session, key):
        add_theme(session, theme="keeping", title="Keeping", **key)
        release_reasons(session, public_ids=[first, stays, goes], **key)
        merge_reasons(session, public_ids=[same], into=first, **key)
        code_reasons(session, codes={first: ["keeping"], stays: []}, coder="Ann", **key)
        sentences = [DraftSentence(1, "They keep.", (first,))]
        write_summary(session, round_number=1, item="apples", sentences=sentences, **key)
    reopen(ground)
    speak(ground, 0, {APPLES: ("1", "Second thought"), PEARS: ("3", "Stays")})
    speak(ground, 1, {PEARS: ("3", "")})
    ground.close()
    assert gather(ground) == Gathered(added=0, changed=1, gone=1, unchanged=2)
    found = read(ground)
    second = found["Second thought"]
    assert (second.public_id, second.state, second.released_text, second.band) == (
        first,
        "unread",
        "",
        "disagree",
    )
    assert second.themes == {}
    assert second.sentences == ()
    # What was merged into it said the same as the old text.
    assert (found["First thought, too"].state, found["First thought, too"].merged_into) == ("unread", "")
    assert (found["Stays"].state, found["Stays"].themes) == ("released", {"Ann": ()})
    assert "Goes away" not in found
    with ground.database.reading() as session:
        # The organiser's sentence stays, to be looked at again.
        assert session.scalars(select(SummarySentence.text)).all() == ["They keep."]


def test_who_leaves_with_all_answers_leaves_no_reason_behind(ground: Ground) -> None:
    """PRV-26: the row goes, and what was not released with it; the audit keeps only a hash."""
    seats = [speak(ground, n, {APPLES: ("3", f"Keeps well, says {n}")}) for n in range(5)]
    ground.close()
    gather(ground)
    mine, merged, others, *_ = names(ground, *(f"Keeps well, says {n}" for n in range(5)))
    with at_work(ground) as (session, key):
        release_reasons(session, public_ids=[mine, others], **key)
        merge_reasons(session, public_ids=[merged], into=mine, **key)
        sentences = [DraftSentence(1, "One says so.", (mine,)), DraftSentence(2, "Two do.", (mine, others))]
        write_summary(session, round_number=1, item="apples", sentences=sentences, **key)
    with ground.database.reading() as session:
        frozen = shown_reasons(session, study_id=ground.study_id, round_number=1)
    assert {each.id: each.also for each in frozen} == {mine: 1, others: 0}
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seats[0], keep_answers=False, now=read_now(session))
    found = read(ground)
    assert "Keeps well, says 0" not in found
    assert (found["Keeps well, says 1"].state, found["Keeps well, says 1"].merged_into) == ("unread", "")
    with ground.database.reading() as session:
        assert session.scalars(select(SummarySentence.text)).all() == ["Two do."]
        texts = [each.text for each in shown_reasons(session, study_id=ground.study_id, round_number=1)]
    # Four are left of a panel whose k is five: the next release shows none at all.
    assert texts == []
    entry = next(each for each in audit(ground) if each.act == "reasons.erase")
    assert [len(each) for each in json.loads(entry.detail)["sha256"]] == [64]
    assert all("says 0" not in each.detail + each.reason for each in audit(ground))
    assert gather(ground).gone == 0
    with ground.database.reading() as session:
        everyone = select(Reason).where(Reason.panellist_id == seats[0].panellist_id)
        assert session.scalars(everyone).all() == []


def test_who_leaves_the_answers_leaves_the_reasons(ground: Ground) -> None:
    seat = speak(ground, 0, {APPLES: ("3", "Keeps well")})
    ground.close()
    gather(ground)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=True, now=read_now(session))
    assert gather(ground).unchanged == 1
    assert list(read(ground)) == ["Keeps well"]


def test_blank_cells_are_no_reasons(ground: Ground) -> None:
    assert ground.given(ground.number("fruit", "apples", "north", part="reason"), " \n ") == BLANK
    seat = ground.sit_down(0)
    cells = {ground.number("consent"): "1", ground.number("word"): "botany"}
    with ground.database.verb() as session:
        changes = {cell: ground.given(cell, text) for cell, text in cells.items()}
        answering.save(session, seat=seat, request_id="only-what-is-needed", base=0, changes=changes)
        answering.submit(session, seat=seat, request_id="submits-that")
    ground.close()
    assert gather(ground) == Gathered(0, 0, 0, 0)
