"""What the pages of proposals show: the list, what is worded alike, and the form for an item of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.services.proposals.from_sheet import Placed
from surveyapp.services.reading.decision_desks import DecisionDesk
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.proposal_desks import STATES, Alike, ProposalDesk, ProposalGroup
from surveyapp.services.reading.proposals import ProposalAtWork
from surveyapp.web.organiser.decisions.pages import TextField, new_item_page
from surveyapp.web.organiser.paging import Paging, paging

ON_A_PAGE = 50


def state_words() -> Mapping[str, str]:
    """What has become of a proposal."""
    return {
        "unread": _("to do"),
        "item": _("became an item"),
        "covered": _("covered by an item"),
        "set_aside": _("set aside"),
    }


@dataclass(frozen=True, slots=True)
class Held:
    """What was typed and not done: it stands in the form again."""

    chosen: Collection[str] = ()
    because: str = ""
    lead: str = ""
    item: str = ""
    redacting: str = ""
    redacted: str = ""
    reason: str = ""


NOTHING_HELD = Held()


@dataclass(frozen=True, slots=True)
class ProposalCard:
    """One proposal."""

    id: str
    text: str
    language: str
    redacted: str
    """The text that is passed on, where it differs."""
    draft: str
    seen: str
    is_chosen: bool
    is_redacting: bool


@dataclass(frozen=True, slots=True)
class GroupCard:
    """A proposal and those that say the same: they share what becomes of them."""

    lead: ProposalCard
    others: tuple[ProposalCard, ...]
    about: str
    state: str
    state_word: str
    people: str
    groups: str
    item: str
    item_url: str
    because: str
    handled_by: str
    make_url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to choose."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ProposalsPage:
    """A round's proposals."""

    number: int
    total: str
    states: tuple[Choice, ...]
    words: str
    state: str
    cards: tuple[GroupCard, ...]
    paging: Paging
    leads: tuple[Choice, ...]
    items: tuple[Choice, ...]
    because: str
    reason: str
    has_any: bool
    may_make: bool


