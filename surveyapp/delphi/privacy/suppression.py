"""What is shown of one cell: everybody or not, and each group, from counts alone.

This is the ordinary path: one breakdown into groups that share nobody, shown for the first time. For it the
rule about remainders is exact: whatever is added and subtracted, what comes out stands on the people of
whole groups or of the whole remainder, so on at least k people, or k − 1 others for a reader who is one of
them. A second breakdown, a filter, or a second point in time goes through `ledger`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from surveyapp.delphi.privacy.rules import PrivacyRules, Remainder, Unanimity
from surveyapp.errors import Sentence
from surveyapp.statistics.counts import Counts

_WHY: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "no_answers": Sentence("Nobody has answered this."),
        "too_few": Sentence("Fewer than {k} people answered, so no figure is shown."),
        "remainder": Sentence("Not shown, because the answers of a few others could be worked out from it."),
        "breakdown": Sentence("Groups are not shown here, because the answers of a few could be worked out."),
        "alike": Sentence("Not shown, because it would tell that nearly all answered alike."),
    }
)


class Why(StrEnum):
    """Why something is not shown."""

    NO_ANSWERS = "no_answers"
    TOO_FEW = "too_few"
    REMAINDER = "remainder"
    BREAKDOWN = "breakdown"
    ALIKE = "alike"

    def sentence(self, *, k: int) -> Sentence:
        """It in words for the place where the figure would stand."""
        return Sentence(_WHY[self].template, k=k) if self is Why.TOO_FEW else _WHY[self]


@dataclass(frozen=True, slots=True)
class Exact:
    """A figure that may be shown whole. `counts` hold nothing about those who gave no answer."""

    counts: Counts


@dataclass(frozen=True, slots=True)
class Alike:
    """All that may be told of a group whose members answered alike, or nearly so.

    At least `percent` of its `n` people chose `point`; None is "don't know". The percentage leaves room for
    at least one person who answered otherwise, so it does not tell that there was none.
    """

    n: int
    point: int | None
    percent: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """Not shown."""

    why: Why


Part: TypeAlias = Exact | Alike | Hidden


@dataclass(frozen=True, slots=True)
class CellShown:
    """What is shown of one cell; `other` is who is in `other_groups` or in no group, where merged."""

    total: Part
    groups: Mapping[str, Part]
    other: Exact | None = None
    other_groups: tuple[str, ...] = ()


def people(counts: Counts, rules: PrivacyRules) -> int:
    """How many distinct people count towards k."""
    return counts.answered if rules.counts_dont_know else counts.n


def suppress(total: Counts, groups: Mapping[str, Counts], rules: PrivacyRules) -> CellShown:
    """What may be shown of a cell with answers of everybody in `total`, and of each group.

    Each person is in one group at most; who is in none is only in `total`. Raises ValueError when the groups
    hold more answers than the total.
    """
    whole = _only_answers(total, rules)
    parts = {group: _only_answers(counts, rules) for group, counts in groups.items()}
    _subtract(whole, parts.values())
    n = people(whole, rules)
    if n < rules.k:
        why = Why.TOO_FEW if n else Why.NO_ANSWERS
        return CellShown(Hidden(why), dict.fromkeys(groups, Hidden(why)))
    if _hides_alike(whole, rules):
        return CellShown(
            _alike(whole, rules), {group: _beside_alike(part, rules) for group, part in parts.items()}
        )
    return _break_down(whole, parts, rules)


def choose_groups(
    total: int, sizes: Mapping[str, int], k: int, *, is_safe: Callable[[Collection[str]], bool] | None = None
) -> frozenset[str]:
    """The groups of at least `k` people that may be told apart among `total` people.

    The next smallest is left out until those who are left over are nobody, or at least `k` people (and the
    remainder `is_safe` otherwise).
    """
    chosen = sorted(
        (group for group, size in sizes.items() if size >= k), key=lambda group: (-sizes[group], group)
    )
    while chosen:
        left_over = total - sum(sizes[group] for group in chosen)
        if left_over == 0 or (left_over >= k and (is_safe is None or is_safe(chosen))):
            break
        chosen.pop()
    return frozenset(chosen)


def _break_down(whole: Counts, parts: Mapping[str, Counts], rules: PrivacyRules) -> CellShown:
    n = people(whole, rules)
    sizes = {group: people(part, rules) for group, part in parts.items()}
    alike = {group for group, part in parts.items() if _hides_alike(part, rules)}
    open_sizes = {group: size for group, size in sizes.items() if group not in alike}

    def tells_no_likeness(chosen: Collection[str]) -> bool:
        return not _hides_alike(_subtract(whole, [parts[group] for group in chosen]), rules)

    exact = choose_groups(n, open_sizes, rules.k, is_safe=tells_no_likeness)
    told_alike = sorted(alike, key=lambda group: (-sizes[group], group))
    while told_alike and not _leaves_room(
        _subtract(whole, [parts[group] for group in exact]), [parts[group] for group in told_alike], rules
    ):
        told_alike.pop()
    shown: dict[str, Part] = {}
    for group, part in parts.items():
        if group in exact:
            shown[group] = Exact(part)
        elif group in told_alike:
            shown[group] = _alike(part, rules)
        else:
            shown[group] = Hidden(Why.TOO_FEW if sizes[group] < rules.k else Why.REMAINDER)
    if rules.remainder is Remainder.HIDE_BREAKDOWN and any(
        isinstance(part, Hidden) and sizes[group] for group, part in shown.items()
    ):
        shown = dict.fromkeys(parts, Hidden(Why.BREAKDOWN))
    left_over = tuple(group for group, part in shown.items() if isinstance(part, Hidden))
    if rules.remainder is Remainder.MERGE and exact and not told_alike and left_over:
        other = _subtract(whole, [parts[group] for group in exact])
        if people(other, rules):
            return CellShown(Exact(whole), shown, Exact(other), left_over)
    return CellShown(Exact(whole), shown)


def _only_answers(counts: Counts, rules: PrivacyRules) -> Counts:
    """The figure without those who left it blank, declined or withdrew, and without who kept an answer."""
    return Counts(counts.scale, counts.of, counts.dont_know if rules.counts_dont_know else 0)


def _subtract(whole: Counts, parts: Collection[Counts]) -> Counts:
    of, dont_know = list(whole.of), whole.dont_know
    for part in parts:
        if part.scale != whole.scale:
            raise ValueError("a group's answers are on the scale of the cell")
        of = [left - taken for left, taken in zip(of, part.of, strict=True)]
        dont_know -= part.dont_know
    return Counts(whole.scale, tuple(of), dont_know)


def _leaves_room(left_over: Counts, told: Collection[Counts], rules: PrivacyRules) -> bool:
    """Whether what is told roughly of some of those `left_over` does not settle what the others answered.

    Take away what must be theirs. Who is left, of them or not, can be exchanged freely within what readers
    know: so nothing is settled as long as those do not answer alike, and the others are k people.
    """
    hidden = people(left_over, rules) - sum(people(part, rules) for part in told)
    if 0 < hidden < rules.k:
        return False
    free = left_over
    for part in told:
        known = _alike(part, rules)
        at_least = -(-known.n * known.percent // 100)
        of = [at_least if point == known.point else 0 for point in part.scale.points]
        free = _subtract(free, [Counts(part.scale, tuple(of), at_least if known.point is None else 0)])
    return not (_hides_alike(free, rules) if hidden else _most(free)[0] == people(free, rules))


def _most(counts: Counts) -> tuple[int, int | None]:
    """How many gave the most frequent answer, and which it is."""
    times = max(counts.of)
    if counts.dont_know > times:
        return counts.dont_know, None
    return times, counts.scale.points[counts.of.index(times)]


def _hides_alike(counts: Counts, rules: PrivacyRules) -> bool:
    """Whether a group, large enough to be shown, answered so much alike that this is not told exactly.

    Nine in ten, or all but one of fewer than ten: were only unanimous groups treated so, the treatment would
    tell that they are.
    """
    n = people(counts, rules)
    if rules.unanimity is Unanimity.SHOW or n < rules.k:
        return False
    return _most(counts)[0] >= min(-(-9 * n // 10), n - 1)


def _alike(counts: Counts, rules: PrivacyRules) -> Alike:
    n = people(counts, rules)
    percent = 90 if n >= 10 else 80 if n >= 5 else 100 * (n - 1) // n
    return Alike(n, _most(counts)[1], percent)


def _beside_alike(part: Counts, rules: PrivacyRules) -> Part:
    """A group where all the panel answered nearly alike: an exact figure would tell where the others are."""
    if people(part, rules) < rules.k:
        return Hidden(Why.TOO_FEW)
    return _alike(part, rules) if _hides_alike(part, rules) else Hidden(Why.ALIKE)
