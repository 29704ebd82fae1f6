"""Ten thousand letters put into the outbox; two workers hand them over to a mail server on this machine."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

from benchmarks.large_study import PANELLISTS, QUESTIONNAIRE
from benchmarks.panel_import import bring_in, lay_study, write_panel
from benchmarks.registry import Figure, Ground, benchmark
from surveyapp.mail.kinds import Kind
from surveyapp.questionnaire.loading import load
from surveyapp.services.letters.outbox import find_occasion, send_letters
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now

_CHECKOUT = Path(__file__).resolve().parents[1]
_WORKERS, _HANDED_OVER, _PATIENCE_SECONDS = 2, 2_000, 300


@dataclass
class _Sink:
    """A mail server that takes everything and remembers when."""

    arrivals: list[float] = field(default_factory=list)
    is_full: Event = field(default_factory=Event)

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: SmtpSession, envelope: Envelope
    ) -> str:
        """Take a letter."""
        del server, session, envelope
        self.arrivals.append(time.perf_counter())
        if len(self.arrivals) > _HANDED_OVER:
            self.is_full.set()
        return "250 kept"


@benchmark("letters")
def send_ten_thousand(ground: Ground) -> Iterator[Figure]:
    """From pressing the button to letters leaving; the pace that the settings allow is switched off."""
    questionnaire = load(QUESTIONNAIRE)
    file = write_panel(ground.folder, questionnaire)
    for engine in ground.engines:
        url = ground.new_database(engine)
        database = Database(url)
        lay_study(database, questionnaire)
        bring_in(database, questionnaire, file)
        started = time.perf_counter()
        with database.verb() as session:
            study = get_study(session, slug="panel")
            occasion = find_occasion(session, study=study, kind=Kind.INVITATION)
            put_in = send_letters(
                session, study=study, occasion=occasion, now=read_now(session), actor="benchmark"
            )
        spent = time.perf_counter() - started
        database.close()
        if put_in != PANELLISTS:
            raise RuntimeError(f"{put_in} letters were put in, not {PANELLISTS}")
        yield Figure(f"put {PANELLISTS:,} letters into the outbox, {engine}", spent, "s", floor=3)
        yield Figure(
            f"letters that two workers hand over, {engine}",
            _hand_over(url, ground.folder),
            "/s",
            floor=100,
            more_is_better=True,
        )


def _hand_over(url: str, folder: Path) -> float:
    sink = _Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    command = [sys.executable, "-m", "benchmarks.letter_worker", url, str(port), str(folder)]
    workers = [subprocess.Popen(command, cwd=_CHECKOUT) for _ in range(_WORKERS)]
    try:
        if not sink.is_full.wait(_PATIENCE_SECONDS):
            raise RuntimeError(f"only {len(sink.arrivals)} letters came in {_PATIENCE_SECONDS} seconds")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
        controller.stop()
    arrivals = sink.arrivals[: _HANDED_OVER + 1]
    return _HANDED_OVER / (arrivals[-1] - arrivals[0])
