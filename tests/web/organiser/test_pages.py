"""What the organiser's pages are made from: the picture of the response flow."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from surveyapp.services.reading.progress import Counts, Day, RoundProgress, StudyProgress
from surveyapp.web.organiser.overview.pages import studies_page, study_page

COUNTS = Counts(panel=10, submitted=5, in_progress=1, not_started=4, declined=0, not_me=0, withdrawn=0)


def make_progress(*days: Day, opened: datetime | None = None) -> StudyProgress:
    current = RoundProgress(1, "closed", opened, None, None, COUNTS, 0, (), days)
    return StudyProgress("fruit", "Fruit", "", "UTC", False, 3, 10, (current,))


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_the_flow_climbs_day_by_day_from_the_opening(app: Flask) -> None:
    opened = datetime(2026, 12, 1, 12, tzinfo=UTC)
    with app.test_request_context("/organiser/"):
        page = study_page(make_progress(
            Day(date(2026, 12, 3), 2), Day(date(2026, 12, 5), 5), opened=opened
        ))  # fmt: skip
        empty = study_page(make_progress(opened=opened))
        single = study_page(make_progress(Day(date(2026, 12, 5), 10)))
    assert page.flow is not None
    assert page.flow.path == "M0 130 H200.0 V104.0 H400.0 V65.0 H400"
    assert [number for _, number in page.flow.rows] == [2, 5]
    assert empty.flow is None
    assert single.flow is not None
    assert single.flow.path == "M0 130 H0.0 V0.0 H400"
    assert [step.state for step in page.rounds] == ["closed", "planned", "planned"]


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_rounds_that_collect_or_were_cancelled_bring_the_end_no_nearer(app: Flask) -> None:
    def held(number: int, state: str, *, collects: bool = False) -> RoundProgress:
        return RoundProgress(number, state, None, None, None, COUNTS, 0, (), (), collects)

    def progress(*rounds: RoundProgress) -> StudyProgress:
        return StudyProgress("fruit", "Fruit", "", "UTC", False, 2, 10, rounds)

    with app.test_request_context("/organiser/"):
        zero = study_page(progress(held(0, "open", collects=True)))
        later = study_page(progress(held(0, "closed", collects=True), held(1, "cancelled"), held(2, "open")))
        (listed,) = studies_page("", [progress(held(0, "open", collects=True))]).studies
    assert [(step.name, step.state) for step in zero.rounds] == [
        ("Collecting items", "open"),
        ("Round 1", "planned"),
        ("Round 2", "planned"),
    ]
    assert [(step.name, step.word, step.is_current) for step in later.rounds] == [
        ("Collecting items", "closed", False),
        ("Round 1", "cancelled", False),
        ("Round 2", "open", True),
        ("Round 3", "planned", False),
    ]
    assert listed.round_line == "Collecting items: open"
