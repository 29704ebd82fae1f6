"""REL-01 and REL-02: kill -9 of the database's own processes, and of writers in the middle of writing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from surveyapp.errors import Unavailable
from surveyapp.services import answering
from surveyapp.services.reading.seats import Seat
from surveyapp.services.schema import migrate
from surveyapp.services.unit import Database
from tests.faults.cluster import Cluster
from tests.faults.ledger import Ledger
from tests.faults.seats import lay_seats, make_saves, take_seat, written_cells
from tests.support.studies import Ground

SAVERS = 4


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    made = Cluster(Path(os.environ["TEST_RUN_FOLDER"]) / f"durable-{uuid4().hex[:8]}")
    yield made
    made.stop()


def save_on(ground: Ground, seat: Seat, ledger: Ledger, stop: threading.Event) -> None:
    """One expert who saves without end, each save again until it is acknowledged."""
    revision = seat.revision + 1
    for request_id, save in make_saves(seat.panellist_id, written_cells(ground)):
        if stop.is_set():
            return
        ledger.note_sent(request_id, save)
        while True:
            try:
                with ground.database.verb() as session:
                    saved = answering.save(
                        session,
                        seat=seat,
                        request_id=request_id,
                        base=revision,
                        changes={save.cell: ground.given(save.cell, save.value)},
                    )
            except Unavailable as error:
                if "closed the connection unexpectedly" in str(error.__cause__):
                    ledger.note_broken()
                threading.Event().wait(0.02)
                continue
            revision = saved.revision
            ledger.note_acknowledged(request_id, revision)
            break


def test_rel_01_kill_9_of_postgresql_under_load(
    cluster: Cluster, tmp_path: Path, trials: Callable[[int], int]
) -> None:
    database = Database(cluster.url)
    migrate(database)
    ground = lay_seats(database, tmp_path, seats=SAVERS)
    seats = [take_seat(ground, position)[0] for position in range(SAVERS)]
    ledger = Ledger()
    stop = threading.Event()
    with ThreadPoolExecutor(SAVERS) as pool:
        running = [pool.submit(save_on, ground, seat, ledger, stop) for seat in seats]
        try:
            for _ in range(trials(5)):
                ledger.wait_for(80)
                assert cluster.kill() > SAVERS, "the processes of the connections were among them"
                acknowledged = dict(ledger.acknowledged)
                cluster.start()
                assert acknowledged.items() <= ledger.acknowledged.items()
                assert ledger.find_faults(ground) == []
            ledger.wait_for(SAVERS)
        finally:
            stop.set()
            for future in running:
                future.result(timeout=60)
    assert ledger.find_faults(ground) == []
    assert ledger.acknowledged.keys() == ledger.sent.keys()
    assert ledger.broken > 0, "no kill hit a save that was under way"
    assert "database system was not properly shut down" in cluster.read_log()
    database.close()


class Writer:
    """A process that saves without end and tells its parent before and after each save."""

    def __init__(self, url: str, ground: Ground, position: int, ledger: Ledger, *, life: int) -> None:
        self.ledger = ledger
        self.saves = make_saves(ground.panel[position].panellist_id, written_cells(ground), life=life)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writer", url, ground.panel[position].token, str(life)],
            cwd=Path(__file__).resolve().parents[2],
            stdout=subprocess.PIPE,
        )
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        """Take down what the writer says; a line that was cut off says nothing."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            words = line.decode().split()
            if not line.endswith(b"\n"):
                return
            if words[0] == "sent":
                request_id, save = next(self.saves)
                assert request_id == words[1]
                self.ledger.note_sent(request_id, save)
            else:
                self.ledger.note_acknowledged(words[1], int(words[2]))

    def kill(self) -> None:
        """kill -9, and everything it had said by then."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_rel_02_kill_9_of_sqlite_writers(
    database_url: str, tmp_path: Path, trials: Callable[[int], int]
) -> None:
    database = Database(database_url)
    ground = lay_seats(database, tmp_path, seats=3)
    for position in range(3):
        take_seat(ground, position)
    ledger = Ledger()
    path = database.url.database
    assert path is not None
    for number in range(trials(3)):
        writers = [Writer(database_url, ground, each, ledger, life=number) for each in range(3)]
        ledger.wait_for(60)
        for writer in writers:
            writer.kill()
        assert ledger.find_faults(ground) == []
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.close()
    assert len(ledger.acknowledged) >= 60 * trials(3)
    assert ledger.sent.keys() > ledger.acknowledged.keys(), "no kill hit a save that was under way"
    database.close()
