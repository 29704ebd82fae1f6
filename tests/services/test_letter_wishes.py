"""Letters switched off and on, letters that follow from events, and reminders by rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.mail.kinds import Kind
from surveyapp.mail.links import derive_letters_token, read_letters_token
from surveyapp.models import (
    AuditEntry,
    Identity,
    LetterSetting,
    LetterWish,
    OutboxMessage,
    Panellist,
    Participation,
    Round,
)
from surveyapp.services import doors
from surveyapp.services.letters import audience, occasions, outbox, reminding, wishes
from surveyapp.services.letters.audience import NO_ROUND, Occasion
from surveyapp.services.letters.reminding import ReminderPlan, Rule
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.studies import LINK_KEY, SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """An open round of three people with addresses, beside a foreign study of the same shape."""
    questionnaire = load_text(SMALL, tmp_path)
    foreign, ground = (lay_ground(database, questionnaire, slug=slug) for slug in ("foreign", "fruit"))
    for each in (foreign, ground):
        with database.verb() as session:
            for place, member in enumerate(each.panel):
                session.add(
                    Identity(
                        study_id=each.study_id,
                        panellist_id=member.panellist_id,
                        name=f"Ann {place}",
                        email=f"ann{place}@example.org",
                        email_key=f"ann{place}@example.org",
                    )
                )
    return ground


def letters_of(ground: Ground, *columns: str) -> list[tuple[object, ...]]:
    """The study's letters, by panellist."""
    chosen = [getattr(OutboxMessage, name) for name in columns]
    with ground.database.reading() as session:
        rows = session.execute(
            select(*chosen)
            .where(OutboxMessage.study_id == ground.study_id)
            .order_by(OutboxMessage.panellist_id, OutboxMessage.kind, OutboxMessage.number)
        )
        return [tuple(row) for row in rows]


def count_foreign(ground: Ground) -> int:
    with ground.database.reading() as session:
        return session.execute(
            select(func.count()).select_from(OutboxMessage).where(OutboxMessage.study_id != ground.study_id)
        ).scalar_one()


def token_of(ground: Ground, member: int = 0) -> str:
    return derive_letters_token(LINK_KEY, slug=ground.slug, panellist_id=ground.panel[member].panellist_id)


def wish(ground: Ground, what: wishes.Wish, member: int = 0) -> None:
    with ground.database.verb() as session:
        wishes.set_wish(
            session, token=token_of(ground, member), wish=what, link_key=LINK_KEY, now=read_now(session)
        )


def waiting(ground: Ground, kind: Kind, number: int = 1) -> list[int]:
    with ground.database.reading() as session:
        return audience.find_waiting(
            session, occasion=Occasion(ground.study_id, 1, kind, number), now=read_now(session)
        )


def switch(ground: Ground, kind: Kind, *, on: bool) -> None:
    with ground.database.verb() as session:
        session.add(LetterSetting(study_id=ground.study_id, kind=str(kind), is_automatic=on))


def test_a_letters_token_is_this_seats_and_no_other() -> None:
    token = derive_letters_token(LINK_KEY, slug="fruit", panellist_id=4711)
    assert read_letters_token(LINK_KEY, token) == ("fruit", 4711)
    slug, number, proof = token.split(".")
    for forged in (
        f"{slug}.1.{proof}",
        f"other.{number}.{proof}",
        f"{slug}.0{number}.{proof}",
        f"{slug}.x",
        "",
    ):
        assert read_letters_token(LINK_KEY, forged) is None
    assert read_letters_token(b"another key of another installation", token) is None


def test_a_wish_holds_for_this_person_and_is_written_down_once(ground: Ground) -> None:
    wish(ground, "no_reminders")
    wish(ground, "no_reminders")
    first = ground.panel[0].panellist_id
    assert first not in waiting(ground, Kind.REMINDER)
    assert first in waiting(ground, Kind.INVITATION)
    assert len(waiting(ground, Kind.REMINDER)) == 2
    wish(ground, "none")
    assert first not in waiting(ground, Kind.INVITATION)
    wish(ground, "all")
    assert len(waiting(ground, Kind.REMINDER)) == 3
    with ground.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LetterWish)) == 0
        acts = session.scalars(select(AuditEntry.act).where(AuditEntry.act == "panellist.letters")).all()
        assert len(acts) == 3
        with pytest.raises(NotFound):
            wishes.set_wish(session, token="fruit.1.x", wish="none", link_key=LINK_KEY, now=read_now(session))


