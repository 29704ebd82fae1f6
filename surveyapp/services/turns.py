"""Turns for those who write to one SQLite file: they queue up instead of trying again and again.

SQLite lets one writer in at a time, and the others sleep and retry, ever longer, without an order: with four
writers at once the slowest of twenty then waits ten times as long as its turn takes. A lock on a file beside
the database makes them wait in the kernel and wakes the next at once. It only arranges turns; that there
is one writer is still SQLite's own doing, so a program that knows nothing of it does no harm. A process that
dies gives its turn back.
"""

from __future__ import annotations

import fcntl
import os
import threading
from types import TracebackType


class WriterTurns:
    """``with turns:`` waits for its turn among all threads and processes that write to `database`."""

    def __init__(self, database: str) -> None:
        self._path = f"{database}-turn"
        self._threads = threading.Lock()
        self._file: int | None = None
        self._opened_by = 0

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            fcntl.flock(self._own_file(), fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        fcntl.flock(self._own_file(), fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Give back the file."""
        if self._file is not None and self._opened_by == os.getpid():
            os.close(self._file)
        self._file = None

    def _own_file(self) -> int:
        # A file opened before a fork would share its lock with the other process.
        if self._file is None or self._opened_by != os.getpid():
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._opened_by = os.getpid()
        return self._file
