"""Rules that are laid down, what they mean in words, and what stands beside a reason."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from surveyapp.delphi.privacy.levels import AnonymityLevel, who_can_see_what
from surveyapp.delphi.privacy.outlook import warnings_for
from surveyapp.delphi.privacy.precision import told_mean, told_n
from surveyapp.delphi.privacy.reasons import Beside, band_of, beside, groups_named, order_for
from surveyapp.delphi.privacy.rules import PrivacyRules, Unanimity, check_breakdown, check_change
from surveyapp.delphi.protocol.model import Anonymity
from surveyapp.errors import Refused
from surveyapp.statistics.counts import RatingScale
from tests.delphi.privacy.panels import SCALE

RULES = PrivacyRules()


def test_the_protocol_lays_the_rules_down() -> None:
    assert PrivacyRules.of(Anonymity()) == RULES
    strict = PrivacyRules.of(Anonymity(level="organiser-blind", k=7, k_reasons=9, unanimity="show"))
    assert strict == PrivacyRules(
        k=7, k_reasons=9, unanimity=Unanimity.SHOW, level=AnonymityLevel.ORGANISER_BLIND
    )


@pytest.mark.parametrize(("k", "k_reasons"), [(2, 8), (6, 5)])
def test_k_has_a_floor(k: int, k_reasons: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        PrivacyRules(k=k, k_reasons=k_reasons)


@pytest.mark.parametrize(
    ("laxer", "says"),
    [
        (replace(RULES, k=4), "from 5 to 4"),
        (replace(RULES, k_reasons=6), "from 8 to 6"),
        (replace(RULES, unanimity=Unanimity.SHOW), "answered alike"),
        (replace(RULES, level=AnonymityLevel.ATTRIBUTED), "level of anonymity"),
    ],
)
def test_prv_20_a_promise_is_not_lowered_after_the_first_answer(laxer: PrivacyRules, says: str) -> None:
    with pytest.raises(Refused, match=says):
        check_change(RULES, laxer, answers_exist=True)
    check_change(RULES, laxer, answers_exist=False)
    check_change(laxer, RULES, answers_exist=True)


def test_prv_20_all_that_is_wrong_is_said_at_once() -> None:
    before = replace(RULES, counts_dont_know=False)
    with pytest.raises(Refused, match=r"from 5 to 3; .*from 8 to 7; .*know"):
        check_change(before, PrivacyRules(k=3, k_reasons=7), answers_exist=True)


def test_prv_20_groups_are_not_renamed_or_split_after_the_first_answer() -> None:
    with pytest.raises(Refused, match=r"industry, big industry, small industry"):
        check_breakdown(
            ["industry", "policy"], ["policy", "small industry", "big industry"], answers_exist=True
        )
    check_breakdown(["industry"], ["policy"], answers_exist=False)
    check_breakdown(["industry", "policy"], ["policy", "industry"], answers_exist=True)


@pytest.mark.parametrize("level", AnonymityLevel)
def test_each_level_says_who_can_see_what(level: AnonymityLevel) -> None:
    said = who_can_see_what(level, k=6)
    assert len(said) > 2
    assert all(sentence.endswith(".") for sentence in said)
    assert "6 people" in said[-1]


def test_levels_are_ordered() -> None:
    assert [level.strength for level in AnonymityLevel] == [0, 1, 2]


def test_prv_23_the_organiser_is_warned_at_set_up() -> None:
    assert "no figures" in warnings_for({"a": 2, "b": 1}, RULES)[0]
    assert warnings_for({"a": 20, "b": 6}, RULES) == []
    small, next_to_it = warnings_for({"a": 20, "b": 4}, RULES)[::-1]
    assert "group b has 4 people" in small
    assert "group a has 20 people" in next_to_it
    assert len(warnings_for({"a": 20, "b": 6, "none yet": 0}, RULES, without_group=1)) == 1


def test_a_mean_is_told_to_one_decimal() -> None:
    assert told_mean(Fraction(87, 12)) == Fraction(73, 10)
    assert told_mean(Fraction(-725, 100)) == Fraction(-73, 10)
    assert told_mean(Fraction(7)) == 7


def test_while_answers_come_in_n_is_told_in_steps() -> None:
    assert [told_n(n, k=5, is_live=True) for n in (5, 9, 10, 14)] == [5, 5, 10, 10]
    assert told_n(9, k=5, is_live=False) == 9


def test_a_group_is_named_beside_reasons_from_eight_people_on() -> None:
    assert groups_named(30, {"a": 14, "b": 8, "c": 8}, RULES) == {"a", "b", "c"}
    assert groups_named(22, {"a": 14, "b": 8}, RULES) == {"a", "b"}
    assert groups_named(22, {"a": 15, "b": 7}, RULES) == set(), "a reason without a name would be from b"
    assert groups_named(30, {"a": 15, "b": 8, "c": 7}, RULES) == {"a"}


@pytest.mark.parametrize(
    ("rating", "band"),
    [(1, "disagree"), (3, "disagree"), (4, "middle"), (6, "middle"), (7, "agree"), (9, "agree")],
)
def test_a_rating_stands_beside_its_reason_as_a_third(rating: int, band: str) -> None:
    assert band_of(rating, SCALE) == band


def test_bands_of_other_ratings() -> None:
    falling = RatingScale((1, 2, 3, 4, 5), agreement=(1, 2), disagreement=(4, 5))
    assert [band_of(point, falling) for point in falling.points] == [
        "agree",
        "agree",
        "middle",
        "disagree",
        "disagree",
    ]
    assert band_of("dont_know", SCALE) == "dont_know"
    assert band_of(None, SCALE) == ""
    with pytest.raises(ValueError, match="not on the scale"):
        band_of(10, SCALE)


def test_what_stands_beside_a_reason() -> None:
    named = groups_named(30, {"a": 15, "b": 8, "c": 7}, RULES)
    told = beside(8, "a", scale=SCALE, answered=30, named=named, rules=RULES)
    assert told == Beside("agree", "a")
    assert beside(2, "c", scale=SCALE, answered=30, named=named, rules=RULES) == Beside("disagree", "")
    assert beside(2, "a", scale=SCALE, answered=4, named=(), rules=RULES) == Beside("", "")


REASONS = [f"r{number:03d}" for number in range(200)]


def rank_correlation(order: tuple[str, ...]) -> float:
    """Spearman's, between the order shown and the order written in."""
    n = len(order)
    squares = sum((place - REASONS.index(reason)) ** 2 for place, reason in enumerate(order))
    return 1 - 6 * squares / (n * (n * n - 1))


def test_prv_25_each_reader_has_an_order_of_their_own_that_tells_no_time() -> None:
    orders = {viewer: order_for(viewer, REASONS, seed="of the study") for viewer in ("v1", "v2", "v3")}
    for viewer, order in orders.items():
        assert sorted(order) == REASONS
        assert abs(rank_correlation(order)) < 0.2
        for _ in range(10):
            assert order_for(viewer, reversed(REASONS), seed="of the study") == order
    assert len(set(orders.values())) == 3
    assert order_for("v1", REASONS, seed="of another study") != orders["v1"]


def test_prv_25_a_reason_that_comes_later_moves_none() -> None:
    before = order_for("v1", REASONS[:-5], seed="s")
    after = order_for("v1", REASONS, seed="s")
    assert tuple(reason for reason in after if reason in set(before)) == before
    assert after[-5:] != tuple(REASONS[-5:])
