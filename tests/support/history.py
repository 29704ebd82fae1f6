"""What a study's history has led to, in plain Python: held beside the product, and compared with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from surveyapp.questionnaire.cells import Status

MOST_ROUNDS = 3
"""How many rounds the protocol of `tests.support.protocols` plans."""
POINTS = (1, 2, 3)
CONTEXTS = {"north": ("north",), "south": ("south",), "both": ("north", "south")}
"""Group → the contexts that its members are asked about, in the small study."""


class Place(NamedTuple):
    """One rating: of an item in one wording, in a context."""

    item: str
    version: int
    context: str


class Rated(NamedTuple):
    """What was given: a value, a kept value, or that somebody cannot judge."""

    status: Status
    value: int | None

    @property
    def is_rating(self) -> bool:
        return self.value is not None


@dataclass
class Sitting:
    """One member in one round."""

    earlier: tuple[int, ...]
    """The rounds that the member had submitted in when this one was begun."""
    standing: dict[Place, Rated] = field(default_factory=dict)
    counted: Mapping[Place, Rated] | None = None
    """What the latest submission holds; None where nothing counts."""
    submissions: int = 0
    was_edited: bool = False
    """Whether something was saved after the latest submission."""
    late: list[dict[Place, Rated]] = field(default_factory=list)
    late_since: int = 0
    """How many of the late drafts had come when the member last submitted."""

    @property
    def has_more_than_counts(self) -> bool:
        """Whether something was given that no submission holds; whoever is new has consented at least."""
        return self.was_edited or not (self.submissions or self.earlier)

    def submit(self) -> None:
        """Everything that stands is what counts."""
        self.counted = dict(self.standing)
        self.submissions += 1
        self.was_edited = False
        self.late_since = len(self.late)


@dataclass
class PlayedRound:
    """One round of the history."""

    number: int
    versions: dict[str, int]
    """The items that it asks → the version of their wording."""
    state: str = "open"
    sittings: dict[int, Sitting] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)
    """Item → outcome."""
    released: str = ""
    """The content as it was first read; '' before the release."""

    @property
    def is_over(self) -> bool:
        return self.state in {"closed", "released"}

    @property
    def undecided(self) -> list[str]:
        return [item for item in self.versions if item not in self.decided]

    @property
    def counting(self) -> dict[int, Mapping[Place, Rated]]:
        """Member → what counts."""
        return {
            member: sitting.counted
            for member, sitting in self.sittings.items()
            if sitting.counted is not None
        }

    def count(self, place: Place) -> tuple[tuple[int, ...], int]:
        """How often each point was chosen, and how many cannot judge."""
        given = Counter(answers[place].value for answers in self.counting.values() if place in answers)
        return tuple(given[point] for point in POINTS), given[None]


@dataclass
class History:
    """A study of members in `groups`, round by round."""

    groups: tuple[str, ...]
    items: tuple[str, ...]
    rounds: list[PlayedRound] = field(default_factory=list)
    comparable: set[tuple[str, int]] = field(default_factory=set)
    """Wordings that mean the same as the version before them."""
    withdrawn: set[int] = field(default_factory=set)

    @property
    def valid(self) -> list[PlayedRound]:
        """The rounds that were not cancelled."""
        return [each for each in self.rounds if each.state != "cancelled"]

    @property
    def current(self) -> PlayedRound | None:
        return self.valid[-1] if self.valid else None

    def get(self, number: int) -> PlayedRound:
        return next(each for each in self.rounds if each.number == number)

    def places(self, member: int, played: PlayedRound) -> list[Place]:
        """What the member is asked in the round."""
        return [
            Place(item, version, context)
            for item, version in played.versions.items()
            for context in CONTEXTS[self.groups[member]]
        ]

    def plan_next(self) -> PlayedRound | None:
        """The round that can be opened now; None where none can."""
        valid, last = self.valid, self.current
        if last is None:
            return PlayedRound(self._free_number(1), dict.fromkeys(self.items, 1))
        if len(valid) >= MOST_ROUNDS or last.state != "released" or last.undecided:
            return None
        versions = {
            item: version + last.decided[item].startswith("revise")
            for item, version in last.versions.items()
            if last.decided[item] not in {"accept", "drop"}
        }
        return PlayedRound(self._free_number(len(valid) + 1), versions) if versions else None

    def open(self, opened: PlayedRound) -> None:
        """Open the round; what was decided after the one before is in force."""
        last = self.current
        self.comparable |= {
            (item, version)
            for item, version in opened.versions.items()
            if last is not None and last.decided[item] == "revise-alike"
        }
        self.rounds.append(opened)

    def _free_number(self, planned: int) -> int:
        taken = [each.number for each in self.rounds]
        return planned if planned not in taken else max(taken) + 1

    def sit(self, member: int, played: PlayedRound) -> Sitting:
        """Begin the round, or go on."""
        if member not in played.sittings:
            earlier = [
                each.number
                for each in self.valid
                if each.number < played.number and member in each.counting and member not in self.withdrawn
            ]
            played.sittings[member] = Sitting(tuple(earlier))
        return played.sittings[member]

    def last_given(self, member: int, sitting: Sitting, place: Place) -> tuple[int, Rated, bool] | None:
        """Round, answer and whether to an earlier wording: the member's latest answer before this sitting."""
        for version in self._wordings(place):
            for number in reversed(sitting.earlier):
                answers = self.get(number).counting.get(member, {})
                given = answers.get(place._replace(version=version))
                if given is not None:
                    return number, given, version != place.version
        return None

    def _wordings(self, place: Place) -> Iterator[int]:
        version = place.version
        yield version
        while (place.item, version) in self.comparable:
            version -= 1
            yield version

    def withdraw(self, member: int, *, keeps_answers: bool) -> None:
        """The member leaves; without keeping answers nothing of them counts or is left."""
        self.withdrawn.add(member)
        if keeps_answers:
            return
        for played in self.rounds:
            sitting = played.sittings.get(member)
            if sitting is not None:
                sitting.counted, sitting.submissions = None, 0
                sitting.standing.clear()
                sitting.late.clear()
