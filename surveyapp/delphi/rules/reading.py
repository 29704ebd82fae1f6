"""From the text of a rule to its expression, or to the column where it goes wrong and what to write instead.

    agree >= 70% and iqr <= 1
    in: high >= 70% and low < 15%; out: low >= 70% and high < 15%
    agree > 60% in every context and chosen > 40%
    comet-70-15 in each group

A rule is one condition (its verdicts are `consensus` and `no consensus`), or several named ones divided by
semicolons, of which the first that holds gives the verdict (else `none`), or a ready-made one by its name.
A scope (`in every context`, `in at least 3 contexts`, `in any group`, `in group patients`) belongs to the
comparison or bracket that it follows. Shares are written as ``70%`` or ``2/3``, so that nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import lru_cache

from surveyapp.delphi.rules.conditions import ConditionReader, within
from surveyapp.delphi.rules.expression import (
    CONSENSUS,
    NO_CONSENSUS,
    NONE,
    OTHERWISE,
    Arm,
    Expression,
    Rule,
    Scope,
)
from surveyapp.delphi.rules.names import CONSENSUS as LEVELS_OF_CONSENSUS
from surveyapp.delphi.rules.names import NAMES, Level
from surveyapp.delphi.rules.ready_made import READY_MADE
from surveyapp.errors import Sentence
from surveyapp.questionnaire.expressions import ExpressionError

__all__ = ["ExpressionError", "read_condition", "read_rule"]


@lru_cache(maxsize=512)
def read_rule(text: str) -> Rule:
    """The rule of consensus in `text`; raises ExpressionError with the column and what to write instead."""
    return _RuleReader(text, LEVELS_OF_CONSENSUS).rule()


@lru_cache(maxsize=512)
def read_condition(text: str, levels: AbstractSet[Level]) -> Expression:
    """The one condition in `text`, over measures of `levels` only; raises ExpressionError."""
    return ConditionReader(text, levels).condition()


class _RuleReader(ConditionReader):
    """Whole rules: their verdicts, and those that are ready made."""

    def rule(self) -> Rule:
        if self.is_over():
            raise self.refuse(Sentence("the rule is empty; write for instance agree >= 70%"))
        if self.tokens[min(1, len(self.tokens) - 1)].text == ":":
            arms = self.arms()
            return Rule(arms, NONE)
        if self.token.text in READY_MADE:
            start = self.position
            rule = self.ready_made()
            scopes = self.scopes()
            if self.is_over():
                return _scoped(rule, scopes)
            self.position = start
        return Rule((Arm(CONSENSUS, self.condition(), self.column(self.tokens[0])),), NO_CONSENSUS)

    def arms(self) -> tuple[Arm, ...]:
        arms: list[Arm] = []
        while not self.is_over():
            arms.append(self.arm({arm.verdict for arm in arms}))
            if not self.take(";"):
                break
            if arms[-1].condition is None:
                raise self.refuse(Sentence("nothing comes after otherwise; move it to the end"))
        if not self.is_over():
            raise self.refuse(
                Sentence("“{text}” cannot follow here; divide verdicts by semicolons", text=self.token.text)
            )
        return tuple(arms)

    def arm(self, before: AbstractSet[str]) -> Arm:
        token = self.token
        if token.sort != "name" or self.tokens[self.position + 1].text != ":":
            raise self.refuse(
                Sentence(
                    "{found} where a verdict with a colon is due, like out: low >= 70%", found=self.found()
                )
            )
        if token.text in before:
            raise self.refuse(
                Sentence(
                    "the verdict “{text}” stands here a second time; join the two with or", text=token.text
                )
            )
        self.position += 2
        if self.take(OTHERWISE):
            if not before:
                raise self.refuse(Sentence("otherwise needs a verdict before it"), token)
            return Arm(token.text, None, self.column(token))
        return Arm(token.text, self.either(), self.column(token))

    def ready_made(self) -> Rule:
        token = self.token
        self.position += 1
        made = READY_MADE[token.text]
        given: list[str] = []
        if self.take("("):
            while not self.take(")"):
                if given and not self.take(","):
                    raise self.refuse(Sentence("what stands in the brackets is divided by commas"))
                if len(given) == len(made.usual):
                    raise self.refuse(
                        Sentence(
                            "“{name}” takes no more than {count} values in brackets",
                            name=made.name,
                            count=len(made.usual),
                        )
                    )
                given.append(self.value(made.usual[len(given)]))
        return _RuleReader(made.expand(tuple(given)), self.levels, self.column(token)).rule()

    def value(self, usual: str) -> str:
        """What fills a blank: a threshold, or a name; the rule that comes of it shows its range."""
        if usual not in NAMES:
            return self.threshold().text
        possible = {"median": ("median",), "disagreement": ("disagreement", "di")}[usual]
        token = self.token
        if not self.take(*possible):
            raise self.refuse(
                Sentence("{found} where {names} is due", found=self.found(), names=" or ".join(possible))
            )
        return "(di > 1)" if token.text == "di" else token.text

    def named(self) -> Expression | None:
        """A ready-made rule with one verdict, as a part of another rule."""
        token = self.token
        if token.text not in READY_MADE:
            return None
        rule = self.ready_made()
        condition = rule.arms[0].condition
        if len(rule.arms) > 1 or condition is None:
            what = Sentence(
                "“{text}” has several verdicts, so it stands alone or with a scope", text=token.text
            )
            raise self.refuse(what, token)
        return condition


def _scoped(rule: Rule, scopes: list[Scope]) -> Rule:
    """`rule` with `scopes` around the condition of every arm."""
    arms = []
    for arm in rule.arms:
        condition = arm.condition
        for scope in scopes if condition is not None else ():
            assert condition is not None
            condition = within(condition, scope)
        arms.append(Arm(arm.verdict, condition, arm.column))
    return Rule(tuple(arms), rule.otherwise)
