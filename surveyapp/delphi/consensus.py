"""The verdicts on an item: by each of the protocol's rules, as a whole, cell by cell and group by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from surveyapp.delphi.grounds import cells_by_item, ground_of, groups_of
from surveyapp.delphi.protocol.model import ConsensusRule, Protocol
from surveyapp.delphi.rules.expression import (
    INSUFFICIENT,
    Arm,
    Expression,
    Rule,
    Scope,
    Within,
    of_cell,
    without,
    write_rule,
)
from surveyapp.delphi.rules.judging import Figures, Ground, Limits, Standing, judge
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.statistics.measure import Undefined


@dataclass(frozen=True, slots=True)
class CellVerdict:
    """What the rule says of one cell by itself, as far as it speaks of single cells."""

    cell: CellKey
    verdict: str
    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """What the rule says if one group alone were the panel."""

    group: str
    verdict: str
    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """What one rule says of one item, and every number that this stands on."""

    item: str
    rule: str
    text: str
    """The rule as the protocol writes it."""
    meaning: str
    """The rule as it was judged: ready-made ones written out, each group where each must agree."""
    verdict: str
    standings: tuple[Standing, ...]
    cells: tuple[CellVerdict, ...] = ()
    groups: tuple[GroupVerdict, ...] = ()

    @property
    def is_insufficient(self) -> bool:
        """Whether there was too little to give a verdict."""
        return self.verdict == INSUFFICIENT

    @property
    def lacking(self) -> tuple[Standing, ...]:
        """What there was too little of; empty when there is a verdict."""
        return tuple(each for each in self.standings if each.holds is None) if self.is_insufficient else ()


def judge_items(
    protocol: Protocol, questionnaire: Questionnaire, figures: Figures
) -> Mapping[str, tuple[ItemVerdict, ...]]:
    """The verdicts on every item, in the questionnaire's order."""
    return {item: judge_item(protocol, questionnaire, figures, item) for item in cells_by_item(questionnaire)}


def judge_item(
    protocol: Protocol, questionnaire: Questionnaire, figures: Figures, item: str
) -> tuple[ItemVerdict, ...]:
    """The verdict on `item` by each rule that is for it."""
    groups = groups_of(protocol, questionnaire)
    verdicts = []
    for each in protocol.consensus:
        ground = ground_of(questionnaire, each.for_, item, groups)
        rule = rule_in_force(protocol, each)
        if ground.cells or (ground.choices and not rule.speaks_of_cells):
            whole = judge(rule, ground, figures, protocol.limits)
            verdicts.append(
                ItemVerdict(
                    item=item,
                    rule=each.id,
                    text=each.rule,
                    meaning=write_rule(rule),
                    verdict=whole.verdict,
                    standings=whole.standings,
                    cells=_by_cell(rule, ground, figures, protocol.limits),
                    groups=_by_group(rule, ground, figures, protocol.limits),
                )
            )
    return tuple(verdicts)


def rule_in_force(protocol: Protocol, each: ConsensusRule) -> Rule:
    """The rule that is judged: where each group must agree, every verdict must be reached in each of them."""
    if not protocol.groups.each_must_agree:
        return each.read
    return _changed(each.read, lambda condition: Within(condition, Scope("group")))


def _by_cell(rule: Rule, ground: Ground, figures: Figures, limits: Limits) -> tuple[CellVerdict, ...]:
    verdicts = []
    for cell in ground.cells:
        of_one = _changed(rule, partial(of_cell, context=cell.context))
        if of_one.conditions:
            found = judge(of_one, replace(ground, cells=(cell,)), figures, limits)
            verdicts.append(CellVerdict(cell, found.verdict, found.standings))
    return tuple(verdicts)


def _by_group(rule: Rule, ground: Ground, figures: Figures, limits: Limits) -> tuple[GroupVerdict, ...]:
    verdicts = []
    of_one = _changed(rule, partial(without, over="group"))
    for group in ground.groups:
        found = judge(of_one, ground, figures, limits, group=group)
        if any(standing.reason is not Undefined.NOT_ASKED for standing in found.standings):
            verdicts.append(GroupVerdict(group, found.verdict, found.standings))
    return tuple(verdicts)


def _changed(rule: Rule, change: Callable[[Expression], Expression | None]) -> Rule:
    """`rule` with every condition changed; an arm whose condition is changed to None is left out."""
    arms = []
    for arm in rule.arms:
        if arm.condition is None:
            arms.append(arm)
            continue
        condition = change(arm.condition)
        if condition is not None:
            arms.append(Arm(arm.verdict, condition, arm.column))
    return Rule(tuple(arms), rule.otherwise)
