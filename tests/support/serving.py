"""The real application in processes of its own, as the live tests need it.

As a module it is what gunicorn loads: the app with the settings of the environment and the network closed.
"""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from config import Config
from tests.support import network, sparing
from tests.support.nursery import Nursery, Nursling

if TYPE_CHECKING:
    from flask import Flask

_nursery = Nursery()


def make_app() -> Flask:
    """What each web process loads."""
    from surveyapp import create_app

    network.close_network()
    made = create_app(Config.from_environment(os.environ))
    run = os.environ.get("TEST_RUN_FOLDER")
    sparing.keep_compiled(made, Path(run) / "templates" if run else None)
    return made


def import_pages() -> None:
    """Import what the application is made of; the one that is made for it is thrown away."""
    from surveyapp import create_app

    nowhere = f"sqlite:///{gettempdir()}/nowhere.sqlite3"
    create_app(
        Config(
            database_url=nowhere,
            base_url="http://127.0.0.1:8000",
            secret_key=secrets.token_urlsafe(40),
            link_key=secrets.token_urlsafe(40),
            data_dir=Path(gettempdir()),
            environment="test",
        )
    ).extensions["surveyapp.database"].close()


class LiveServer:
    """One gunicorn with the application, on a port of its own; it can be killed and started again there."""

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        processes: int = 1,
        threads: int = 8,
        settings: Mapping[str, str] = {},
    ) -> None:
        self._listener = _listen(0)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "SURVEYAPP_DATABASE_URL": database_url,
            "SURVEYAPP_BASE_URL": self.url,
            "SURVEYAPP_SECRET_KEY": secrets.token_urlsafe(40),
            "SURVEYAPP_DATA_DIR": str(folder / "var"),
            "SURVEYAPP_ENVIRONMENT": "test",
            "SURVEYAPP_PROCESSES": str(processes),
            "SURVEYAPP_THREADS": str(threads),
            **settings,
        }
        self.config = Config.from_environment(self.environ)
        self.log_path = folder / f"server-{self.port}.log"
        self.process: Nursling | None = None
        self.start()

    def start(self) -> None:
        """Start it; requests may be sent at once, the listening socket holds them until the app is there."""
        if self._listener.fileno() == -1:
            self._listener = _listen(self.port)
        arguments = [
            "tests.support.serving:make_app()",
            *("--bind", "fd://{listener}", "--worker-class", "gthread", "--no-control-socket"),
            *("--workers", str(self.config.processes), "--threads", str(self.config.threads)),
            *("--graceful-timeout", "5"),
        ]
        with self.log_path.open("ab") as log:
            self.process = _nursery.start(
                arguments, {**_inherited(), **self.environ}, self._listener.fileno(), log.fileno()
            )
        # Only the server holds the socket from here on: once it is killed, connections are refused.
        self._listener.close()

    def kill(self) -> None:
        """kill -9 to the server and its web processes, all in the same instant."""
        assert self.process is not None, "the server is not running"
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """An orderly end; harmless when it has ended already."""
        if self.process is None:
            return
        self.process.terminate()
        if not self.process.wait(timeout=20):
            self.kill()
        self.process = None

    def read_log(self) -> str:
        """What the server wrote so far."""
        return self.log_path.read_text(errors="replace")


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    until = time.monotonic() + 20
    while True:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            # Killed web processes hold the port until the kernel has cleared them away.
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                listener.close()
                raise
            time.sleep(0.01)
        else:
            break
    listener.listen(256)
    return listener


def _inherited() -> dict[str, str]:
    """This process's environment without settings that belong to somebody else's installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SURVEYAPP_")}
