"""What a mail server writes back when it could not deliver: which letter, for good or not, and why.

Such reports have a form of their own (RFC 3464): one part for machines with the verdict, and one with the
letter, or its headers. A report counts only if it names a Message-ID, which nobody can guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

from surveyapp.mail.transport import say_without_addresses

_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>")


@dataclass(frozen=True, slots=True)
class Returned:
    """One letter that came back."""

    message_ids: tuple[str, ...]
    """Which letters the report can be about; as a rule one."""
    words: str
    """Why, in the words of the server that had no place for it; without addresses."""


def read_returned(content: bytes) -> Returned | None:
    """What a message says about a letter that could not be delivered; None for every other message.

    A report that the letter is only late, or that it was delivered, is no return.
    """
    message = message_from_bytes(content, policy=policy.default)
    # With this policy it is one; the library's types do not say so.
    assert isinstance(message, EmailMessage)
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return None
    verdicts = [block for part in message.walk() for block in _verdict_blocks(part)]
    failed = [block for block in verdicts if _field(block, "Action").lower() == "failed"]
    if not failed:
        return None
    found = tuple(dict.fromkeys(_original_ids(message)))
    if not found:
        return None
    return Returned(found, _words(failed[0]))


def _verdict_blocks(part: Message) -> list[Message]:
    if part.get_content_type() != "message/delivery-status":
        return []
    inner = part.get_payload()
    return [each for each in inner if isinstance(each, Message)] if isinstance(inner, list) else []


def _original_ids(message: EmailMessage) -> list[str]:
    """The Message-ID of the letter as the report encloses it, whole or by its headers."""
    found: list[str] = []
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload()
            enclosed = inner[0] if isinstance(inner, list) and inner else None
            if isinstance(enclosed, Message):
                found.extend(_MESSAGE_ID.findall(_field(enclosed, "Message-ID")))
        elif kind in {"text/rfc822-headers", "message/rfc822-headers"}:
            raw = part.get_payload(decode=True)
            if isinstance(raw, bytes):
                headers = message_from_bytes(raw, policy=policy.default)
                found.extend(_MESSAGE_ID.findall(_field(headers, "Message-ID")))
    return found


def _words(block: Message) -> str:
    """The server's own words where it gives any, else its status."""
    diagnosis = _field(block, "Diagnostic-Code")
    _, separator, said = diagnosis.partition(";")
    words = (said if separator else diagnosis).strip()
    return say_without_addresses(words or f"Status {_field(block, 'Status') or 'not given'}")


def _field(message: Message, name: str) -> str:
    """A header as text; '' where it is missing or cannot be read."""
    try:
        return str(message.get(name, "")).strip()
    except (ValueError, IndexError, AttributeError):
        # Headers of strangers: whatever the library cannot read says nothing.
        return ""
