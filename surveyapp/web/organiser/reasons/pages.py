"""What the bench shows of one item, with both its sides, and the code book."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.reading.benches import ItemBench, title_of
from surveyapp.services.reading.beside import RatingBeside
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.reasons import ReasonAtWork
from surveyapp.services.reasons.coding import ThemeAgreement, ThemeInBook
from surveyapp.web.organiser.paging import Paging
from surveyapp.web.organiser.results.numbers import number, percent_words

ON_NONE = "-"
"""How addresses name the reasons that are about no item; no item's id looks like that."""
STATES = ("unread", "released", "summarised", "merged", "set_aside")


def item_url(desk: Desk, number: int, item: str, **kept: str) -> str:
    """The address of one item's reasons."""
    values: dict[str, Any] = {"slug": desk.slug, "number": number, "item": item or ON_NONE, **kept}
    return url_for("organiser.reasons_on", **values)


def state_words() -> Mapping[str, str]:
    """What has become of a reason."""
    return {
        "unread": _("to do"),
        "released": _("to be shown"),
        "summarised": _("summed up"),
        "merged": _("merged"),
        "set_aside": _("set aside"),
    }


@dataclass(frozen=True, slots=True)
class ThemeBox:
    """One theme of the code book beside a reason."""

    id: str
    title: str
    definition: str
    is_found: bool


@dataclass(frozen=True, slots=True)
class ReasonCard:
    """One reason on the bench."""

    id: str
    text: str
    language: str
    about: str
    state: str
    state_word: str
    because: str
    merged_into: str
    merged_url: str
    redacted: str
    """The text that experts will read, where it differs."""
    draft: str
    """What stands in the field for it."""
    seen: str
    """The text for experts as it is stored: what a redaction is based on."""
    themes: tuple[ThemeBox, ...]
    others: tuple[str, ...]
    """What other coders found: name and themes."""
    is_coded: bool
    sentences: tuple[int, ...]
    is_chosen: bool
    is_redacting: bool


@dataclass(frozen=True, slots=True)
class SentenceField:
    """One sentence of the summary as it stands in the form."""

    position: int
    text: str
    sources: str
    links: tuple[tuple[str, str], ...]
    """The reasons that it stands on: name and address."""


@dataclass(frozen=True, slots=True)
class Side:
    """The reasons of one side."""

    id: str
    title: str
    count: int
    """How many there are on all pages together."""
    cards: tuple[ReasonCard, ...]


@dataclass(frozen=True, slots=True)
class ItemBenchPage:
    """One item's reasons."""

    number: int
    item: str
    title: str
    definition: str
    sides: tuple[Side, ...]
    left: str
    has_reasons: bool
    states: tuple[tuple[str, str, bool], ...]
    """What may be shown alone: address, words, whether it is."""
    paging: Paging
    kept: Mapping[str, str]
    """What an act takes along of this page's address, to come back to it."""
    all_ids: tuple[str, ...]
    """The reasons on this page."""
    left_ids: tuple[str, ...]
    """Those among them that nothing has become of yet."""
    themes: tuple[ThemeBox, ...]
    sentences: tuple[SentenceField, ...]
    seen: str
    stands: tuple[str, ...]
    """The summary as it is stored, where that is not what stands in the form."""
    because: str
    into: str
    before: str
    after: str
    is_released: bool
    result_url: str


@dataclass(frozen=True, slots=True)
class Held:
    """What was typed and is not stored: shown again as it was."""

    chosen: Collection[str] = ()
    because: str = ""
    into: str = ""
    redacting: str = ""
    redacted: str = ""
    sentences: Sequence[tuple[str, str]] | None = None
    """Text and sources, sentence by sentence."""
    themes: Collection[str] = ()


NOTHING_HELD = Held()


