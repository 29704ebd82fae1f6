"""What an attacker who solves equations finds: a lot without the ledger, nothing with it (PRV-15)."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.delphi.privacy.ledger import Figure, Ledger
from surveyapp.delphi.privacy.solving import find_atoms, tells_of_fewer_than
from tests.delphi.privacy import panels
from tests.delphi.privacy.attacker import find_any_leak, find_leak
from tests.delphi.privacy.panels import Publishing, as_sums, at, through_ledger

PANELS = 200
SEED = 20_240


def leaks(publishing: Publishing, *, with_ledger: bool) -> int:
    """In how many of 200 panels a reader from outside finds something about fewer than five people."""
    random = Random(SEED)
    found = 0
    for _ in range(PANELS):
        figures = publishing(random)
        if with_ledger:
            figures = through_ledger(figures)
        found += find_leak(as_sums(figures), 5) is not None
    return found


@pytest.mark.parametrize(
    ("publishing", "least", "most"),
    [
        (panels.hiding_small_groups_only, 40, 90),
        (panels.two_breakdowns, 15, 45),
        (panels.two_breakdowns_and_crossing, 50, 100),
        (panels.two_halves_and_crossing, 140, 190),
        (panels.leavers_beside_groups, 8, 25),
        (panels.total_at_two_times, 200, 200),
        (panels.one_breakdown_at_two_times, 150, 200),
    ],
)
def test_prv_15_the_attacker_finds_leaks_without_the_ledger(
    publishing: Publishing, least: int, most: int
) -> None:
    assert least <= leaks(publishing, with_ledger=False) <= most
    assert leaks(publishing, with_ledger=True) == 0


def test_prv_15_one_breakdown_under_the_rules_tells_nobody_anything() -> None:
    random = Random(SEED)
    for _ in range(PANELS):
        assert find_any_leak(as_sums(panels.one_breakdown(random)), 5) is None


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Mapping[int, int]]]:
    """What somebody wants published of one cell over time: totals, breakdowns, crossings and filters.

    Meanwhile answers come in, change and are withdrawn.
    """
    people = range(draw(st.integers(5, 13)))
    attributes = [
        draw(st.lists(st.integers(0, draw(st.integers(1, 3))), min_size=len(people), max_size=len(people)))
        for _ in range(2)
    ]
    versions: dict[int, int] = at(draw(st.sets(st.sampled_from(people), min_size=3)), 1)
    wanted: list[tuple[str, Mapping[int, int]]] = []
    for moment in range(draw(st.integers(1, 3))):
        wanted.append((f"total {moment}", dict(versions)))
        for kind in draw(st.lists(st.sampled_from(["first", "second", "crossing", "filter"]), max_size=3)):
            if kind == "filter":
                chosen = draw(st.sets(st.sampled_from(people), min_size=1))
                parts = {person: int(person in chosen) for person in people}
            elif kind == "crossing":
                parts = {person: 4 * attributes[0][person] + attributes[1][person] for person in people}
            else:
                parts = dict(enumerate(attributes[kind == "second"]))
            for part in sorted(set(parts.values())):
                answers = {person: version for person, version in versions.items() if parts[person] == part}
                wanted.append((f"{kind} {part} {moment}", answers))
        for person in draw(st.sets(st.sampled_from(people))):
            versions[person] = versions.get(person, 0) + 1
        for person in draw(st.sets(st.sampled_from(people), max_size=2)):
            versions.pop(person, None)
    return [(name, answers) for name, answers in wanted if answers]


@given(wanted=histories(), k=st.sampled_from([3, 4, 5]))
@settings(max_examples=120, deadline=None)
def test_prv_15_whatever_the_ledger_lets_through_tells_nobody_of_fewer_than_k(
    wanted: list[tuple[str, Mapping[int, int]]], k: int
) -> None:
    ledger = Ledger(k)
    ledger.publish_what_may([Figure("7", name, answers) for name, answers in wanted])
    assert find_any_leak(as_sums(figure.answers for figure in ledger.published("7")), k) is None


@given(wanted=histories(), k=st.sampled_from([3, 4, 5]))
@settings(max_examples=150, deadline=None)
def test_the_ledger_refuses_only_what_tells_too_much(
    wanted: list[tuple[str, Mapping[int, int]]], k: int
) -> None:
    figures = [answers for _, answers in wanted]
    verdict = Ledger(k).may_publish([Figure("7", name, answers) for name, answers in wanted])
    assert verdict.may == (find_leak(as_sums(figures), k) is None)
    assert verdict.may == (find_any_leak(as_sums(figures), k) is None)


def test_a_combination_with_other_numbers_than_one_is_found() -> None:
    """Twice one sum less two others leaves 2·a + b, with neither a nor b alone."""
    big, other = range(10, 20), range(20, 30)
    figures = [
        at([*big, *other, 1]),
        at([*big, 1, 2]),
        at(other),
    ]
    assert find_leak(as_sums(figures), 5) == frozenset({2})
    rows, atoms = find_atoms([[sum(1 << person for person in figure)] for figure in figures])
    assert tells_of_fewer_than(5, rows, atoms)
    assert not tells_of_fewer_than(1, rows, atoms)
