"""Letters in tests: a panel that can be written to, an office, and mail servers that misbehave on purpose."""

from __future__ import annotations

import email
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

from surveyapp.mail.transport import Folder, Memory, Smtp, Transport
from surveyapp.models import Identity
from surveyapp.services.letters.office import Office
from tests.support.studies import LINK_KEY, Ground


def introduce(ground: Ground) -> None:
    """Give everybody on the panel a name and an address."""
    with ground.database.verb() as session:
        for number, member in enumerate(ground.panel, 1):
            address = f"expert{number}@example.org"
            session.add(
                Identity(
                    study_id=ground.study_id,
                    panellist_id=member.panellist_id,
                    name=f"Expert {number}",
                    email=address,
                    email_key=address,
                )
            )


def office_with(transport: Transport, folder: Path, *, per_minute: int = 0) -> Office:
    """An office that sends by `transport`."""
    return Office(
        transport=transport,
        drawer=Folder(folder / "letters"),
        base_url="https://delphi.example.org",
        link_key=LINK_KEY,
        mail_from="delphi@example.org",
        per_minute=per_minute,
    )


def read(content: bytes) -> EmailMessage:
    """A letter as a mail program reads it."""
    message = email.message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


@dataclass
class Sink:
    """A mail server that keeps what it accepts; `reply` may answer otherwise at any recipient."""

    replies: Callable[[str], str] = lambda _: ""
    letters: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0
    drops_after_data: bool = False

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient, or say what the test says."""
        del server, session, options
        said = self.replies(address)
        if said:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: SmtpSession, envelope: Envelope
    ) -> str:
        """Keep a letter, and answer or hang up."""
        del session
        assert isinstance(envelope.content, bytes)
        self.letters.append((envelope.rcpt_tos[0], envelope.content))
        if self.drops_after_data:
            transport: Any = server.transport
            transport.abort()
        return "250 kept"

    @property
    def message_ids(self) -> list[str]:
        """The Message-IDs in the order of arrival."""
        return [str(read(content)["Message-ID"]) for _, content in self.letters]


@contextmanager
def listening(sink: Sink) -> Iterator[Smtp]:
    """The sink on a port of its own, and the transport that reaches it."""
    controller = Controller(sink, hostname="127.0.0.1", port=find_free_port())
    controller.start()
    try:
        yield Smtp("127.0.0.1", controller.port, "none", timeout=20)
    finally:
        controller.stop()


def find_free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port behind which `serve` does with one connection what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                serve(connection)

        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.close()


__all__ = ["Memory", "Sink", "find_free_port", "introduce", "listening", "office_with", "raw_server", "read"]
