"""REL-11: a round that closes while experts submit holds exactly what was acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import RoundClosed
from surveyapp.models import Round, Study, Submission
from surveyapp.services import answer_writes, answering, instruments, rounds
from surveyapp.services.driver_statements import DriverStatement
from surveyapp.services.reading.seats import Seat
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, lay_ground, load_text

EXPERTS = 8


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


def count_submissions(ground: Ground, number: int) -> int:
    with ground.database.reading() as session:
        counted = session.scalar(
            select(func.count())
            .select_from(Submission)
            .where(Submission.study_id == ground.study_id, Submission.round == number)
        )
    return counted or 0


def race_once(ground: Ground) -> tuple[int, int, int]:
    """Let all experts submit while the round closes: acknowledged, counted at close, counted afterwards."""
    number = open_next_round(ground)
    seats = [prepare(ground, expert) for expert in range(EXPERTS)]
    start = threading.Barrier(EXPERTS + 1)

    def submit(seat: Seat) -> bool:
        start.wait()
        try:
            with ground.database.verb() as session:
                answering.submit(session, seat=seat, request_id="submit-in-race")
        except RoundClosed:
            return False
        return True

    def close() -> int:
        start.wait()
        ground.close()
        return count_submissions(ground, number)

    with ThreadPoolExecutor(EXPERTS + 1) as pool:
        # Who comes to the barrier last runs on at once, so the closer is not always the one.
        first = number % (EXPERTS + 1)
        submitting = [pool.submit(submit, seat) for seat in seats[:first]]
        closing = pool.submit(close)
        submitting += [pool.submit(submit, seat) for seat in seats[first:]]
        acknowledged = sum(future.result() for future in submitting)
        at_close = closing.result()
    return acknowledged, at_close, count_submissions(ground, number)


@pytest.mark.usefixtures("_slow_between_look_and_write")
def test_rel_11_nothing_slips_in_after_the_close(ground: Ground, trials: Callable[[int], int]) -> None:
    results = [race_once(ground) for _ in range(trials(60))]
    wrong = [result for result in results if len(set(result)) != 1]
    assert wrong == []
    # Had every trial gone one way, there would have been no race to win.
    assert any(acknowledged > 0 for acknowledged, _, _ in results)
    with ground.database.reading() as session:
        states = set(session.scalars(select(Round.state)))
    assert states == {RoundState.CLOSED}


@pytest.mark.parametrize("database_engine", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("_slow_between_look_and_write")
def test_rel_11_without_the_lock_answers_do_slip_in(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: take the lock away, and it does."""
    monkeypatch.setattr(answer_writes, "_HOLD", DriverStatement(answer_writes._HELD))
    assert any(len(set(race_once(ground))) != 1 for _ in range(60))