def item_bench_page(found: ItemBench, desk: Desk, held: Held = NOTHING_HELD) -> ItemBenchPage:
    """One item's reasons, for and against side by side."""
    questionnaire = found.questionnaire
    cards = {each.public_id: _card(each, found, desk, held) for each in found.reasons}
    by_side: dict[str, list[ReasonCard]] = {"agree": [], "disagree": [], "": []}
    for each in found.reasons:
        by_side[each.band if each.band in by_side else ""].append(cards[each.public_id])
    titles = {"agree": _("For"), "disagree": _("Against"), "": _("Neither, or no single rating")}
    item = questionnaire.items_by_id.get(found.item)
    left = found.states.get("unread", 0)
    words = state_words()
    return ItemBenchPage(
        number=found.number,
        item=found.item or ON_NONE,
        title=title_of(questionnaire, found.item) or _("Reasons on no item"),
        definition=item.definition.get(questionnaire.language) if item and item.definition else "",
        sides=tuple(
            Side(name or "neither", titles[name], found.sides.get(name, 0), tuple(mine))
            for name, mine in by_side.items()
            if mine or (name and found.item)
        ),
        left=ngettext("%(num)s reason is left to deal with.", "%(num)s reasons are left to deal with.", left)
        if left
        else _("Every reason on it is dealt with."),
        has_reasons=bool(sum(found.states.values())),
        states=tuple(
            (_page_url(found, desk, 1, state), _counted(word, found.states.get(state)), state == found.shown)
            for state, word in {"": _("all"), **words}.items()
            if not state or found.states.get(state) or state == found.shown
        ),
        paging=Paging(
            found.page,
            found.last,
            _page_url(found, desk, found.page - 1, found.shown) if found.page > 1 else "",
            _page_url(found, desk, found.page + 1, found.shown) if found.page < found.last else "",
        ),
        kept=_kept(found.page, found.shown),
        all_ids=tuple(cards),
        left_ids=tuple(each.public_id for each in found.reasons if each.state == "unread"),
        themes=tuple(
            ThemeBox(each.id, each.title, each.definition, each.id in held.themes) for each in found.themes
        ),
        sentences=tuple(_sentences(found, desk, held)),
        seen=found.summary.stamp if found.summary else "",
        stands=tuple(each.text for each in found.summary.sentences)
        if found.summary and held.sentences is not None
        else (),
        because=held.because,
        into=held.into,
        before="" if found.before is None else item_url(desk, found.number, found.before),
        after="" if found.after is None else item_url(desk, found.number, found.after),
        is_released=found.state == "released",
        result_url=url_for("organiser.result", slug=desk.slug, number=found.number, item=found.item)
        if item is not None and desk.may("results")
        else "",
    )


def _kept(page: int, state: str) -> dict[str, str]:
    kept = {"show": state} if state else {}
    return kept | ({"page": str(page)} if page > 1 else {})


def _page_url(found: ItemBench, desk: Desk, page: int, state: str) -> str:
    return item_url(desk, found.number, found.item, **_kept(page, state))


def _counted(word: str, count: int | None) -> str:
    return word if count is None else f"{word} ({count})"


def _reason_url(found: ItemBench, desk: Desk, name: str) -> str:
    """The way to a reason on the item: on this page, or on the one that it is on."""
    if any(each.public_id == name for each in found.reasons):
        return f"#{name}"
    return f"{item_url(desk, found.number, found.item, reason=name)}#{name}"


def _card(each: ReasonAtWork, found: ItemBench, desk: Desk, held: Held) -> ReasonCard:
    coder = desk.email
    mine = each.themes.get(coder)
    titles = {theme.id: theme.title for theme in found.themes}
    is_redacting = held.redacting == each.public_id
    return ReasonCard(
        id=each.public_id,
        text=each.text,
        language=each.language,
        about=_about(each, found.questionnaire),
        state=each.state,
        state_word=state_words()[each.state],
        because=each.because,
        merged_into=each.merged_into,
        merged_url=_reason_url(found, desk, each.merged_into) if each.merged_into else "",
        redacted=each.released_text if each.released_text != each.text else "",
        draft=held.redacted if is_redacting else each.released_text or each.text,
        seen=each.released_text,
        themes=tuple(
            ThemeBox(theme.id, theme.title, theme.definition, theme.id in (mine or ()))
            for theme in found.themes
        ),
        others=tuple(
            ": ".join((name, ", ".join(titles.get(one, one) for one in themes) or _("none")))
            for name, themes in each.themes.items()
            if name != coder
        ),
        is_coded=mine is not None,
        sentences=each.sentences,
        is_chosen=each.public_id in held.chosen,
        is_redacting=is_redacting,
    )


