"""Proposals that probably say the same: found whatever their order, and nothing that only shares a word."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.delphi.near_duplicates import (
    ALIKE,
    find_pairs,
    group_pairs,
    likeness,
    same_words,
    shingles,
    words_of,
)

SAME = [
    ("Higher dikes", "higher   DIKES!"),
    ("Independent checks before use", "independent check before usage"),
    ("A public register of incidents", "Public incident register"),
    ("Training for decision makers", "Train decision-makers"),
    ("Digue plus élevée", "digue plus elevee"),
    ("Whistleblower protection", "Protection of whistle-blowers"),
    ("堤防を高くする", "堤防を高くする。"),
]
OTHERS = [
    ("Flood insurance", "Fire insurance"),
    ("Higher dikes", "Early warning by text message"),
    ("Sandbags", "Dams"),
    ("", ""),
    ("?", "!"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_says_the_same_is_found(one: str, other: str) -> None:
    (pair,) = find_pairs({"a": one, "b": other, "c": "Something else altogether"})
    assert (pair.first, pair.second) == ("a", "b")
    assert pair.share >= ALIKE


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_what_only_shares_a_word_is_not(one: str, other: str) -> None:
    assert find_pairs({"a": one, "b": other}) == ()


def test_words_lose_case_accents_and_punctuation() -> None:
    assert words_of("Éin „großes“ Wort, 2×!") == ["ein", "grosses", "wort", "2"]
    assert likeness(shingles("a b"), shingles("B, A")) == 1
    assert likeness(frozenset(), frozenset()) == 0


def test_the_most_alike_come_first() -> None:
    pairs = find_pairs({"c": "higher dikes", "a": "Higher dikes", "b": "Higher dike"})
    assert (pairs[0].first, pairs[0].second) == ("a", "c")
    assert [pair.share for pair in pairs] == sorted((pair.share for pair in pairs), reverse=True)


def test_a_group_is_like_its_first_and_no_chain_is_followed() -> None:
    texts = {"a": "abcdef", "b": "abcdefgh", "c": "cdefgh", "d": "sandbags", "e": "Sandbags."}
    same = same_words(texts)
    assert same["d"] == ("d", "e")
    pairs = find_pairs({name: texts[name] for name in same}, least=Fraction(2, 5))
    assert group_pairs(pairs, same) == (("b", "a", "c"), ("d", "e"))
    assert likeness(shingles("abcdef"), shingles("cdefgh")) < Fraction(2, 5)
    assert group_pairs((), same_words({"a": "one", "b": "other"})) == ()


def test_those_in_the_very_same_words_count_as_many() -> None:
    """What three say leads what one says, though its name comes first; and each is in one group."""
    texts = {
        "a": "Higher dike",
        "b": "higher dikes",
        "c": "Higher dikes!",
        "d": "HIGHER DIKES",
        "e": "?",
        "f": "!",
    }
    same = same_words(texts)
    assert same == {"a": ("a",), "b": ("b", "c", "d")}
    assert group_pairs(find_pairs({name: texts[name] for name in same}), same) == (("b", "c", "d", "a"),)
    assert group_pairs((), same) == (("b", "c", "d"),)


@given(
    st.dictionaries(
        st.text("abcde", min_size=1, max_size=4), st.text("ab cd", max_size=12), min_size=2, max_size=12
    ),
    st.fractions(Fraction(1, 10), 1),
)
def test_looking_up_the_rarest_pieces_misses_no_pair(texts: dict[str, str], least: Fraction) -> None:
    """What is found by the shortcut is what comparing every two finds."""
    found = {(pair.first, pair.second): pair.share for pair in find_pairs(texts, least=least)}
    expected = {
        (one, other): share
        for one, other in combinations(sorted(texts), 2)
        if (share := likeness(shingles(texts[one]), shingles(texts[other]))) >= least
    }
    assert found == expected
