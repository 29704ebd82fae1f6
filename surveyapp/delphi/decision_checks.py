"""What a decision about an item lacks, and whether the questionnaire still fits together with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from surveyapp.delphi.lineage import (
    Decided,
    Fate,
    Outcome,
    Wording,
    derive,
    fold,
    items_of,
    reworded,
    successors,
    with_decision,
)
from surveyapp.errors import Problem, Refused, Sentence
from surveyapp.questionnaire.checking import check
from surveyapp.questionnaire.model import Questionnaire, Rating

_USED: Final[Mapping[Outcome, frozenset[str]]] = {
    Outcome.REVISE: frozenset({"wording", "is_comparable"}),
    Outcome.SPLIT: frozenset({"parts"}),
    Outcome.MERGE: frozenset({"partners", "merged", "is_comparable"}),
    Outcome.NEW: frozenset({"item", "proposals"}),
}
"""Outcome → what its detail may hold; of the others nothing."""


def find_problems(
    decided: Decided, *, fates: Sequence[Fate], decisions: Mapping[str, Decided], asked: Collection[str]
) -> Iterator[Problem]:
    """What one decision lacks.

    `fates` are all items before it, `decisions` those taken after the same round so far, `asked` the items of
    the round. What this decision replaces does not stand in its way.
    """
    others = with_decision(decisions, decided)
    for item in items_of(decided):
        del others[item]
    known = {fate.item.id for fate in fates}.union(*map(_brought, others.values()))
    if not decided.reason.strip():
        yield Problem(decided.item, Sentence("the reason is empty; write why, experts and reports show it."))
    yield from _of_detail(decided)
    if decided.outcome is Outcome.NEW:
        yield from _of_new(decided, known)
        return
    if decided.item not in asked:
        yield Problem(
            decided.item,
            Sentence("this item was not asked in the round, so nothing can be decided about it after it."),
        )
    match decided.outcome:
        case Outcome.REVISE:
            yield from _of_revision(decided, fates)
        case Outcome.SPLIT:
            yield from _of_split(decided, known)
        case Outcome.MERGE:
            yield from _of_merge(decided, asked, known)


def find_misfits(
    first: Questionnaire, fates: Sequence[Fate], decisions: Mapping[str, Decided], *, number: int
) -> Iterator[Problem]:
    """Where the questionnaire that follows from all decisions of round `number` does not fit together.

    What would be found in a file is found here before anybody is asked: two items of one title, a title that
    a language lacks, a condition about an item that is dropped; and new items that no rating asks about.
    """
    after = fold(fates, decisions, number=number)
    try:
        questionnaire = derive(first, after, "all items")
    except Refused:
        return
    ratings = [each for each in questionnaire.questions_by_id.values() if isinstance(each, Rating)]
    if not ratings:
        # Then there is no further round, and nothing that has to fit.
        return
    for finding in check(questionnaire):
        yield Problem(
            _culprit(finding.path, questionnaire, decisions),
            Sentence(
                "with this decision the questionnaire would not fit together: {what}.", what=finding.what
            ),
        )
    rated = {item.id for each in ratings for item in questionnaire.items_of(each)}
    for decided in decisions.values():
        if decided.outcome is Outcome.NEW and decided.detail.item is not None:
            if decided.detail.item.id in rated:
                continue
            tags = sorted({each.tagged for each in ratings if each.tagged is not None})
            if tags:
                what = Sentence(
                    "no rating would ask about this item; give it one of these tags: {tags}.",
                    tags=", ".join(tags),
                )
            else:
                what = Sentence("no rating would ask about this item, because each names its own items.")
            yield Problem(decided.item, what)


def _culprit(
    path: tuple[str | int, ...], questionnaire: Questionnaire, decisions: Mapping[str, Decided]
) -> str:
    """The item whose decision a finding comes from, as far as its place tells; else ''."""
    if len(path) > 1 and path[0] == "items" and isinstance(path[1], int):
        item = questionnaire.items[path[1]].id
        for decided in decisions.values():
            if item in {decided.item, *_brought(decided)}:
                return decided.item
    return ""


def _brought(decided: Decided) -> frozenset[str]:
    """The ids that a decision gives to items that were not there."""
    if decided.outcome is Outcome.NEW:
        return frozenset({decided.detail.item.id} if decided.detail.item is not None else ())
    return frozenset(successors(decided)) - set(items_of(decided))


def _of_detail(decided: Decided) -> Iterator[Problem]:
    """What stands in the detail and would be lost."""
    used = _USED.get(decided.outcome, frozenset())
    for name in sorted(decided.detail.model_dump(exclude_defaults=True)):
        if name not in used:
            yield Problem(
                decided.item,
                Sentence(
                    "“{name}” means nothing for the outcome “{outcome}”; leave it out, or decide otherwise.",
                    name=name,
                    outcome=str(decided.outcome),
                ),
            )


def _of_new(decided: Decided, known: Collection[str]) -> Iterator[Problem]:
    item = decided.detail.item
    if item is None:
        yield Problem(decided.item, Sentence("a new item needs its title: write it with its id."))
        return
    if item.id in known:
        yield Problem(decided.item, Sentence("there is an item “{id}” already; give another id.", id=item.id))
    if item.id != decided.item:
        yield Problem(
            decided.item,
            Sentence("the new item's id is “{id}”; decide about it under this name.", id=item.id),
        )


def _of_revision(decided: Decided, fates: Sequence[Fate]) -> Iterator[Problem]:
    wording = decided.detail.wording
    if wording is None or wording == Wording():
        yield Problem(
            decided.item, Sentence("a revision needs the new wording: a title, a definition or details.")
        )
        return
    for fate in fates:
        if fate.item.id == decided.item and reworded(fate.item, wording) == fate.item:
            yield Problem(
                decided.item,
                Sentence("the new wording is the same as the old one; change it, or keep the item."),
            )


def _of_split(decided: Decided, known: Collection[str]) -> Iterator[Problem]:
    ids = [part.id for part in decided.detail.parts]
    if len(ids) < 2:
        yield Problem(
            decided.item, Sentence("a split needs at least two parts: write each with id and title.")
        )
    for part in dict.fromkeys(ids):
        if part in known or ids.count(part) > 1:
            yield Problem(decided.item, Sentence("the id “{id}” is taken; give each part its own.", id=part))


def _of_merge(decided: Decided, asked: Collection[str], known: Collection[str]) -> Iterator[Problem]:
    partners, merged = items_of(decided), decided.detail.merged
    if len(partners) < 2:
        yield Problem(decided.item, Sentence("a merger needs a partner: name the other item."))
    for partner in partners:
        if partner not in asked and partner != decided.item:
            yield Problem(
                decided.item, Sentence("“{id}” was not asked in the round and cannot be merged.", id=partner)
            )
    if merged is None:
        yield Problem(decided.item, Sentence("a merger needs the item that comes of it: write id and title."))
    elif merged.id in set(known) - set(partners):
        yield Problem(decided.item, Sentence("the id “{id}” is taken; give another.", id=merged.id))
    elif decided.detail.is_comparable and merged.id not in partners:
        yield Problem(
            decided.item,
            Sentence(
                "ratings of several items cannot be compared with those of one; give the merged item the id "
                "of the partner that goes on in it, or leave is_comparable out."
            ),
        )
