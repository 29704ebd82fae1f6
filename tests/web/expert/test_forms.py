"""What comes in from pages, turned into numbers, values and ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.errors import InputError
from surveyapp.web.expert.forms import name_save, read_numbers, refuse_duplicates
from surveyapp.web.expert.pages import write_numbers


@given(st.lists(st.integers(1, 400), unique=True).map(sorted))
def test_numbers_written_short_are_read_back(numbers: list[int]) -> None:
    assert list(read_numbers(write_numbers(numbers), most=400)) == numbers


@pytest.mark.parametrize(
    "text", ["0", "5-4", "401", "1-401", "-1", "1-", "a", "\u0661", "1;2", "1,", "9" * 30]
)
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_numbers(text, most=400)


def test_a_page_post_is_named_by_what_it_holds() -> None:
    first = name_save("id-of-the-page", {1: ["a"], 2: ["b"]})
    assert name_save("id-of-the-page", {2: ["b"], 1: ["a"]}) == first
    assert name_save("id-of-the-page", {1: ["a"], 2: ["c"]}) != first
    assert name_save("another-page-id", {1: ["a"], 2: ["b"]}) != first
    assert len(name_save("x" * 64, {})) <= 64


def test_equal_keys_are_refused() -> None:
    assert refuse_duplicates([("a", 1), ("b", 2)]) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="twice"):
        refuse_duplicates([("a", 1), ("a", 1)])
