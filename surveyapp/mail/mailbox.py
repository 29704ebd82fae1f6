"""The mailbox that returned letters arrive in, read over IMAP and left exactly as it is."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import unquote, urlsplit

from surveyapp.mail.transport import say_without_addresses

MOST_MESSAGES = 2_000
"""So many of the newest messages are looked at; a report that is older was seen by an earlier look."""
_LARGEST = 512 * 1024
_AT_ONCE = 100
_TIMEOUT_SECONDS = 30.0
_UID = re.compile(rb"\bUID (\d+)")
_ARRIVED = re.compile(rb'INTERNALDATE "([^"]+)"')
# IMAP knows months by these names, whatever the language of the machine.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MailboxTrouble(Exception):
    """The mailbox could not be read; the text says why, without a password or an address."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it came in, cut where it is very large."""

    content: bytes
    at: datetime


class Mailbox(Protocol):
    """Where reports about letters arrive."""

    def reports_since(self, moment: datetime) -> Iterator[Arrived]:
        """The messages in the form of a report that arrived after `moment`. Raises MailboxTrouble."""


@dataclass(frozen=True, slots=True)
class Imap:
    """A mailbox at a mail server, opened for reading only: nothing in it is moved, marked or deleted."""

    host: str
    port: int
    is_encrypted: bool
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context

    @classmethod
    def from_url(cls, url: str) -> Imap:
        """The mailbox at ``imaps://user:password@host:port/folder``, as the settings have checked it."""
        parts = urlsplit(url)
        is_encrypted = parts.scheme == "imaps"
        return cls(
            parts.hostname or "",
            parts.port or (993 if is_encrypted else 143),
            is_encrypted,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            unquote(parts.path.lstrip("/")) or "INBOX",
        )

    def reports_since(self, moment: datetime) -> Iterator[Arrived]:
        """The messages in the form of a report that arrived after `moment`. Raises MailboxTrouble."""
        try:
            server = self._connect()
            try:
                yield from self._read(server, moment)
            finally:
                _leave(server)
        except imaplib.IMAP4.error as error:
            raise MailboxTrouble(f"The mailbox was refused: {_said(error)}") from error
        except ssl.SSLCertVerificationError as error:
            raise MailboxTrouble(
                f"The certificate of the mailbox's server was not accepted: {error.verify_message}."
            ) from error
        except TimeoutError as error:
            raise MailboxTrouble("The mailbox's server did not answer in time.") from error
        except OSError as error:
            raise MailboxTrouble(
                f"The mailbox's server could not be reached: {error.strerror or type(error).__name__}."
            ) from error

    def _connect(self) -> imaplib.IMAP4:
        server: imaplib.IMAP4
        if self.is_encrypted:
            server = imaplib.IMAP4_SSL(self.host, self.port, ssl_context=self.tls(), timeout=_TIMEOUT_SECONDS)
        else:
            server = imaplib.IMAP4(self.host, self.port, timeout=_TIMEOUT_SECONDS)
        try:
            server.login(self.user, self.password)
            _expect(server.select(_quoted(self.folder), readonly=True))
        except BaseException:
            _leave(server)
            raise
        return server

    def _read(self, server: imaplib.IMAP4, moment: datetime) -> Iterator[Arrived]:
        # The server compares days, in a zone of its own; the moments are compared here.
        day = (moment - timedelta(days=1)).astimezone(UTC)
        since = f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year}"
        found = _expect(server.uid("SEARCH", f"SINCE {since} HEADER Content-Type multipart/report"))
        numbers = found[0].split() if found and isinstance(found[0], bytes) else []
        numbers = numbers[-MOST_MESSAGES:]
        for start in range(0, len(numbers), _AT_ONCE):
            chosen = b",".join(numbers[start : start + _AT_ONCE]).decode("ascii")
            parts = _expect(server.uid("FETCH", chosen, f"(INTERNALDATE BODY.PEEK[]<0.{_LARGEST}>)"))
            for part in parts:
                arrived = _arrived(part)
                if arrived is not None and arrived.at >= moment:
                    yield arrived


def _arrived(part: object) -> Arrived | None:
    """One message of an answer; None for what stands between them."""
    if not isinstance(part, tuple) or len(part) != 2:
        return None
    about, content = part
    found = _ARRIVED.search(about)
    if found is None or _UID.search(about) is None:
        return None
    try:
        at = datetime.strptime(found[1].decode("ascii").strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None
    return Arrived(content, at)


def _expect(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    said, data = answer
    if said != "OK":
        words = data[0] if data else b""
        raise imaplib.IMAP4.error(words.decode("utf-8", "replace") if isinstance(words, bytes) else said)
    return data


def _said(error: Exception) -> str:
    words = error.args[0] if error.args else ""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return say_without_addresses(text) or "without a word"


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _leave(server: imaplib.IMAP4) -> None:
    try:
        server.logout()
    except (imaplib.IMAP4.error, OSError):
        # Whoever hung up already needs no good-bye.
        server.shutdown()
