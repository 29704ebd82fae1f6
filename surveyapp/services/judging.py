"""What the protocol says of every item after a round: verdicts, stability, and the decision it proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
<<<<<<< HEAD
=======
from typing import cast
>>>>>>> watching-2

from surveyapp.delphi.consensus import ItemVerdict, judge_item
from surveyapp.delphi.grounds import cells_by_item
from surveyapp.delphi.proposing import ProposedDecision, propose
from surveyapp.delphi.stability import StabilityVerdict, judge_stability
from surveyapp.services.figures import RoundFigures


@dataclass(frozen=True, slots=True)
class ItemJudgement:
    """One item after a round."""

    item: str
    verdicts: tuple[ItemVerdict, ...]
    stability: StabilityVerdict | None
    proposed: ProposedDecision

    @property
    def by_rule(self) -> Mapping[str, str]:
        """Rule → its verdict, for each rule that is for the item."""
        return {each.rule: each.verdict for each in self.verdicts}

    @property
    def verdict(self) -> str:
        """The verdict; where several rules are for the item, that of each with the rule's name."""
        return self.told()

    def told(self, titles: Mapping[str, str] = MappingProxyType({})) -> str:
        """Like `verdict`, with the rules called by their `titles` where they have any."""
        return "; ".join(tell_verdicts(self.by_rule, titles))


def tell_verdicts(
    by_rule: Mapping[str, str], titles: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, ...]:
    """One text for each rule: its verdict, after its name unless it is the only one."""
    if len(by_rule) == 1:
        return tuple(by_rule.values())
    return tuple(f"{titles.get(rule, rule)}: {verdict}" for rule, verdict in by_rule.items())


def judge(figures: RoundFigures) -> Mapping[str, ItemJudgement]:
    """Every item that the round rated, judged by the protocol; nothing for a study without one.

    Judged once for the same figures: a page that shows thirty items counts the verdicts of all.
    """
    kept = figures.kept.get("judged")
    if kept is None:
        kept = figures.kept["judged"] = MappingProxyType(_judge(figures))
    return cast("Mapping[str, ItemJudgement]", kept)


def _judge(figures: RoundFigures) -> dict[str, ItemJudgement]:
    protocol = figures.protocol
    if protocol is None:
        return {}
    questionnaire = figures.questionnaire
    found = {}
    for item, cells in cells_by_item(questionnaire).items():
        if not cells.ratings:
            continue
        verdicts = judge_item(protocol, questionnaire, figures.for_rules, item)
        stability = judge_stability(protocol, questionnaire, figures.for_rules, item)
        found[item] = ItemJudgement(
            item,
            verdicts,
            stability,
            propose(
                protocol,
                item,
                verdicts,
                stability,
                number=figures.planned,
                is_last=figures.planned >= protocol.last_round,
            ),
        )
    return found
