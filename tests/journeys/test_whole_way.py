"""An expert's whole way from the letter to the receipt, and what the database holds afterwards."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Download, Locator, Route, expect

from surveyapp.delphi.receipts import find_faults
from surveyapp.questionnaire.cells import CellKey
from tests.journeys.conftest import Houses
from tests.journeys.house import DONT_KNOW, load_questionnaire
from tests.journeys.walking import CONTINUE, LEFT_OUT, SAVED, Expert, plan_answers, walk_through
from tests.support.browser import PHONE, OpenPage

pytestmark = pytest.mark.browser

Invite = Callable[..., Expert]
ITEMS = [item.id for item in load_questionnaire().items]


def effectiveness(position: int, part: str = "") -> CellKey:
    """A rating, or its reason, on the page about CBRN."""
    return CellKey("effectiveness", ITEMS[position], "cbrn", "" if part else "effectiveness", part)


def take(expert: Expert, link: str) -> Download:
    """Press a link that hands over a file."""
    with expert.page.expect_download() as waiting:
        expert.page.get_by_role("link", name=link).click()
    return waiting.value


def read(download: Download) -> str:
    return Path(download.path()).read_text(encoding="utf-8-sig")


def test_from_the_letter_to_the_receipt_and_once_more(invite: Invite) -> None:
    plan = plan_answers(["cbrn"])
    expert = invite("cbrn")
    page = expert.page
    expert.open_link()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mitigations for systemic AI risks")
    expect(page.get_by_text("Synthetic panel: invented people and answers")).to_be_visible()
    assert expert.stored() == {}
    expert.press("Start")
    expert.must_be_at("practice")
    page.get_by_role("radio", name="Strongly agree").check()
    page.get_by_text("Give a reason").click()
    page.get_by_label("Reason: Smoke alarms").fill("They wake people up.")
    expert.press("Go to the first page")
    assert expert.stored() == {}, "the practice item is stored nowhere"
    walk_through(expert, plan)
    assert expert.stored() == plan.cells

    blank = page.get_by_role("listitem").get_by_role("link", name="Data curation")
    assert blank.count() == 2, "the item left out is listed once for each of its two pages"
    blank.first.click()
    left_out = effectiveness(LEFT_OUT)
    expect(page.locator(f"#{expert.name_of(left_out)}")).to_be_in_viewport()
    expert.go("review")
    expert.press("Submit my answers")
    expert.must_be_at("thanks")

    receipt = json.loads(read(take(expert, "Your receipt")))
    assert find_faults(receipt) == []
    assert values_of(receipt) == plan.cells
    assert "synthetic" in receipt

    page.get_by_role("link", name="Change my answers").or_(
        page.get_by_role("button", name="Change my answers")
    ).click()
    expert.go("p/effectiveness.cbrn")
    expert.give(left_out, 1)
    expert.wait_saved()
    expert.go("thanks")
    expect(page.get_by_text("You changed something after submitting")).to_be_visible()
    page.get_by_role("link", name="Review and submit").click()
    expert.press("Submit again")
    expect(page.get_by_text("submission number 2")).to_be_visible()
    changed = plan.cells | {left_out: 1}
    assert expert.stored() == changed
    second = json.loads(read(take(expert, "Your receipt")))
    assert find_faults(second) == []
    assert values_of(second) == changed
    check_copies(expert)


def values_of(receipt: dict[str, Any]) -> dict[CellKey, Any]:
    """What a receipt says was submitted, blanks aside."""
    found = {}
    for entry in receipt["answers"]:
        answer = entry["answer"]
        key = CellKey(*(answer.get(name, "") for name in CellKey._fields))
        given = next((answer[name] for name in ("number", "value", "parts", "text") if answer.get(name) is not None), None)
        if given is not None:
            found[key] = int(float(given)) if isinstance(given, int | float) else given
    return found


def check_copies(expert: Expert) -> None:
    """The copies that the expert takes along say in words what was clicked."""
    table = list(csv.DictReader(io.StringIO(read(take(expert, "The same as a table (CSV)")))))
    by_item = {(row["question"], row["item"], row["what"]): row["answer"] for row in table}
    question = "How effective would each measure be?"
    assert by_item[question, "Data curation", ""] == "Strongly disagree"
    assert by_item[question, "Pre-deployment risk assessments", "reason"] == "It depends on 0 things & more."
    expert.page.get_by_role("link", name="A copy of your answers").click()
    copy = expert.page.get_by_role("main")
    expect(copy).to_contain_text("It depends on 18 things & more.")
    expect(copy).to_contain_text("A think tank – „Größe“ 大")
    expect(copy).to_contain_text("Submitted on")
