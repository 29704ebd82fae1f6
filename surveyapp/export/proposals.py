"""The proposals as a table: what experts proposed and what became of it, never who proposed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from surveyapp.export.tables import Column
from surveyapp.export.writers.csv import Value

PROPOSALS = "proposals.csv"
PROPOSAL_COLUMNS = (
    Column("proposal", "Random name of the proposal; it tells neither its author nor when it was made."),
    Column(
        "is_synthetic", "Whether it was invented by the program.", {"yes": "Invented.", "no": "A person's."}
    ),
    Column("round", "Number of the round in which it was made; empty where its author has left."),
    Column("question", "Id of the question that asked for it."),
    Column("context", "Context in which it was asked for; empty where there is none."),
    Column(
        "text",
        "What was proposed, with what identifies its author taken out; empty where the author has left the "
        "study with all answers.",
    ),
    Column(
        "state",
        "What became of it.",
        {
            "unread": "It has found no place yet.",
            "item": "It became the item that is named.",
            "covered": "The item that is named covers it.",
            "set_aside": "It became no item; why is said.",
        },
    ),
    Column("item", "Id of the item that it became, or that covers it."),
    Column("says_the_same_as", "The proposal that stands for it; empty where it stands for itself."),
    Column("because", "Why it was set aside or is covered."),
)


@dataclass(frozen=True, slots=True)
class ProposedLine:
    """One proposal as it leaves the installation."""

    proposal: str
    round: int | None
    question: str
    context: str
    text: str
    state: str
    item: str
    says_the_same_as: str
    because: str


def proposal_rows(lines: Iterable[ProposedLine], *, is_synthetic: bool) -> Iterator[tuple[Value, ...]]:
    """One row per proposal, in the columns' order."""
    for each in lines:
        yield (
            each.proposal,
            "yes" if is_synthetic else "no",
            each.round,
            each.question,
            each.context,
            each.text,
            each.state,
            each.item,
            each.says_the_same_as,
            each.because,
        )
