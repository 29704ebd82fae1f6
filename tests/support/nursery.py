"""Servers that start at once: a process that has imported the application forks for each of them.

Importing it anew for each of some hundred servers would be most of what tests with a browser cost.

    python -m tests.support.nursery CHANNEL

`CHANNEL` is the number of a socket: each message on it orders one server and brings its listening socket and
its log along; the answer is the server's process.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parents[2]
_LONGEST_ORDER = 64 * 1024


class Nursling:
    """One server that the nursery has started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        # It is nobody's child here, so it cannot be waited for by its number, which may be given again.
        self._handle = os.pidfd_open(pid)

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGTERM)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for its end; False when it has not come in time."""
        is_over = bool(select.select([self._handle], [], [], timeout)[0])
        if is_over:
            os.close(self._handle)
        return is_over


class Nursery:
    """The process that servers come from; it is started with the first, and ends with whoever started it."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None

    def start(
        self, arguments: Sequence[str], environ: Mapping[str, str], listener: int, log: int
    ) -> Nursling:
        """A gunicorn with these arguments; where they say ``{listener}`` stands its listening socket."""
        if self._channel is None:
            self._channel = self._found()
        order = json.dumps({"arguments": list(arguments), "environ": dict(environ)}).encode()
        socket.send_fds(self._channel, [order], [listener, log])
        answer = self._channel.recv(32)
        assert answer, "the nursery has ended"
        return Nursling(int(answer))

    def _found(self) -> socket.socket:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.nursery", str(there.fileno())],
                cwd=CHECKOUT,
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
            )
        atexit.register(_part, here, process)
        return here


def _part(channel: socket.socket, process: subprocess.Popen[bytes]) -> None:
    channel.close()
    process.wait()


def _serve_orders(channel: socket.socket) -> None:
    # Whoever ends is forgotten at once: nobody asks the nursery about it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        order, handles, _, _ = socket.recv_fds(channel, _LONGEST_ORDER, 2)
        if not order:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            _become_server(json.loads(order), *handles)
        for handle in handles:
            os.close(handle)
        channel.send(str(pid).encode())


def _become_server(order: Mapping[str, object], listener: int, log: int) -> NoReturn:
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(log, 1)
        os.dup2(log, 2)
        environ, arguments = order["environ"], order["arguments"]
        assert isinstance(environ, dict)
        assert isinstance(arguments, list)
        os.environ.clear()
        os.environ.update(environ)
        sys.argv = ["gunicorn", *(each.format(listener=listener) for each in arguments)]
        from gunicorn.app.wsgiapp import run

        run()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it was, it must stand in the log and end the process
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _import_everything() -> None:
    """What a server imports at its start, and with its first requests."""
    import gunicorn.app.wsgiapp
    import gunicorn.arbiter
    import gunicorn.workers.gthread  # noqa: F401 - gunicorn finds it by its name

    import surveyapp.web.assembly  # noqa: F401 - as above
    import tests.support.serving
    from tests.support import sparing

    sparing.spare_processor_time()
    tests.support.serving.import_pages()


if __name__ == "__main__":
    _import_everything()
    _serve_orders(socket.socket(fileno=int(sys.argv[1])))
