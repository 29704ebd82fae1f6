"""A mailbox for tests: an IMAP server that knows as many commands as a look for reports needs."""

from __future__ import annotations

import re
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Thread

from surveyapp.mail.mailbox import Imap

PASSWORD = "geheim: %"


@dataclass
class Post:
    """What lies in the mailbox, and what was asked of it."""

    messages: list[tuple[bytes, datetime]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    says_at_login: str = ""

    def arrive(self, content: bytes, at: datetime) -> None:
        """Put a message in."""
        self.messages.append((content, at))


class _Dialog(socketserver.StreamRequestHandler):
    post: Post

    def handle(self) -> None:
        self._say(b"* OK ready")
        while line := self.rfile.readline():
            tag, _, command = line.decode().strip().partition(" ")
            self.post.commands.append(command)
            word = command.split()[0].upper()
            if word == "LOGIN":
                said = self.post.says_at_login
                if '"geheim: %"' not in command or said:
                    self._say(f"{tag} NO {said or 'wrong password for ada@example.org'}".encode())
                    continue
            elif word == "CAPABILITY":
                self._say(b"* CAPABILITY IMAP4rev1")
            elif word == "EXAMINE":
                self._say(f"* {len(self.post.messages)} EXISTS".encode())
            elif command.upper().startswith("UID SEARCH"):
                numbers = [
                    str(number)
                    for number, (content, _) in enumerate(self.post.messages, 1)
                    if b"multipart/report" in content.partition(b"\r\n\r\n")[0]
                ]
                self._say(f"* SEARCH {' '.join(numbers)}".encode())
            elif command.upper().startswith("UID FETCH"):
                self._fetch(command)
            elif word == "LOGOUT":
                self._say(b"* BYE")
                self._say(f"{tag} OK bye".encode())
                return
            self._say(f"{tag} OK done".encode())

    def _fetch(self, command: str) -> None:
        for number in map(int, command.split()[2].split(",")):
            content, at = self.post.messages[number - 1]
            size = re.search(r"<0\.(\d+)>", command)
            assert size is not None
            content = content[: int(size[1])]
            when = at.astimezone(UTC).strftime("%d-%b-%Y %H:%M:%S +0000")
            head = f'* {number} FETCH (UID {number} INTERNALDATE "{when}" BODY[]<0> {{{len(content)}}}'
            self._say(head.encode())
            self.wfile.write(content)
            self._say(b")")

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


@contextmanager
def mailbox_with(post: Post) -> Iterator[Imap]:
    """A server with this mailbox, and the way to it."""
    handler = type("Dialog", (_Dialog,), {"post": post})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            port = server.server_address[1]
            yield Imap.from_url(f"imap://ada%40example.org:geheim%3A%20%25@127.0.0.1:{port}/INBOX")
        finally:
            server.shutdown()
            thread.join()


def report_of(
    message_id: str, *, action: str = "failed", words: str = "550 5.1.1 no such user ada@example.org"
) -> bytes:
    """What a mail server writes back about the letter with this Message-ID."""
    lines = f"""From: MAILER-DAEMON@mx.example.org
To: delphi@example.org
Subject: Undelivered
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="edge"

--edge
Content-Type: text/plain

It could not be delivered.

--edge
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ada@example.org
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; {words}

--edge
Content-Type: message/rfc822

Message-ID: {message_id}
Subject: Invitation

Dear Ada

--edge--
"""
    return lines.replace("\n", "\r\n").encode()
