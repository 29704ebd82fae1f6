"""What the pages of decisions show: the table, and the form for one item."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.delphi.lineage import Decided, Outcome
from surveyapp.errors import say
from surveyapp.questionnaire.model import Item, Text
from surveyapp.services.deciding import ItemOnTable
from surveyapp.services.reading.decision_desks import DecisionDesk, Descent
from surveyapp.services.reading.desks import Desk
from surveyapp.web.organiser.decisions.forms import FIELDS, LEAST_PARTS, NEW_ID, count_parts
from surveyapp.web.organiser.paging import Paging, paging
from surveyapp.web.organiser.stopping import StoppingNote, stopping_note
from surveyapp.web.organiser.words import Pill, outcome_word, pills

MOST = 50
"""How many items stand on a page."""
_PLAIN = (Outcome.KEEP, Outcome.ACCEPT, Outcome.DROP, Outcome.FINALISE)


@dataclass(frozen=True, slots=True)
class Line:
    """One item in the table."""

    item: str
    title: str
    url: str
    verdicts: tuple[Pill, ...]
    proposed: str
    because: str
    decided: str
    reason: str
    actor: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class LineOfDescent:
    """From an item to what became of it."""

    round: int
    before: str
    what: str
    after: str
    reason: str
    is_comparable: bool


@dataclass(frozen=True, slots=True)
class DecisionsPage:
    """All items after a round."""

    number: int
    lines: tuple[Line, ...]
    left_only: bool
    paging: Paging
    undecided: str
    has_undecided: bool
    why_fixed: str
    """Why nothing can be decided any more; '' while it can."""
    has_protocol: bool
    descents: tuple[LineOfDescent, ...]
    stopping: StoppingNote | None


def decisions_page(
    found: DecisionDesk, desk: Desk, *, page: int = 1, left_only: bool = False, at: str = ""
) -> DecisionsPage:
    """A page of the table of items, with proposals and decisions; with `at` the one that this item is on."""
    left = len(found.undecided)
    listed = [each for each in found.items if not left_only or not each.decided]
    place = next((place for place, each in enumerate(listed) if each.item == at), None)
    if place is not None:
        page = 1 + place // MOST
    page = min(page, max(1, -(-len(listed) // MOST)))
    return DecisionsPage(
        number=found.number,
        lines=tuple(_line(each, found, desk) for each in listed[(page - 1) * MOST : page * MOST]),
        left_only=left_only,
        paging=paging(page, len(listed), MOST),
        undecided=ngettext("%(num)s item is left to decide.", "%(num)s items are left to decide.", left)
        if left
        else _("Every item is decided."),
        has_undecided=bool(left),
        why_fixed=why_fixed(found, desk),
        has_protocol=found.has_protocol,
        descents=tuple(_descent(each) for each in found.descents),
        stopping=stopping_note(found.stopping),
    )


def why_fixed(found: DecisionDesk, desk: Desk) -> str:
    """Why nothing can be decided any more; '' while it can."""
    if desk.is_archived:
        return str(_("The study is archived: it can be read, and nothing in it changes any more."))
    if found.later is not None:
        return str(_("Round %(number)s was opened on these decisions: they stand.", number=found.later))
    return ""


def _line(each: ItemOnTable, found: DecisionDesk, desk: Desk) -> Line:
    return Line(
        item=each.item,
        title=each.title,
        url=url_for("organiser.decision", slug=desk.slug, number=found.number, item=each.item),
        verdicts=pills(tuple(each.verdicts.items()), each.stability),
        proposed=outcome_word(each.proposed) if each.proposed else "",
        because=say(each.because, _),
        decided=outcome_word(each.decided) if each.decided else "",
        reason=each.reason,
        actor=each.actor,
        is_new=each.decided == Outcome.NEW,
    )


def _descent(each: Descent) -> LineOfDescent:
    words = {
        "kept": _("kept"),
        "accepted": _("accepted"),
        "dropped": _("dropped"),
        "revised": _("revised"),
        "split": _("split into"),
        "merged": _("merged into"),
        "new": _("new"),
        "finalised": _("finalised"),
    }
    edge = each.edge
    return LineOfDescent(
        round=each.round,
        before=each.parent_title,
        what=words[edge.kind],
        after=each.child_title if edge.kind in {"revised", "split", "merged", "new"} else "",
        reason=edge.reason,
        is_comparable=edge.is_comparable,
    )


@dataclass(frozen=True, slots=True)
class Way:
    """One outcome to choose."""

    value: str
    word: str
    what: str
    is_chosen: bool
    is_proposed: bool


@dataclass(frozen=True, slots=True)
class TextField:
    """One text in one language."""

    name: str
    label: str
    value: str
    language: str
    is_long: bool


@dataclass(frozen=True, slots=True)
class PartnerChoice:
    """An item that can be merged with this one."""

    item: str
    title: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """The form for one item."""

    number: int
    item: str
    title: str
    definition: str
    verdicts: tuple[Pill, ...]
    proposed: str
    because: str
    decided: str
    decided_why: str
    decided_by: str
    reason: str
    ways: tuple[Way, ...]
    wording: tuple[TextField, ...]
    new_parts: tuple[tuple[TextField, ...], ...]
    part_count: int
    partners: tuple[PartnerChoice, ...]
    merged_ids: tuple[PartnerChoice, ...]
    merged: tuple[TextField, ...]
    revise_comparable: bool
    merge_comparable: bool
    descents: tuple[LineOfDescent, ...]
    why_fixed: str
    next_url: str
    result_url: str


def decision_page(
    found: DecisionDesk,
    each: ItemOnTable,
    desk: Desk,
    *,
    typed: Mapping[str, str] | None = None,
    partners: Collection[str] = (),
) -> DecisionPage:
    """The form for one item: as it was typed, else as it was decided."""
    decided = found.decisions.get(each.item)
    if typed is None:
        typed, partners = _as_typed(decided, found.questionnaire.languages)
    wording = found.wordings.get(each.item)
    if wording is None and decided is not None and decided.detail.item is not None:
        wording = decided.detail.item
    assert wording is not None
    texts = _Texts(typed, found.questionnaire.languages)
    language = found.questionnaire.language
    chosen = typed.get("outcome", "")
    others = [one for one in found.items if one.item != each.item and one.decided != Outcome.NEW]
    merged_id = typed.get("merged-id", each.item)
    count = count_parts(typed)
    following = [item for item in found.undecided if item != each.item]
    return DecisionPage(
        number=found.number,
        item=each.item,
        title=each.title,
        definition=wording.definition.get(language) if wording.definition else "",
        verdicts=pills(tuple(each.verdicts.items()), each.stability),
        proposed=outcome_word(each.proposed) if each.proposed else "",
        because=say(each.because, _),
        decided=outcome_word(each.decided) if each.decided else "",
        decided_why=each.reason,
        decided_by=each.actor,
        reason=typed.get("reason", ""),
        ways=tuple(
            Way(str(one), outcome_word(one), _what(one), chosen == one, each.proposed == one)
            for one in (*_PLAIN, Outcome.REVISE, Outcome.SPLIT, Outcome.MERGE)
        ),
        wording=texts.of("wording", default=wording),
        new_parts=tuple(texts.of(f"part{place}") for place in range(1, count + 1)),
        part_count=count,
        partners=tuple(PartnerChoice(one.item, one.title, one.item in partners) for one in others),
        merged_ids=(
            PartnerChoice(each.item, each.title, merged_id == each.item),
            *(PartnerChoice(one.item, one.title, merged_id == one.item) for one in others),
            PartnerChoice(NEW_ID, _("an item of its own"), merged_id == NEW_ID),
        ),
        merged=texts.of("merged"),
        revise_comparable=typed.get("revise-comparable") == "yes",
        merge_comparable=typed.get("merge-comparable") == "yes",
        descents=tuple(
            _descent(one) for one in found.descents if each.item in {one.edge.parent, one.edge.child}
        ),
        why_fixed=why_fixed(found, desk),
        next_url=url_for("organiser.decision", slug=desk.slug, number=found.number, item=following[0])
        if following
        else "",
        result_url=url_for("organiser.result", slug=desk.slug, number=found.number, item=each.item)
        if each.decided != Outcome.NEW and desk.may("results")
        else "",
    )


def _what(outcome: Outcome) -> str:
    words: dict[Outcome, str] = {
        Outcome.KEEP: _("It stays open and is asked again as it is."),
        Outcome.ACCEPT: _("It is settled: the panel wants it."),
        Outcome.DROP: _("It is settled: it is not asked any more and stands in no later question."),
        Outcome.FINALISE: _("It is settled as it stands, without a verdict for or against it."),
        Outcome.REVISE: _("It is asked again in a new wording, which you write below."),
        Outcome.SPLIT: _("Several items take its place, which you write below."),
        Outcome.MERGE: _("It becomes one with other items; this is decided for all of them at once."),
    }
    return words[outcome]


class _Texts:
    """Makes the fields of an item's texts, one for each language of the study."""

    def __init__(self, typed: Mapping[str, str], languages: Sequence[str]) -> None:
        self.typed = typed
        self.languages = languages

    def of(self, name: str, *, default: Item | None = None) -> tuple[TextField, ...]:
        """Title, definition and details of the item called `name` in the form."""
        titles = {"title": _("Title"), "definition": _("Definition"), "details": _("Details")}
        found = []
        for each in FIELDS:
            for language in self.languages:
                field = f"{name}-{each}.{language}"
                text: Text | None = getattr(default, each) if default is not None else None
                value = self.typed.get(field, text.get(language) if text else "")
                label = titles[each] if len(self.languages) == 1 else f"{titles[each]} ({language})"
                found.append(TextField(field, label, value, language, is_long=each != "title"))
        return tuple(found)


