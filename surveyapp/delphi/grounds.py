"""Which cells of a questionnaire a rule stands on, item by item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from surveyapp.delphi.protocol.model import Protocol, Selection
from surveyapp.delphi.rules.judging import Ground
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Combination, Questionnaire, Rating
from surveyapp.questionnaire.routing import all_cells

_KEPT_AS: Final = "cells of items, for rules"


@dataclass(frozen=True)
class ItemCells:
    """The cells of one item: its ratings, and itself in each preferred combination."""

    ratings: tuple[CellKey, ...] = ()
    choices: tuple[CellKey, ...] = ()


def cells_by_item(questionnaire: Questionnaire) -> Mapping[str, ItemCells]:
    """The cells of every item, in the questionnaire's order; worked out once per questionnaire."""
    kept = questionnaire.kept.get(_KEPT_AS)
    if kept is None:
        kept = questionnaire.kept[_KEPT_AS] = MappingProxyType(_cells(questionnaire))
    found: Mapping[str, ItemCells] = kept
    return found


def _cells(questionnaire: Questionnaire) -> dict[str, ItemCells]:
    ratings: dict[str, list[CellKey]] = {item.id: [] for item in questionnaire.items}
    choices: dict[str, list[CellKey]] = {item.id: [] for item in questionnaire.items}
    for spec in all_cells(questionnaire):
        question = questionnaire.questions_by_id[spec.key.question]
        if isinstance(question, Rating) and not spec.key.part:
            ratings[spec.key.item].append(spec.key)
        elif isinstance(question, Combination):
            for item in questionnaire.items_of(question):
                choices[item.id].append(spec.key._replace(item=item.id))
    return {item: ItemCells(tuple(ratings[item]), tuple(choices[item])) for item in ratings}


def select(cells: Iterable[CellKey], selection: Selection) -> tuple[CellKey, ...]:
    """Those of the `cells` that a rule is for."""
    return tuple(
        cell
        for cell in cells
        if selection.criterion in {None, cell.criterion}
        and selection.question in {None, cell.question}
        and (selection.contexts is None or cell.context in selection.contexts)
    )


def ground_of(
    questionnaire: Questionnaire, selection: Selection, item: str, groups: tuple[str, ...]
) -> Ground:
    """What a rule for `selection` stands on for one item."""
    cells = cells_by_item(questionnaire)[item]
    others: dict[str, tuple[CellKey, ...]] = {}
    for cell in (*cells.ratings, *cells.choices):
        # A question may have the id of a criterion; the criterion is meant then.
        question = "" if cell.question in questionnaire.criteria else cell.question
        for name in filter(None, (cell.criterion, question)):
            others[name] = (*others.get(name, ()), cell)
    return Ground(select(cells.ratings, selection), others, cells.choices, groups)


def groups_of(protocol: Protocol, questionnaire: Questionnaire) -> tuple[str, ...]:
    """The groups that count where a rule speaks of groups."""
    if protocol.groups.which is not None:
        return protocol.groups.which
    return tuple(group.id for group in questionnaire.groups)


def alike(questionnaire: Questionnaire, cell: CellKey) -> tuple[CellKey, ...]:
    """The cells of all items in the same question, context and criterion: what cut-offs are taken over."""
    return tuple(
        other
        for cells in cells_by_item(questionnaire).values()
        for other in cells.ratings
        if other._replace(item="") == cell._replace(item="")
    )
