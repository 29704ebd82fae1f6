"""What the page of replies shows: each beside the reason that it answers, and how reasons were marked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from surveyapp.delphi.feedback import ShownMarks
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
    n: int
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
    marks_said: str
    """What is told of marks besides: what is missing, and why."""
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
        marked=tuple(_mark_line(each, found.titles) for each in found.marked or ()),
        marks_said=_say_marks(found),
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


def _mark_line(marks: ShownMarks, titles: Mapping[str, str]) -> MarkLine:
    for_me, not_for_me = str(marks.for_me), str(marks.not_for_me)
    if marks.at_least is not None:
        mostly, rest = _("at least %(percent)s%%", percent=marks.at_least), _("not told exactly")
        for_me, not_for_me = (mostly, rest) if marks.mostly == "for_me" else (rest, mostly)
    return MarkLine(
        marks.reason.text, titles.get(marks.reason.item, ""), marks.n, str(for_me), str(not_for_me)
    )


def _say_marks(found: ReplyDesk) -> str:
    if found.marked is None:
        if not found.is_closed:
            return str(_("Marks are told when the round is released; nothing is counted while it is open."))
        if found.marking is None:
            return str(
                _(
                    "Fewer than %(k)s experts marked reasons, or all but a few. What may be told of marks "
                    "is told when the round is released.",
                    k=found.smallest_group,
                )
            )
        return str(
            _(
                "%(num)s experts marked reasons. For whom they speak is told when the round is released.",
                num=found.marking,
            )
        )
    if not found.marked:
        return str(_("The release tells no marks: too few marked the same reason, or nobody did."))
    return str(
        _(
            "As the release tells it. What fewer than %(k)s marked, or all but a few, is not listed.",
            k=found.smallest_group,
        )
    )
