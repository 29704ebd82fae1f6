"""A rating is told in thirds of its scale, and what says nothing is known in many languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.delphi.bands import Band, band_of, band_of_several
from surveyapp.delphi.empty_words import is_empty_word


@pytest.mark.parametrize(
    ("points", "bands"),
    [
        ([1, 2], "da"),
        ([1, 2, 3], "dma"),
        ([1, 2, 3, 4], "ddaa"),
        ([1, 2, 3, 4, 5], "ddmaa"),
        ([-3, -2, -1, 0, 1, 2, 3], "dddmaaa"),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], "dddmmmaaa"),
        (list(range(11)), "ddddmmmaaaa"),
    ],
)
def test_thirds_of_a_scale(points: list[int], bands: str) -> None:
    told = {"d": "disagree", "m": "middle", "a": "agree"}
    assert [band_of(point, points) for point in points] == [told[band] for band in bands]
    assert band_of(points[-1] + 1, points) == ""


@given(st.lists(st.integers(-50, 50), min_size=2, unique=True).map(sorted))
def test_bands_are_symmetric_and_in_order(points: list[int]) -> None:
    bands = [band_of(point, points) for point in points]
    mirrored = {"agree": "disagree", "disagree": "agree", "middle": "middle"}
    assert bands == [mirrored[band] for band in reversed(bands)]
    assert (bands[0], bands[-1]) == ("disagree", "agree")


def test_several_ratings_have_a_band_where_they_lie_together() -> None:
    same: list[Band] = ["agree", "agree"]
    apart: list[Band] = ["agree", "middle"]
    assert band_of_several(same) == "agree"
    assert band_of_several(apart) == ""
    assert band_of_several([]) == ""


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("none", ["en"]), ("N/A", ["en"]), ("n.a.", ["de"]), (" - ", ["en"]), ("—", ["en"]), ("...", ["ar"]),
        ("No comment.", ["en"]), ("Kein Kommentar!", ["de-AT"]), ("K.A.", ["de"]), ("Néant", ["fr"]),
        ("Ningún comentario", ["es"]), ("?", ["en"]), ("(none)", ["en"]), ("Nothing  to\nadd", ["en"]),
        ("Ничего", ["ru", "en"]),
    ],
)  # fmt: skip
def test_words_that_say_nothing(text: str, languages: list[str]) -> None:
    assert is_empty_word(text, languages) is (text != "Ничего")


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("none of the labs would do it", ["en"]), ("👍", ["en"]), ("nichts", ["en"]), ("Geld", ["de"]),
        ("無", ["en"]), ("nothing" * 20, ["en"]), ("नहीं", ["en"]), ("5", ["en"]),
    ],
)  # fmt: skip
def test_words_that_say_something(text: str, languages: list[str]) -> None:
    assert not is_empty_word(text, languages)
