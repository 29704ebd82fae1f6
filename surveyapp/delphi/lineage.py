"""Where items come from and what becomes of them: decisions after each round, folded into what is asked next.

The state after any number of rounds is worked out from the first questionnaire and all decisions, in their
order, so it can be worked out again from a study's package.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from pydantic import Field

from surveyapp.delphi.receipts import canonical_json
from surveyapp.errors import Refused, Sentence
from surveyapp.questionnaire.model import (
    Combination,
    Identifier,
    Item,
    Page,
    Proposals,
    Question,
    Questionnaire,
    Rating,
    Strict,
    Text,
)
from surveyapp.questionnaire.routing import routing_questions
from surveyapp.questionnaire.wordings import Correction, corrected_item


class Outcome(StrEnum):
    """What a person decides about an item after a round."""

    KEEP = "keep"
    ACCEPT = "accept"
    DROP = "drop"
    REVISE = "revise"
    SPLIT = "split"
    MERGE = "merge"
    NEW = "new"
    FINALISE = "finalise"


EDGE_OF = {
    Outcome.KEEP: "kept",
    Outcome.ACCEPT: "accepted",
    Outcome.DROP: "dropped",
    Outcome.REVISE: "revised",
    Outcome.SPLIT: "split",
    Outcome.MERGE: "merged",
    Outcome.NEW: "new",
    Outcome.FINALISE: "finalised",
}
"""Outcome → how the edge from the wording before to the wording after is called."""

Status = Literal["open", "accepted", "finalised", "dropped", "replaced"]


class Wording(Strict):
    """A new wording of an item; what is left out stays as it was."""

    title: Text | None = None
    definition: Text | None = None
    details: Text | None = None


class Detail(Strict):
    """What a decision needs to say beside its outcome."""

    wording: Wording | None = None
    """For `revise`."""
    parts: tuple[Item, ...] = ()
    """For `split`: the items that take its place."""
    partners: tuple[Identifier, ...] = ()
    """For `merge`: all the items that become one, this one among them."""
    merged: Item | None = None
    """For `merge`: the one that they become."""
    item: Item | None = None
    """For `new`: the item itself."""
    proposals: tuple[str, ...] = ()
    """For `new`: the public names of the proposals that it comes from."""
    is_comparable: bool = Field(default=False)
    """For `revise` and `merge`: whether ratings before and after mean the same.

    Of a merger's items only the one whose id goes on can be meant: two ratings cannot be compared with one.
    """

    def canonical(self) -> str:
        """The text that is stored."""
        return canonical_json(self.model_dump(mode="json", exclude_defaults=True))


NOTHING_MORE = Detail()


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision after a round."""

    item: str
    outcome: Outcome
    reason: str = ""
    detail: Detail = NOTHING_MORE


@dataclass(frozen=True, slots=True)
class Fate:
    """One item as it stands after all decisions so far.

    `roots` are the items of the first questionnaire that it descends from; none for a new one.
    """

    item: Item
    status: Status = "open"
    roots: frozenset[str] = frozenset()
    since: int | None = None
    """The round after which it came to this status."""


@dataclass(frozen=True, slots=True)
class Edge:
    """From an item to what became of it; a missing side is ''."""

    parent: str
    child: str
    kind: str
    is_comparable: bool
    reason: str


def with_decision(decisions: Mapping[str, Decided], decided: Decided) -> dict[str, Decided]:
    """The decisions of a round once this one is taken: it replaces what was decided about the same items.

    A merger is decided for all its partners at once. So it also falls for all of them when something else is
    decided about one: what it leaves undecided is `let_go`.
    """
    gone = {*items_of(decided), *let_go(decisions, decided)}
    kept = {item: each for item, each in decisions.items() if item not in gone}
    if decided.outcome is Outcome.MERGE:
        # Each partner names all of them, itself too, so that it does not matter which one is read first.
        detail = decided.detail.model_copy(update={"partners": items_of(decided)})
        return kept | {item: replace(decided, item=item, detail=detail) for item in items_of(decided)}
    return kept | {decided.item: decided}


def items_of(decided: Decided) -> tuple[str, ...]:
    """The items that a decision is about: of a merger all partners, else the one."""
    if decided.outcome is Outcome.MERGE:
        return tuple(sorted({*decided.detail.partners, decided.item}))
    return (decided.item,)


