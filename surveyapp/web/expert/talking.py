"""What goes with one reason where the protocol allows discussion: the own mark, replies, the way to both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from flask import render_template, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from surveyapp.delphi.protocol.model import Discussion
from surveyapp.extensions import get_database
from surveyapp.services.reading.discussion import Talk, read_talk
from surveyapp.services.reading.seats import Seat
from surveyapp.services.reasons.discussing import ReplyInView, Stance
from surveyapp.web.expert.compiled import Kept
from surveyapp.web.expert.fields import SLOT
from surveyapp.web.expert.standing import Standing
from surveyapp.web.languages import page_language

OPEN_REASON: Final = "reason."
"""Begins what the button sends that saves a page and opens one reason."""
_MOST_KEPT = 4_096
_EXCERPT = 60
_quiet = Kept(_MOST_KEPT)


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One reply as its reader sees it."""

    reply_id: str
    text: str
    note: str
    """Whose it is and what became of it, where it is the reader's own; else ''."""
    is_own: bool


@dataclass(frozen=True, slots=True)
class TalkLine:
    """What goes with one reason, for one expert."""

    url: str
    button: str
    """What the button sends that opens the reason."""
    excerpt: str
    stance: Stance | None
    is_own: bool
    replies: tuple[ReplyLine, ...]
    discussion: Discussion


def read_talk_of(here: Seat, public_ids: Collection[str]) -> Talk:
    """What the expert sees and has said of these reasons. One query."""
    with get_database().glance() as connection:
        return read_talk(connection, seat=here, shows_round=here.shows_round or 0, public_ids=public_ids)


def talks_of(standing: Standing, public_ids: Collection[str]) -> Mapping[str, Markup]:
    """Reason → what stands with it on a page of questions; nothing where nothing may be said of reasons."""
    shown, here = standing.shown, standing.seat
    if not public_ids or shown is None or shown.panel is None or shown.discussion is None:
        return {}
    talk = read_talk_of(here, public_ids)
    reasons = shown.panel.reasons_by_id
    return {
        public_id: _fragment(here.slug, public_id, reasons[public_id].text, talk, shown.discussion)
        for public_id in public_ids
    }


def _fragment(slug: str, public_id: str, text: str, talk: Talk, discussion: Discussion) -> Markup:
    stance, is_own = talk.marks.get(public_id), public_id in talk.own
    replies = talk.replies.get(public_id, ())

    def render() -> Markup:
        line = TalkLine(
            url=url_for("seat.show_reason", slug=slug, public_id=public_id),
            button=OPEN_REASON + public_id,
            excerpt=excerpt_of(text),
            stance=stance,
            is_own=is_own,
            replies=reply_lines(replies),
            discussion=discussion,
        )
        rendered = render_template("expert/talk.html", talk=line).strip()
        return Markup(rendered.replace(SLOT, "\ufffd"))  # noqa: S704 - from its template

    if replies:
        # What people write must not be kept about.
        return render()
    key = (slug, public_id, page_language(), stance, is_own, discussion)
    return _quiet.get(key, render)


def reply_lines(replies: Collection[ReplyInView]) -> tuple[ReplyLine, ...]:
    """Replies with what is said of the reader's own."""
    return tuple(ReplyLine(each.reply_id, each.text, note_of(each), each.is_own) for each in replies)


def note_of(reply: ReplyInView) -> str:
    """What is said of an own reply; '' for others'."""
    if not reply.is_own:
        return ""
    notes: Mapping[str, Callable[[], str]] = {
        "waiting": lambda: _("Your reply. The study team reads it before others do."),
        "shown": lambda: _("Your reply."),
        "hidden": lambda: (
            _("Your reply. The study team has not passed it on to others: “%(reason)s”", reason=reply.because)
            if reply.because
            else _("Your reply. The study team has not passed it on to others.")
        ),
    }
    return notes[reply.state]()


def excerpt_of(text: str) -> str:
    """The beginning of a reason, by which a button says what it is about."""
    words = " ".join(text.split())
    return words if len(words) <= _EXCERPT else words[:_EXCERPT].rstrip() + "…"
