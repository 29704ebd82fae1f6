"""A mail server in a thread that lets a worker be killed at a chosen word of the dialog."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Thread
from typing import BinaryIO

POINTS = ("EHLO", "MAIL", "RCPT", "DATA", "content", "answered")
"""Where it can strike, in the order of a dialog: at a command that was not answered yet, when the whole
letter is there and not answered, and when it was answered with a yes."""
PATIENCE_SECONDS = 60


class MailServer:
    """It keeps what it said yes to; `strike` is called at `point`, and then the line is dead."""

    def __init__(self, strike: Callable[[Callable[[], None]], None]) -> None:
        self.accepted: list[tuple[str, bytes]] = []
        self.point = ""
        self.letters_before = 0
        """How many letters of one line it takes before it strikes."""
        self.struck: list[str] = []
        self._strike = strike
        self._changed = Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        Thread(target=self._listen, daemon=True).start()

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait for an event on the line; a machine that is too slow for it fails the test."""
        with self._changed:
            assert self._changed.wait_for(is_so, PATIENCE_SECONDS), f"waited in vain until {what}"

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError), connection.makefile("rb") as lines:
                self._talk(connection, lines)

    def _talk(self, connection: socket.socket, lines: BinaryIO) -> None:
        def say(text: str) -> None:
            connection.sendall(text.encode() + b"\r\n")

        taken, recipient = 0, ""
        say("220 sink")
        while line := lines.readline():
            word = line[:4].decode().upper()
            if self._is_struck(word, taken):
                return
            if word == "DATA":
                say("354 go on")
                content = b""
                while (line := lines.readline()) and line != b".\r\n":
                    content += line
                if self._is_struck("content", taken):
                    return
                taken += 1

                def accept(to: str = recipient, letter: bytes = content) -> None:
                    say("250 kept")
                    with self._changed:
                        self.accepted.append((to, letter))
                        self._changed.notify_all()

                if self._is_struck("answered", taken - 1, accept):
                    return
                accept()
                continue
            if word == "RCPT":
                [recipient] = re.findall(r"<([^>]*)>", line.decode())
            say("221 bye" if word == "QUIT" else "250 ok")

    def _is_struck(self, point: str, taken: int, accept: Callable[[], None] = lambda: None) -> bool:
        if point != self.point or taken < self.letters_before:
            return False
        self._strike(accept)
        with self._changed:
            self.point = ""
            self.struck.append(point)
            self._changed.notify_all()
        return True
