"""``surveyapp serve``: the web, with the queue's worker beside it."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from config import Config
from surveyapp import create_app
from surveyapp.cli.frame import ACTOR, Installation, installation, settings_for
from surveyapp.cli.working import SERVER_VARIABLE
from surveyapp.errors import Refused
from surveyapp.mail.links import account_link
from surveyapp.services import erasure_list
from surveyapp.services.first_start import offer_set_up
from surveyapp.services.schema import check_current
from surveyapp.services.unit import read_now

_BACKLOG = 256
_STOP_SECONDS = 20
_GARBAGE_AFTER = 20_000


@click.command()
@installation
def serve(here: Installation) -> None:
    """Serve the pages, and do the queue's work beside them. Ends cleanly on SIGTERM and Ctrl-C.

    \b
    Example:
      SURVEYAPP_PORT=8080 surveyapp serve
    """
    config = here.config
    check_current(here.unchecked)
    erasure_list.settle(here.unchecked, folder=config.data_dir)
    with here.unchecked.verb() as session:
        secret = offer_set_up(session, now=read_now(session), actor=ACTOR)
    # Nothing that is open now may be inherited by the web processes.
    here.unchecked.close()
    listener = listen(config.host, config.port)

    def announce() -> None:
        click.echo(
            f"Surveyapp listens on {config.host} port {config.port}; experts reach it at {config.base_url}."
        )
        if secret is not None:
            click.echo(
                "There is no account yet. Whoever opens this link makes the first one; it works once and "
                f"for a day:\n  {account_link(config.base_url, secret)}"
            )

    run_server(config, listener, environ=settings_for(os.environ), announce=announce)


def listen(host: str, port: int) -> socket.socket:
    """A socket on the address. Raises Refused with one sentence when that cannot be."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise Refused(f"There is no address '{host}' on this machine; set SURVEYAPP_HOST.") from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise Refused(
            f"Port {port} on {host} cannot be used ({error.strerror}): another program may be using it. "
            f"Choose another port, for example {port + 1}."
        ) from error
    listener.set_inheritable(True)
    return listener


def run_server(
    config: Config,
    listener: socket.socket,
    *,
    environ: Mapping[str, str],
    announce: Callable[[], None],
) -> None:
    """Serve on `listener` until told to stop, with one worker beside; `announce` is called when ready."""
    application = _Application(config, listener, announce)
    server = _Server(application, environ={**environ, SERVER_VARIABLE: str(os.getpid())})
    try:
        server.run()
    finally:
        if os.getpid() == server.started_by:
            server.end_worker()


class _Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """The web application as gunicorn wants it; each process puts its own together, after the fork."""

    def __init__(self, config: Config, listener: socket.socket, announce: Callable[[], None]) -> None:
        self._config = config
        self._listener = listener
        self._announce = announce
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn's settings. No access log: addresses of pages hold personal links."""
        settings: dict[str, Any] = {
            "bind": f"fd://{self._listener.fileno()}",
            "workers": self._config.processes,
            "threads": self._config.threads,
            "worker_class": "gthread",
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "preload_app": False,
            "control_socket_disable": True,
            "worker_tmp_dir": _fast_folder(),
            "graceful_timeout": _STOP_SECONDS,
            "timeout": 60,
            "keepalive": 15,
            "backlog": _BACKLOG,
            "proc_name": "surveyapp",
            # Proxy headers are believed by the application alone, for as many hops as are configured.
            "forwarded_allow_ips": "",
            "when_ready": lambda _: self._announce(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application, made inside each web process."""
        app = create_app(self._config)
        # What is loaded now stays for good; looking through it again and again for garbage would take
        # a tenth of the processor's time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_GARBAGE_AFTER)
        return app


class _Server(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """Gunicorn's master, which also keeps one worker for the queue alive."""

    def __init__(self, application: _Application, *, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._worker: subprocess.Popen[bytes] | None = None
        self.started_by = os.getpid()
        super().__init__(application)

    def manage_workers(self) -> None:
        """Called every second: start the queue's worker, and again if it went."""
        super().manage_workers()
        if self._worker is None or self._worker.poll() is not None:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "surveyapp", "worker"], env=self._environ, stdin=subprocess.DEVNULL
            )

    def end_worker(self) -> None:
        """Ask the worker to end after its job; it may be killed at any instant, so no longer than that."""
        if self._worker is None or self._worker.poll() is not None:
            return
        self._worker.terminate()
        try:
            self._worker.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._worker.kill()
            self._worker.wait()


def _fast_folder() -> str:
    # Web processes give signs of life through files; in memory that never waits for a disk.
    shared = Path("/dev/shm")  # noqa: S108 - gunicorn makes unnamed private files in it
    return str(shared) if shared.is_dir() and os.access(shared, os.W_OK) else tempfile.gettempdir()
