"""What the page of replies shows: each beside the reason that it answers, and how reasons were marked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.reply_desks import ReplyDesk
from surveyapp.web.organiser.paging import Paging, paging

ON_A_PAGE = 50
STATES = ("waiting", "shown", "hidden")


def state_words() -> Mapping[str, str]:
    """What has become of a reply."""
    return {"waiting": _("to be read"), "shown": _("passed on"), "hidden": _("refused")}


@dataclass(frozen=True, slots=True)
class ReplyCard:
    """One reply."""

    id: str
    text: str
    state: str
    state_word: str
    reason_id: str
    reason: str
    title: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class MarkLine:
    """One reason that was marked."""

    text: str
    title: str
    for_me: str
    not_for_me: str


@dataclass(frozen=True, slots=True)
class RoundWay:
    """The same page about another round."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class RepliesPage:
    """A round's replies."""

    number: int
    lede: str
    states: tuple[tuple[str, str, bool], ...]
    state: str
    cards: tuple[ReplyCard, ...]
    paging: Paging
    because: str
    marked: tuple[MarkLine, ...]
    smallest_group: int
    rounds: tuple[RoundWay, ...]


def replies_page(
    found: ReplyDesk,
    desk: Desk,
    *,
    page: int,
    state: str,
    numbers: Collection[int],
    chosen: Collection[str] = (),
    because: str = "",
) -> RepliesPage:
    """One page of a round's replies, in one state."""
    page = min(page, max(1, -(-len(found.replies) // ON_A_PAGE)))
    words = state_words()
    return RepliesPage(
        number=found.number,
        lede=_lede(found),
        states=(
            *((each, f"{words[each]} ({found.states.get(each, 0)})", each == state) for each in STATES),
            ("all", _("all (%(num)s)", num=sum(found.states.values())), state == "all"),
        ),
        state=state,
        cards=tuple(
            ReplyCard(
                id=each.reply_id,
                text=each.text,
                state=each.state,
                state_word=words[each.state],
                reason_id=each.public_id,
                reason=each.reason,
                title=found.titles.get(each.item, ""),
                is_chosen=each.reply_id in chosen,
            )
            for each in found.replies[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
        ),
        paging=paging(page, len(found.replies), ON_A_PAGE),
        because=because,
        marked=tuple(
            MarkLine(
                each.text,
                found.titles.get(each.item, ""),
                _told(each.marks.for_me, found.smallest_group),
                _told(each.marks.not_for_me, found.smallest_group),
            )
            for each in found.marked
        ),
        smallest_group=found.smallest_group,
        rounds=tuple(
            RoundWay(
                _("Round %(number)s", number=number),
                url_for("organiser.replies", slug=desk.slug, number=number),
                number == found.number,
            )
            for number in numbers
        ),
    )


def _lede(found: ReplyDesk) -> str:
    if found.discussion is None or not found.discussion.replies:
        return str(_("The protocol allows no replies to reasons now."))
    if found.discussion.moderated:
        return str(_("Others read a reply when it is passed on here. Nothing tells who wrote it, or when."))
    return str(
        _("Others read a reply as soon as it is written; here it can be refused. Nothing tells who wrote it.")
    )


def _told(count: int | None, smallest: int) -> str:
    return str(count) if count is not None else str(_("fewer than %(k)s", k=smallest))
