"""Conditions: what they mean, what is refused, and in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.questionnaire.expressions import (
    Absent,
    Both,
    Comparison,
    Either,
    Expression,
    ExpressionError,
    Literally,
    Name,
    Not,
    Value,
    evaluate,
    names,
    outcomes,
    parse,
    write,
)

KNOWN: dict[str, Value | Absent] = {
    "group": "cbrn",
    "context": "cbrn",
    "tags": frozenset({"early", "eu"}),
    "years": 5.0,
    "consent": True,
    "refused": False,
    "areas": frozenset({"coast"}),
    "later": Absent.PENDING,
}


def look(name: str) -> Value | Absent:
    return KNOWN.get(name, Absent.MISSING)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("group == context", True),
        ("group != context", False),
        ("'eu' in tags", True),
        ("'us' not in tags", True),
        ("context in ['cbrn', 'coast']", True),
        ("years >= 5 and years < 5.5", True),
        ("years > 5 or years <= -1", False),
        ("consent", True),
        ("not consent or refused", False),
        ("consent == true", True),
        ("not (consent and refused)", True),
        # and binds more tightly than or, not more tightly than both
        ("consent or refused and refused", True),
        ("(consent or refused) and refused", False),
        ("not refused and refused", False),
        # unknown, unless the rest decides
        ("missing == 'a'", None),
        ("not (missing == 'a')", None),
        ("missing > 1 or consent", True),
        ("missing > 1 and refused", False),
        ("missing > 1 and consent", None),
        ("'a' not in missing", None),
        ("missing", None),
        # different sorts cannot be ordered
        ("group < 5", None),
        ("years in tags", None),
    ],
)
def test_truth(text: str, truth: bool | None) -> None:
    assert evaluate(parse(text), look) is truth


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("later == 'a'", {True, False, None}),
        ("later == 'a' or consent", {True}),
        ("later == 'a' and refused", {False}),
        ("later == 'a' and missing == 'a'", {False, None}),
        ("not later", {True, False, None}),
    ],
)
def test_outcomes_of_pending_answers(text: str, possible: set[bool | None]) -> None:
    assert set(outcomes(parse(text), look)) == possible


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "the condition is empty"),
        ("   ", 1, "the condition is empty"),
        ("group = 'a'", 7, "write == to compare"),
        ("group == 'a' && x", 14, "write and"),
        ("group == 'a' | x", 14, "write or"),
        ("!consent", 1, "write not"),
        ("group == 'a", 10, "no closing quote"),
        ("group ==", 9, "a name, a 'text' or a number is due"),
        ("(group == 'a'", 14, "closing bracket"),
        ("group == 'a')", 13, "cannot follow here"),
        ("group == 'a' 'b'", 14, "cannot follow here"),
        ("Group == 'a'", 1, "neither a name nor a number"),
        ("years > 1.2.3", 9, "neither a name nor a number"),
        ("1 < years < 5", 3, "cannot be chained"),
        ("group not 'a'", 11, "not is followed by in"),
        ("group in ['a' 'b']", 15, "divided by commas"),
        ("group in [a]", 11, "texts in quotes"),
        ("__import__('os')", 1, "neither"),
        ("a.b", 2, "neither"),
        ("f(x)", 2, "cannot follow here"),
        ("not " * 50 + "consent", 161, "brackets inside each other"),
    ],
)
def test_refused(text: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert says in caught.value.what
    assert caught.value.column == column


def test_names() -> None:
    assert names(parse("group == 'x' and (areas-known == 1 or not y) and 'a' in tags")) == {
        "group",
        "areas-known",
        "y",
        "tags",
    }


def test_sec_64_long_conditions_take_no_long_time() -> None:
    """Pending answers in fifty parts do not multiply."""
    text = " or ".join(f"later == 'a{number}'" for number in range(50))
    assert None in outcomes(parse(text), look)


words = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,3})?", fullmatch=True).filter(
    lambda word: word not in {"and", "or", "not", "in", "true", "false"}
)
texts = st.text(st.characters(blacklist_characters="'\"", blacklist_categories=["Cs"]), max_size=8)
operands = st.one_of(
    st.builds(Name, words),
    st.builds(
        Literally,
        st.one_of(
            texts,
            st.booleans(),
            st.integers(-999, 999).map(float),
            st.sampled_from([0.5, -2.25]),
            st.lists(texts, max_size=3).map(tuple),
        ),
    ),
)
leaves: st.SearchStrategy[Expression] = st.one_of(
    operands,
    st.builds(
        Comparison,
        operands,
        st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"]),
        operands,
    ),
)


def joined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, parts), st.builds(Both, several), st.builds(Either, several))


def without_columns(expression: Expression) -> Expression:
    match expression:
        case Name(name):
            return Name(name)
        case Literally(value):
            return Literally(value)
        case Comparison(left, operator, right):
            plain_left, plain_right = without_columns(left), without_columns(right)
            assert isinstance(plain_left, Name | Literally)
            assert isinstance(plain_right, Name | Literally)
            return Comparison(plain_left, operator, plain_right)
        case Not(part):
            return Not(without_columns(part))
        case Both(parts):
            return Both(tuple(without_columns(part) for part in parts))
        case Either(parts):
            return Either(tuple(without_columns(part) for part in parts))


@given(st.recursive(leaves, joined, max_leaves=12))
def test_written_conditions_are_read_back(expression: Expression) -> None:
    assert without_columns(parse(write(expression))) == expression


@given(st.text(max_size=40))
def test_nothing_but_polite_refusals(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        refusal = error
    else:
        assert evaluate(expression, look) in {True, False, None}
        return
    assert 1 <= refusal.column <= len(text) + 1
    assert refusal.what
