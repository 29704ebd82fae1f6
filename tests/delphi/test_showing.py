"""What one expert is shown of a release: nothing beyond it, and of it only what the protocol shows."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.delphi.feedback import ReleaseContent, ShownCell, ShownFigure, ShownItem, ShownReason
from surveyapp.delphi.protocol.model import Feedback, Reasons
from surveyapp.delphi.showing import BLIND, NOT_ASKED, PanelView, cause_to_ask, percent_of, show_release
from surveyapp.questionnaire.cells import Given, Status

POINTS = (1, 2, 3, 4, 5)
TOTAL = ShownFigure(
    n=9, counts=(1, 0, 2, 4, 2), dont_know=1, median=Fraction(4), q1=Fraction(3), q3=Fraction(9, 2)
)
NORTH = ShownFigure(
    n=5, counts=(0, 0, 1, 3, 1), dont_know=0, median=Fraction(4), q1=Fraction(4), q3=Fraction(4)
)
CONTENT = ReleaseContent(
    study="fruit",
    round=1,
    number=1,
    questionnaire=1,
    smallest_group=5,
    submissions=10,
    cells=(
        ShownCell(
            cell=1, question="rate", item="apples", item_version=1, points=POINTS, total=TOTAL,
            groups={"north": NORTH}, hidden_groups={"south": "too_few"},
        ),
        ShownCell(cell=2, question="rate", item="pears", item_version=1, points=POINTS, hidden="too_few"),
        ShownCell(cell=3, question="rate", item="plums", item_version=1, points=POINTS, total=TOTAL),
    ),
    reasons=tuple(
        ShownReason(id=f"R-{number}", item="apples", context=context, text=f"Reason {number}")
        for number, context in enumerate(("", "a", "b", "a", "", "b"))
    ),
    items=(
        ShownItem(item="apples", version=1, title="Old apples", outcome="revise", reason="Clearer."),
        ShownItem(item="plums", version=1, title="Plums", outcome="drop", reason="No.", verdict="out"),
        ShownItem(item="nuts", version=1, title="Nuts", outcome="split", successors=("walnuts", "almonds")),
        ShownItem(item="dates", version=1, title="Dates", outcome="new"),
    ),
)  # fmt: skip


def show(
    feedback: Feedback | None = None,
    *,
    group: str = "north",
    viewer: str = "a",
    shows_settled: bool = False,
    blind: frozenset[int] = frozenset(),
) -> PanelView:
    return show_release(
        CONTENT,
        feedback or Feedback(),
        cells={1: 1, 2: 2, 9: 0},
        combinations={},
        items=("apples", "pears", "walnuts", "almonds", "dates"),
        group=group,
        shows_settled=shows_settled,
        blind=blind,
        viewer=viewer,
        seed="s",
    )


def rated(point: int, status: Status = Status.VALUE) -> Given:
    return Given(status, number=Decimal(point))


def test_a_rating_shows_shares_median_and_middle_half() -> None:
    view = show().ratings[1]
    assert view.panel is not None
    assert [(share.count, share.percent) for share in view.panel.shares] == [
        (1, 10), (0, 0), (2, 20), (4, 40), (2, 20)
    ]  # fmt: skip
    assert view.panel.dont_know is not None
    assert (view.panel.dont_know.percent, view.panel.answered) == (10, 10)
    # From 3 to 4.5: 5 lies outside.
    assert view.middle == frozenset({3, 4})
    assert [view.panel.place(point) for point in POINTS] == ["below", "below", "within", "within", "above"]
    assert view.groups == ()


def test_what_the_protocol_does_not_show_is_not_there() -> None:
    bare = show(Feedback(distribution=False)).ratings[1]
    assert bare.panel is not None
    assert (bare.panel.shares, bare.panel.dont_know, bare.middle) == ((), None, frozenset({3, 4}))
    bars = show(Feedback(quartiles=False)).ratings[1]
    assert bars.panel is not None
    assert (bars.panel.median, bars.panel.q1, bars.middle) == (None, None, None)
    nothing = show(Feedback(distribution=False, quartiles=False, reasons=False, summaries=False))
    assert (nothing.ratings, nothing.reasons, nothing.summaries) == ({}, {}, {})


@pytest.mark.parametrize(
    ("of_groups", "group", "shown", "hidden"),
    [
        ("none", "north", [], ()),
        ("own group", "north", ["north"], ()),
        ("own group", "south", [], ("south",)),
        ("own group", "", [], ()),
        ("all groups", "south", ["north"], ("south",)),
    ],
)
def test_groups_are_shown_as_the_protocol_says(
    of_groups: str, group: str, shown: list[str], hidden: tuple[str, ...]
) -> None:
    view = show(Feedback.model_validate({"of_groups": of_groups}), group=group)
    assert [each.group for each in view.ratings[1].groups] == shown
    assert view.ratings[1].hidden_groups == hidden
    assert view.group == ("" if of_groups == "none" else group)


def test_why_there_is_no_figure_is_told() -> None:
    view = show(blind=frozenset({1}))
    assert (view.ratings[1].panel, view.ratings[1].hidden) == (None, BLIND)
    assert (view.ratings[2].panel, view.ratings[2].hidden) == (None, "too_few")
    assert (view.ratings[9].panel, view.ratings[9].hidden) == (None, NOT_ASKED)


def test_items_changed_and_items_settled() -> None:
    view = show()
    assert {item: change.outcome for item, change in view.changes.items()} == {
        "apples": "revise", "walnuts": "split", "almonds": "split", "dates": "new"
    }  # fmt: skip
    assert [(each.item, each.verdict, each.ratings) for each in view.settled] == [
        ("plums", "", ()), ("nuts", "", ())
    ]  # fmt: skip
    plums = show(shows_settled=True).settled[0]
    assert (plums.verdict, [each.cell for each in plums.ratings]) == ("out", [3])


def test_reasons_stand_in_an_order_of_the_readers_own() -> None:
    here = show().reasons_for("apples", "a", ["effect"])
    assert {each.id for each in here} == {"R-0", "R-1", "R-3", "R-4"}
    assert here == show().reasons_for("apples", "a", ["effect"])
    orders = {tuple(each.id for each in show(viewer=f"v{n}").reasons["apples"]) for n in range(4)}
    assert len(orders) > 1


@pytest.mark.parametrize(
    ("given", "earlier", "reasons", "cause"),
    [
        (rated(3), None, Reasons(), ""),
        (rated(4), None, Reasons(), ""),
        (rated(5), None, Reasons(), "outside"),
        (rated(2, Status.KEPT), rated(2), Reasons(), "outside"),
        (Given(Status.DONT_KNOW, text="dont-know"), rated(3), Reasons(step=1), ""),
        (Given(Status.BLANK), None, Reasons(ask="everyone"), ""),
        (None, None, Reasons(ask="everyone"), ""),
        (rated(3), None, Reasons(ask="everyone"), "everyone"),
        (rated(5), rated(1), Reasons(ask="nobody", step=1), ""),
        # By more than the step: two points are not more than two.
        (rated(3), rated(5), Reasons(step=2), ""),
        (rated(3), rated(5), Reasons(step=1), "step"),
        (rated(3), Given(Status.DONT_KNOW, text="dont-know"), Reasons(step=1), ""),
    ],
)
def test_when_a_reason_is_asked_for(
    given: Given | None, earlier: Given | None, reasons: Reasons, cause: str
) -> None:
    assert cause_to_ask(given, earlier=earlier, middle=frozenset({3, 4}), reasons=reasons) == cause


def test_a_middle_half_that_was_not_shown_asks_nobody() -> None:
    assert cause_to_ask(rated(5), earlier=None, middle=None, reasons=Reasons()) == ""


@given(counts=st.lists(st.integers(0, 400), min_size=1, max_size=9))
def test_percentages_never_tell_none_or_all_where_it_is_some(counts: list[int]) -> None:
    total = sum(counts)
    for count in counts:
        percent = percent_of(count, total)
        assert (percent == 0) == (count == 0)
        assert (percent == 100) == (count == total and total > 0)
