"""The real server in processes of its own, and the processor time that it takes."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.http_client import Client


@contextmanager
def serving(folder: Path, database_url: str) -> Iterator[tuple[int, psutil.Process]]:
    """`surveyapp serve` with two web processes: its port and its first process."""
    folder.mkdir(parents=True, exist_ok=True)
    port = 18_700 + os.getpid() % 500
    environ = {
        **os.environ,
        "SURVEYAPP_DATABASE_URL": database_url,
        "SURVEYAPP_BASE_URL": f"http://127.0.0.1:{port}",
        "SURVEYAPP_PORT": str(port),
        "SURVEYAPP_HOST": "127.0.0.1",
        "SURVEYAPP_SECRET_KEY": secrets.token_urlsafe(48),
        "SURVEYAPP_DATA_DIR": str(folder / "var"),
        "SURVEYAPP_ENVIRONMENT": "development",
        "SURVEYAPP_PROCESSES": "2",
    }
    log = (folder / "server.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "surveyapp", "serve"], env=environ, stdout=log, stderr=log
    )
    try:
        _wait(port, process, folder / "server.log")
        yield port, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.close()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the server did not start:\n{log.read_text()}")
        try:
            if Client("127.0.0.1", port, "").get("/health").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer within half a minute")


def connect(port: int, cookie: str) -> Client:
    """A connection for whoever holds this seat's cookie."""
    return Client("127.0.0.1", port, f"surveyapp-seat={cookie}")


def server_seconds(server: psutil.Process) -> float:
    """Processor time of all the server's processes so far."""
    return sum(seconds_of(each) for each in (server, *server.children(recursive=True)))


def settle(server: psutil.Process) -> None:
    """Wait until every process has started up: what that takes is not an expert's."""
    before = server_seconds(server)
    for _ in range(60):
        time.sleep(0.5)
        now = server_seconds(server)
        if now - before < 0.02:
            return
        before = now
    raise RuntimeError("the server does not come to rest")


def seconds_of(process: psutil.Process) -> float:
    """Processor time of one process so far; none once it is gone."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
