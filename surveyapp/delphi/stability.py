"""Whether the ratings of an item have settled down between two rounds: kept apart from consensus."""

from __future__ import annotations

from dataclasses import dataclass

from surveyapp.delphi.grounds import ground_of, groups_of
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.rules.expression import INSUFFICIENT, NOT_ASSESSABLE, NOT_STABLE, STABLE
from surveyapp.delphi.rules.judging import Figures, Limits, Standing, judge_condition
from surveyapp.questionnaire.model import Questionnaire


@dataclass(frozen=True, slots=True)
class StabilityVerdict:
    """What the protocol's rule of stability says of one item, from people who rated it in both rounds."""

    item: str
    text: str
    verdict: str
    standings: tuple[Standing, ...]


def judge_stability(
    protocol: Protocol, questionnaire: Questionnaire, figures: Figures, item: str
) -> StabilityVerdict | None:
    """Whether the ratings of `item` are stable; None where the protocol has no rule for it.

    Every cell of the item must be, unless the rule says otherwise. What was rated once only, or under another
    wording, is `not assessable`: no change was seen because none could be.
    """
    stability = protocol.stability
    if stability is None:
        return None
    ground = ground_of(questionnaire, stability.for_, item, groups_of(protocol, questionnaire))
    if not ground.cells:
        return None
    limits = Limits(stability.minimum_pairs, protocol.limits.minimum_in_group)
    truth, standings = judge_condition(stability.read, ground, figures, limits)
    if truth is None:
        lacking = [each for each in standings if each.holds is None]
        verdict = NOT_ASSESSABLE if all(each.n == 0 for each in lacking) else INSUFFICIENT
    else:
        verdict = STABLE if truth else NOT_STABLE
    return StabilityVerdict(item, stability.rule, verdict, standings)
