"""REL-11: a round that closes while experts submit holds exactly what was acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from surveyapp.delphi.feedback import input_hash
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import RoundClosed
from surveyapp.models import Release, Round, Study, Submission
from surveyapp.services import answer_writes, answering, instruments, releasing, rounds
from surveyapp.services.driver_statements import DriverStatement
from surveyapp.services.reading.seats import Seat
from surveyapp.services.release_drafts import read_input
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, lay_ground, load_text

EXPERTS = 8


class Counted(NamedTuple):
    """The submissions of a round: their hash as a release has it, how many count, how many are stored."""

    sha256: str
    submissions: int
    stored: int


@pytest.fixture
def ground(database_url: str, tmp_path: Path) -> Iterator[Ground]:
    database = Database(database_url, pool_size=EXPERTS + 2)
    groups = ("north",) * EXPERTS
    yield lay_ground(database, load_text(SMALL, tmp_path), groups=groups, is_open=False)
    database.close()


@pytest.fixture
def _slow_between_look_and_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Widen the gap between looking whether the round is open and writing, so that a race shows."""
    get_instrument = instruments.get_instrument

    def slowly(*arguments: object, **named: object) -> object:
        time.sleep(0.002)
        return get_instrument(*arguments, **named)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(answering, "get_instrument", slowly)


def open_next_round(ground: Ground) -> int:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return rounds.open_round(session, study=study, now=read_now(session), actor="test").number


def prepare(ground: Ground, expert: int) -> Seat:
    seat = ground.sit_down(expert)
    if seat.earlier.numbers:
        # Whoever submitted in an earlier round is not asked for consent again.
        return seat
    consent, word = ground.number("consent"), ground.number("word")
    with ground.database.verb() as session:
        changes = {consent: ground.given(consent, "1"), word: ground.given(word, "botany")}
        answering.save(session, seat=seat, request_id="prepare-it", base=0, changes=changes)
    return seat


def look(ground: Ground, number: int) -> Counted:
    """What a release of the round would be made from, beside every submission that is stored."""
    with ground.database.reading() as session:
        sha256, submissions = read_input(session, study_id=ground.study_id, number=number)
        stored = session.scalar(
            select(func.count())
            .select_from(Submission)
            .where(Submission.study_id == ground.study_id, Submission.round == number)
        )
    return Counted(sha256, submissions, stored or 0)


def race_once(ground: Ground) -> tuple[Counted, Counted, Counted]:
    """Let all experts submit while the round closes: acknowledged, found at close, found afterwards."""
    number = open_next_round(ground)
    seats = [prepare(ground, expert) for expert in range(EXPERTS)]
    start = threading.Barrier(EXPERTS + 1)

    def submit(seat: Seat) -> tuple[str, str] | None:
        start.wait()
        try:
            with ground.database.verb() as session:
                submitted = answering.submit(session, seat=seat, request_id="submit-in-race")
        except RoundClosed:
            return None
        return seat.pseudonym, submitted.sha256

    def close() -> Counted:
        start.wait()
        ground.close()
        return look(ground, number)

    with ThreadPoolExecutor(EXPERTS + 1) as pool:
        # Who comes to the barrier last runs on at once, so the closer is not always the one.
        first = number % (EXPERTS + 1)
        submitting = [pool.submit(submit, seat) for seat in seats[:first]]
        closing = pool.submit(close)
        submitting += [pool.submit(submit, seat) for seat in seats[first:]]
        replies = [future.result() for future in submitting]
        at_close = closing.result()
    acknowledged = [reply for reply in replies if reply is not None]
    return (
        Counted(input_hash(acknowledged), len(acknowledged), len(acknowledged)),
        at_close,
        look(ground, number),
    )


@pytest.mark.usefixtures("_slow_between_look_and_write")
def test_rel_11_nothing_slips_in_after_the_close(ground: Ground, trials: Callable[[int], int]) -> None:
    results = [race_once(ground) for _ in range(trials(60))]
    wrong = [result for result in results if len(set(result)) != 1]
    assert wrong == []
    # Had every trial gone one way, there would have been no race to win.
    assert any(acknowledged.submissions for acknowledged, _, _ in results)
    releasing.draft_release(ground.database, study_id=ground.study_id, number=len(results))
    with ground.database.reading() as session:
        states = set(session.scalars(select(Round.state)))
        drafted = session.scalars(select(Release)).one()
    assert states == {RoundState.CLOSED}
    assert (drafted.input_sha256, drafted.submissions) == results[-1][0][:2]


@pytest.mark.parametrize("database_engine", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("_slow_between_look_and_write")
def test_rel_11_without_the_lock_answers_do_slip_in(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: take the lock away, and it does."""
    monkeypatch.setattr(answer_writes, "_HOLD", DriverStatement(answer_writes._HELD))
    assert any(len(set(race_once(ground))) != 1 for _ in range(60))
