"""The language of rules: what is read, what is refused and where, and that it means what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.delphi.measures import Chosen, CountedFigures, Tallied
from surveyapp.delphi.rules.expression import (
    INSUFFICIENT,
    Arm,
    Both,
    Comparison,
    Either,
    Expression,
    Figure,
    Not,
    Rule,
    Scope,
    Threshold,
    Within,
    scopes,
    write_rule,
)
from surveyapp.delphi.rules.judging import Ground, Limits, judge
from surveyapp.delphi.rules.names import NAMES, STABILITY, STOPPING, Level
from surveyapp.delphi.rules.reading import ExpressionError, read_condition, read_rule
from surveyapp.questionnaire.cells import CellKey
from surveyapp.statistics.counts import RatingScale, count
from surveyapp.statistics.measure import Measure, Undefined

NINE = RatingScale(tuple(range(1, 10)), (7, 8, 9), (1, 2, 3))
FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
CELL = CellKey("q", "item", "", "c")


def of(scale: RatingScale, ratings: Sequence[int | None], **more: int) -> CountedFigures:
    counts = count(scale, ratings, **more)
    return CountedFigures(lambda _cell, _group: Tallied(counts))


def verdict(rule: str, figures: CountedFigures, limits: Limits | None = None) -> str:
    return judge(read_rule(rule), Ground((CELL,)), figures, limits or Limits()).verdict


def split(k: int, n: int, scale: RatingScale = FIVE) -> CountedFigures:
    """k of n ratings agree, the others disagree."""
    return of(scale, [scale.points[-1]] * k + [scale.points[0]] * (n - k))


@pytest.mark.parametrize(
    ("rule", "k", "n", "expected"),
    [
        # 100 × 29 / 50 is 57.99999999999999 in floating point.
        ("agree >= 58%", 29, 50, "consensus"),
        ("agree > 58%", 29, 50, "no consensus"),
        ("agree <= 58%", 29, 50, "consensus"),
        ("agree < 58%", 29, 50, "no consensus"),
        ("agree = 58%", 29, 50, "consensus"),
        # It prints as 70 %.
        ("agree >= 70%", 139, 200, "no consensus"),
        ("agree >= 69.5%", 139, 200, "consensus"),
        ("agree >= 2/3", 2, 3, "consensus"),
        ("agree > 2/3", 2, 3, "no consensus"),
        ("agree >= 66.7%", 2, 3, "no consensus"),
        ("disagree < 15%", 17, 20, "no consensus"),
        ("disagree <= 15%", 17, 20, "consensus"),
        ("not agree >= 70%", 1, 2, "consensus"),
        ("agree >= 70% or disagree >= 30%", 1, 2, "consensus"),
        ("agree >= 50% and disagree > 50%", 1, 2, "no consensus"),
        ("in: agree > 60%; out: disagree > 60%", 1, 5, "out"),
        ("in: agree > 60%; out: disagree > 60%", 1, 2, "none"),
        ("in: agree > 60%; out: otherwise", 1, 2, "out"),
        ("percentage-agreement", 3, 4, "consensus"),
        ("percentage-agreement(76%)", 3, 4, "no consensus"),
        ("n >= 4", 2, 4, "consensus"),
    ],
)
def test_comparisons_are_exact_and_strict_ones_are_told_apart(
    rule: str, k: int, n: int, expected: str
) -> None:
    assert verdict(rule, split(k, n)) == expected


def test_the_reference_case_of_delphyr() -> None:
    """Ten valid ratings on 1–9: 70 %, median 7.5, IQR 2.5 with type 7, in by COMET 70/15."""
    figures = of(NINE, [1, 4, 6, 7, 7, 8, 8, 9, 9, 9])
    for rule in ("agree = 70%", "median = 7.5", "iqr = 2.5", "low = 10%", "high = 70%"):
        assert verdict(rule, figures) == "consensus", rule
    assert verdict("comet-70-15", figures) == "in"
    assert verdict("comet-70-15(70%, 10%)", figures) == "none"


def test_strict_fifteen_per_cent() -> None:
    exactly = of(NINE, [1] * 3 + [9] * 17)
    below = of(NINE, [1] * 2 + [9] * 18)
    assert (verdict("comet-70-15", exactly), verdict("comet-70-15", below)) == ("none", "in")


def test_the_numbers_a_verdict_stands_on() -> None:
    figures = of(FIVE, [5] * 14 + [1] * 6 + [None], dont_know=3)
    judgement = judge(read_rule("agree >= 70% and iqr <= 4"), Ground((CELL,)), figures, Limits(minimum=8))
    share, width = judgement.standings
    assert (share.value, share.k, share.of, share.n, share.threshold, share.holds) == (
        Fraction(7, 10),
        14,
        20,
        20,
        Fraction(7, 10),
        True,
    )
    assert (width.comparison, width.k, width.cell) == ("iqr <= 4", None, CELL)
    assert judgement.lacking == ()


def test_too_few_ratings_go_before_any_verdict() -> None:
    figures = split(7, 7)
    assert verdict("agree >= 70%", figures, Limits(minimum=8)) == INSUFFICIENT
    assert verdict("agree >= 70%", figures, Limits(minimum=7)) == "consensus"
    # Not even what would hold or fail whatever the missing part says.
    nobody = of(FIVE, [None], dont_know=5)
    for rule in (
        "agree < 0.5% or dont_know >= 0%",
        "not (agree > 1% and n > 0)",
        "in: agree > 1%; out: n >= 0",
    ):
        judgement = judge(read_rule(rule), Ground((CELL,)), nobody, Limits())
        assert judgement.verdict == INSUFFICIENT, rule
        assert judgement.lacking
    assert judge(read_rule("agree > 1%"), Ground((CELL,)), nobody, Limits()).lacking[0].reason == (
        Undefined.NO_VALID_RATINGS
    )


@dataclass
class Table:
    """Figures by context and group, for tests: a share, or a reason why there is none."""

    shares: Mapping[tuple[str, str], Fraction | Undefined | int]
    """(context, group) → share of ten ratings, a reason, or how few ratings there are."""
    asked: list[str] = field(default_factory=list)

    def measure(self, name: str, cell: CellKey, group: str) -> Measure:
        self.asked.append(name)
        found = self.shares.get((cell.context, group), Undefined.NOT_ASKED)
        if isinstance(found, Undefined):
            return Measure(None, 0, reason=found)
        if NAMES[name].level is Level.CELL and name in {"n", "answered", "invited"}:
            return Measure(10, 10)
        if isinstance(found, int):
            return Measure(Fraction(1), found)
        return Measure(found, 10)


YES, NO, FEW, NOBODY = Fraction(8, 10), Fraction(2, 10), 3, Undefined.NOT_ASKED
CONTEXTS = ("a", "b", "c", "d")


def in_contexts(rule: str, *found: Fraction | Undefined | int) -> str:
    table = Table({(context, ""): each for context, each in zip(CONTEXTS, found, strict=True)})
    cells = tuple(CellKey("q", "i", context, "c") for context in CONTEXTS)
    return judge(read_rule(rule), Ground(cells), table, Limits(minimum=5)).verdict


@pytest.mark.parametrize(
    ("rule", "found", "expected"),
    [
        ("agree > 60% in every context", (YES, YES, YES, YES), "consensus"),
        ("agree > 60%", (YES, YES, YES, NO), "no consensus"),
        ("agree > 60% in every context", (YES, YES, YES, NO), "no consensus"),
        ("agree > 60% in every context", (YES, YES, YES, FEW), INSUFFICIENT),
        ("agree > 60% in every context", (NO, NO, NO, FEW), INSUFFICIENT),
        ("agree > 60% in every context", (YES, YES, YES, NOBODY), INSUFFICIENT),
        ("agree > 60% in at least 3 contexts", (YES, YES, YES, NO), "consensus"),
        ("agree > 60% in at least 3 contexts", (YES, YES, YES, FEW), "consensus"),
        ("agree > 60% in at least 3 contexts", (YES, YES, NO, FEW), INSUFFICIENT),
        ("agree > 60% in at least 3 contexts", (YES, NO, NO, FEW), "no consensus"),
        ("agree > 60% in at least 3 contexts", (YES, YES, NO, NO), "no consensus"),
        ("agree > 60% in any context", (NO, NO, NO, YES), "consensus"),
        ("agree > 60% in any context", (NO, NO, NO, FEW), INSUFFICIENT),
        ("agree > 60% in context b", (NO, YES, FEW, FEW), "consensus"),
        ("not (agree > 60% in any context)", (NO, NO, NO, NO), "consensus"),
        ("(agree > 60% in context a) or (agree > 60% in context b)", (YES, FEW, NO, NO), INSUFFICIENT),
    ],
)
def test_contexts_are_rolled_up_to_the_item(
    rule: str, found: tuple[Fraction | Undefined | int, ...], expected: str
) -> None:
    assert in_contexts(rule, *found) == expected


def test_groups_by_themselves() -> None:
    cells = (CellKey("q", "i", "a", "c"), CellKey("q", "i", "b", "c"))
    ground = Ground(cells, groups=("x", "y", "z"))
    shares: dict[tuple[str, str], Fraction | Undefined | int] = {
        ("a", ""): YES,
        ("b", ""): YES,
        ("a", "x"): YES,
        ("b", "y"): YES,
        ("a", "y"): YES,
    }

    def found(rule: str, minimum_in_group: int = 1) -> str:
        return judge(read_rule(rule), ground, Table(shares), Limits(5, minimum_in_group)).verdict

    # x is not asked about b, and z about nothing: they have no say there.
    assert found("agree > 60% in each group in every context") == "consensus"
    assert found("(agree > 60% in every context) in each group") == "consensus"
    shares["a", "y"] = NO
    assert found("agree > 60% in each group in every context") == "no consensus"
    assert found("agree > 60% in any group in every context") == "consensus"
    assert found("agree > 60% in at least 2 groups in context a") == "no consensus"
    assert found("agree > 60% in group x in context a") == "consensus"
    assert found("agree > 60% in every context in group z") == INSUFFICIENT
    shares["a", "x"] = FEW
    assert found("agree > 60% in each group in every context", minimum_in_group=5) == INSUFFICIENT
    assert found("agree > 60% in each group in every context", minimum_in_group=3) == "no consensus"


def test_other_questions_and_combinations() -> None:
    """“More than 60 % agreement in every risk area and in more than 40 % of combinations” is one line."""
    yes, no = count(FIVE, [5] * 7 + [1] * 3), count(FIVE, [1] * 10)
    areas = tuple(CellKey("effect", "i", context, "effective") for context in CONTEXTS)
    other, combination = CellKey("can", "i", "", "feasible"), CellKey("best", "i")
    ground = Ground(areas, {"feasible": (other,), "best": (combination,)}, (combination,))

    def found(rule: str, times: int) -> str:
        tallied = {cell: Tallied(yes) for cell in areas} | {
            other: Tallied(no),
            combination: Tallied(chosen=Chosen(times, 100)),
        }
        figures = CountedFigures(lambda cell, _: tallied[cell])
        return judge(read_rule(rule), ground, figures, Limits(10)).verdict

    headline = "agree > 60% in every context and chosen > 40%"
    assert found(headline, 41) == "consensus"
    assert found(headline, 40) == "no consensus"
    assert found("agree > 60% in every context and chosen of best >= 40%", 40) == "consensus"
    assert found("(agree > 60% and agree of feasible > 60%) in every context", 40) == "no consensus"
    assert found("(agree > 60% and disagree of feasible > 60%) in every context", 40) == "consensus"


# ‸ stands where the problem is.
REFUSED = [
    ("‸", "the rule is empty"),
    ("‸agre >= 70%", "there is no measure “agre”; did you mean “agree”?"),
    ("agree >= ‸70", "“agree” is a share; write it like 70% or 2/3"),
    ("agree >= ‸0.7", "write it like 70% or 2/3"),
    ("agree >= ‸170%", "170% is out of range: “agree” is never above 100%"),
    ("agree >= ‸-1%", "-1% is out of range: “agree” is never below 0%"),
    ("agree >= ‸3/2", "3/2 is out of range"),
    ("agree >= 3/‸0", "after / comes a number above 0"),
    ("iqr <= ‸1%", "“iqr” is a distance on the scale and not a share"),
    ("cvr > ‸2", "2 is out of range: “cvr” is never above 1"),
    ("n >= ‸7.5", "“n” is a whole number"),
    ("agree ‸", "the rule ends where a comparison is due"),
    ("agree >= ‸", "the rule ends where a number is due, like 70%"),
    ("iqr <= ‸", "the rule ends where a number is due, like 1"),
    ("agree ‸≥ 70%", "write >="),
    ("agree >‸> 70%", "“>” stands where a number is due"),
    ("agree >= 70% ‸& iqr <= 1", "write and"),
    ("agree >= 70% ‸iqr <= 1", "“iqr” cannot follow here; join conditions with and / or"),
    ("agree >= 70% and ‸", "the rule ends where a measure is due"),
    ("(agree >= 70%‸", "a closing bracket ) is missing"),
    ("50% ", None),
    ("1 ‸< agree", None),
    ("agree >= 50% ‸>= 40%", "comparisons cannot be chained"),
    ("disagreement ‸> 1", "“disagreement” is true or false by itself"),
    ("‸shift < 15%", "“shift” is a measure of change between two rounds, for the rule of stability"),
    ("‸settled > 1%", "for the rule of stopping"),
    ("‸apmo > 50%", "write agree >= apmo"),
    ("median >= ‸apmo", "“median” is a place on the scale and “apmo” is a share"),
    ("‸Agree >= 70%", "“Agree” is neither a name nor a number"),
    ("agree >= 70% in ‸", "the rule ends where it is due to say in what"),
    ("agree >= 70% in ‸most contexts", "“most” stands where it is due to say in what"),
    ("agree >= 70% in at ‸3 contexts", "“3” stands where “least” is due"),
    ("agree >= 70% in at least ‸0 contexts", "where a number from 1 is due"),
    ("agree >= 70% in at least ‸1.5 contexts", "a whole number is due"),
    ("agree >= 70% in group ‸", "the name of a group is due"),
    ("agree >= 70% in each group ‸in group x", "said twice for groups"),
    ("(agree >= 70% in each group) ‸in any group", "said already for groups inside the brackets"),
    ("agree >= 70% and iqr <= 1 ‸in at least 3 contexts", "it is not clear whether"),
    ("agree >= 70% or iqr <= 1 ‸in each group", "like (agree >= 70% or iqr <= 1) in each group"),
    ("agree > 1% or (iqr <= 1 and sd < 1) or n > 3 ‸in each group", "it is not clear whether"),
    ("in: agree > 60%; ‸in: disagree > 60%", "the verdict “in” stands here a second time"),
    ("in: agree > 60%; ‸disagree > 60%", "where a verdict with a colon is due"),
    ("agree > 60%‸; disagree > 60%", "a rule with several verdicts names each"),
    ("‸in: otherwise", "otherwise needs a verdict before it"),
    ("in: agree > 60%; out: otherwise; ‸none: n > 1", "nothing comes after otherwise"),
    ("in: agree > 60% ‸out: n > 1", "divide verdicts by semicolons"),
    ("‸percentage-agreement(180%)", "180% is out of range"),
    ("percentage-agreement(70%, ‸80%)", "takes no more than 1 values"),
    ("percentage-agreement(70% ‸80%)", "divided by commas"),
    ("ram(median, ‸iqr)", "“iqr” stands where disagreement or di is due"),
    ("‸comet-70-15 and n > 5", "has several verdicts, so it stands alone"),
    ("‸comet-70-16", "there is no measure “comet-70-16”"),
    ("agree of ‸", "a criterion or a question is due"),
    ("‸(" * 41 + "agree > 1%", None),
]


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_what_is_refused_says_where_and_what_to_write(text: str, says: str | None) -> None:
    before, mark, after = text.rpartition("‸")
    text = text.replace("‸", "")
    with pytest.raises(ExpressionError) as caught:
        read_rule(text)
    if says is not None:
        assert says in caught.value.what
        assert caught.value.column == len(before) + 1, caught.value.what
    assert after is not None
    assert mark or says is None


def test_rules_of_stability_and_stopping_have_their_own_measures() -> None:
    read_condition("(shift < 15% and changed < 20%) in every context", STABILITY)
    read_condition("rounds >= 3 or done = 100%", STOPPING)
    for text, levels, says in (
        ("agree > 70%", STABILITY, "for the rules of consensus"),
        ("shift > 70%", STOPPING, "for the rule of stability"),
        ("done > 70% in every context", STOPPING, "about the study as a whole"),
        ("rounds of x > 2", STOPPING, "leave “of” out"),
        ("", STOPPING, "the rule is empty"),
        ("percentage-agreement", STABILITY, "there is no measure"),
    ):
        with pytest.raises(ExpressionError) as caught:
            read_condition(text, levels)
        assert says in caught.value.what


@pytest.mark.parametrize(
    "text",
    [
        "agree >= 70% and iqr <= 1",
        "agree > 60% in every context and chosen > 40%",
        "not (agree >= 70% in each group in at least 3 contexts or not disagreement)",
        "in: (high >= 70% and low < 15%) in each group; out: otherwise",
        "agree of feasible >= apmo in group patients",
    ],
)
def test_a_rule_written_down_reads_the_same(text: str) -> None:
    assert read_rule(write_rule(read_rule(text))) == read_rule(text)


# ---- any rule at all, against a plain evaluation

names = st.sampled_from(["agree", "disagree", "high", "low"])
shares = st.integers(0, 10).map(lambda k: Threshold(Fraction(k, 10), f"{10 * k}%"))
signs = st.sampled_from([">=", ">", "<=", "<", "="])
leaves = st.builds(Comparison, names.map(Figure), signs, shares)
scope = st.one_of(
    st.builds(Scope, st.sampled_from(["context", "group"]), st.none() | st.integers(1, 3)),
    st.builds(Scope, st.just("context"), st.none(), st.sampled_from(["a", "b"])),
    st.builds(Scope, st.just("group"), st.none(), st.sampled_from(["x", "y"])),
)


def is_nested_well(expression: Expression) -> bool:
    match expression:
        case Within(part, outer):
            return all(inner.over != outer.over for inner in scopes(part)) and is_nested_well(part)
        case Not(part):
            return is_nested_well(part)
        case Both(parts) | Either(parts):
            return all(map(is_nested_well, parts))
        case _:
            return True


def flat(kind: type[Both | Either], parts: list[Expression]) -> Expression:
    """Chains as reading makes them: no chain directly in a chain of its own sort."""
    inner = [each for part in parts for each in (part.parts if isinstance(part, kind) else (part,))]
    return kind(tuple(inner))


expressions = st.recursive(
    leaves,
    lambda part: st.one_of(
        st.builds(Not, part),
        st.builds(flat, st.just(Both), st.lists(part, min_size=2, max_size=3)),
        st.builds(flat, st.just(Either), st.lists(part, min_size=2, max_size=3)),
        st.builds(Within, part, scope),
    ),
    max_leaves=8,
).filter(is_nested_well)


@given(expressions)
def test_any_rule_written_down_reads_the_same(expression: Expression) -> None:
    rule = Rule((Arm("yes", expression),), "none")
    assert read_rule(write_rule(rule)) == rule


ITEM_CONTEXTS, GROUPS = ("a", "b"), ("x", "y")
values = st.dictionaries(
    st.tuples(
        st.sampled_from(["agree", "disagree", "high", "low"]),
        st.sampled_from(ITEM_CONTEXTS),
        st.sampled_from(["", *GROUPS]),
    ),
    st.integers(0, 10).map(lambda k: Fraction(k, 10)),
)


class Filled:
    """A figure for everything; a tenth where none was drawn."""

    def __init__(self, drawn: Mapping[tuple[str, str, str], Fraction]) -> None:
        self.drawn = drawn

    def measure(self, name: str, cell: CellKey, group: str) -> Measure:
        if name == "n":
            return Measure(10, 10)
        return Measure(self.drawn.get((name, cell.context, group), Fraction(1, 10)), 10)


def plainly(expression: Expression, figures: Filled, contexts: tuple[str, ...], group: str) -> bool:
    """The same rule as a reader of Python would write it, for data that lack nothing."""

    def here(part: Expression) -> bool:
        return plainly(part, figures, contexts, group)

    match expression:
        case Not(part):
            return not here(part)
        case Both(parts):
            return all(here(part) for part in parts)
        case Either(parts):
            return any(here(part) for part in parts)
        case Within(part, Scope("context", least, name)):
            places = (name,) if name else ITEM_CONTEXTS
            held = sum(plainly(part, figures, (each,), group) for each in places)
            return held >= (len(places) if least is None else least)
        case Within(part, Scope("group", least, name)):
            members = (name,) if name else GROUPS
            held = sum(plainly(part, figures, contexts, each) for each in members)
            return held >= (len(members) if least is None else least)
        case Comparison(Figure(name), sign, Threshold(value)):
            found = [figures.drawn.get((name, each, group), Fraction(1, 10)) for each in contexts]
            python = {"=": "=="}.get(sign, sign)
            return all(eval(f"each {python} value", {"each": each, "value": value}) for each in found)
    raise AssertionError(expression)


@given(expressions, values)
def test_a_verdict_is_what_a_plain_evaluation_gives(
    expression: Expression, drawn: Mapping[tuple[str, str, str], Fraction]
) -> None:
    figures = Filled(drawn)
    cells = tuple(CellKey("q", "i", context, "c") for context in ITEM_CONTEXTS)
    rule = Rule((Arm("yes", expression),), "no")
    found = judge(rule, Ground(cells, groups=GROUPS), figures, Limits(5, 5))
    assert found.verdict == ("yes" if plainly(expression, figures, ITEM_CONTEXTS, "") else "no")


@given(expressions, values, st.sampled_from(ITEM_CONTEXTS))
def test_too_little_anywhere_never_turns_into_a_verdict_of_another_kind(
    expression: Expression, drawn: Mapping[tuple[str, str, str], Fraction], short: str
) -> None:
    """With one context on too few ratings, the verdict is the same as with any ratings there, or none."""

    class Short(Filled):
        def measure(self, name: str, cell: CellKey, group: str) -> Measure:
            found = super().measure(name, cell, group)
            return Measure(found.value, 2) if cell.context == short else found

    cells = tuple(CellKey("q", "i", context, "c") for context in ITEM_CONTEXTS)
    ground, rule = Ground(cells, groups=GROUPS), Rule((Arm("yes", expression),), "no")
    lacking = judge(rule, ground, Short(drawn), Limits(5, 5)).verdict
    if lacking != INSUFFICIENT:
        for other in (Fraction(0), Fraction(1)):
            changed = {key: other if key[1] == short else value for key, value in drawn.items()}
            assert judge(rule, ground, Filled(changed), Limits(5, 5)).verdict == lacking