def _about(each: ReasonAtWork, questionnaire: Questionnaire) -> str:
    context = questionnaire.contexts_by_id.get(each.context)
    pieces = [context.title.get(questionnaire.language)] if context else []
    pieces += [_rating(one, questionnaire) for one in each.ratings]
    return " · ".join(pieces)


def _rating(one: RatingBeside, questionnaire: Questionnaire) -> str:
    criterion = questionnaire.criteria[one.criterion]
    title = criterion.title.get(questionnaire.language)
    if one.value is None:
        given = _("could not judge") if one.answer == "dont_know" else _("did not say")
    else:
        labels = questionnaire.scales[criterion.scale].labels(questionnaire.language)
        given = labels.get(str(one.value), str(one.value))
    return f"{title}: {given}"


def _sentences(found: ItemBench, desk: Desk, held: Held) -> Iterator[SentenceField]:
    """The sentences, and room for one more."""
    rows = (
        list(held.sentences)
        if held.sentences is not None
        else [(each.text, " ".join(each.sources)) for each in found.summary.sentences]
        if found.summary
        else []
    )
    if not rows or any(rows[-1]):
        rows.append(("", ""))
    for position, (text, sources) in enumerate(rows, start=1):
        links = ((each, _reason_url(found, desk, each)) for each in _names(sources))
        yield SentenceField(position, text, sources, tuple(links))


def _names(sources: str) -> list[str]:
    """What looks like the name of a reason in what was typed."""
    return [each for each in sources.replace(",", " ").split() if each.startswith("R-")]


@dataclass(frozen=True, slots=True)
class ThemeLine:
    """One theme of the code book."""

    id: str
    title: str
    definition: str
    uses: str
    is_used: bool


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """How far two coders agree on one theme."""

    theme: str
    coders: str
    both: int
    share: str
    kappa: str


@dataclass(frozen=True, slots=True)
class ThemesPage:
    """The code book."""

    lines: tuple[ThemeLine, ...]
    agreement: tuple[AgreementLine, ...]
    id: str
    title: str
    definition: str
    tried: str
    """The theme whose change was refused; '' for a new one."""


def themes_page(
    themes: Sequence[ThemeInBook], agreement: Sequence[ThemeAgreement], typed: Mapping[str, str]
) -> ThemesPage:
    """The code book and how far coders agree, with what was typed and not stored."""
    titles = {each.id: each.title for each in themes}
    tried = typed.get("theme", "") if typed.get("act") == "change" else ""
    lines = []
    for each in themes:
        uses = sum(each.reasons.values())
        is_tried = each.id == tried
        lines.append(
            ThemeLine(
                id=each.id,
                title=typed.get("title", "") if is_tried else each.title,
                definition=typed.get("definition", "") if is_tried else each.definition,
                uses=ngettext("found in %(num)s place", "found in %(num)s places", uses)
                if uses
                else _("not used yet"),
                is_used=bool(uses),
            )
        )
    new = {} if tried else typed
    return ThemesPage(
        tuple(lines),
        tuple(_agreement(each, titles.get(each.theme, each.theme)) for each in agreement),
        new.get("theme", ""),
        new.get("title", ""),
        new.get("definition", ""),
        tried,
    )


def _agreement(each: ThemeAgreement, title: str) -> AgreementLine:
    share, kappa = each.agreement.share, each.agreement.kappa
    return AgreementLine(title, f"{each.first}, {each.second}", share.n, percent_words(share), number(kappa))
