"""Agreement of two coders on a theme: exact, and undefined where it cannot be told."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.coder_agreement import agree_on_theme
from surveyapp.statistics.measure import Undefined

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def table(both: int, first: int, second: int, neither: int) -> list[tuple[bool, bool]]:
    return (
        [(True, True)] * both
        + [(True, False)] * first
        + [(False, True)] * second
        + [(False, False)] * neither
    )


def test_kappa_of_a_table_worked_out_by_hand() -> None:
    # po = 35/50; pe = (25·30 + 25·20) / 50² = 1/2; kappa = (7/10 - 1/2) / (1/2) = 2/5.
    found = agree_on_theme(table(20, 5, 10, 15))
    assert (found.share.value, found.share.n) == (Fraction(7, 10), 50)
    assert found.kappa.value == Fraction(2, 5)


def test_same_share_less_kappa_where_a_theme_is_rare() -> None:
    # 90 of 100 agree in both tables; chance explains more of it where one code is rare.
    even, rare = agree_on_theme(table(45, 5, 5, 45)), agree_on_theme(table(1, 5, 5, 89))
    assert even.share.value == rare.share.value == Fraction(9, 10)
    assert even.kappa.value == Fraction(4, 5)
    assert rare.kappa.value == (Fraction(9, 10) - Fraction(8872, 10000)) / (1 - Fraction(8872, 10000))


def test_what_cannot_be_told_says_why() -> None:
    nothing = agree_on_theme([])
    assert (nothing.share.reason, nothing.kappa.reason) == (Undefined.NO_PAIRABLE_VALUES,) * 2
    alike = agree_on_theme(table(0, 0, 0, 7))
    assert alike.share.value == 1
    assert (alike.kappa.value, alike.kappa.reason) == (None, Undefined.NO_VARIATION)


@given(PAIRS)
def test_order_and_who_is_first_do_not_matter(pairs: list[tuple[bool, bool]]) -> None:
    found = agree_on_theme(pairs)
    assert found == agree_on_theme(reversed(pairs))
    assert found == agree_on_theme((second, first) for first, second in pairs)
    if found.kappa.value is not None:
        assert isinstance(found.kappa.value, Fraction)
        assert -1 <= found.kappa.value <= 1
        assert (found.kappa.value == 1) == (found.share.value == 1)
