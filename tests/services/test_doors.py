"""A personal link: what it shows, what its buttons do, and what it never does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from surveyapp.delphi.lineage import Outcome
from surveyapp.errors import NotFound, Refused
from surveyapp.models import AuditEntry, Base, Invitation, Panellist, Participation, Round, Study, WebSession
from surveyapp.services import doors, rounds
from surveyapp.services.reading.seats import find_seat
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer
from tests.support.between_rounds import decide, open_next
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text

SILENT = (
    "feedback: {own_answer: false, distribution: false, quartiles: false, reasons: false, summaries: false}\n"
)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    questionnaire = load_text(SMALL, tmp_path)
    # Noise: another study with the same panel sizes, so that a missing condition shows.
    lay_ground(database, questionnaire, slug="noise")
    return lay_ground(database, questionnaire)


def count_rows(ground: Ground) -> dict[str, int]:
    with ground.database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def find(ground: Ground, token: str) -> doors.Invited | None:
    with ground.database.reading() as session:
        return doors.find_invited(session, token=token)


def state_of(ground: Ground, member: int) -> str:
    with ground.database.reading() as session:
        return session.get_one(Panellist, (ground.study_id, ground.panel[member].panellist_id)).state


def test_looking_at_a_link_shows_the_seat_and_changes_nothing(ground: Ground) -> None:
    before = count_rows(ground)
    invited = find(ground, ground.panel[1].token)
    assert invited is not None
    assert (invited.slug, invited.group, invited.round, invited.takes_answers, invited.started) == (
        "fruit",
        "both",
        1,
        True,
        False,
    )
    assert count_rows(ground) == before


def test_sec_100_a_link_opens_its_own_study_only(ground: Ground) -> None:
    token = ground.panel[0].token
    assert find(ground, token.replace("fruit.", "noise.")) is None
    assert find(ground, "fruit.") is None
    assert find(ground, "") is None
    assert find(ground, token + "x") is None


def test_a_revoked_link_opens_nothing(ground: Ground) -> None:
    with ground.database.verb() as session:
        session.execute(
            update(Invitation)
            .where(Invitation.panellist_id == ground.panel[0].panellist_id)
            .values(revoked_at=read_now(session))
        )
    assert find(ground, ground.panel[0].token) is None
    with pytest.raises(NotFound), ground.database.verb() as session:
        doors.start(session, token=ground.panel[0].token, now=read_now(session))


def test_starting_twice_is_one_participation_and_two_sessions(ground: Ground) -> None:
    first = ground.sit_down(0)
    second = ground.sit_down(0)
    assert first.panellist_id == second.panellist_id
    assert first.csrf_secret != second.csrf_secret
    with ground.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Participation)) == 1
        assert session.scalar(select(func.count()).select_from(WebSession)) == 2


def test_sec_08_the_database_holds_no_token_and_no_cookie(ground: Ground) -> None:
    with ground.database.verb() as session:
        started = doors.start(session, token=ground.panel[0].token, now=read_now(session))
    secret = ground.panel[0].token.partition(".")[2]
    with ground.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)):
                stored = " ".join(map(str, row))
                assert secret not in stored
                assert started.cookie not in stored


@pytest.mark.parametrize(("say", "state"), [(doors.say_not_me, "not_me"), (doors.decline, "declined")])
def test_not_me_and_declining_are_kept_and_can_be_taken_back(ground: Ground, say, state: str) -> None:  # type: ignore[no-untyped-def]
    with ground.database.verb() as session:
        say(session, token=ground.panel[0].token, now=read_now(session))
    assert state_of(ground, 0) == state
    assert state_of(ground, 1) == "invited"
    ground.sit_down(0)
    assert state_of(ground, 0) == "invited"
    with ground.database.reading() as session:
        acts = session.scalars(
            select(AuditEntry.act).where(
                AuditEntry.study_id == ground.study_id, AuditEntry.act.like("panellist.%")
            )
        ).all()
    assert acts == [f"panellist.{state}", "panellist.invited"]


def test_who_has_begun_withdraws_from_within(ground: Ground) -> None:
    ground.sit_down(0)
    with pytest.raises(Refused, match="Withdraw"), ground.database.verb() as session:
        doors.decline(session, token=ground.panel[0].token, now=read_now(session))


def test_withdrawing_ends_every_session_and_the_link_does_not_start_again(ground: Ground) -> None:
    seat = ground.sit_down(0)
    ground.sit_down(0)
    other = ground.sit_down(1)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=True, now=read_now(session))
    with ground.database.reading() as session:
        assert [row.panellist_id for row in session.scalars(select(WebSession))] == [other.panellist_id]
    with pytest.raises(Refused, match="withdrawn"), ground.database.verb() as session:
        doors.start(session, token=ground.panel[0].token, now=read_now(session))


def test_sec_15_an_expired_session_opens_nothing(ground: Ground) -> None:
    with ground.database.verb() as session:
        started = doors.start(session, token=ground.panel[0].token, now=read_now(session))
    id_hash = doors.hash_cookie(started.cookie)
    assert ground.look(id_hash).slug == "fruit"
    with ground.database.verb() as session:
        session.execute(update(WebSession).values(expires_at=read_now(session) - timedelta(seconds=1)))
    with ground.database.reading() as session:
        assert find_seat(session, id_hash=id_hash) is None


def test_leaving_ends_this_session_only(ground: Ground) -> None:
    cookies = []
    for _ in range(2):
        with ground.database.verb() as session:
            cookies.append(doors.start(session, token=ground.panel[0].token, now=read_now(session)).cookie)
    with ground.database.verb() as session:
        doors.leave(session, id_hash=doors.hash_cookie(cookies[0]))
    with ground.database.reading() as session:
        assert find_seat(session, id_hash=doors.hash_cookie(cookies[0])) is None
        assert find_seat(session, id_hash=doors.hash_cookie(cookies[1])) is not None


def test_before_the_first_round_the_link_shows_the_study_and_nobody_can_start(
    database: Database, tmp_path: Path
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    invited = find(ground, ground.panel[0].token)
    assert invited is not None
    assert (invited.round, invited.takes_answers) == (None, False)
    with pytest.raises(Refused), database.verb() as session:
        doors.start(session, token=ground.panel[0].token, now=read_now(session))


def test_after_closing_only_those_who_had_begun_come_back_in(ground: Ground) -> None:
    ground.sit_down(0)
    ground.close()
    assert ground.sit_down(0).takes_answers is False
    with pytest.raises(Refused), ground.database.verb() as session:
        doors.start(session, token=ground.panel[1].token, now=read_now(session))


def test_rel_13_the_deadline_refuses_by_itself(ground: Ground) -> None:
    ground.sit_down(0)
    with ground.database.verb() as session:
        session.execute(
            update(Round)
            .where(Round.study_id == ground.study_id)
            .values(closes_at=read_now(session) - timedelta(milliseconds=1))
        )
    seat = ground.sit_down(0)
    assert (seat.round_state, seat.takes_answers) == ("open", False)
    with pytest.raises(Refused), ground.database.verb() as session:
        doors.start(session, token=ground.panel[1].token, now=read_now(session))


def test_the_previous_round_is_the_one_that_was_not_cancelled(database: Database, tmp_path: Path) -> None:
    """Also where no feedback is shown, which would name it."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    set_protocol(ground, PROTOCOL + SILENT + "later_rounds: answered the previous round\n")
    open_next(ground)
    answer(ground, 0, {})
    ground.close()
    for item in ("apples", "pears"):
        decide(ground, item, Outcome.KEEP)
    assert open_next(ground).number == 2
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.cancel_round(session, study=study, reason="wrong letter", now=read_now(session), actor="test")
    third = open_next(ground)
    assert (third.number, third.shows_round, third.open_to) == (3, None, "previous")
    invited = [find(ground, member.token) for member in ground.panel[:2]]
    assert [each is not None and each.may_take_part for each in invited] == [True, False]
