"""The publication ledger and the batches, over time."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest

from surveyapp.delphi.privacy import solving
from surveyapp.delphi.privacy.batches import changed_since, is_due
from surveyapp.delphi.privacy.colluders import coalition_that_names_one, smallest_coalition, weakest
from surveyapp.delphi.privacy.ledger import Figure, Ledger, figures_shown
from surveyapp.delphi.privacy.suppression import suppress
from surveyapp.errors import Refused
from tests.delphi.privacy.attacker import find_any_leak, find_leak
from tests.delphi.privacy.panels import PLAIN, as_sums, at, spread


def figure(answers: Mapping[int, int], name: str = "total") -> Figure:
    return Figure("2.17", name, answers)


def test_prv_12_a_reader_inside_the_figure_still_sees_four_others_mixed() -> None:
    ledger = Ledger(5)
    ledger.publish([figure(at(range(5)))])
    assert find_leak(as_sums([at(range(5))]), 5, as_panellist=0) is None
    assert find_leak(as_sums([at(range(5))]), 6, as_panellist=0) == frozenset({1, 2, 3, 4})
    assert not ledger.may_publish([figure(at([0, 1, 2, 3]), "without one")]).may


def test_prv_16_figures_change_in_steps_of_k_people() -> None:
    """Results are asked for after each single answer, first or changed."""
    answers: dict[int, int] = {}
    published: Mapping[int, int] = {}
    ledger = Ledger(5)
    renewals = []
    arrivals = [*range(13), 0, 0, 0, 3, 12, 1, 13, 2, 14, 15]
    for person in arrivals:
        answers[person] = answers.get(person, 0) + 1
        changed = changed_since(published, answers)
        if is_due(changed, k=5):
            ledger.publish([figure(dict(answers))])
            renewals.append(len(changed))
            published = dict(answers)
    assert renewals == [5, 5, 5, 5]
    assert find_any_leak(as_sums(each.answers for each in ledger.published("2.17")), 5) is None


def test_a_batch_is_never_smaller_than_k() -> None:
    assert not is_due(range(4), k=5, batch=3)
    assert is_due(range(5), k=5, batch=3)
    assert not is_due(range(7), k=5, batch=8)
    assert not is_due([1, 1, 1, 1, 1], k=5), "one person who changed five times"


def test_prv_17_one_changed_answer_is_not_derivable() -> None:
    before, after = at(range(12)), {**at(range(12)), 4: 1}
    assert not is_due(changed_since(before, after), k=5)
    ledger = Ledger(5, [figure(before)])
    assert not ledger.may_publish([figure(after)]).may
    assert find_leak(as_sums([before, after]), 5) == frozenset({4})
    five_changed = {**at(range(12)), **at(range(5), 1)}
    assert ledger.may_publish([figure(five_changed)]).may


def test_prv_18_a_withdrawal_is_not_published_alone() -> None:
    first = at(range(12))
    ledger = Ledger(5, [figure(first)])
    without = at(range(11))
    assert not is_due(changed_since(first, without), k=5)
    with pytest.raises(Refused, match="fewer than 5 people"):
        ledger.publish([figure(without)])
    assert [each.answers for each in ledger.published("2.17")] == [first]
    later = {**at(range(11)), **at(range(20, 24))}
    assert is_due(changed_since(first, later), k=5), "one left and four came: five people"
    ledger.publish([figure(later)])
    assert find_any_leak(as_sums(each.answers for each in ledger.published("2.17")), 5) is None


def test_groups_are_renewed_each_by_its_own_changes() -> None:
    """Five new answers, four of one group and one of the other: only everybody's figure is renewed."""
    a, b = range(10), range(10, 20)
    ledger = Ledger(5, [figure(at([*a, *b])), figure(at(a), "group:a"), figure(at(b), "group:b")])
    a, b = range(-4, 10), range(10, 21)
    verdicts = ledger.publish_what_may(
        [figure(at([*a, *b])), figure(at(a), "group:a"), figure(at(b), "group:b")]
    )
    assert [verdict.may for verdict in verdicts] == [True, False, False]
    assert verdicts[1].why is not None
    assert "5" in verdicts[1].why


def test_crossings_of_a_large_panel_are_allowed() -> None:
    rows, columns = 3, 4
    people = range(240)
    figures = [figure(at(people))]
    figures += [figure(at([p for p in people if p % rows == r]), f"row {r}") for r in range(rows)]
    figures += [figure(at([p for p in people if p % columns == c]), f"column {c}") for c in range(columns)]
    figures += [
        figure(at([p for p in people if p % rows == r and p % columns == c]), f"{r} and {c}")
        for r in range(rows)
        for c in range(columns)
    ]
    assert Ledger(5).may_publish(figures).may
    assert not Ledger(5).may_publish([*figures, figure(at(people[:-1]), "all but one")]).may


