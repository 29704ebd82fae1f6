"""The sensitivity strip: what other customary rules would have said of the same item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from surveyapp.delphi.consensus import rule_in_force
from surveyapp.delphi.grounds import ground_of, groups_of
from surveyapp.delphi.protocol.model import ConsensusRule, Protocol
from surveyapp.delphi.rules.expression import write_rule
from surveyapp.delphi.rules.judging import Figures, judge
from surveyapp.delphi.rules.reading import read_rule
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.statistics.measure import Undefined

NOT_DEFINED: Final = "not defined"
CUSTOMARY: Final = (
    "percentage-agreement(70%)",
    "percentage-agreement(75%)",
    "percentage-agreement(80%)",
    "interquartile-range(1)",
    "interquartile-range(2)",
    "comet-70-15",
    "rand-ucla",
)
"""Rules that published studies use often, by their ready-made names."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One rule's verdict; the protocol's own one is `is_registered` and stands first."""

    name: str
    meaning: str
    verdict: str
    is_registered: bool = False


def sensitivity(
    protocol: Protocol, questionnaire: Questionnaire, figures: Figures, item: str, each: ConsensusRule
) -> tuple[Alternative, ...]:
    """The verdicts on `item` under `each` rule of the protocol and under customary ones, side by side.

    All are for the same ratings, in every context, of everybody; `not defined` where the scale does not fit.
    """
    ground = ground_of(questionnaire, each.for_, item, groups_of(protocol, questionnaire))
    registered = rule_in_force(protocol, each)
    found = judge(registered, ground, figures, protocol.limits)
    strip = [Alternative(each.id, write_rule(registered), found.verdict, is_registered=True)]
    for name in CUSTOMARY:
        rule = read_rule(name)
        found = judge(rule, ground, figures, protocol.limits)
        undefined = any(standing.reason is Undefined.NOT_DEFINED_FOR_SCALE for standing in found.standings)
        strip.append(Alternative(name, write_rule(rule), NOT_DEFINED if undefined else found.verdict))
    return tuple(strip)
