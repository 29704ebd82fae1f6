"""An installation as its operator starts it: `surveyapp serve` with its worker, and a mail server beside."""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.mailing import Sink, listening, read

_PATIENCE_SECONDS = 60


@dataclass
class Installation:
    """What the operator sees of it."""

    url: str
    log: Path
    mail: Sink

    @property
    def first_link(self) -> str:
        """The link that the first start prints."""
        found = self._wait_for(r"http://\S+/organiser/l/\S+")
        # It is printed before the first web process is there.
        end = time.monotonic() + _PATIENCE_SECONDS
        while not self._is_answering():
            assert time.monotonic() < end, self.log.read_text(errors="replace")
            time.sleep(0.05)
        return found.group()

    def _is_answering(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=_PATIENCE_SECONDS) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def _wait_for(self, pattern: str) -> re.Match[str]:
        end = time.monotonic() + _PATIENCE_SECONDS
        while (found := re.search(pattern, self.log.read_text(errors="replace"))) is None:
            assert time.monotonic() < end, self.log.read_text(errors="replace")
            time.sleep(0.05)
        return found

    def wait_for_links(self, count: int) -> dict[str, str]:
        """Address → the personal link in the letter, when `count` people got one since the last time."""
        links: dict[str, str] = {}
        end = time.monotonic() + _PATIENCE_SECONDS
        while len(links) < count:
            assert time.monotonic() < end, f"{len(links)} of {count} letters with a link came"
            time.sleep(0.05)
            while self.mail.letters:
                address, content = self.mail.letters.pop(0)
                body = read(content).get_body(("plain",))
                assert body is not None
                # Others are about the organiser's account.
                if found := re.search(rf"{re.escape(self.url)}/l/\S+", body.get_content()):
                    links[address] = found.group()
        return links


@contextmanager
def installed(database_url: str, folder: Path) -> Iterator[Installation]:
    """Start it on a port of its own, with one web process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    sink = Sink()
    log = folder / "serve.log"
    with listening(sink) as transport, log.open("wb") as stream:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SURVEYAPP_")}
        environ |= {
            "SURVEYAPP_ENVIRONMENT": "development",
            "SURVEYAPP_DATABASE_URL": database_url,
            "SURVEYAPP_DATA_DIR": str(folder / "var"),
            "SURVEYAPP_SECRET_KEY": secrets.token_urlsafe(40),
            "SURVEYAPP_BASE_URL": f"http://localhost:{port}",
            "SURVEYAPP_PORT": str(port),
            "SURVEYAPP_PROCESSES": "1",
            "SURVEYAPP_SMTP_HOST": "127.0.0.1",
            "SURVEYAPP_SMTP_PORT": str(transport.port),
            "SURVEYAPP_SMTP_SECURITY": "none",
            "SURVEYAPP_MAIL_FROM": "delphi@example.org",
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-m", "surveyapp", "serve"]
        server = subprocess.Popen(command, env=environ, stdout=stream, stderr=stream)
        try:
            yield Installation(f"http://localhost:{port}", log, sink)
        finally:
            server.terminate()
            try:
                server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
