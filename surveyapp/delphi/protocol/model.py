"""What a protocol is: the frozen, validated form of one YAML file.

Every class here is strict: unknown keys and wrong types are refused. `loading` builds these from a file and
reports problems with their lines; `checking` adds what no single field can know, `fitting` what only the
questionnaire knows.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from surveyapp.delphi.measures import COUNT_OF, Conventions
from surveyapp.delphi.rules.expression import Expression, Rule
from surveyapp.delphi.rules.judging import Limits
from surveyapp.delphi.rules.names import STABILITY, STOPPING
from surveyapp.delphi.rules.reading import read_condition, read_rule
from surveyapp.questionnaire.explaining import SAID
from surveyapp.questionnaire.model import Identifier, Strict, Text

SMALLEST_K: Final = 3


def _share(value: Any) -> Any:
    if not isinstance(value, str):
        what = f"a share is due here, not {value}; write it like 50%"
        raise PydanticCustomError(SAID, "{what}", {"what": what})
    number = value.removesuffix("%").strip()
    is_number = number.replace(".", "", 1).isdigit() and number.isascii() and len(number) <= 12
    if not value.endswith("%") or not is_number or not 0 <= Fraction(number) <= 100:
        what = f"“{value[:40]}” is no share; write it like 50%, from 0% to 100%"
        raise PydanticCustomError(SAID, "{what}", {"what": what})
    return value


Share = Annotated[str, BeforeValidator(_share), Field(json_schema_extra={"pattern": r"^\d+(\.\d+)?\s*%$"})]
"""A share as it is written: ``50%``; `share_of` makes an exact number of it."""


def share_of(text: str) -> Fraction:
    """The number that a share stands for: ``12.5%`` is 1/8."""
    return Fraction(text.removesuffix("%").strip()) / 100


class Feedback(Strict):
    """What an expert is shown of the round before, beside each rating."""

    own_answer: bool = True
    """The own earlier answer, marked and never selected beforehand."""
    distribution: bool = True
    """How often each point was chosen."""
    quartiles: bool = True
    """Median and middle half."""
    of_groups: Literal["none", "own group", "all groups"] = "none"
    """Whose figures beside those of everybody."""
    reasons: bool = True
    summaries: bool = True

    @property
    def is_any(self) -> bool:
        """Whether anything at all is shown."""
        return any((self.own_answer, self.of_panel, self.reasons, self.summaries))

    @property
    def of_panel(self) -> bool:
        """Whether any figure of others is shown."""
        return self.distribution or self.quartiles


class Variant(Strict):
    """What a share of the panel, drawn by lot and recorded, is shown instead."""

    id: Identifier
    title: Text | None = None
    share: Share
    feedback: Feedback


class RealTime(Strict):
    """A round in which figures are renewed while it runs, in batches of people."""

    batch: Annotated[int, Field(ge=SMALLEST_K, le=1000)]
    """A cell's figure is renewed when this many people's answers in it changed."""


class PlannedRound(Strict):
    """One round as planned. Round 0 collects items; rounds from 1 on rate them."""

    number: Annotated[int, Field(ge=0, le=20)]
    title: Text | None = None
    asks: Literal["proposals", "all items", "only open"]
    """What is asked: for new items, for ratings of all items, or of those that are not settled."""
    days_open: Annotated[int, Field(ge=1, le=366)] | None = None
    feedback: Feedback | None = None
    """What is shown in this round, if it differs from the protocol's."""
    real_time: RealTime | None = None


class Selection(Strict):
    """Which ratings a rule is for; what is left out does not narrow it."""

    criterion: Identifier | None = None
    question: Identifier | None = None
    contexts: tuple[Identifier, ...] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is narrowed."""
        return self.criterion is None and self.question is None and self.contexts is None


EVERYTHING: Final = Selection()


class ConsensusRule(Strict):
    """One rule of consensus: for which ratings, and when which verdict."""

    id: Identifier
    title: Text | None = None
    for_: Annotated[Selection, Field(alias="for")] = EVERYTHING
    rule: str

    @property
    def read(self) -> Rule:
        """The rule as an expression; a protocol that was checked has no other."""
        return read_rule(self.rule)


class Stability(Strict):
    """When the ratings of an item count as stable between two rounds, of the same people."""

    for_: Annotated[Selection, Field(alias="for")] = EVERYTHING
    rule: str = "shift < 15% and changed < 25%"
    minimum_pairs: Annotated[int, Field(ge=1, le=100_000)] = 8

    @property
    def read(self) -> Expression:
        """The rule as an expression; a protocol that was checked has no other."""
        return read_condition(self.rule, STABILITY)


class Proposed(Strict):
    """What is proposed for an item when a condition on its verdicts holds; a person decides."""

    propose: Literal["keep", "accept", "drop", "revise", "finalise"]
    when: str


class Groups(Strict):
    """Which groups count where a rule speaks of groups, and whether each of them must agree."""

    which: tuple[Identifier, ...] | None = None
    """All groups of the questionnaire when left out."""
    each_must_agree: bool = False
    """Every rule of consensus then holds only if it holds in each of them."""


class Counting(Strict):
    """What counts, and how."""

    quantile_type: Literal[2, 6, 7] = 7
    denominator: Literal["valid", "answered", "invited"] = "valid"
    minimum_n: Annotated[int, Field(ge=1, le=100_000)] = 8
    minimum_n_in_group: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """k, if nothing is said: a verdict on fewer people could tell what one of them answered."""
    partial_answers: bool = True
    """Whether the answers of a submission with blanks count."""


class Anonymity(Strict):
    """Who can know what, and how small a group may be."""

    level: Literal["attributed", "confidential", "organiser-blind"] = "confidential"
    k: Annotated[int, Field(ge=SMALLEST_K, le=1000)] = 5
    k_reasons: Annotated[int, Field(ge=SMALLEST_K, le=1000)] = 8
    """From how many people on a group's reasons may carry its name."""
    unanimity: Literal["show", "at least 90 %"] = "at least 90 %"
    """What is shown where all of a group answered alike."""