def test_an_opened_round_writes_to_everybody_only_where_the_study_says_so(ground: Ground) -> None:
    assert letters_of(ground, "kind") == []
    switch(ground, Kind.INVITATION, on=True)
    for _ in range(2):
        with ground.database.verb() as session:
            held = session.get_one(Round, (ground.study_id, 1))
            occasions.letters_of_opening(session, opened=held, now=read_now(session), actor="test")
    assert letters_of(ground, "kind", "state", "round") == [("invitation", "queued", 1)] * 3
    assert count_foreign(ground) == 0


def test_leaving_is_confirmed_once_unless_switched_off(ground: Ground) -> None:
    seat = ground.sit_down()
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=True, now=read_now(session))
    assert letters_of(ground, "kind", "round", "number") == [("withdrawal", NO_ROUND, 1)]
    switch(ground, Kind.WITHDRAWAL, on=False)
    other = ground.sit_down(1)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=other, keep_answers=True, now=read_now(session))
    assert len(letters_of(ground, "kind")) == 1


def test_thanks_go_where_the_study_sends_them_and_once(ground: Ground) -> None:
    def submit() -> None:
        with ground.database.verb() as session:
            occasions.letter_of_submission(
                session,
                study_id=ground.study_id,
                round_number=1,
                panellist_id=ground.panel[0].panellist_id,
                now=read_now(session),
            )

    submit()
    assert letters_of(ground, "kind") == []
    switch(ground, Kind.THANKS, on=True)
    submit()
    with ground.database.verb() as session:
        session.execute(update(OutboxMessage).values(state="sent"))
    submit()
    assert letters_of(ground, "kind", "number", "state") == [("thanks", 1, "sent")]


OPENED = datetime(2026, 12, 1, 8, tzinfo=UTC)
CLOSES = datetime(2026, 12, 20, 18, tzinfo=UTC)
NINE = 9 * 60


def set_times(ground: Ground, rules: Sequence[Rule], *, most: int = 3) -> None:
    with ground.database.verb() as session:
        session.execute(
            update(Round).where(Round.study_id == ground.study_id).values(opened_at=OPENED, closes_at=CLOSES)
        )
        reminding.set_plan(
            session,
            study=get_study(session, slug=ground.slug),
            plan=ReminderPlan(tuple(rules), most),
            now=OPENED,
            actor="test",
        )


def remind(ground: Ground, now: datetime) -> int:
    with ground.database.verb() as session:
        return reminding.remind(session, study_id=ground.study_id, now=now)


def before(days: int, number: int = 1, who: audience.Audience = "not_submitted") -> Rule:
    return Rule(number, "before_closing", days, NINE, who)


def test_a_reminder_goes_at_nine_where_the_panellist_is(ground: Ground) -> None:
    set_times(ground, [before(3)])
    with ground.database.verb() as session:
        for member, zone in zip(ground.panel, ("", "Asia/Tokyo", "America/New_York"), strict=True):
            session.execute(
                update(Panellist).where(Panellist.id == member.panellist_id).values(time_zone=zone)
            )
    # 9:00 in Tokyo is midnight in UTC of the same date there; the round closes there on the 21st.
    assert remind(ground, datetime(2026, 12, 17, 8, 59, tzinfo=UTC)) == 0
    assert remind(ground, datetime(2026, 12, 17, 9, 0, tzinfo=UTC)) == 1
    assert remind(ground, datetime(2026, 12, 17, 9, 5, tzinfo=UTC)) == 0
    assert remind(ground, datetime(2026, 12, 17, 14, 0, tzinfo=UTC)) == 1
    assert remind(ground, datetime(2026, 12, 18, 0, 0, tzinfo=UTC)) == 1
    assert letters_of(ground, "kind", "number") == [("reminder", 1)] * 3
    assert count_foreign(ground) == 0


