"""Writers of one SQLite file take turns, among threads and processes alike."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from surveyapp.services.turns import WriterTurns

HOLDER = """
import sys
from surveyapp.services.turns import WriterTurns
with WriterTurns(sys.argv[1]):
    print("mine", flush=True)
    sys.stdin.read()
"""


def hold_elsewhere(database: str) -> subprocess.Popen[str]:
    """Another process that has the turn until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "mine\n"
    return process


def enter_in_thread(turns: WriterTurns) -> tuple[threading.Thread, threading.Event]:
    inside = threading.Event()

    def enter() -> None:
        with turns:
            inside.set()

    thread = threading.Thread(target=enter)
    thread.start()
    return thread, inside


def test_a_thread_waits_for_another_process_and_is_let_in_when_that_ends(tmp_path: Path) -> None:
    database = str(tmp_path / "study.sqlite3")
    holder = hold_elsewhere(database)
    turns = WriterTurns(database)
    thread, inside = enter_in_thread(turns)
    assert not inside.wait(0.2)
    holder.communicate("")
    thread.join(10)
    assert inside.is_set()
    turns.close()


def test_a_killed_process_gives_its_turn_back(tmp_path: Path) -> None:
    database = str(tmp_path / "study.sqlite3")
    holder = hold_elsewhere(database)
    holder.kill()
    holder.communicate()
    turns = WriterTurns(database)
    thread, inside = enter_in_thread(turns)
    thread.join(10)
    assert inside.is_set()
    turns.close()


def test_threads_of_one_process_take_turns_too_and_an_error_ends_one(tmp_path: Path) -> None:
    turns = WriterTurns(str(tmp_path / "study.sqlite3"))
    within: list[int] = []
    most = []

    def work() -> None:
        for _ in range(50):
            with suppress(ValueError), turns:
                within.append(1)
                most.append(len(within))
                within.pop()
                int("no number")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == [1] * 200
    turns.close()


def test_a_forked_process_has_a_lock_of_its_own(tmp_path: Path) -> None:
    turns = WriterTurns(str(tmp_path / "study.sqlite3"))
    with turns:
        pass
    assert turns._own_file() == turns._own_file()
    turns._opened_by = os.getpid() + 1
    inherited = turns._file
    assert turns._own_file() != inherited
    turns.close()
    assert inherited is not None
    os.close(inherited)
