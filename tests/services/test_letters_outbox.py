"""The outbox: each letter once, whatever is pressed twice; called back, sent again, come back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from surveyapp.errors import Conflict, InputError, Refused
from surveyapp.mail.kinds import Kind
from surveyapp.mail.texts import Text
from surveyapp.models import AuditEntry, OutboxMessage, Panellist, Round, Study
from surveyapp.services import answering
from surveyapp.services.letters import outbox, texts
from surveyapp.services.letters.audience import Occasion, find_waiting
from surveyapp.services.letters.outbox import MessageKey
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.mailing import introduce
from tests.support.studies import SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    questionnaire = load_text(SMALL, tmp_path)
    # A panel that nobody writes to: a missing filter would.
    introduce(lay_ground(database, questionnaire, slug="noise"))
    laid = lay_ground(database, questionnaire)
    introduce(laid)
    return laid


def send(ground: Ground, kind: Kind = Kind.INVITATION, reviewed: str = "") -> int:
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        occasion = outbox.find_occasion(session, study=study, kind=kind)
        return outbox.send_letters(
            session, study=study, occasion=occasion, now=read_now(session), actor="test", reviewed=reviewed
        )


def states(ground: Ground) -> dict[int, str]:
    with ground.database.reading() as session:
        found = session.execute(
            select(OutboxMessage.panellist_id, OutboxMessage.state).where(
                OutboxMessage.study_id == ground.study_id
            )
        ).all()
    return {row.panellist_id: row.state for row in found}


def keys(ground: Ground, kind: Kind = Kind.INVITATION) -> list[MessageKey]:
    with ground.database.reading() as session:
        names = session.scalars(
            select(Panellist.pseudonym).where(Panellist.study_id == ground.study_id)
        ).all()
    return [MessageKey(name, 1, str(kind), 1) for name in sorted(names)]


def change(ground: Ground, act: outbox.Act, *chosen: MessageKey, words: str = "") -> int:
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        return outbox.change_letters(
            session, study=study, keys=chosen, act=act, now=read_now(session), actor="test", words=words
        )


def put_state(ground: Ground, state: str) -> None:
    with ground.database.verb() as session:
        for row in session.scalars(select(OutboxMessage)):
            row.state = state


def test_rel_35_a_second_press_sends_nothing(ground: Ground) -> None:
    assert send(ground) == 3
    with pytest.raises(Refused, match="Nobody is left"):
        send(ground)
    assert set(states(ground).values()) == {"queued"}
    assert len(states(ground)) == 3
    with ground.database.reading() as session:
        acts = session.scalars(select(AuditEntry.act).where(AuditEntry.act == "letters.send")).all()
    assert len(acts) == 1


def test_the_same_letters_put_in_again_are_not_there_twice(ground: Ground) -> None:
    occasion = Occasion(ground.study_id, 1, Kind.INVITATION)
    ids = [member.panellist_id for member in ground.panel]
    for expected in (3, 0):
        with ground.database.verb() as session:
            now = read_now(session)
            assert (
                outbox.put_in(session, occasion=occasion, panellists=ids, now=now, actor="test") == expected
            )


def test_what_was_looked_at_is_what_is_sent(ground: Ground) -> None:
    with ground.database.reading() as session:
        study = get_study(session, slug=ground.slug)
        occasion = outbox.find_occasion(session, study=study, kind=Kind.INVITATION)
        seen = outbox.fingerprint(find_waiting(session, occasion=occasion, now=read_now(session)))
    ground.sit_down(0)
    with pytest.raises(Conflict, match="not the ones you looked at"):
        send(ground, reviewed=seen)
    assert states(ground) == {}


def test_reminders_go_to_those_who_have_not_submitted_and_take_part(ground: Ground) -> None:
    with ground.database.verb() as session:
        session.get_one(Panellist, (ground.study_id, ground.panel[1].panellist_id)).state = "declined"
    assert send(ground, Kind.REMINDER) == 2


def test_letters_are_called_back_sent_again_and_come_back(ground: Ground) -> None:
    send(ground)
    first, second, third = keys(ground)
    assert change(ground, "cancel", first, second) == 2
    assert change(ground, "cancel", first) == 0
    assert change(ground, "retry", first) == 1
    assert change(ground, "retry", third) == 0
    assert sorted(states(ground).values()) == ["cancelled", "queued", "queued"]
    put_state(ground, "sent")
    assert change(ground, "bounced", second, words="550 unknown user ada@example.org") == 1
    with ground.database.reading() as session:
        answer = session.scalars(select(OutboxMessage.answer).where(OutboxMessage.state == "bounced")).one()
    assert answer == "550 unknown user …"


def test_all_that_wait_are_called_back_and_all_refused_are_sent_again(ground: Ground) -> None:
    send(ground)
    with ground.database.verb() as session:
        study, now = get_study(session, slug=ground.slug), read_now(session)
        assert outbox.cancel_waiting(session, study=study, kind=None, now=now, actor="test") == 3
    put_state(ground, "refused")
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        assert outbox.retry_all(session, study=study, state="refused", now=now, actor="test") == 3
        with pytest.raises(InputError, match="are not sent again"):
            outbox.retry_all(session, study=study, state="sent", now=now, actor="test")


def test_a_letter_is_named_by_what_it_is_about() -> None:
    key = MessageKey("P-7KQ2M", 1, "reminder", 2)
    assert MessageKey.from_text(str(key)) == key
    with pytest.raises(InputError, match="names no letter"):
        MessageKey.from_text("P-7KQ2M.love.1.1")


def save(ground: Ground, text: Text | None, language: str = "en") -> int:
    with ground.database.verb() as session:
        study: Study = get_study(session, slug=ground.slug)
        now: datetime = read_now(session)
        return texts.save_text(
            session,
            study=study,
            kind=Kind.INVITATION,
            number=1,
            language=language,
            text=text,
            now=now,
            actor="test",
        )


def test_a_study_says_it_in_its_own_words_and_goes_back_to_ours(ground: Ground) -> None:
    def said() -> str:
        with ground.database.reading() as session:
            return texts.find_text(
                session, study_id=ground.study_id, kind=Kind.INVITATION, number=1, language="en"
            ).text.subject

    ours = said()
    assert save(ground, Text("Come, {name}", "{link}")) == 1
    assert said() == "Come, {name}"
    assert save(ground, None) == 2
    assert said() == ours


def test_a_text_with_problems_is_not_saved(ground: Ground) -> None:
    with pytest.raises(InputError) as caught:
        save(ground, Text("", "{nmae}"), language="xx")
    assert len(caught.value.problems) == 4


def test_a_letter_goes_to_those_whom_the_door_lets_in(ground: Ground) -> None:
    seat = ground.sit_down(0)
    consent, word = ground.number("consent"), ground.number("word")
    with ground.database.verb() as session:
        changes = {consent: ground.given(consent, "1"), word: ground.given(word, "law")}
        answering.save(session, seat=seat, request_id="saved before", base=0, changes=changes)
        answering.submit(session, seat=seat, request_id="submitted before")
    ground.close()
    with ground.database.verb() as session:
        first = session.get_one(Round, (ground.study_id, 1))
        held = {column.key: getattr(first, column.key) for column in inspect(Round).column_attrs}
        # Another cohort's round lies between: whoever answered the previous one answered round 1.
        session.add(Round(**held | {"number": 2, "cohort": "late", "state": "released"}))
        session.add(Round(**held | {"number": 3, "state": "open", "open_to": "previous"}))
        session.flush()
        occasion = Occasion(ground.study_id, 3, Kind.NEW_ROUND)
        waiting = find_waiting(session, occasion=occasion, now=read_now(session))
        assert waiting == [ground.panel[0].panellist_id]