def test_what_follows_from_what_was_shown_may_be_shown() -> None:
    ledger = Ledger(5, [figure(at(range(12))), figure(at(range(6)), "group:a")])
    assert ledger.may_publish([figure(at(range(12)), "again")]).may
    assert ledger.may_publish([figure(at(range(6, 12)), "the others")]).may
    assert ledger.published("other cell") == ()


def test_all_or_none_of_several_figures() -> None:
    ledger = Ledger(5)
    with pytest.raises(Refused):
        ledger.publish(
            [figure(at(range(12))), figure(at(range(8)), "eight"), Figure("3.1", "total", at(range(9)))]
        )
    assert ledger.published("2.17") == ledger.published("3.1") == ()


def test_cells_and_rounds_do_not_mix() -> None:
    ledger = Ledger(5, [Figure("1.17", "total", at(range(12)))])
    assert ledger.may_publish([Figure("2.17", "total", at(range(11)))]).may


def test_a_ledger_is_rebuilt_from_what_was_stored() -> None:
    ledger = Ledger(5)
    ledger.publish([figure({**at(range(12)), 2**62: 3})])
    stored = [(each.cell, each.name, each.members()) for each in ledger.published("2.17")]
    assert stored[0][2] == '{"0":[0,1,2,3,4,5,6,7,8,9,10,11],"3":[4611686018427387904]}'
    rebuilt = Ledger(5, [Figure.from_members(*each) for each in stored])
    assert rebuilt.published("2.17") == ledger.published("2.17")
    assert not rebuilt.may_publish([figure(at(range(12)))]).may


def test_the_first_publication_of_a_round_is_written_down() -> None:
    group_of = {**dict.fromkeys(range(20), "a"), **dict.fromkeys(range(20, 26), "b"), 26: "c", 27: "c"}
    shown = suppress(
        spread(20) + spread(6) + spread(2), {"a": spread(20), "b": spread(6), "c": spread(2)}, PLAIN
    )
    figures = list(figures_shown("2.17", shown, at(range(28)), group_of))
    assert [each.name for each in figures] == ["total", "group:a"]
    assert set(figures[1].answers) == set(range(20))
    ledger = Ledger(5, figures)
    assert not ledger.may_publish([figure(at(range(20, 26)), "group:b")]).may
    nothing = suppress(spread(3), {}, PLAIN)
    assert list(figures_shown("2.18", nothing, at(range(3)), group_of)) == []


def test_a_stricter_k_refuses_what_is_new_and_not_what_is_known() -> None:
    shown = [figure(at(range(12))), figure(at(range(6)), "group:a")]
    stricter = Ledger(7, shown)
    assert stricter.may_publish(shown).may
    assert not stricter.may_publish([figure(at(range(2, 12)), "filter")]).may


def test_long_series_of_a_real_panel_stay_open() -> None:
    """Sixty people; each moment five to seven give or change an answer, and everybody's figure is renewed."""
    random = Random(11)
    answers: dict[int, int] = {}
    ledger = Ledger(5)
    for _ in range(16):
        for person in random.sample(range(60), random.randint(5, 7)):
            answers[person] = answers.get(person, 0) + 1
        ledger.publish([figure(dict(answers))])
    some = dict(list(answers.items())[:-1])
    assert not ledger.may_publish([figure(some)]).may


def test_too_many_figures_are_refused_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "MOST_STEPS", 0)
    verdict = Ledger(5).may_publish([figure(at(range(20))), figure(at(range(9)), "nine")])
    assert not verdict.may
    assert verdict.why is not None
    assert "made sure" in verdict.why


def test_a_figure_of_nobody_is_an_error() -> None:
    with pytest.raises(ValueError, match="somebody"):
        figure({})


@pytest.mark.parametrize(("n", "k"), [(5, 5), (9, 5), (12, 3)])
def test_prv_24_the_smallest_coalition_that_breaks_a_cell(n: int, k: int) -> None:
    """With c who pool their answers, fewer than k others are mixed; with one less there are still k."""
    c = smallest_coalition(n, k)
    assert c == n - k + 1
    for coalition in (c - 1, c):
        others = at(range(coalition, n))
        assert (find_leak(as_sums([others]), k) is not None) == (coalition == c)
    assert coalition_that_names_one(n, k) == n - 1
    assert smallest_coalition(k - 1, k) is None
    assert coalition_that_names_one(k - 1, k) is None
    said = weakest([n, 40, 2], k)
    assert said is not None
    assert f"{c} of them" in said
    assert weakest([2], k) is None