def test_nobody_is_reminded_who_submitted_left_or_was_out_of_reach(ground: Ground) -> None:
    set_times(ground, [before(3)])
    first, second, _ = (member.panellist_id for member in ground.panel)
    ground.sit_down()
    with ground.database.verb() as session:
        session.execute(
            update(Participation)
            .where(Participation.panellist_id == first)
            .values(submission=1, submitted_at=OPENED)
        )
        outbox.put_in(
            session,
            occasion=Occasion(ground.study_id, 1, Kind.INVITATION),
            panellists=[second],
            now=OPENED,
            actor="test",
        )
        session.execute(update(OutboxMessage).values(state="bounced"))
    assert remind(ground, datetime(2026, 12, 17, 9, tzinfo=UTC)) == 1
    assert [row for row in letters_of(ground, "kind") if row == ("reminder",)] == [("reminder",)]


@pytest.mark.parametrize(("most", "expected"), [(0, 0), (1, 3), (2, 6), (3, 9)])
def test_no_more_reminders_than_the_study_allows(ground: Ground, most: int, expected: int) -> None:
    set_times(ground, [before(9, 1), before(6, 2), before(3, 3), before(1, 4)], most=most)
    for day in range(2, 21):
        remind(ground, datetime(2026, 12, day, 10, tzinfo=UTC))
    assert len(letters_of(ground, "kind")) == expected


def test_two_on_one_day_make_one_and_a_late_one_is_left_out(ground: Ground) -> None:
    set_times(ground, [before(3, 1), Rule(2, "after_opening", 16, NINE - 30, "not_started")])
    assert remind(ground, datetime(2026, 12, 17, 9, tzinfo=UTC)) == 3
    # The first one's moment is not long ago, and everybody has had one today.
    assert remind(ground, datetime(2026, 12, 17, 9, 10, tzinfo=UTC)) == 0
    assert letters_of(ground, "number") == [(2,)] * 3
    set_times(ground, [before(2, 3)])
    assert remind(ground, datetime(2026, 12, 18, 9, tzinfo=UTC) + reminding.LATE + timedelta(minutes=1)) == 0


def test_a_round_that_opened_after_the_moment_reminds_nobody(ground: Ground) -> None:
    set_times(ground, [Rule(1, "before_closing", 19, 7 * 60, "not_submitted")])
    assert remind(ground, OPENED + timedelta(hours=1)) == 0


def test_rules_tell_everything_that_is_wrong_at_once(ground: Ground) -> None:
    wrong = [Rule(1, "before_closing", 400, NINE, "not_submitted"), before(1), before(2, 9)]
    with pytest.raises(InputError) as caught:
        set_times(ground, wrong, most=99)
    assert len(caught.value.problems) == 5


def test_the_clocks_changing_moves_no_reminder_to_another_day() -> None:
    rule = Rule(1, "before_closing", 0, 2 * 60 + 30, "not_submitted")
    closes = datetime(2027, 3, 28, 18, tzinfo=UTC)
    moment = reminding.moment_of(rule, opened_at=OPENED, closes_at=closes, zone="Europe/Berlin")
    assert moment is not None
    assert moment.astimezone(UTC) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert reminding.moment_of(rule, opened_at=OPENED, closes_at=None, zone="UTC") is None


def test_rel_35_sending_twice_makes_one_batch(ground: Ground) -> None:
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        occasion = outbox.find_occasion(session, study=study, kind=Kind.INVITATION)
        now = read_now(session)
        assert outbox.send_letters(session, study=study, occasion=occasion, now=now, actor="a") == 3
    with ground.database.verb() as session, pytest.raises(Refused, match="Nobody is left"):
        outbox.send_letters(session, study=study, occasion=occasion, now=now, actor="b")
    assert len(letters_of(ground, "kind")) == 3
    assert count_foreign(ground) == 0