def let_go(decisions: Mapping[str, Decided], decided: Decided) -> tuple[str, ...]:
    """Items that are undecided once this is decided: partners of mergers that it breaks up."""
    broken = [decisions[item] for item in items_of(decided) if item in decisions]
    left = {item for each in broken for item in items_of(each)} - set(items_of(decided))
    return tuple(sorted(left & set(decisions)))


def successors(decided: Decided) -> tuple[str, ...]:
    """The items that take the place of a decided one: the parts of a split, what a merger makes."""
    if decided.outcome is Outcome.SPLIT:
        return tuple(part.id for part in decided.detail.parts)
    if decided.outcome is Outcome.MERGE and decided.detail.merged is not None:
        return (decided.detail.merged.id,)
    return ()


def put_right(fates: Sequence[Fate], corrections: Sequence[Correction]) -> tuple[Fate, ...]:
    """`fates` with their items as they read once texts were corrected in a round; nothing else changes."""
    return tuple(replace(fate, item=corrected_item(fate.item, corrections)) for fate in fates)


def begin(questionnaire: Questionnaire) -> tuple[Fate, ...]:
    """All items before the first round."""
    return tuple(Fate(item, roots=frozenset({item.id})) for item in questionnaire.items)


def fold(fates: Sequence[Fate], decisions: Mapping[str, Decided], *, number: int) -> tuple[Fate, ...]:
    """`fates` after what was decided after round `number`; an item without a decision stays as it is."""
    found: list[Fate] = []
    merged_already: set[str] = set()
    by_id = {fate.item.id: fate for fate in fates}
    for fate in fates:
        decided = decisions.get(fate.item.id)
        if decided is None or fate.status in {"dropped", "replaced"}:
            found.append(fate)
            continue
        found += _become(fate, decided, by_id, merged_already, number)
    for decided in decisions.values():
        if decided.outcome is Outcome.NEW and decided.detail.item is not None:
            found.append(Fate(decided.detail.item, since=number))
    return tuple(found)


def _become(
    fate: Fate, decided: Decided, by_id: Mapping[str, Fate], merged_already: set[str], number: int
) -> list[Fate]:
    detail = decided.detail
    match decided.outcome:
        case Outcome.ACCEPT:
            return [replace(fate, status="accepted", since=number)]
        case Outcome.FINALISE:
            return [replace(fate, status="finalised", since=number)]
        case Outcome.DROP:
            return [replace(fate, status="dropped", since=number)]
        case Outcome.REVISE:
            return [replace(fate, item=reworded(fate.item, detail.wording), status="open", since=number)]
        case Outcome.SPLIT:
            parts = [
                Fate(_inheriting(part, fate.item), roots=fate.roots, since=number) for part in detail.parts
            ]
            return [replace(fate, status="replaced", since=number), *parts]
        case Outcome.MERGE if detail.merged is not None:
            gone = (
                [] if detail.merged.id == fate.item.id else [replace(fate, status="replaced", since=number)]
            )
            if detail.merged.id in merged_already:
                return list(gone)
            merged_already.add(detail.merged.id)
            roots = frozenset().union(
                *(by_id[partner].roots for partner in {*detail.partners, fate.item.id} if partner in by_id)
            )
            return [*gone, Fate(_inheriting(detail.merged, fate.item), roots=roots, since=number)]
        case _:
            return [fate]


def reworded(item: Item, wording: Wording | None) -> Item:
    """The item in its new wording."""
    if wording is None:
        return item
    changed = {name: getattr(wording, name) for name in ("title", "definition", "details")}
    return item.model_copy(update={name: text for name, text in changed.items() if text is not None})


def _inheriting(item: Item, parent: Item) -> Item:
    """A part, or a merged item: what it does not say itself it takes over from where it comes from."""
    inherited = ("categories", "lifecycle_stage", "actor", "function", "source", "tags", "fields")
    return item.model_copy(
        update={name: getattr(parent, name) for name in inherited if not getattr(item, name)}
    )


def edges(decisions: Mapping[str, Decided]) -> tuple[Edge, ...]:
    """The lines of descent that the decisions of one round draw: every item has at least one."""
    found = []
    for decided in decisions.values():
        kind, detail = EDGE_OF[decided.outcome], decided.detail
        match decided.outcome:
            case Outcome.NEW if detail.item is not None:
                found.append(Edge("", detail.item.id, kind, is_comparable=False, reason=decided.reason))
            case Outcome.SPLIT:
                found += [
                    Edge(decided.item, part.id, kind, is_comparable=False, reason=decided.reason)
                    for part in detail.parts
                ]
            case Outcome.MERGE if detail.merged is not None:
                goes_on = detail.is_comparable and decided.item == detail.merged.id
                found.append(Edge(decided.item, detail.merged.id, kind, goes_on, decided.reason))
            case Outcome.DROP:
                found.append(Edge(decided.item, "", kind, is_comparable=False, reason=decided.reason))
            case Outcome.REVISE:
                found.append(Edge(decided.item, decided.item, kind, detail.is_comparable, decided.reason))
            case _:
                found.append(
                    Edge(decided.item, decided.item, kind, is_comparable=True, reason=decided.reason)
                )
    return tuple(found)


