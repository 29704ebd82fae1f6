"""What the organiser's pages are made from: the picture of the response flow."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from surveyapp.services.reading.progress import Counts, Day, RoundProgress, StudyProgress
from surveyapp.web.organiser.overview.pages import study_page

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
