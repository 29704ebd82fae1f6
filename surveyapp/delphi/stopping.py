"""Whether a study has come to its end: by the rule of stopping, or after the last planned round."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.rules.judging import Ground, Limits, Standing, judge_condition
from surveyapp.delphi.rules.telling import Words, tell_condition
from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import CellKey
from surveyapp.statistics.measure import Measure, Undefined

_NOTHING: Final = Ground(())


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study has come after a round.

    Items that were dropped or replaced on the way count as settled; `done` counts what is settled or stable.
    """

    round: int
    """The round that was closed, by its number in the protocol (`RoundPlan.number`).

    In the study cancelled rounds, and those of other cohorts, have numbers too.
    """
    rounds: int
    """How many rounds of ratings were closed."""
    items: int
    settled: int
    stable: int
    done: int

    def measure(self, name: str, cell: CellKey, group: str) -> Measure:
        """The figures that a rule of stopping names; raises KeyError for any other."""
        counts = {"rounds": self.rounds, "open": self.items - self.settled}
        if name in counts:
            return Measure(counts[name], self.items)
        if not self.items:
            return Measure(None, 0, reason=Undefined.NOT_ASKED)
        share = {"settled": self.settled, "stable": self.stable, "done": self.done}[name]
        return Measure(Fraction(share, self.items), self.items)


@dataclass(frozen=True, slots=True)
class StoppingVerdict:
    """Whether the study ends here, and why; a person decides."""

    stops: bool
    because: Sentence
    standings: tuple[Standing, ...]


def judge_stopping(protocol: Protocol, progress: Progress) -> StoppingVerdict:
    """Whether the study ends after the round that `progress` is about."""
    condition = protocol.stopping_condition
    standings: tuple[Standing, ...] = ()
    if condition is not None:
        truth, standings = judge_condition(condition, _NOTHING, progress, Limits())
        if truth:
            said = tell_condition(condition, Words())
            return StoppingVerdict(
                True, Sentence("The rule of stopping is met: {rule}.", rule=said), standings
            )
    if progress.round >= protocol.last_round:
        because = Sentence("Round {number} is the last one that the protocol plans.", number=progress.round)
        return StoppingVerdict(True, because, standings)
    because = Sentence(
        "Round {number} is not the last one that the protocol plans, and the rule of stopping is not met.",
        number=progress.round,
    )
    if condition is None:
        because = Sentence(
            "Round {number} is not the last one that the protocol plans.", number=progress.round
        )
    return StoppingVerdict(False, because, standings)