def derive(
    first: Questionnaire, fates: Sequence[Fate], asks: Literal["all items", "only open", "proposals"]
) -> Questionnaire:
    """The questionnaire of the next round: what is asked is what is still open, or all that was not dropped.

    Accepted and finalised items stay in preferred combinations. Questions that have no item left are left
    out, and pages with them whose items are all gone, unless an answer on the page decides what is asked
    elsewhere, or experts propose items on it. Raises Refused when no page is left.
    """
    rated = {
        fate.item.id
        for fate in fates
        if fate.status == "open" or (asks == "all items" and fate.status == "accepted")
    }
    present = [fate for fate in fates if fate.status not in {"dropped", "replaced"}]
    deciding = routing_questions(first)
    pages = []
    for page in first.pages:
        questions = tuple(
            changed
            for question in page.questions
            if (changed := _changed(first, question, present, rated)) is not None
        )
        had_items = any(isinstance(question, Rating | Combination) for question in page.questions)
        has_items = any(isinstance(question, Rating | Combination) for question in questions)
        is_needed = any(question.id in deciding for question in questions)
        collects = any(isinstance(question, Proposals) for question in questions)
        if questions and (has_items or is_needed or collects or not had_items):
            pages.append(_page(page, questions))
    if not pages:
        raise Refused(Sentence("No item is open any more: there is nothing to ask in another round."))
    derived = first.model_copy(update={"items": tuple(fate.item for fate in present), "pages": tuple(pages)})
    # A copy would bring along what was worked out from the first one.
    return Questionnaire.from_canonical(derived.canonical())


def _page(page: Page, questions: tuple[Question, ...]) -> Page:
    return page if questions == page.questions else page.model_copy(update={"questions": questions})


def _changed(
    first: Questionnaire, question: Question, present: Sequence[Fate], rated: Collection[str]
) -> Question | None:
    if not isinstance(question, Rating | Combination):
        return question
    ids = tuple(fate.item.id for fate in _asked(first, question, present))
    if isinstance(question, Rating):
        ids = tuple(item for item in ids if item in rated)
    if not ids:
        return None
    update: dict[str, object] = {}
    # What asked for all items, or for all with a tag, goes on doing so.
    if ids != (_tagged(question, present) if question.items is None else question.items):
        update = {"items": ids, "tagged": None}
    if isinstance(question, Combination):
        update |= {"max": min(question.max, len(ids)), "min": min(question.min, len(ids))}
    return question.model_copy(update=update)


def _tagged(question: Rating | Combination, present: Sequence[Fate]) -> tuple[str, ...]:
    """What a question that names no items asks about, as it is written."""
    return tuple(
        fate.item.id for fate in present if question.tagged is None or question.tagged in fate.item.tags
    )


def _asked(first: Questionnaire, question: Rating | Combination, present: Sequence[Fate]) -> Iterator[Fate]:
    """What a question asks about now, in its own order: its first items, or what came of them, then new ones.

    A new item is asked about where all items are, or all with its tag.
    """
    place = {item.id: position for position, item in enumerate(first.items_of(question))}
    takes_new = question.items is None or len(place) == len(first.items)

    def position(fate: Fate) -> int:
        return min((place[root] for root in fate.roots if root in place), default=len(place))

    for fate in sorted(present, key=position):
        is_new = takes_new and (question.tagged is None or question.tagged in fate.item.tags)
        if position(fate) < len(place) or (not fate.roots and is_new):
            yield fate


def check_comparable(edges_between: Sequence[Edge], item: str) -> None:
    """Raises Refused when the wording of `item` before and after must not be compared."""
    for edge in edges_between:
        if edge.child == item and not edge.is_comparable:
            raise Refused(
                Sentence(
                    "The wording of “{item}” was {kind}, and its ratings before and after do not mean the "
                    "same: they are not compared.",
                    item=item,
                    kind=edge.kind,
                )
            )
