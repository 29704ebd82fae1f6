"""Handing letters over: to a mail server, to a folder, or to a list.

The one place that talks to another machine.

Whatever a server does, the answer is one of four: accepted, refused for good, to be tried again later, or
unknown, because the line went dead after the whole letter was sent and before the server said whether it
has it.
"""

from __future__ import annotations

import os
import re
import secrets
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from email.policy import SMTP
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from surveyapp.mail.letters import Letter, deliverable

_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
_LONGEST_ANSWER = 300


class Outcome(StrEnum):
    """What became of a letter that was handed over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "later"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side made of one letter, in its own words."""

    outcome: Outcome
    words: str
    is_line_down: bool = False
    """Whether it was the line and not this letter: then the next would fare no better."""


class Line(Protocol):
    """An open way to hand letters over, one after the other."""

    def hand_over(self, letter: Letter) -> Answer:
        """Hand one letter over. Raises nothing: every trouble is an answer."""


class Transport(Protocol):
    """Where letters go."""

    @property
    def is_mail(self) -> bool:
        """Whether letters leave the machine; else they only land in a place to be looked at."""

    def open(self) -> AbstractContextManager[Line]:
        """A line for some letters. Raises nothing."""


def say_without_addresses(words: str) -> str:
    """A server's words on one line, without addresses: not everybody who reads them may see those."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return _ADDRESS.sub("…", line)[:_LONGEST_ANSWER]


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server."""

    host: str
    port: int
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 30.0
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context
    is_mail: bool = True

    @contextmanager
    def open(self) -> Iterator[Line]:
        """A line to the server; it is made when the first letter needs it, and again when it broke."""
        line = _SmtpLine(self)
        try:
            yield line
        finally:
            line.close()


