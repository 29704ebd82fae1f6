"""What held when a reminder was put in is asked again when it goes; two who send at once make one batch."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import select, update

from surveyapp.errors import Conflict, Refused
from surveyapp.mail.kinds import Kind
from surveyapp.mail.transport import Memory
from surveyapp.models import OutboxMessage
from surveyapp.services.letters import outbox, reminding
from surveyapp.services.letters.audience import Audience, Occasion, find_waiting
from surveyapp.services.letters.reminding import APART, BY_RULE, ReminderPlan, Rule
from surveyapp.services.letters.sending import send_due
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.mailing import introduce, office_with
from tests.support.studies import SMALL, Ground, lay_ground, load_text

WHO: Audience = "not_started"


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """One panellist who can be written to, beside another study."""
    questionnaire = load_text(SMALL, tmp_path)
    lay_ground(database, questionnaire, slug="noise", groups=("north",))
    laid = lay_ground(database, questionnaire, slug="own", groups=("north",))
    introduce(laid)
    return laid


def set_rules(ground: Ground, *numbers: int, most: int = 3) -> None:
    rules = tuple(Rule(number, "after_opening", number, 9 * 60, WHO) for number in numbers)
    with ground.database.verb() as session:
        study, now = get_study(session, slug=ground.slug), read_now(session)
        reminding.set_plan(session, study=study, plan=ReminderPlan(rules, most), now=now, actor="test")


def put_in(ground: Ground, *numbers: int, kind: Kind = Kind.REMINDER, by: str = BY_RULE) -> None:
    with ground.database.verb() as session:
        for number in numbers:
            outbox.put_in(
                session,
                occasion=Occasion(ground.study_id, 1, kind, number),
                panellists=[ground.panel[0].panellist_id],
                now=read_now(session),
                actor=by,
            )


def change(ground: Ground, number: int, *, state: str, ago: timedelta, kind: Kind = Kind.REMINDER) -> None:
    with ground.database.verb() as session:
        sent_at = read_now(session) - ago if state == "sent" else None
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.number == number, OutboxMessage.kind == kind)
            .values(state=state, sent_at=sent_at)
        )


def send(ground: Ground, folder: Path) -> dict[int, tuple[str, str]]:
    """State and words of each reminder after the worker was there."""
    send_due(ground.database, office_with(Memory(), folder))
    with ground.database.reading() as session:
        rows = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == Kind.REMINDER))
        return {row.number: (row.state, row.answer) for row in rows}


def start(ground: Ground) -> None:
    ground.sit_down(0)


def test_a_reminder_goes_while_everything_holds(ground: Ground, tmp_path: Path) -> None:
    set_rules(ground, 1, 2)
    put_in(ground, 1, 2)
    change(ground, 1, state="sent", ago=APART + timedelta(minutes=1))
    assert send(ground, tmp_path)[2] == ("sent", "250 kept")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (start, "is not one of those any more whom the rule reminds"),
        (lambda ground: set_rules(ground, 1), "the rule that asked for it is gone"),
        (
            lambda ground: set_rules(ground, 1, 2, most=1),
            "has had as many reminders in this round as the study allows",
        ),
        (
            lambda ground: change(ground, 1, state="sent", ago=APART - timedelta(minutes=5)),
            "was reminded a short while ago",
        ),
        (
            lambda ground: change(ground, 1, state="refused", ago=APART),
            "an earlier letter of this round did not arrive",
        ),
    ],
)
def test_a_reminder_that_lost_its_reason_does_not_go(
    ground: Ground, tmp_path: Path, spoil: Callable[[Ground], None], why: str
) -> None:
    set_rules(ground, 1, 2)
    put_in(ground, 1, 2)
    change(ground, 1, state="sent", ago=2 * APART)
    spoil(ground)
    assert send(ground, tmp_path)[2] == ("dropped", why)


def test_of_reminders_that_waited_together_the_latest_goes_alone(ground: Ground, tmp_path: Path) -> None:
    set_rules(ground, 1, 2, 3)
    put_in(ground, 1, 2, 3)
    found = send(ground, tmp_path)
    assert {number: state for number, (state, _) in found.items()} == {1: "dropped", 2: "dropped", 3: "sent"}


def test_what_a_person_sends_goes_whatever_the_rules_say(ground: Ground, tmp_path: Path) -> None:
    set_rules(ground, 1, most=0)
    put_in(ground, 1, by="jane@example.org")
    start(ground)
    assert send(ground, tmp_path)[1] == ("sent", "250 kept")


def test_rel_35_two_organisers_who_send_at_once_make_one_batch(database: Database, tmp_path: Path) -> None:
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("north",) * 12)
    introduce(laid)
    occasion = Occasion(laid.study_id, 1, Kind.INVITATION)
    with database.reading() as session:
        looked_at = outbox.fingerprint(find_waiting(session, occasion=occasion, now=read_now(session)))
    barrier = Barrier(2)

    def press(actor: str) -> int:
        barrier.wait()
        try:
            with database.verb() as session:
                return outbox.send_letters(
                    session,
                    study=get_study(session, slug=laid.slug),
                    occasion=occasion,
                    now=read_now(session),
                    actor=actor,
                    reviewed=looked_at,
                )
        except (Refused, Conflict):
            return 0

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, ["jane@example.org", "joe@example.org"])) == [0, 12]
    with database.reading() as session:
        rows = session.scalars(select(OutboxMessage)).all()
    assert len(rows) == 12
    assert len({row.queued_by for row in rows}) == 1
