"""What pages need to know of the protocol in one round, frozen with the round when it is opened."""

from __future__ import annotations

from fractions import Fraction
from typing import Self

from surveyapp.delphi.collecting import only_collects
from surveyapp.delphi.protocol.model import Discussion, Feedback, Protocol, Reasons, share_of
from surveyapp.questionnaire.model import Strict


class PlannedVariant(Strict):
    """What a share of the panel is shown instead; the share is exact, such as ``1/2``."""

    id: str
    share: str
    feedback: Feedback


class RoundPlan(Strict):
    """One round as the protocol planned it at its opening; a later amendment does not change it."""

    number: int = 1
    """The planned round's number in the protocol."""
    asks: str = "all items"
    planned_rounds: int = 1
    """How many rounds of ratings the protocol plans."""
    feedback: Feedback | None = None
    """What is shown beside each rating; None in a round without feedback."""
    variants: tuple[PlannedVariant, ...] = ()
    reasons: Reasons = Reasons()
    discussion: Discussion | None = None
    settled_results: str = "at the end"
    batch: int | None = None
    """In real time: how many people's answers renew a figure."""

    @property
    def only_collects(self) -> bool:
        """Whether the round collects items, and has nothing rated."""
        return only_collects(self.asks)

    def feedback_for(self, variant: str) -> Feedback | None:
        """What somebody who drew `variant` is shown."""
        for each in self.variants:
            if each.id == variant:
                return each.feedback
        return self.feedback

    def discussion_for(self, variant: str) -> Discussion | None:
        """What somebody who drew `variant` may do with others' reasons; None where none are shown."""
        feedback, discussion = self.feedback_for(variant), self.discussion
        if feedback is None or not feedback.reasons or discussion is None:
            return None
        return discussion if discussion.marks or discussion.replies else None

    def draw_variant(self, lot: float) -> str:
        """The variant that a lot from 0 to below 1 falls on; '' for what everybody else is shown."""
        reached = Fraction(0)
        for each in self.variants:
            reached += Fraction(each.share)
            if lot < reached:
                return each.id
        return ""

    def canonical(self) -> str:
        """The text that is stored with the round."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_canonical(cls, text: str) -> Self:
        """Read back what `canonical` wrote."""
        return cls.model_validate_json(text)


def plan_round(protocol: Protocol, number: int, *, shows_feedback: bool) -> RoundPlan:
    """The plan of the protocol's round `number`. Raises KeyError when it plans no such round."""
    planned = protocol.rounds_by_number[number]
    feedback = protocol.feedback_in(number)
    return RoundPlan(
        number=number,
        asks=planned.asks,
        planned_rounds=len(protocol.rating_rounds),
        feedback=feedback if shows_feedback and feedback.is_any else None,
        variants=tuple(
            PlannedVariant(id=each.id, share=str(share_of(each.share)), feedback=each.feedback)
            for each in protocol.variants
        )
        if shows_feedback
        else (),
        reasons=protocol.reasons,
        discussion=protocol.discussion,
        settled_results=protocol.settled_results,
        batch=planned.real_time.batch if planned.real_time else None,
    )
