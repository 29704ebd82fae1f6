"""Who is worth a personal word, and that nothing of any answer is told with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from surveyapp.delphi.lineage import Outcome
from surveyapp.mail.kinds import Kind
from surveyapp.models import OutboxMessage, Panellist, Study
from surveyapp.services.letters.audience import Occasion
from surveyapp.services.letters.outbox import put_in
from surveyapp.services.reading.personal_words import PersonalWords, list_personal_words
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer
from tests.support.between_rounds import decide
from tests.support.mailing import introduce
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.second_round import open_next
from tests.support.studies import SMALL, Ground, lay_ground, load_text

SILENT = (
    "feedback: {own_answer: false, distribution: false, quartiles: false, reasons: false, summaries: false}\n"
)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """Six people in round 2, of whom four had submitted round 1."""
    questionnaire = load_text(SMALL, tmp_path)
    introduce(lay_ground(database, questionnaire, slug="noise"))
    laid = lay_ground(database, questionnaire, groups=("both",) * 6, is_open=False)
    introduce(laid)
    set_protocol(laid, PROTOCOL + SILENT)
    first = open_next(laid)
    for member in range(4):
        answer(first, member, {})
    first.close()
    for item in ("apples", "pears"):
        decide(first, item, Outcome.KEEP)
    return open_next(first)


def look(ground: Ground, *, with_names: bool = True) -> PersonalWords:
    with ground.database.reading() as session:
        return list_personal_words(
            session, study=session.get_one(Study, ground.study_id), with_names=with_names
        )


def test_each_is_told_why_and_who_needs_no_word_is_not_there(ground: Ground) -> None:
    people = [member.panellist_id for member in ground.panel]
    answer(ground, 0, {})
    ground.sit_down(4)
    with ground.database.verb() as session:
        now = read_now(session)
        reminder = Occasion(ground.study_id, 2, Kind.REMINDER)
        put_in(session, occasion=reminder, panellists=people, now=now, actor="test")
        session.execute(update(OutboxMessage).values(state="sent", state_at=now, sent_at=now))
        session.execute(
            update(OutboxMessage).where(OutboxMessage.panellist_id == people[1]).values(state="bounced")
        )
        session.execute(update(Panellist).where(Panellist.id == people[3]).values(state="declined"))
    found = look(ground)
    assert [(each.who, each.why, each.reminders) for each in found.rows] == [
        ("Expert 2", "unreached", 0),
        ("Expert 3", "missed", 1),
        ("Expert 5", "half_way", 1),
        ("Expert 6", "reminded", 1),
        ("Expert 4", "left", 1),
    ]
    assert (found.round, found.is_open, found.counts["missed"]) == (2, True, 1)
    nameless = look(ground, with_names=False)
    assert all(each.who.startswith("P-") and not each.email for each in nameless.rows)
    assert {each.why for each in nameless.rows} == {each.why for each in found.rows}


def test_before_the_first_round_nobody_is_awaited(database: Database, tmp_path: Path) -> None:
    laid = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    assert look(laid) == PersonalWords(None, is_open=False, rows=(), counts={})
