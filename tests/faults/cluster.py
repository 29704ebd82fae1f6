"""A PostgreSQL of one test's own, with durability on, whose processes can be killed all at once."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.support import postgres

SETTINGS = (
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "shared_buffers=16MB",
    "max_connections=40",
)


class Cluster:
    """One data folder, and at most one server on it."""

    def __init__(self, folder: Path) -> None:
        binaries = postgres.find_binaries()
        if binaries is None:
            pytest.skip("no PostgreSQL here; as root: apt-get install postgresql")
        folder.mkdir(mode=0o711)
        self._kit = postgres._Server(folder, binaries)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@/postgres?host={self._kit.home}"
        self._kit._call("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale")
        self.start()

    def start(self) -> None:
        """Start the server, as often as it takes: after a kill it waits for the last of its predecessors."""
        until = time.monotonic() + 60
        while True:
            with (self._kit.home / "server.log").open("ab") as log:
                self._process = subprocess.Popen(
                    [
                        *(self._kit.binaries / "postgres", "-D", "data", "-k", str(self._kit.home)),
                        *("-c", "listen_addresses=", *(part for each in SETTINGS for part in ("-c", each))),
                    ],
                    stdout=log,
                    stderr=log,
                    **self._kit._as_user(),
                )
            while self._process.poll() is None:
                try:
                    psycopg.connect(self.url).close()
                except psycopg.OperationalError:
                    assert time.monotonic() < until, self.read_log()
                    time.sleep(0.02)
                else:
                    return
            assert time.monotonic() < until, self.read_log()

    def kill(self) -> int:
        """kill -9 to the server and all its processes; how many there were."""
        assert self._process is not None
        children = _children_of(self._process.pid)
        for process in (self._process.pid, *children):
            os.kill(process, signal.SIGKILL)
        self._process.wait()
        self._process = None
        return 1 + len(children)

    def stop(self) -> None:
        """An end without ceremony."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def read_log(self) -> str:
        """What the server wrote."""
        return (self._kit.home / "server.log").read_text(errors="replace")


def _children_of(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name stands in parentheses and may hold anything; the parent is the second field after it.
            after_name = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after_name[1]) == parent:
            found.append(int(status.parent.name))
    return found
