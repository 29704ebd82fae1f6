"""Putting one letter together: who it goes to, the text in their language, their link, their deadline."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime

from surveyapp.mail.kinds import Kind
from surveyapp.mail.letters import Body, Letter, Recipient, Sender, compose, message_id, write_body
from surveyapp.mail.links import derive_letters_token, derive_token, letters_link, link
from surveyapp.mail.texts import Text, words
from surveyapp.services.letters.audience import NO_ROUND, Addressee, Occasion
from surveyapp.services.letters.office import Office


def write(
    office: Office, *, occasion: Occasion, to: Addressee, text: Text, language: str
) -> tuple[Body, str]:
    """What the letter says, and the address on which letters are switched off ('' where none is needed)."""
    spoken = words(language)
    off = ""
    if occasion.kind is not Kind.WITHDRAWAL:
        token = derive_letters_token(office.link_key, slug=to.slug, panellist_id=to.panellist_id)
        off = letters_link(office.base_url, token)
    opens = ""
    if occasion.kind is not Kind.WITHDRAWAL and to.link_number is not None:
        token = derive_token(
            office.link_key, slug=to.slug, panellist_id=to.panellist_id, number=to.link_number
        )
        opens = link(office.base_url, token)
    closes = written_moment(to.closes_at, to.time_zone, language) if to.closes_at else spoken.unlimited
    values = {
        "name": to.name,
        "study": to.title,
        "organisation": to.organisation or to.title,
        "contact": to.contact_email,
        "round": str(occasion.round if occasion.round != NO_ROUND else 1),
        "rounds": str(to.planned_rounds),
        "closes": closes,
        "link": opens,
        "letters_link": off,
    }
    return write_body(text, values, words=spoken, letters_link=off), off


def put_together(
    office: Office, *, occasion: Occasion, to: Addressee, text: Text, language: str, queued_at: datetime
) -> Letter:
    """The whole letter. Raises ValueError for an address that no letter can go to."""
    body, off = write(office, occasion=occasion, to=to, text=text, language=language)
    return compose(
        body,
        sender=Sender(to.organisation or to.title, office.sender, to.contact_email),
        recipient=Recipient(to.name, to.email),
        message_id=message_id(
            office.link_key, host=office.host, about=about(to.slug, to.panellist_id, occasion)
        ),
        letters_link=off,
        language=language,
        # A repeat is the same letter to the byte, its date included.
        now=queued_at,
    )


def about(slug: str, panellist_id: int, occasion: Occasion) -> str:
    """Which letter it is, as its Message-ID is made from it."""
    return f"{slug}/{panellist_id}/{occasion.round}/{occasion.kind}/{occasion.number}"


def written_moment(moment: datetime, time_zone: str, language: str) -> str:
    """A moment as letters write it, with the name of its zone."""
    local = moment.astimezone(ZoneInfo(time_zone))
    zone = local.tzname() or time_zone
    zone = f"UTC{zone}" if zone[:1] in "+-" else zone
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse("en")
    return f"{format_datetime(local, 'EEE d MMM y, HH:mm', locale=locale)} {zone}"
