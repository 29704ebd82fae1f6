"""REL-01, on the whole application: kill -9 of all its processes loses no answer that was shown as saved."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from surveyapp.services import doors
from surveyapp.services.unit import Database, read_now
from tests.faults.ledger import Ledger, Sent
from tests.faults.seats import lay_seats, make_saves, take_seat, written_cells
from tests.support.serving import LiveServer
from tests.support.studies import Ground

CLIENTS = 6


@pytest.fixture
def ground(database_url: str, tmp_path: Path) -> Iterator[Ground]:
    database = Database(database_url)
    yield lay_seats(database, tmp_path, seats=CLIENTS)
    database.close()


class Client:
    """One expert's browser: saves one answer after the other, and each again until it is acknowledged."""

    def __init__(self, server: LiveServer, ground: Ground, position: int, ledger: Ledger) -> None:
        self.server, self.ground, self.ledger = server, ground, ledger
        seat, token = take_seat(ground, position)
        self.panellist_id = seat.panellist_id
        with ground.database.verb() as session:
            cookie = doors.start(session, token=token, now=read_now(session)).cookie
        self.headers = {"Cookie": f"surveyapp-seat={cookie}"}
        self.revision = seat.revision + 1
        status, page = self.ask("GET", f"/s/{ground.slug}/p/consent")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert status == 200, f"{status}: {page}"
        assert found
        self.headers |= {"X-CSRFToken": found[1], "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            connection.request(method, path, body, self.headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def run(self, stop: threading.Event) -> None:
        """Save until told to stop; what was begun is brought to its end."""
        for request_id, save in make_saves(self.panellist_id, written_cells(self.ground)):
            if stop.is_set():
                return
            self.ledger.note_sent(request_id, save)
            self.insist(request_id, save)

    def insist(self, request_id: str, save: Sent) -> None:
        body = {
            "request_id": request_id,
            "base": self.revision,
            "place": "about",
            "answers": {f"a{save.cell}": [save.value]},
        }
        while True:
            try:
                status, text = self.ask("POST", f"/s/{self.ground.slug}/save", json.dumps(body))
            except ConnectionRefusedError:
                threading.Event().wait(0.02)  # the server is down; a browser would wait longer
                continue
            except (OSError, http.client.HTTPException):
                self.ledger.note_broken()
                continue
            assert status == 200, f"{request_id}: {status} {text}"
            self.revision = json.loads(text)["revision"]
            self.ledger.note_acknowledged(request_id, self.revision)
            return


def test_rel_01_kill_9_of_the_server_under_load(
    ground: Ground, serve: Callable[..., LiveServer], trials: Callable[[int], int]
) -> None:
    server = serve(ground.database.url.render_as_string(hide_password=False), processes=2, threads=4)
    ledger = Ledger()
    clients = [Client(server, ground, position, ledger) for position in range(CLIENTS)]
    stop = threading.Event()
    after_kills: list[Any] = []
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(client.run, stop) for client in clients]
        try:
            for _ in range(trials(2)):
                ledger.wait_for(60)
                server.kill()
                # Before anybody can try again: what was acknowledged is there already.
                after_kills.append(ledger.find_faults(ground))
                server.start()
            ledger.wait_for(CLIENTS)
        finally:
            stop.set()
            if server.process is None:
                server.start()
            for future in running:
                future.result(timeout=60)
    assert after_kills == [[]] * trials(2)
    assert ledger.find_faults(ground) == []
    assert ledger.acknowledged.keys() == ledger.sent.keys(), "every save was retried to its end"
    assert len(ledger.acknowledged) > 60
    assert ledger.broken > 0, "no kill hit a request that was under way"