def proposals_page(
    found: ProposalDesk,
    desk: Desk,
    *,
    page: int,
    state: str = "",
    words: str = "",
    held: Held = NOTHING_HELD,
) -> ProposalsPage:
    """The list as filtered, one page of it."""
    last = max(1, -(-len(found.groups) // ON_A_PAGE))
    page = min(page, last)
    shown = found.groups[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    different = sum(found.states.values())
    total = ngettext("%(num)s proposal", "%(num)s proposals", found.proposals)
    if different != found.proposals:
        total = _("%(total)s, %(num)s of them different", total=total, num=different)
    names = state_words()
    return ProposalsPage(
        number=found.number,
        total=total,
        states=(
            Choice("", _("all (%(num)s)", num=different), not state),
            *(Choice(each, f"{names[each]} ({found.states.get(each, 0)})", state == each) for each in STATES),
        ),
        words=words,
        state=state,
        cards=tuple(_group_card(each, found, desk, held) for each in shown),
        paging=paging(page, len(found.groups), ON_A_PAGE),
        leads=tuple(
            Choice(each.lead.public_id, _shortened(each.lead), held.lead == each.lead.public_id)
            for each in shown
            if each.lead.state == "unread"
        ),
        items=tuple(Choice(item, title, held.item == item) for item, title in found.titles.items()),
        because=held.because,
        reason=held.reason,
        has_any=found.proposals > 0,
        may_make=desk.may("decide") and not desk.is_archived,
    )


def _shortened(each: ProposalAtWork) -> str:
    words = each.words if len(each.words) <= 60 else f"{each.words[:59]}…"
    return f"{each.public_id} · {words}"


def _group_card(group: ProposalGroup, found: ProposalDesk, desk: Desk, held: Held) -> GroupCard:
    lead = group.lead
    about = [found.questions.get(lead.question, lead.question)] if len(found.questions) > 1 else []
    if lead.context:
        about.append(found.contexts.get(lead.context, lead.context))
    is_free = lead.state == "unread" and desk.may("decide") and not desk.is_archived
    return GroupCard(
        lead=_card(lead, held),
        others=tuple(_card(each, held) for each in group.others),
        about=" · ".join(about),
        state=lead.state,
        state_word=state_words()[lead.state],
        people=_people(lead),
        groups=", ".join(lead.groups),
        item=found.titles.get(lead.item, lead.item),
        item_url=url_for("organiser.decision", slug=desk.slug, number=found.number, item=lead.item)
        if lead.state == "item" and desk.may("decide")
        else "",
        because=lead.because,
        handled_by=lead.handled_by,
        make_url=make_url(desk, found.number, lead.public_id) if is_free else "",
    )


def make_url(desk: Desk, number: int, name: str) -> str:
    """Where a proposal becomes an item."""
    return url_for("organiser.item_of_proposals", slug=desk.slug, number=number, name=name)


def _card(each: ProposalAtWork, held: Held) -> ProposalCard:
    is_redacting = held.redacting == each.public_id
    return ProposalCard(
        id=each.public_id,
        text=each.text,
        language=each.language,
        redacted=each.released_text if each.released_text != each.text else "",
        draft=held.redacted if is_redacting else each.words,
        seen=each.released_text,
        is_chosen=each.public_id in held.chosen,
        is_redacting=is_redacting,
    )


@dataclass(frozen=True, slots=True)
class AlikeLine:
    """Proposals that are worded alike, or one that is worded like an item."""

    proposals: tuple[ProposalCard, ...]
    item: str = ""
    title: str = ""
    share: str = ""


@dataclass(frozen=True, slots=True)
class AlikePage:
    """Suggestions: nothing is done before somebody does it."""

    number: int
    groups: tuple[AlikeLine, ...]
    like_items: tuple[AlikeLine, ...]
    left: str = ""


MOST_SUGGESTED = 40


def alike_page(found: Alike) -> AlikePage:
    """The first suggestions; the next come when these are dealt with."""
    left = max(0, len(found.groups) - MOST_SUGGESTED) + max(0, len(found.like_items) - MOST_SUGGESTED)
    return AlikePage(
        number=found.number,
        groups=tuple(
            AlikeLine(tuple(_card(each, NOTHING_HELD) for each in names))
            for names in found.groups[:MOST_SUGGESTED]
        ),
        like_items=tuple(
            AlikeLine(
                (_card(each, NOTHING_HELD),),
                item=like.item,
                title=title,
                share=_("%(share)s %% of the wording in common", share=round(100 * like.share)),
            )
            for each, like, title in found.like_items[:MOST_SUGGESTED]
        ),
        left=ngettext(
            "%(num)s more comes when these are dealt with.",
            "%(num)s more come when these are dealt with.",
            left,
        )
        if left
        else "",
    )


@dataclass(frozen=True, slots=True)
class MakePage:
    """The form for an item made of a proposal and of those that say the same."""

    number: int
    name: str
    cards: tuple[ProposalCard, ...]
    people: str
    fields: tuple[TextField, ...]
    tags: str
    known_tags: str
    reason: str
    why_fixed: str
    """Why no item can be made of it; '' while one can."""


def make_page(
    found: ProposalDesk,
    group: ProposalGroup,
    table: DecisionDesk,
    desk: Desk,
    *,
    typed: Mapping[str, str] | None = None,
) -> MakePage:
    """The form beside the words that the item comes from; these stand in it at first."""
    given = _first_typed(group, table.questionnaire.languages) if typed is None else typed
    form = new_item_page(table, desk, typed=given)
    fixed = form.why_fixed
    if not fixed and group.lead.state != "unread":
        word = state_words()[group.lead.state]
        fixed = _("This proposal has found its place already: %(state)s.", state=word)
    return MakePage(
        number=found.number,
        name=group.lead.public_id,
        cards=tuple(_card(each, NOTHING_HELD) for each in group.all),
        people=_people(group.lead),
        fields=form.fields,
        tags=form.tags,
        known_tags=form.known_tags,
        reason=form.reason,
        why_fixed=fixed,
    )


def _first_typed(group: ProposalGroup, languages: Sequence[str]) -> dict[str, str]:
    """In each language of the study the first proposal that is written in it; nobody translates here."""
    found: dict[str, str] = {}
    for each in group.all:
        language = each.language if each.language in languages else languages[0]
        found.setdefault(f"new-title.{language}", " ".join(each.words.split()))
    return found


def _people(each: ProposalAtWork) -> str:
    return str(ngettext("proposed by %(num)s person", "proposed by %(num)s people", each.people))


def told_placed(done: Placed) -> str:
    """What a file does."""
    return str(
        _(
            "%(items)s items made, %(grouped)s grouped, %(covered)s covered, %(aside)s set aside, "
            "%(redacted)s redacted, %(left)s rows left as they are.",
            items=done.items,
            grouped=done.grouped,
            covered=done.covered,
            aside=done.set_aside,
            redacted=done.redacted,
            left=done.left,
        )
    )


def read_brought(text: str) -> str:
    """What was brought back just now, as the address tells it in numbers."""
    numbers = text.split("-")
    if len(numbers) != len(fields(Placed)) or not all(
        each.isascii() and each.isdigit() and len(each) < 7 for each in numbers
    ):
        return ""
    return told_placed(Placed(*(int(each) for each in numbers)))
