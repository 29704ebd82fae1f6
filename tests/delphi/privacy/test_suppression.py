"""What is shown of one cell, from counts alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.delphi.privacy.rules import PrivacyRules, Remainder, Unanimity
from surveyapp.delphi.privacy.suppression import (
    Alike,
    CellShown,
    Exact,
    Hidden,
    Part,
    Why,
    people,
    suppress,
)
from surveyapp.statistics.counts import Counts, RatingScale
from tests.delphi.privacy.panels import PLAIN, SCALE, spread

NOBODY = Counts(SCALE, (0,) * 9)
MERGING = PrivacyRules(unanimity=Unanimity.SHOW, remainder=Remainder.MERGE)
ALL_OR_NONE = PrivacyRules(unanimity=Unanimity.SHOW, remainder=Remainder.HIDE_BREAKDOWN)
STRICT = PrivacyRules()


def cell(rules: PrivacyRules = PLAIN, *, without_group: int = 0, **sizes: int) -> CellShown:
    """A cell with so many people in each group, their ratings spread over the scale."""
    groups = {group: spread(size) for group, size in sizes.items()}
    return suppress(sum(groups.values(), spread(without_group)), groups, rules)


def exact(shown: CellShown) -> set[str]:
    return {group for group, part in shown.groups.items() if isinstance(part, Exact)}


@pytest.mark.parametrize("size", range(1, 7))
def test_prv_10_a_group_is_shown_from_k_people(size: int) -> None:
    shown = cell(big=20, small=size, middle=6)
    assert ("small" in exact(shown)) == (size >= 5)
    if size < 5:
        assert shown.groups["small"] == Hidden(Why.TOO_FEW)


def test_prv_11_the_rule_is_applied_per_item() -> None:
    """Of the group four rated this item, four could not judge it, and eight left it blank."""
    group = Counts(SCALE, spread(4).of, dont_know=4, blank=8)
    total = group + spread(20)
    groups = {"group": group, "others": spread(20)}
    assert exact(suppress(total, groups, PLAIN)) == {"group", "others"}
    without_bar = PrivacyRules(unanimity=Unanimity.SHOW, counts_dont_know=False)
    shown = suppress(total, groups, without_bar)
    assert exact(shown) == set()
    assert shown.total == Exact(spread(4) + spread(20))
    only_blanks = Counts(SCALE, spread(4).of, blank=8)
    assert (
        exact(suppress(only_blanks + spread(20), {"group": only_blanks, "others": spread(20)}, PLAIN))
        == set()
    )


def test_prv_13_two_groups_of_20_and_4() -> None:
    for rules in (PLAIN, MERGING, ALL_OR_NONE):
        shown = cell(rules, large=20, small=4)
        assert shown.total == Exact(spread(20) + spread(4))
        assert exact(shown) == set()
        assert shown.other is None


def test_prv_14_three_groups_of_20_6_and_4() -> None:
    shown = cell(a=20, b=6, c=4)
    assert exact(shown) == {"a"}
    assert shown.groups["b"] == Hidden(Why.REMAINDER)
    assert shown.groups["c"] == Hidden(Why.TOO_FEW)
    merged = cell(MERGING, a=20, b=6, c=4)
    assert merged.other == Exact(spread(6) + spread(4))
    assert merged.other_groups == ("b", "c")
    assert set(cell(ALL_OR_NONE, a=20, b=6, c=4).groups.values()) == {Hidden(Why.BREAKDOWN)}
    assert exact(cell(ALL_OR_NONE, a=20, b=6, c=5)) == {"a", "b", "c"}


def test_who_is_in_no_group_is_left_over_too() -> None:
    assert exact(cell(a=20, b=6)) == {"a", "b"}
    assert exact(cell(a=20, b=6, without_group=2)) == {"a"}
    assert exact(cell(a=20, b=6, without_group=5)) == {"a", "b"}


def test_prv_19_who_moves_to_another_group_leaves_both_rounds_safe() -> None:
    """Before and after somebody moved from a to b, each round is decided by its own groups."""
    assert exact(cell(a=5, b=12)) == {"a", "b"}
    assert exact(cell(a=4, b=13)) == set()


def test_prv_23_a_panel_smaller_than_k_sees_nothing() -> None:
    shown = cell(a=2, b=2)
    assert shown.total == Hidden(Why.TOO_FEW)
    assert set(shown.groups.values()) == {Hidden(Why.TOO_FEW)}
    assert suppress(NOBODY, {"a": NOBODY}, PLAIN).total == Hidden(Why.NO_ANSWERS)
    everybody_in_doubt = Counts(SCALE, (0,) * 9, dont_know=9)
    assert suppress(everybody_in_doubt, {}, PLAIN).total == Exact(everybody_in_doubt)


@pytest.mark.parametrize(("n", "percent"), [(5, 80), (9, 80), (10, 90), (40, 90)])
def test_prv_21_all_members_give_9(n: int, percent: int) -> None:
    nines = Counts(SCALE, (0,) * 8 + (n,))
    assert suppress(nines, {}, PLAIN).total == Exact(nines)
    assert suppress(nines, {}, STRICT).total == Alike(n, 9, percent)
    all_but_one = Counts(SCALE, (1, *(0,) * 7, n - 1))
    assert suppress(all_but_one, {}, STRICT).total == Alike(n, 9, percent), "else 80 or 90 % would mean all"


def test_prv_21_all_members_do_not_know() -> None:
    assert suppress(Counts(SCALE, (0,) * 9, dont_know=6), {}, STRICT).total == Alike(6, None, 80)


def test_a_group_that_answered_alike_cannot_be_worked_out_from_the_others() -> None:
    nines = Counts(SCALE, (0,) * 8 + (6,))
    shown = suppress(nines + spread(20), {"alike": nines, "others": spread(20)}, STRICT)
    assert exact(shown) == set(), "the total less the others would be the six nines"
    assert shown.groups["alike"] == Alike(6, 9, 80)


def test_prv_22_nothing_that_is_hidden_is_in_the_outcome() -> None:
    """Counts that occur nowhere else must not occur in what is handed on, nor who left it open."""
    small = Counts(SCALE, (0, 0, 0, 0, 0, 0, 0, 1, 3), blank=71, declined=72, withdrawn=73, kept=4)
    large = Counts(SCALE, (1001, 0, 0, 0, 0, 0, 0, 0, 0), blank=74)
    shown = suppress(small + large + large, {"small": small, "large": large, "other": large}, PLAIN)
    text = repr(shown)
    assert exact(shown) == {"large"}
    assert repr(small.of) not in text
    assert not any(number in text for number in ("71", "72", "73", "74", "145", "kept=4"))


def test_groups_that_hold_more_than_everybody_are_an_error() -> None:
    with pytest.raises(ValueError, match="never negative"):
        suppress(spread(10), {"a": spread(11)}, PLAIN)
    with pytest.raises(ValueError, match="scale"):
        suppress(spread(10), {"a": Counts(RatingScale((1, 2)), (3, 3))}, PLAIN)


@given(
    sizes=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 14)),
    without_group=st.integers(0, 8),
    k=st.integers(3, 8),
    remainder=st.sampled_from(Remainder),
)
def test_what_is_left_over_is_nobody_or_k_people(
    sizes: dict[str, int], without_group: int, k: int, remainder: Remainder
) -> None:
    rules = PrivacyRules(k=k, unanimity=Unanimity.SHOW, remainder=remainder)
    shown = cell(rules, without_group=without_group, **sizes)
    total = sum(sizes.values()) + without_group
    parts = [sizes[group] for group in exact(shown)]
    assert isinstance(shown.total, Exact) == (total >= k)
    assert all(size >= k for size in parts)
    assert not parts or total - sum(parts) == 0 or total - sum(parts) >= k
    if shown.other is not None:
        assert people(shown.other.counts, rules) == total - sum(parts) >= k


YES_OR_NO = RatingScale((1, 2))


def possible(part: Part, n: int) -> list[int]:
    """How many of `n` people may have said 1, by what is shown of them."""
    if isinstance(part, Exact):
        return [part.counts.of[0]]
    if isinstance(part, Alike):
        return [
            ones for ones in range(n + 1) if 100 * (ones if part.point == 1 else n - ones) >= part.percent * n
        ]
    return list(range(n + 1))


def small_panels() -> Iterator[tuple[Mapping[str, Counts], CellShown]]:
    rules = PrivacyRules(k=3)
    for sizes in combinations_with_replacement(range(1, 6), 3):
        for ones in product(*(range(size + 1) for size in sizes)):
            groups = {
                str(place): Counts(YES_OR_NO, (one, size - one))
                for place, (one, size) in enumerate(zip(ones, sizes, strict=True))
            }
            yield groups, suppress(sum(groups.values(), Counts(YES_OR_NO, (0, 0))), groups, rules)


def test_what_is_told_roughly_settles_no_hidden_group() -> None:
    """Every panel of three groups of up to five who said yes or no: a reader goes through all that can be."""
    told_roughly = 0
    for groups, shown in small_panels():
        sizes = [counts.n for counts in groups.values()]
        totals = set(possible(shown.total, sum(sizes)))
        can_be = [
            ones
            for ones in product(
                *(possible(part, n) for part, n in zip(shown.groups.values(), sizes, strict=True))
            )
            if sum(ones) in totals
        ]
        assert tuple(counts.of[0] for counts in groups.values()) in can_be
        told_roughly += any(isinstance(part, Alike) for part in shown.groups.values())
        for place, part in enumerate(shown.groups.values()):
            if isinstance(part, Hidden):
                assert len({ones[place] for ones in can_be}) > 1, (groups, shown)
    assert told_roughly > 100


@pytest.mark.parametrize("why", Why)
def test_each_reason_has_its_sentence(why: Why) -> None:
    said = why.sentence(k=7)
    assert said.endswith(".")
    assert ("7" in said) == (why is Why.TOO_FEW)
