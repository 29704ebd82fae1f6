"""Synthetic panels, and what is published of them: by the rules, with the ledger, or without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random

from surveyapp.delphi.privacy.ledger import Figure, Ledger
from surveyapp.delphi.privacy.rules import PrivacyRules, Unanimity
from surveyapp.delphi.privacy.suppression import Exact, suppress
from surveyapp.statistics.counts import Counts, RatingScale
from tests.delphi.privacy.attacker import Sum

SCALE = RatingScale(tuple(range(1, 10)), agreement=(7, 8, 9), disagreement=(1, 2, 3))
PLAIN = PrivacyRules(unanimity=Unanimity.SHOW)


def spread(n: int, dont_know: int = 0) -> Counts:
    """`n` ratings, as different from one another as they can be."""
    return Counts(SCALE, tuple(n // 9 + (place < n % 9) for place in range(9)), dont_know=dont_know)


def grouped(group_of: Mapping[int, str]) -> dict[str, set[int]]:
    """Group → who is in it."""
    found: dict[str, set[int]] = defaultdict(set)
    for person, group in group_of.items():
        found[group].add(person)
    return dict(found)


def shown_groups(group_of: Mapping[int, str], rules: PrivacyRules = PLAIN) -> list[set[int]]:
    """The groups of one breakdown that the rules show beside the total."""
    members = grouped(group_of)
    sizes = {group: spread(len(people)) for group, people in members.items()}
    shown = suppress(sum(sizes.values(), Counts(SCALE, (0,) * 9)), sizes, rules)
    return [members[group] for group, part in shown.groups.items() if isinstance(part, Exact)]


def at(people: Iterable[int], version: int = 0) -> dict[int, int]:
    """The answers of `people`, all in one version."""
    return dict.fromkeys(people, version)


def as_sums(figures: Iterable[Mapping[int, int]]) -> list[Sum]:
    """Figures as the attacker sees them."""
    return [frozenset(answers.items()) for answers in figures]


Publishing = Callable[[Random], list[Mapping[int, int]]]
"""Draws a panel and gives what would be published of it, in order, without the ledger."""


def through_ledger(figures: Sequence[Mapping[int, int]], k: int = 5) -> list[Mapping[int, int]]:
    """Those of `figures` that the ledger lets through, in their order."""
    ledger = Ledger(k)
    offered = [Figure("cell", str(number), answers) for number, answers in enumerate(figures)]
    verdicts = ledger.publish_what_may(offered)
    return [figure.answers for figure, verdict in zip(offered, verdicts, strict=True) if verdict.may]


def _panel(random: Random) -> range:
    return range(random.randint(12, 18))


def _attribute(random: Random, people: Iterable[int], most: int = 4) -> dict[int, str]:
    groups = "ABCD"[: random.randint(2, most)]
    return {person: random.choice(groups) for person in people}


def _breakdown(people: Iterable[int], group_of: Mapping[int, str]) -> list[Mapping[int, int]]:
    return [at(people), *(at(members) for members in shown_groups(group_of))]


def hiding_small_groups_only(random: Random) -> list[Mapping[int, int]]:
    people = _panel(random)
    members = grouped(_attribute(random, people))
    return [at(people), *(at(group) for group in members.values() if len(group) >= 5)]


def one_breakdown(random: Random) -> list[Mapping[int, int]]:
    people = _panel(random)
    return _breakdown(people, _attribute(random, people))


def two_breakdowns(random: Random) -> list[Mapping[int, int]]:
    people = _panel(random)
    return [
        *_breakdown(people, _attribute(random, people)),
        *_breakdown(people, _attribute(random, people)),
    ]


def two_halves_and_crossing(random: Random) -> list[Mapping[int, int]]:
    return two_breakdowns_and_crossing(random, most=2)


def two_breakdowns_and_crossing(random: Random, most: int = 4) -> list[Mapping[int, int]]:
    people = _panel(random)
    first, second = _attribute(random, people, most), _attribute(random, people, most)
    crossed = {person: first[person] + second[person] for person in people}
    return [figure for each in (first, second, crossed) for figure in _breakdown(people, each)]


def leavers_beside_groups(random: Random) -> list[Mapping[int, int]]:
    """What attrition would tell beside a published breakdown: of those who left, where both sides are k."""
    people = _panel(random)
    left = [person for person in people if random.random() < 0.4]
    told = [at(left)] if 5 <= len(left) <= len(people) - 5 else []
    return [*_breakdown(people, _attribute(random, people)), *told]


def total_at_two_times(random: Random) -> list[Mapping[int, int]]:
    people = _panel(random)
    return [at(range(len(people) - random.randint(1, 4))), at(people)]


def one_breakdown_at_two_times(random: Random) -> list[Mapping[int, int]]:
    people = _panel(random)
    group_of = _attribute(random, people)
    early = random.sample(people, len(people) - random.randint(1, 5))
    return [
        *_breakdown(early, {person: group_of[person] for person in early}),
        *_breakdown(people, group_of),
    ]