def _as_typed(decided: Decided | None, languages: Sequence[str]) -> tuple[dict[str, str], Collection[str]]:
    """What somebody would have typed for a decision that stands."""
    if decided is None:
        return {}, ()
    detail = decided.detail
    found = {"outcome": str(decided.outcome), "reason": decided.reason}
    if detail.is_comparable:
        found[f"{decided.outcome}-comparable"] = "yes"
    if detail.wording is not None:
        for name in FIELDS:
            _put(found, f"wording-{name}", getattr(detail.wording, name), languages)
    for place, part in enumerate(detail.parts, start=1):
        for name in FIELDS:
            _put(found, f"part{place}-{name}", getattr(part, name), languages)
    if detail.parts:
        found["parts"] = str(max(LEAST_PARTS, len(detail.parts)))
    if detail.merged is not None:
        found["merged-id"] = detail.merged.id
        for name in FIELDS:
            _put(found, f"merged-{name}", getattr(detail.merged, name), languages)
    return found, detail.partners


def _put(found: dict[str, str], name: str, text: Text | None, languages: Sequence[str]) -> None:
    if text is not None:
        found |= {f"{name}.{each}": text.get(each) for each in languages}


@dataclass(frozen=True, slots=True)
class NewItemPage:
    """The form for an item that was not there."""

    number: int
    fields: tuple[TextField, ...]
    tags: str
    known_tags: str
    reason: str
    why_fixed: str


def new_item_page(found: DecisionDesk, desk: Desk, *, typed: Mapping[str, str] | None = None) -> NewItemPage:
    """The form for a new item."""
    given = typed or {}
    tags = sorted({tag for item in found.wordings.values() for tag in item.tags})
    return NewItemPage(
        number=found.number,
        fields=_Texts(given, found.questionnaire.languages).of("new"),
        tags=given.get("new-tags", ""),
        known_tags=", ".join(tags),
        reason=given.get("reason", ""),
        why_fixed=why_fixed(found, desk),
    )
