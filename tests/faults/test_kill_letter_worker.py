"""REL-30: kill -9 of the real worker at every word of its dialog with a mail server.

Nobody is forgotten. Nobody gets a letter twice but in the one window that is documented: the server had said
yes, and the worker was killed before that was noted. Then it is the same letter.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.mail.kinds import Kind
from surveyapp.models import OutboxMessage
from surveyapp.services.letters import outbox
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.mail_server import POINTS, MailServer
from tests.support.mailing import introduce
from tests.support.studies import LINK_KEY, SMALL, Ground, lay_ground, load_text


class Worker:
    """`surveyapp worker` in a process of its own."""

    def __init__(self, database_url: str, folder: Path, port: int) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("SURVEYAPP_")}
        self._log = (folder / "worker.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "surveyapp", "worker"],
            env={
                **environ,
                "SURVEYAPP_ENVIRONMENT": "test",
                "SURVEYAPP_DATABASE_URL": database_url,
                "SURVEYAPP_DATA_DIR": str(folder / "var"),
                "SURVEYAPP_BASE_URL": "https://delphi.example.org",
                "SURVEYAPP_SECRET_KEY": "only tests sign with this key: tKq3-vW9x_",
                "SURVEYAPP_LINK_KEY": LINK_KEY.decode(),
                "SURVEYAPP_SMTP_HOST": "127.0.0.1",
                "SURVEYAPP_SMTP_PORT": str(port),
                "SURVEYAPP_SMTP_SECURITY": "none",
                "SURVEYAPP_MAIL_FROM": "delphi@example.org",
                "SURVEYAPP_MAIL_PER_MINUTE": "0",
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()
        self._log.close()

    def stop(self) -> None:
        """An orderly end: what was handed over is noted."""
        self._process.terminate()
        try:
            assert self._process.wait(timeout=60) == 0
        finally:
            self.kill()


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A panel that waits for its invitations, more of them than workers that are killed."""
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("north",) * (len(POINTS) + 3))
    introduce(laid)
    with database.verb() as session:
        study = get_study(session, slug=laid.slug)
        occasion = outbox.find_occasion(session, study=study, kind=Kind.INVITATION)
        outbox.send_letters(session, study=study, occasion=occasion, now=read_now(session), actor="test")
    return laid


def let_leases_run_out(database: Database) -> None:
    with database.verb() as session:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.state == "sending")
            .values(lease_until=read_now(session) - timedelta(seconds=1))
        )


def states(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(OutboxMessage.state)))


def test_rel_30_killed_at_every_word_nobody_is_forgotten_and_nobody_gets_another_letter(
    ground: Ground, database_url: str, tmp_path: Path
) -> None:
    database = ground.database
    # Before the letter is handed over no database is spoken to, so one of the two is enough for that.
    points = POINTS if database.is_sqlite else POINTS[-2:]
    workers: list[Worker] = []

    def strike(accept: Callable[[], None]) -> None:
        if server.point != "answered":
            workers[-1].kill()
            return
        # Whoever holds the rows keeps the yes from being noted, however fast the worker is.
        with database.verb() as session:
            session.execute(select(OutboxMessage).with_for_update()).all()
            accept()
            workers[-1].kill()

    server = MailServer(strike)
    try:
        for point in points:
            # Everywhere but at the start of the dialog one letter has gone by the same line before.
            server.point, server.letters_before = point, int(point != "EHLO")
            workers.append(Worker(database_url, tmp_path, server.port))
            server.wait_until(lambda at=point: at in server.struck, f"the worker was killed at {point}")  # type: ignore[misc]
            assert "sending" in states(database), "the killed worker held something"
            let_leases_run_out(database)
        repeated = server.accepted[-1]
        workers.append(Worker(database_url, tmp_path, server.port))
        everybody = {f"expert{number}@example.org" for number in range(1, len(ground.panel) + 1)}
        server.wait_until(
            lambda: {to for to, _ in server.accepted} == everybody and len(server.accepted) > len(everybody),
            "everybody has a letter",
        )
        workers[-1].stop()
    finally:
        for worker in workers:
            worker.kill()
        server.close()
    assert server.struck == list(points)
    assert set(states(database)) == {"sent"}
    copies = Counter(to for to, _ in server.accepted)
    assert copies == Counter(everybody) + Counter([repeated[0]])
    letters = defaultdict(set)
    for to, content in server.accepted:
        letters[to].add(content)
    assert all(len(each) == 1 for each in letters.values()), "a repeat is the same to the byte"