class _SmtpLine:
    """One dialog with a mail server."""

    def __init__(self, server: Smtp) -> None:
        self._server = server
        self._smtp: smtplib.SMTP | None = None

    def hand_over(self, letter: Letter) -> Answer:
        """Hand one letter over."""
        try:
            smtp = self._smtp or self._connect()
        except smtplib.SMTPNotSupportedError as error:
            words = say_without_addresses(f"The mail server cannot do what the settings ask for: {error}")
            return Answer(Outcome.LATER, words, is_line_down=True)
        except smtplib.SMTPResponseException as error:
            return Answer(Outcome.LATER, _said(error.smtp_code, error.smtp_error), is_line_down=True)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            return Answer(Outcome.LATER, _trouble(error), is_line_down=True)
        answer = self._speak(smtp, letter)
        if answer.is_line_down or answer.outcome is Outcome.UNKNOWN:
            self._hang_up()
        elif answer.outcome is not Outcome.ACCEPTED:
            try:
                smtp.rset()
            except (smtplib.SMTPException, OSError):
                self._hang_up()
        return answer

    def close(self) -> None:
        """Say good-bye."""
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self._hang_up()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        own_name = socket.gethostname() or "localhost"
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, own_name, timeout=server.timeout, context=server.tls()
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, own_name, timeout=server.timeout)
        try:
            if server.security == "starttls":
                smtp.starttls(context=server.tls())
            if server.user:
                smtp.login(server.user, server.password)
            smtp.ehlo_or_helo_if_needed()
        except BaseException:
            smtp.close()
            raise
        self._smtp = smtp
        return smtp

    def _speak(self, smtp: smtplib.SMTP, letter: Letter) -> Answer:
        options = []
        if letter.needs_utf8:
            if not smtp.has_extn("smtputf8"):
                return Answer(
                    Outcome.REFUSED,
                    "The mail server takes no address with such letters before the @ (SMTPUTF8).",
                )
            options = ["SMTPUTF8", "BODY=8BITMIME"]
            smtp.command_encoding = "utf-8"
        is_sent = False
        try:
            for code, words in self._envelope(smtp, letter, options):
                if code >= 400:
                    return _answer(code, words)
            code, words = smtp.docmd("DATA")
            if code != 354:
                return _answer(code, words)
            smtp.send(_dotted(letter.content))
            is_sent = True
            code, words = smtp.getreply()
            return _answer(code, words)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            # Without the last line nothing was handed over; after it only the server knows.
            if is_sent:
                return Answer(Outcome.UNKNOWN, _trouble(error))
            return Answer(Outcome.LATER, _trouble(error), is_line_down=True)
        finally:
            smtp.command_encoding = "ascii"

    @staticmethod
    def _envelope(smtp: smtplib.SMTP, letter: Letter, options: list[str]) -> Iterator[tuple[int, bytes]]:
        yield smtp.mail(letter.sender, options)
        yield smtp.rcpt(letter.recipient)

    def _hang_up(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _dotted(content: bytes) -> bytes:
    """The letter as it goes over the line: a dot at the start of a line doubled, and one alone at the end."""
    lines = re.sub(rb"(?m)^\.", b"..", content)
    return lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _answer(code: int, words: bytes | str) -> Answer:
    said = _said(code, words)
    if 200 <= code < 300:
        return Answer(Outcome.ACCEPTED, said)
    if 500 <= code < 600:
        return Answer(Outcome.REFUSED, said)
    # 421 announces that the server hangs up; what is no number of SMTP comes from something else.
    return Answer(Outcome.LATER, said, is_line_down=code == 421 or not 400 <= code < 500)


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return say_without_addresses(
        f"{code} {text}" if code > 0 else f"Not the greeting of a mail server: {text}"
    )


def _trouble(error: Exception) -> str:
    # While it waits for an answer, the library takes a silent server for one that hung up.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "The mail server did not answer in time."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The mail server hung up."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The mail server's certificate was not accepted: {error.verify_message}."
    if isinstance(error, OSError) and error.strerror:
        return say_without_addresses(f"The mail server could not be reached: {error.strerror}.")
    return f"The mail server could not be spoken to ({type(error).__name__})."


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder in which each letter becomes one .eml file: for trying out, or without a mail server."""

    path: Path
    is_mail: bool = False

    @contextmanager
    def open(self) -> Iterator[Line]:
        """The folder itself; nothing has to be opened."""
        yield self

    def hand_over(self, letter: Letter) -> Answer:
        """Write the letter into its file; the same letter again replaces it."""
        name = f"{re.sub(r'[^0-9A-Za-z-]', '', letter.message_id.partition('@')[0])}.eml"
        part = self.path / f".{secrets.token_hex(8)}.part"
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(letter.content)
            # The file appears whole, under a name that is the letter's own.
            part.rename(self.path / name)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            words = f"The folder for letters cannot be written to: {error.strerror}."
            return Answer(Outcome.LATER, words, is_line_down=True)
        return Answer(Outcome.ACCEPTED, f"written to {name}")

    def forget(self, address: str) -> int:
        """Delete every letter to this address; returns how many there were."""
        gone = 0
        with suppress(ValueError):
            address, _ = deliverable(address)
        for file in self.path.glob("*.eml"):
            with suppress(OSError):
                with file.open("rb") as stream:
                    headers = BytesHeaderParser(policy=SMTP).parse(stream)
                people = headers["To"].addresses if headers["To"] is not None else ()
                if any(each.addr_spec.casefold() == address.casefold() for each in people):
                    file.unlink()
                    gone += 1
        return gone


@dataclass(slots=True)
class Memory:
    """A list of the letters that were handed over: for tests and rehearsals in one process."""

    letters: list[Letter] = field(default_factory=list)
    is_mail: bool = True

    @contextmanager
    def open(self) -> Iterator[Line]:
        """The list itself."""
        yield self

    def hand_over(self, letter: Letter) -> Answer:
        """Keep the letter."""
        self.letters.append(letter)
        return Answer(Outcome.ACCEPTED, "250 kept")
