"""``surveyapp serve``: starts, answers, closes rounds, and ends cleanly with everything it started."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from surveyapp.services import one_time, rounds
from surveyapp.services.unit import Database, read_now
from tests.support.accounts import add_organiser
from tests.support.studies import SMALL, lay_ground, load_text

PATIENCE_SECONDS = 60


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait for an event of another process; a machine that is too slow for it fails the test."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.1)


@contextmanager
def serving(database_url: str, folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SURVEYAPP_")}
    environ |= {
        "SURVEYAPP_ENVIRONMENT": "development",
        "SURVEYAPP_DATABASE_URL": database_url,
        "SURVEYAPP_DATA_DIR": str(folder / "var"),
        "SURVEYAPP_BASE_URL": f"http://127.0.0.1:{port}",
        "SURVEYAPP_PORT": str(port),
        "SURVEYAPP_PROCESSES": "1",
        "PYTHONUNBUFFERED": "1",
    }
    log = folder / f"server-{port}.log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", "surveyapp", "serve"], env=environ, stdout=stream, stderr=stream, text=True
        )
    try:
        yield server
    finally:
        if server.poll() is None:
            server.kill()
        server.wait()


def is_answering(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def find_children(pid: int) -> set[int]:
    """Every process below `pid`, from the kernel's own table."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_serve_answers_closes_rounds_and_ends_cleanly(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with database.reading() as session:
        soon = read_now(session) + timedelta(seconds=3)
    ground = lay_ground(database, load_text(SMALL, tmp_path), closes_at=soon)
    port = find_free_port()

    def is_closed() -> bool:
        with database.reading() as session:
            current = rounds.get_current_round(session, study_id=ground.study_id)
            return current is not None and current.state == "closed"

    with serving(database_url, tmp_path, port) as server:
        wait_until(lambda: is_answering(port), "the server answers")
        wait_until(is_closed, "the worker closes the round")
        children = find_children(server.pid)
        assert len(children) >= 2
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=PATIENCE_SECONDS) == 0
    assert not any(is_running(pid) for pid in children)
    log = (tmp_path / f"server-{port}.log").read_text()
    assert "Traceback" not in log
    assert ground.panel[0].token not in log


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_the_worker_comes_back_and_goes_with_a_killed_server(database_url: str, tmp_path: Path) -> None:
    port = find_free_port()
    with serving(database_url, tmp_path, port) as server:
        wait_until(lambda: is_answering(port), "the server answers")

        def find_worker() -> int | None:
            for pid in find_children(server.pid):
                try:
                    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                except (FileNotFoundError, ProcessLookupError):
                    # It was there when the children were listed, and has been cleared away since.
                    continue
                if b"worker" in words and is_running(pid):
                    return pid
            return None

        wait_until(lambda: find_worker() is not None, "the worker runs")
        first = find_worker()
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: find_worker() not in {None, first}, "the worker is started again")
        second = find_worker()
        assert second is not None
        server.kill()
        wait_until(lambda: not is_running(second), "the worker ends with its server")


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_taken_port_gets_one_sentence(database_url: str, tmp_path: Path, command: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SURVEYAPP_")}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environ |= {
            "SURVEYAPP_ENVIRONMENT": "development",
            "SURVEYAPP_DATABASE_URL": database_url,
            "SURVEYAPP_DATA_DIR": str(tmp_path),
            "SURVEYAPP_PORT": port,
            "PORT": port,
        }
        words = [command] if command == "serve" else [command, "--folder", str(tmp_path / "demo")]
        done = subprocess.run(
            [sys.executable, "-m", "surveyapp", *words],
            env=environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} on 127.0.0.1 cannot be used")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "demo" / "surveyapp.sqlite3").exists()


def read_first_link(database_url: str, folder: Path) -> str:
    """Start a server, open the link that it prints, and end it."""
    port = find_free_port()
    log = folder / f"server-{port}.log"
    with serving(database_url, folder, port) as server:
        wait_until(lambda: is_answering(port), "the server answers")
        wait_until(lambda: "/organiser/l/" in log.read_text(), "the link is printed")
        [link] = re.findall(r"http://127\.0\.0\.1:\d+/organiser/l/[\w-]{43}", log.read_text())
        with urllib.request.urlopen(link, timeout=10) as reply:
            assert b"This makes the first account" in reply.read()
        server.terminate()
        server.wait(PATIENCE_SECONDS)
    return str(link)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_sec_94_the_first_start_prints_the_one_link_that_makes_an_account(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    links = [read_first_link(database_url, tmp_path) for _ in range(2)]
    with database.reading() as session:
        found = [one_time.find(session, secret=link.rpartition("/")[2]) for link in links]
    assert found[0] is None, "a newer link takes the older one's place"
    assert found[1] is not None
    add_organiser(database, "jane@example.org")
    port = find_free_port()
    with serving(database_url, tmp_path, port):
        wait_until(lambda: is_answering(port), "the server answers")
        assert "/organiser/l/" not in (tmp_path / f"server-{port}.log").read_text()
