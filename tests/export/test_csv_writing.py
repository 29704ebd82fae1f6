"""CSV that any reader reads back, and that no spreadsheet runs (SEC-50, SEC-52, SEC-54, SEC-55)."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.export.writers.csv import defuse, is_formula_like, lines, number_text, undefuse

# What UTF-8 can write; the csv module of this Python reads NUL too.
texts = st.text(st.characters(exclude_categories=["Cs"]))
nasty = st.text(st.sampled_from("=+-@\t\r\n\0'\" ,;\uff1d\u200bax1"), max_size=6)
FORMULAS = [
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "\0=1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20A",
    "  =1",
    '"=1',
    "'=1",
    " ' \" =1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("text", FORMULAS)
def test_sec_50_a_text_that_looks_like_a_formula_gets_one_apostrophe(text: str) -> None:
    written = "".join(lines([[text]], exact=False))
    assert read(written) == [["'" + text]]
    assert undefuse(read(written)[0][0]) == text


@pytest.mark.parametrize(
    "text", ["", "plain", "a=b", "1-2", "mail@example.org", "'quoted'", '"so"', "é=", "3"]
)
def test_sec_50_other_texts_stay_as_they_are(text: str) -> None:
    assert read("".join(lines([["x", text]], exact=False))) == [["x", text]]


def test_sec_50_true_numbers_stay_numbers() -> None:
    assert "".join(lines([[-2, Decimal("-2.50"), None, Decimal(10)]], exact=False)) == "-2,-2.5,,10\r\n"


@given(texts | nasty)
def test_sec_54_taking_the_apostrophe_away_gives_the_text_back(text: str) -> None:
    assert undefuse(defuse(text)) == text


@given(texts | nasty)
def test_sec_54_reading_our_own_file_again_changes_nothing(text: str) -> None:
    once = defuse(text)
    assert defuse(undefuse(once)) == once


@given(texts | nasty)
def test_sec_50_nothing_defused_begins_like_a_formula(text: str) -> None:
    safe = defuse(text)
    assert not is_formula_like(safe) or safe.startswith("'")


@given(st.lists(st.lists(texts | nasty, min_size=2, max_size=4), min_size=1, max_size=4))
def test_sec_52_the_csv_module_reads_back_what_was_written(rows: list[list[str]]) -> None:
    assert read("".join(lines(rows, exact=True))) == rows
    assert [[undefuse(each) for each in row] for row in read("".join(lines(rows, exact=False)))] == rows


def test_sec_52_a_text_of_a_hundred_thousand_signs_survives() -> None:
    text = '=Ω,"\r\n;' * 14_286
    assert read("".join(lines([["a", text]], exact=True))) == [["a", text]]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (4.0, "4"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (1e21, "1000000000000000000000"),
        (1e-6, "0.000001"),
        (Decimal("3.50"), "3.5"),
        (Decimal(100), "100"),
        (Decimal("1E+2"), "100"),
        (123456789.123457, "123456789.123457"),
    ],
)
def test_numbers_have_one_text_without_exponent(number: float | Decimal, text: str) -> None:
    assert number_text(number) == text
