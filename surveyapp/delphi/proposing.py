"""What the protocol proposes for an item after a round. A person decides; nothing happens by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surveyapp.delphi.consensus import ItemVerdict
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.rules.outcomes import STABILITY, holds, read_outcome
from surveyapp.delphi.rules.telling import Words, tell_outcome
from surveyapp.delphi.stability import StabilityVerdict
from surveyapp.errors import Sentence

KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ProposedDecision:
    """What is proposed for one item, why, and the verdicts that it follows from."""

    item: str
    outcome: str
    because: Sentence
    verdicts: dict[str, str]
    """Rule → its verdict; the rule of stability is called ``stability``."""


def propose(
    protocol: Protocol,
    item: str,
    verdicts: Sequence[ItemVerdict],
    stability: StabilityVerdict | None,
    *,
    number: int,
    is_last: bool,
) -> ProposedDecision:
    """The protocol's first decision whose condition holds after round `number`; else to keep the item."""
    found = {each.rule: each.verdict for each in verdicts}
    if stability is not None:
        found[STABILITY] = stability.verdict
    for each in protocol.decisions:
        outcome = read_outcome(each.when)
        if holds(outcome, verdicts=found, number=number, is_last=is_last):
            because = Sentence("This is proposed because {reason}.", reason=tell_outcome(outcome, Words()))
            return ProposedDecision(item, each.propose, because, found)
    because = Sentence("No condition of the protocol for another decision holds.")
    return ProposedDecision(item, KEEP, because, found)
