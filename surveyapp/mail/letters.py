"""A letter as it leaves the house: headers that nobody can slip something into, plain text and HTML.

Both parts say the same and carry the same links. There is no picture in it, nothing that tells whether it was
read, and no address but the recipient's own.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from markupsafe import Markup, escape

from surveyapp.mail.texts import Text, Words, clean, fill

_LINKED = re.compile(r"https?://[^\s<>\"“”„]*[^\s<>\"“”„.,;:!?)\]]")
_UTF8 = SMTP.clone(utf8=True)
# Mail programs know no style sheets: colours and sizes stand at each element.
_PARAGRAPH = "margin:0 0 16px;font-size:16px;line-height:1.5"
_BUTTON = (
    "display:inline-block;padding:12px 20px;background:#1d4f8c;color:#ffffff;text-decoration:none;"
    "border-radius:6px;font-weight:bold"
)
_SMALL = "margin:0 0 8px;font-size:13px;line-height:1.5;color:#555555"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who a letter goes to."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a letter comes from, and who reads what is written back."""

    name: str
    email: str
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, ready to be handed over."""

    sender: str
    """Where the mail server sends it back to when it cannot be delivered."""
    recipient: str
    message_id: str
    content: bytes
    needs_utf8: bool = False
    """Whether the recipient's address has letters that only newer mail servers take."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a letter says, twice: as plain text, and as a piece of HTML without styles for a page."""

    subject: str
    plain: str
    html: Markup


def message_id(key: bytes, *, host: str, about: str) -> str:
    """The Message-ID of the letter `about`: always the same for the same letter, not telling whose."""
    made = hmac.digest(key, b"surveyapp message id\0" + about.encode(), hashlib.sha256).hex()[:32]
    return f"<{made}@{host}>"


def write_body(text: Text, values: Mapping[str, str], *, words: Words, letters_link: str) -> Body:
    """`text` with `values` put in, and at its end how to get fewer letters.

    `values` are lines of plain text.
    """
    values = {name: clean(value) for name, value in values.items()}
    subject = clean(fill(text.subject, values))
    blocks = [block for block in re.split(r"\n\s*\n", text.body.strip()) if block.strip()]
    paragraphs = [fill(block.strip(), values).strip() for block in blocks]
    footer = _footer(words, values, letters_link)
    plain = "\n\n".join(paragraphs) + "\n\n-- \n" + "\n".join(footer) + "\n"
    parts = [
        _button(values["link"], words)
        if block.strip() == "{link}" and values.get("link")
        else Markup("<p>{}</p>").format(_linked(paragraph))
        for block, paragraph in zip(blocks, paragraphs, strict=True)
    ]
    small = [Markup("<p><small>{}</small></p>").format(_linked(line)) for line in footer]
    return Body(subject, plain, Markup("\n").join([*parts, Markup("<hr>"), *small]))


def _footer(words: Words, values: Mapping[str, str], letters_link: str) -> list[str]:
    lines = [fill(words.footer, values)]
    if values.get("contact"):
        lines.append(fill(words.reply_to, values))
    if letters_link:
        lines.append(f"{words.switch_off} {letters_link}")
    return lines


def _button(link: str, words: Words) -> Markup:
    return Markup('<p><a class="go" href="{}">{}</a></p>').format(link, words.open_link)


def _linked(text: str) -> Markup:
    """`text` escaped, its addresses as links and its line ends kept."""
    parts, end = [], 0
    for match in _LINKED.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup('<a href="{0}">{0}</a>').format(match[0]))
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts).replace("\n", Markup("<br>\n"))


def compose(
    body: Body,
    *,
    sender: Sender,
    recipient: Recipient,
    message_id: str,
    letters_link: str,
    language: str,
    now: datetime,
) -> Letter:
    """The whole letter to one recipient. Raises ValueError for an address that no letter can go to."""
    address, needs_utf8 = deliverable(recipient.email)
    message = EmailMessage(policy=_UTF8 if needs_utf8 else SMTP)
    message["From"] = Address(clean(sender.name), addr_spec=sender.email)
    message["To"] = _to(clean(recipient.name), address)
    message["Subject"] = body.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    if sender.reply_to:
        message["Reply-To"] = sender.reply_to
    # A machine that answers machines would go on for ever; so would an absence note to every letter.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if letters_link:
        message["List-Unsubscribe"] = f"<{letters_link}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(body.plain, cte="quoted-printable")
    message.add_alternative(_html_page(body, language), subtype="html", cte="quoted-printable")
    # The same letter is the same to the byte, also between its parts.
    boundary = hashlib.sha256(message_id.encode()).hexdigest()[:32]
    message.set_boundary(f"=_{boundary}")
    return Letter(sender.email, address, message_id, message.as_bytes(), needs_utf8)


def _to(name: str, address: str) -> Address:
    # Whoever has no name, or only the address as one, is written to plainly.
    return Address(name if "@" not in name else "", addr_spec=address)


def deliverable(email: str) -> tuple[str, bool]:
    """The address as mail servers take it, and whether only newer ones do."""
    local, at, domain = email.strip().rpartition("@")
    if not at or not local or re.search(r"[\s,;<>\"\x00-\x1f\x7f]", email.strip()):
        raise ValueError("no letter can go to this address")
    try:
        plain = domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError("no letter can go to this address") from error
    return f"{local}@{plain}", not local.isascii()


def _html_page(body: Body, language: str) -> str:
    styled = (
        body.html.replace('<a class="go"', Markup('<a style="{}"').format(_BUTTON))
        .replace("<p><small>", Markup('<p style="{}"><small>').format(_SMALL))
        .replace("<p>", Markup('<p style="{}">').format(_PARAGRAPH))
    )
    page = Markup(
        '<!doctype html>\n<html lang="{}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{}</title></head>\n'
        '<body style="margin:0;padding:24px;font-family:Helvetica,Arial,sans-serif;color:#1b1f24;'
        'background:#ffffff"><div style="max-width:600px;margin:0 auto">\n{}\n</div></body></html>\n'
    )
    return str(page.format(language, body.subject, styled))
