"""What a release holds: the figures, reasons and texts that the panel is shown, frozen as one document.

Everything in it has passed the rules of `delphi.privacy`: what may not be shown is not in it. Pages,
charts, text alternatives, exports and commands read it and nothing else, so they cannot disagree.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from surveyapp.delphi.receipts import canonical_json


def _read_exact(value: object) -> Fraction:
    if isinstance(value, Fraction | int | str):
        return Fraction(value)
    raise ValueError("an exact number is written as a whole number or a fraction, such as 7/2")


Exact = Annotated[Fraction, PlainValidator(_read_exact), PlainSerializer(str, return_type=str)]
"""A number that is compared exactly; in the document it stands as ``4`` or ``7/2``."""


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShownFigure(_Frozen):
    """What is shown of the ratings of everybody, or of one group, in one cell."""

    n: int
    """Valid ratings."""
    counts: tuple[int, ...] = ()
    """How often each point of the scale was chosen, in the scale's order; empty where not shown."""
    dont_know: int | None = None
    """How many could not judge; None where that is not shown."""
    median: Exact | None = None
    q1: Exact | None = None
    q3: Exact | None = None
    agree: int | None = None
    """How many of the ratings count as agreement; None where the scale names no such points."""
    at_least: int | None = None
    """They answered nearly alike, and all that is told is: at least so many in a hundred chose `mode`."""
    mode: int | None = None
    """The point that they chose; None beside `at_least` stands for “don't know”."""


class ShownCell(_Frozen):
    """One rating question of a round: an item, in a context, on a criterion."""

    cell: int
    """The cell's number in the study."""
    question: str
    item: str = ""
    item_version: int = 0
    context: str = ""
    criterion: str = ""
    points: tuple[int, ...]
    """The points of the scale, ascending."""
    total: ShownFigure | None = None
    hidden: str = ""
    """Why there is no total: a code of `delphi.privacy`; '' when there is one."""
    groups: dict[str, ShownFigure] = Field(default_factory=dict)
    """Group → its figure, for the groups that may be shown."""
    hidden_groups: dict[str, str] = Field(default_factory=dict)
    """Group → why it is not shown: a code of `delphi.privacy`."""
    verdict: str = ""
    """Verdict by the protocol's rule, where the protocol shows it."""


class ShownCombination(_Frozen):
    """One question about the preferred combination."""

    cell: int
    question: str
    context: str = ""
    n: int
    """Who answered it."""
    chosen: dict[str, int] = Field(default_factory=dict)
    """Item → by how many it was chosen."""
    hidden: str = ""


class ShownReason(_Frozen):
    """One reason as experts may read it: no author, no time."""

    id: str
    """Its public name, random."""
    item: str = ""
    context: str = ""
    criterion: str = ""
    """The criterion that the reason goes with; '' for a reason on the item as a whole."""
    text: str
    band: Literal["", "agree", "middle", "disagree", "dont_know"] = ""
    """Where its author's rating lies, in thirds of the scale; '' where that is not told."""
    group: str = ""
    """The author's group, where it may be told."""
    also: int = 0
    """How many other reasons said the same and were merged into it."""
    language: str = ""


class ShownMarks(_Frozen):
    """How a reason that the round showed was marked in it: for how many of those who marked it speaks."""

    of_round: int
    """The round in which the reason was written."""
    reason: ShownReason
    """As it was shown."""
    n: int
    """How many marked it."""
    for_me: int | None = None
    """For how many it speaks; None beside `at_least`."""
    not_for_me: int | None = None
    at_least: int | None = None
    """They marked it nearly alike, and all that is told is: at least so many in a hundred say `mostly`."""
    mostly: Literal["", "for_me", "not_for_me"] = ""


class ShownSentence(_Frozen):
    """One sentence of a summary, with the public names of the reasons that it stands on."""

    text: str
    sources: tuple[str, ...] = ()


class ShownSummary(_Frozen):
    """The organiser's summary of the reasons on one item."""

    item: str = ""
    sentences: tuple[ShownSentence, ...]


class ShownItem(_Frozen):
    """What became of an item after the round, in words that experts read."""

    item: str
    version: int
    title: str
    outcome: str = ""
    reason: str = ""
    verdict: str = ""
    successors: tuple[str, ...] = ()
    """The items that take its place: parts of a split, the merged one."""


class ReleaseContent(_Frozen):
    """All that a release shows. The same content gives the same text, and so the same hash."""

    format: Literal[1] = 1
    study: str
    """The study's slug."""
    round: int
    number: int
    kind: Literal["round", "real_time", "interim"] = "round"
    questionnaire: int
    """The questionnaire version that was asked."""
    protocol: int = 0
    smallest_group: int
    """k: nothing stands on fewer people."""
    quantile_type: int = 7
    is_synthetic: bool = False
    submissions: int
    """How many submissions count."""
    cells: tuple[ShownCell, ...] = ()
    combinations: tuple[ShownCombination, ...] = ()
    reasons: tuple[ShownReason, ...] = ()
    summaries: tuple[ShownSummary, ...] = ()
    marks: tuple[ShownMarks, ...] = ()
    """How reasons of an earlier round were marked in this one, as far as that may be told."""
    items: tuple[ShownItem, ...] = ()
    note: str = ""
    """What the organisers say to the panel, in Markdown."""
    missing: tuple[str, ...] = ()
    """What was not ready when the figures were released, in words for the record."""

    @cached_property
    def cells_by_number(self) -> dict[int, ShownCell]:
        return {each.cell: each for each in self.cells}

    @cached_property
    def reasons_by_item(self) -> dict[str, tuple[ShownReason, ...]]:
        found: dict[str, list[ShownReason]] = {}
        for each in self.reasons:
            found.setdefault(each.item, []).append(each)
        return {item: tuple(reasons) for item, reasons in found.items()}

    @cached_property
    def marks_by_item(self) -> dict[str, tuple[ShownMarks, ...]]:
        """Item → the marks on its reasons; those first that speak for most."""
        found: dict[str, list[ShownMarks]] = {}
        for each in sorted(self.marks, key=lambda one: (-_least_for(one), one.reason.id)):
            found.setdefault(each.reason.item, []).append(each)
        return {item: tuple(marks) for item, marks in found.items()}

    @cached_property
    def summaries_by_item(self) -> dict[str, ShownSummary]:
        return {each.item: each for each in self.summaries}

    def canonical(self) -> str:
        """The text that is stored and hashed."""
        return canonical_json(self.model_dump(mode="json", exclude_defaults=True))

    @classmethod
    def from_canonical(cls, text: str) -> Self:
        """Read back what `canonical` wrote."""
        return cls.model_validate_json(text)

    def sha256(self) -> str:
        """SHA-256 of the canonical text, in hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _least_for(marks: ShownMarks) -> int:
    """For how many a reason speaks at the least, by what is told."""
    if marks.for_me is not None:
        return marks.for_me
    least = -(-marks.n * (marks.at_least or 0) // 100)
    return least if marks.mostly == "for_me" else 0


def input_hash(submission_hashes: list[tuple[str, str]]) -> str:
    """SHA-256 over one line per submission, ``pseudonym hash``, in the order of the pseudonyms."""
    lines = [f"{pseudonym} {sha256}\n" for pseudonym, sha256 in sorted(submission_hashes)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
