"""New items that experts propose: several lines of one answer, on the page, saved, and taken along."""

from __future__ import annotations

import pytest

from tests.web.expert.conftest import Expert

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


def lines_of(expert: Expert) -> list[str]:
    """The lines on the page last seen."""
    page = expert.client.page
    assert page is not None
    return [box.get("value", "") for box in page.find_all("input", name=expert.field("missing"))]


def open_page(expert: Expert) -> list[str]:
    expert.client.get(f"{expert.base}/p/choose")
    return lines_of(expert)


def test_proposals_are_lines_of_one_answer(expert: Expert) -> None:
    expert.consent()
    assert open_page(expert) == ["", "", ""]
    field = expert.field("missing")
    expert.client.submit({field: ["", 'Pears & "plums" <raw>', "Cherries"]})
    assert open_page(expert) == ['Pears & "plums" <raw>', "Cherries", ""]
    expert.client.get(f"{expert.base}/answers")
    assert expert.client.page is not None
    assert 'Pears & "plums" <raw>; Cherries' in expert.client.page.words
    open_page(expert)
    expert.client.submit({field: ["", "", ""]})
    assert open_page(expert) == ["", "", ""]


def test_the_same_twice_is_said_kindly_and_nothing_typed_is_lost(expert: Expert) -> None:
    expert.consent()
    open_page(expert)
    field = expert.field("missing")
    page = expert.client.submit({field: ["Pears", "", " pears"]}, button=("go", "next"), expect=422)
    assert "“pears” stands here twice; once is enough" in page.words
    assert lines_of(expert) == ["Pears", "", " pears"]


def test_proposals_are_saved_by_themselves(expert: Expert) -> None:
    expert.consent()
    field = expert.field("missing")
    assert expert.save({field: ["Pears", ""]}, base=1).status_code == 200
    assert open_page(expert) == ["Pears", "", ""]
    four = expert.save({field: ["1", "2", "3", "4"]}, base=2, request_id="request-2")
    assert four.status_code == 422
    assert "at most 3 can be; take 1 out" in four.get_data(as_text=True)
