"""An expert's whole way from the letter to the receipt, and what the database holds afterwards."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Download, Page, expect

from surveyapp.delphi.receipts import find_faults
from surveyapp.questionnaire.cells import CellKey
from tests.journeys.conftest import Houses
from tests.journeys.house import CONSENT, DONT_KNOW, rating
from tests.journeys.walking import CONTINUE, LEFT_OUT, SAVED, Expert, plan_answers, walk_through
from tests.support.browser import PHONE, OpenPage

pytestmark = pytest.mark.browser

Invite = Callable[..., Expert]
BLANK = rating(LEFT_OUT)


def take(expert: Expert, link: str) -> str:
    """The text of the file that a link hands over."""
    with expert.page.expect_download() as waiting:
        expert.page.get_by_role("link", name=link).click()
    download: Download = waiting.value
    return Path(download.path()).read_text(encoding="utf-8-sig")


def take_receipt(expert: Expert) -> dict[CellKey, Any]:
    """What the receipt says was submitted, blanks aside; it must add up."""
    receipt = json.loads(take(expert, "Your receipt"))
    assert find_faults(receipt) == []
    assert "synthetic" in receipt
    found = {}
    for entry in receipt["answers"]:
        answer = entry["answer"]
        given = next(
            (answer[name] for name in ("value", "parts", "text") if answer.get(name) is not None), None
        )
        if given is not None:
            found[CellKey(*(answer[name] for name in CellKey._fields))] = given
    return found


def test_from_the_letter_to_the_receipt_and_once_more(invite: Invite) -> None:
    plan = plan_answers(["cbrn"])
    expert = invite("cbrn")
    page = expert.page
    expert.open_link()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mitigations for systemic AI risks")
    expect(page.get_by_text("Synthetic panel: invented people and answers")).to_be_visible()
    expert.press("Start")
    expert.must_be_at("practice")
    page.get_by_role("radio", name="Strongly agree").check()
    page.get_by_text("Give a reason").click()
    page.get_by_label("Reason: Smoke alarms").fill("They wake people up.")
    expert.press("Go to the first page")
    assert expert.stored() == {}, "the practice item is stored nowhere"
    walk_through(expert, plan)
    assert expert.stored() == plan.cells

    blank = page.locator("main li").get_by_role("link", name="Data curation", include_hidden=True)
    assert blank.count() == 2, "the item left out is listed on each of its two pages"
    blank.first.click()
    expect(page.locator(f"#{expert.name_of(BLANK)}")).to_be_in_viewport()
    expert.go("review")
    expert.press("Submit my answers")
    expert.must_be_at("thanks")
    assert take_receipt(expert) == plan.cells

    page.get_by_role("link", name="Change my answers").click()
    expert.go("p/effectiveness.cbrn")
    expert.give(BLANK, 1)
    expert.wait_saved()
    expert.go("thanks")
    expect(page.get_by_text("You changed something after submitting")).to_be_visible()
    page.get_by_role("link", name="Review and submit").click()
    expert.press("Submit again")
    expect(page.get_by_text("submission number 2")).to_be_visible()
    changed = plan.cells | {BLANK: 1}
    assert expert.stored() == changed
    assert take_receipt(expert) == changed
    check_copies(expert)


def check_copies(expert: Expert) -> None:
    """The copies to take along say in words what was clicked."""
    table = csv.DictReader(io.StringIO(take(expert, "The same as a table (CSV)")))
    answers = {(row["question"], row["item"], row["what"]): row["answer"] for row in table}
    question = "How effective would each measure be?"
    assert answers[question, "Data curation", ""] == "Strongly disagree"
    assert answers[question, "Pre-deployment risk assessments", "reason"] == "It depends on 0 things & more."
    expert.page.get_by_role("link", name="A copy of your answers").click()
    copy = expert.page.get_by_role("main")
    expect(copy).to_contain_text("It depends on 18 things & more.")
    expect(copy).to_contain_text("A think tank – „Größe“ 大")
    expect(copy).to_contain_text("Submitted on")


@pytest.mark.parametrize(
    ("engine", "options"),
    [("postgresql", {"viewport": PHONE}), ("sqlite", {"javascript": False})],
    ids=["phone", "without JavaScript"],
)
def test_the_same_is_stored_however_it_is_given(
    houses: Houses, page: OpenPage, engine: Any, options: dict[str, Any]
) -> None:
    house = houses(engine)
    plan = plan_answers(["cbrn"], items=10)
    expert = Expert(house, house.invite("cbrn"), page(**options), house.ground)
    expert.start()
    walk_through(expert, plan)
    expert.press("Submit my answers")
    expert.must_be_at("thanks")
    assert expert.stored() == plan.cells
    assert take_receipt(expert) == plan.cells


def test_an_expert_in_ai_safety_rates_the_two_areas_chosen(invite: Invite) -> None:
    plan = plan_answers(["democratic-processes", "cbrn"], chooses=True, items=2)
    expert = invite("ai-safety")
    expert.start()
    walk_through(expert, plan)
    titles = expert.page.locator("nav.steps li").all_inner_texts()
    rated = [title.split("\n")[0] for title in titles if title.startswith("Effectiveness")]
    assert rated == ["Effectiveness: Democratic processes", "Effectiveness: CBRN"]
    assert expert.stored() == plan.cells


def test_without_javascript_a_page_with_a_mistake_comes_back_whole(invite: Invite) -> None:
    expert = invite("ai-safety", javascript=False)
    expert.house.save(expert.member, CONSENT)
    expert.enter()
    expert.go("p/background")
    expert.give(CellKey("experience"), "many")
    expert.give(CellKey("sector"), "academia")
    expert.press(CONTINUE)
    summary = expert.page.get_by_role("alert")
    expect(summary).to_contain_text("nothing you typed is lost")
    expect(expert.inputs(CellKey("experience"))).to_have_value("many")
    expect(expert.option(CellKey("sector"), "academia")).to_be_checked()
    assert expert.stored() == dict(CONSENT)
    summary.get_by_role("link").first.click()
    expect(expert.inputs(CellKey("experience"))).to_be_in_viewport()
    expert.give(CellKey("experience"), 7)
    expert.press(CONTINUE)
    assert expert.stored() == {**CONSENT, CellKey("experience"): 7, CellKey("sector"): "academia"}


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus stands on what `selector` matches."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached with Tab on {page.url}")


def test_a11y_09_by_keyboard_alone(invite: Invite) -> None:
    expert = invite("cbrn")
    page, press = expert.page, expert.page.keyboard.press
    expert.open_link()
    tab_to(page, "form[action='/l/start'] button")
    press("Enter")
    expert.must_be_at("practice")
    tab_to(page, "main button[type=submit]")
    press("Enter")
    expert.must_be_at("p/consent")
    tab_to(page, f"[name={expert.name_of(CellKey('consent'))}]")
    press("Space")
    tab_to(page, f"[name={expert.name_of(CellKey('acknowledgement'))}]")
    press("ArrowDown")
    expert.wait_saved()
    press("Enter")
    expert.must_be_at("p/background")
    expert.go("p/effectiveness.cbrn")
    tab_to(page, f"[name={expert.name_of(rating(0))}]")
    press("Space")
    press("ArrowRight")
    press("ArrowRight")
    tab_to(page, f"#{expert.name_of(rating(0))} ~ details summary")
    press("Enter")
    tab_to(page, "textarea")
    page.keyboard.type("1 reason: it works.")
    tab_to(page, f"[name={expert.name_of(rating(1))}]")
    press("ArrowLeft")
    tab_to(page, f"[name={expert.name_of(rating(2))}]")
    press("4")
    expert.wait_saved()
    press("Enter")
    expert.must_be_at("p/feasibility")
    expert.go("review")
    tab_to(page, "button.go")
    press("Enter")
    expert.must_be_at("thanks")
    assert expert.stored() == {
        **CONSENT,
        CellKey("acknowledgement"): "no",
        rating(0): 3,
        rating(0, "reason"): "1 reason: it works.",
        rating(1): DONT_KNOW,
        rating(2): 4,
    }


def test_a11y_10_digits_choose_a_point_in_a_rating_and_are_text_in_a_text(invite: Invite) -> None:
    expert = invite("cbrn")
    expert.house.save(expert.member, CONSENT)
    expert.enter()
    expert.go("p/effectiveness.cbrn")
    page = expert.page
    reason = expert.inputs(rating(0, "reason"))
    page.locator("details.reason summary").first.click()
    reason.press_sequentially("123")
    expert.option(rating(0), 1).focus()
    page.keyboard.press("9")
    expect(expert.page.locator(f"[name={expert.name_of(rating(0))}]:checked")).to_have_count(0)
    page.keyboard.press("5")
    expert.option(rating(1), 1).focus()
    page.keyboard.press("Control+3")
    expert.wait_saved()
    assert expert.stored() == {**CONSENT, rating(0, "reason"): "123", rating(0): 5}
    page.get_by_label("Keys 1 to 9 choose a point").uncheck()
    expert.option(rating(1), 1).focus()
    page.keyboard.press("2")
    page.reload()
    expert.option(rating(1), 1).focus()
    page.keyboard.press("2")
    expect(page.get_by_label("Keys 1 to 9 choose a point")).not_to_be_checked()
    assert rating(1) not in expert.stored()


def test_a11y_17_choosing_moves_neither_page_nor_focus(invite: Invite) -> None:
    expert = invite("cbrn")
    expert.house.save(expert.member, CONSENT)
    expert.enter()
    expert.go("p/effectiveness.cbrn")
    option = expert.option(rating(3), 4)
    option.scroll_into_view_if_needed()
    place = "() => [scrollY, location.href, document.querySelector('h1').textContent]"
    before = expert.page.evaluate(place)
    top = option.bounding_box()
    option.check()
    expert.wait_saved()
    assert expert.page.evaluate(place) == before
    assert option.bounding_box() == top
    expect(option).to_be_focused()


def test_a_reason_opens_in_its_place(invite: Invite) -> None:
    expert = invite("cbrn")
    expert.house.save(expert.member, CONSENT)
    expert.enter()
    expert.go("p/effectiveness.cbrn")
    fold = expert.page.locator("details.reason").nth(2)
    summary = fold.locator("summary")
    summary.scroll_into_view_if_needed()
    top = summary.bounding_box()
    expect(expert.inputs(rating(2, "reason"))).to_be_hidden()
    summary.click()
    expect(expert.inputs(rating(2, "reason"))).to_be_visible()
    assert summary.bounding_box() == top
    expert.give(rating(2, "reason"), "Seen in place.")
    expect(expert.status).to_have_text("Saving…")
    expert.wait_saved()
    expert.page.reload()
    expect(expert.inputs(rating(2, "reason"))).to_be_visible()
    expect(expert.status).to_have_text(SAVED)