class Reasons(Strict):
    """Whom to ask kindly for a reason, after the choice; nothing is ever required by it."""

    ask: Literal["outside the middle half", "everyone", "nobody"] = "outside the middle half"
    step: Annotated[int, Field(ge=1, le=100)] | None = None
    """A change of this many points since the own earlier answer asks as well."""


class Discussion(Strict):
    """What experts may do with one another's reasons."""

    marks: bool = True
    """“Speaks for me” and “not for me”."""
    replies: bool = True
    moderated: bool = True
    """Whether an organiser reads a reply before others do."""


class Protocol(Strict):
    """A whole protocol: how a study goes from its first round to its result."""

    format: Literal[1]
    id: Identifier
    version: str
    title: Text
    notes: Text | None = None
    """What a reader of the file should know: what is taken over, and what is ours."""
    questionnaire: Identifier | None = None
    """The questionnaire that it is written for."""
    rounds: tuple[PlannedRound, ...] = Field(min_length=1)
    later_rounds: Literal["all invited", "answered any earlier round", "answered the previous round"] = (
        "all invited"
    )
    """Who may take part in the rounds after the first."""
    cohorts: Literal["one round at a time", "overlapping"] = "one round at a time"
    consensus: tuple[ConsensusRule, ...] = Field(min_length=1)
    stability: Stability | None = None
    stopping: str | None = None
    """When the study ends before its last planned round."""
    decisions: tuple[Proposed, ...] = ()
    groups: Groups = Groups()
    counting: Counting = Counting()
    feedback: Feedback = Feedback()
    variants: tuple[Variant, ...] = ()
    settled_results: Literal["at the end", "in the next round"] = "at the end"
    """When experts see the results of items that are settled."""
    anonymity: Anonymity = Anonymity()
    reasons: Reasons = Reasons()
    discussion: Discussion | None = None

    @cached_property
    def rounds_by_number(self) -> dict[int, PlannedRound]:
        return {each.number: each for each in self.rounds}

    @property
    def rating_rounds(self) -> tuple[PlannedRound, ...]:
        """The rounds that ask for ratings."""
        return tuple(each for each in self.rounds if each.asks != "proposals")

    @property
    def last_round(self) -> int:
        """The number of the last planned round."""
        return self.rounds[-1].number

    def feedback_in(self, number: int, variant: str = "") -> Feedback:
        """What is shown in the round `number` to those who drew `variant`.

        A round's own feedback goes before the protocol's, a variant before both.
        """
        for each in self.variants:
            if each.id == variant:
                return each.feedback
        planned = self.rounds_by_number.get(number)
        return self.feedback if planned is None or planned.feedback is None else planned.feedback

    @property
    def stopping_condition(self) -> Expression | None:
        """The rule of stopping as an expression; None without one."""
        return None if self.stopping is None else read_condition(self.stopping, STOPPING)

    @property
    def conventions(self) -> Conventions:
        """What measures need to know."""
        return Conventions(self.counting.quantile_type, self.counting.denominator)

    @property
    def limits(self) -> Limits:
        """On how much a verdict of consensus may stand."""
        counting = self.counting
        in_group = counting.minimum_n_in_group or self.anonymity.k
        return Limits(counting.minimum_n, in_group, COUNT_OF[counting.denominator])

    def canonical(self) -> str:
        """The text whose SHA-256 identifies this protocol: the same content, the same text.

        What the file leaves out is written out, so that a locked protocol never comes to mean something else
        when what is usual changes.
        """
        return self.model_dump_json(exclude_none=True, by_alias=True)

    @classmethod
    def from_canonical(cls, text: str) -> Self:
        """Read back what `canonical` wrote."""
        return cls.model_validate_json(text)

    def sha256(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()
