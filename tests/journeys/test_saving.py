"""Answers on their way: what the status says, lost connections, lost replies, two windows, the deadline."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select

from surveyapp.models import Answer, LateDraft, SaveReceipt
from surveyapp.services import rounds
from tests.journeys.house import CONSENT, House, load_questionnaire, rating
from tests.journeys.walking import CONTINUE, SAVED, Expert
from tests.support.browser import OpenPage

pytestmark = pytest.mark.browser

Invite = Callable[..., Expert]
SAVE = "**/save"
OFFLINE = (
    "Not saved yet: you seem to be offline. Your answers are kept in this browser and sent when you are back."
)
TROUBLE = "Not saved yet: the server does not answer. Your answers are kept in this browser and sent again."


@pytest.fixture
def rater(invite: Invite) -> Expert:
    """An expert on the page about CBRN, who has consented and answered nothing else."""
    return sit_down_at_ratings(invite("cbrn"))


def sit_down_at_ratings(expert: Expert) -> Expert:
    expert.house.save(expert.member, CONSENT, ground=expert.ground)
    expert.enter()
    expert.go("p/effectiveness.cbrn")
    return expert


def count_receipts(expert: Expert) -> int:
    """How many saves of this expert the server has done, beside the one of the consent."""
    with expert.house.database.reading() as session:
        counted = session.scalar(
            select(func.count())
            .select_from(SaveReceipt)
            .where(
                SaveReceipt.study_id == expert.ground.study_id,
                SaveReceipt.panellist_id == expert.member.panellist_id,
            )
        )
    return (counted or 0) - 1


def note_statuses(page: Page) -> None:
    """Keep every text that the status line says from now on, as a screen reader would announce it."""
    page.evaluate(
        """() => {
          const status = document.getElementById("status");
          window.said = [];
          const what = {childList: true, characterData: true, subtree: true};
          new MutationObserver(() => said.push(status.textContent)).observe(status, what);
        }"""
    )


def test_a11y_20_the_status_is_true_at_every_step(rater: Expert) -> None:
    page = rater.page
    note_statuses(page)
    held: list[Route] = []
    page.route(SAVE, lambda route: held.append(route))  # noqa: PLW0108 - it looks at its signature
    rater.give(rating(0), 4)
    expect(rater.status).to_have_text("Saving…")
    wait_for(page, lambda: bool(held))
    assert rating(0) not in rater.stored(), "nothing has reached the server yet"
    held[0].continue_()
    rater.wait_saved()
    assert rater.stored()[rating(0)] == 4
    page.unroute(SAVE)
    page.route(SAVE, lambda route: route.fulfill(status=503, body="out of order"))
    rater.give(rating(1), 2)
    expect(rater.status).to_have_text(TROUBLE)
    assert rating(1) not in rater.stored()
    page.unroute(SAVE)
    rater.wait_saved()
    assert rater.stored()[rating(1)] == 2
    said = page.evaluate("said")
    assert [text for text in said if text != "Saving…"] == [SAVED, TROUBLE, SAVED]
    assert all(one != other for one, other in itertools.pairwise(said)), "each change is said once"


def wait_for(page: Page, is_so: Callable[[], bool]) -> None:
    """Let the browser's events come in until something is so."""
    for _ in range(500):
        if is_so():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it never came")


def test_what_is_given_before_the_scripts_are_there_is_saved_too(rater: Expert) -> None:
    page = rater.page
    held: list[Route] = []
    page.route("**/page.js", lambda route: held.append(route))  # noqa: PLW0108 - it looks at its signature
    page.goto(rater.at("p/effectiveness.cbrn"), wait_until="commit")
    rater.option(rating(0), 4).check()
    page.locator("details.reason summary").first.click()
    rater.inputs(rating(0, "reason")).fill("On a slow train.")
    wait_for(page, lambda: bool(held))
    assert rating(0) not in rater.stored()
    held.pop().continue_()
    wait_for(page, lambda: count_receipts(rater) > 0)
    rater.wait_saved()
    stored = rater.stored()
    assert (stored[rating(0)], stored[rating(0, "reason")]) == (4, "On a slow train.")


def test_rel_29_answers_given_offline_are_kept_and_stored_once(rater: Expert) -> None:
    page = rater.page
    page.context.set_offline(True)
    rater.give(rating(0), 5)
    rater.give(rating(1), 1)
    rater.give(rating(0, "reason"), "Written in a tunnel.")
    rater.give(rating(1), 2)
    expect(rater.status).to_have_text(OFFLINE)
    wait_for(page, lambda: "tunnel" in json.dumps(page.evaluate("({...localStorage})")))
    assert rater.stored() == dict(CONSENT)
    page.context.set_offline(False)
    rater.wait_saved()
    assert rater.stored() == {
        **CONSENT, rating(0): 5, rating(1): 2, rating(0, "reason"): "Written in a tunnel.",
    }  # fmt: skip
    assert page.evaluate("Object.keys(localStorage).filter(key => /[0-9a-f]{24}/.test(key))") == []
    with rater.house.database.reading() as session:
        revisions = session.scalars(
            select(Answer.revision).where(
                Answer.study_id == rater.ground.study_id, Answer.panellist_id == rater.member.panellist_id
            )
        ).all()
    assert max(revisions) == count_receipts(rater) + 1, "each save was done once"


def test_rel_29_a_window_closed_offline_sends_its_answers_when_it_comes_back(
    rater: Expert, page: OpenPage
) -> None:
    context = rater.page.context
    context.set_offline(True)
    rater.give(rating(0), 5)
    rater.give(rating(3, "reason"), "Typed, then closed at once.")
    rater.page.close(run_before_unload=False)
    context.set_offline(False)
    again = Expert(rater.house, rater.member, page(context=context), rater.ground)
    again.go("p/effectiveness.cbrn")
    expect(again.option(rating(0), 5)).to_be_checked()
    again.wait_saved()
    stored = again.stored()
    assert stored.pop(rating(0)) == 5
    # What was typed in the last instant may be lost with the window; never half of it.
    assert stored in (dict(CONSENT), {**CONSENT, rating(3, "reason"): "Typed, then closed at once."})


def test_rel_05_a_reply_lost_after_the_commit_is_asked_for_again(rater: Expert) -> None:
    page = rater.page
    sent: list[dict[str, Any]] = []

    def lose_first_reply(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "{}"))
        if len(sent) == 1:
            assert route.fetch().ok
            assert rater.stored()[rating(0)] == 3, "the server has committed"
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(SAVE, lose_first_reply)
    rater.give(rating(0), 3)
    rater.wait_saved()
    wait_for(page, lambda: len(sent) == 2)
    assert sent[0]["request_id"] == sent[1]["request_id"]
    assert count_receipts(rater) == 1
    rater.give(rating(1), 4)
    rater.wait_saved()
    assert rater.stored() == {**CONSENT, rating(0): 3, rating(1): 4}
    assert sent[2]["request_id"] != sent[1]["request_id"]


def test_a_reply_that_is_no_reply_is_not_taken_for_one(rater: Expert) -> None:
    page = rater.page
    page.route(SAVE, lambda route: route.fulfill(status=200, body="<h1>Welcome to our hotel</h1>"))
    rater.give(rating(0), 3)
    expect(rater.status).to_have_text(TROUBLE)
    page.unroute(SAVE)
    rater.wait_saved()
    assert rater.stored() == {**CONSENT, rating(0): 3}


def test_the_link_opened_again_loses_nothing_of_an_older_window(rater: Expert, page: OpenPage) -> None:
    again = Expert(rater.house, rater.member, page(context=rater.page.context), rater.ground)
    again.enter()
    rater.give(rating(0), 3)
    expect(rater.status).to_contain_text("Your session has ended. Your answers are kept in this browser")
    assert rater.stored() == dict(CONSENT)
    rater.page.reload()
    rater.wait_saved()
    assert rater.stored() == {**CONSENT, rating(0): 3}


def open_second_window(rater: Expert, page: OpenPage) -> Expert:
    second = Expert(rater.house, rater.member, page(context=rater.page.context), rater.ground)
    second.go("p/effectiveness.cbrn")
    return second


@pytest.mark.parametrize(("choice", "stays"), [("Keep this one: Disagree", 2), ("Take the other: Agree", 4)])
def test_rel_09_the_older_window_is_told_and_both_values_are_shown(
    rater: Expert, page: OpenPage, choice: str, stays: int
) -> None:
    newer = open_second_window(rater, page)
    newer.give(rating(0), 4)
    newer.wait_saved()
    rater.give(rating(0), 2)
    expect(rater.page.locator(".conflict")).to_contain_text("This was changed in another window too")
    expect(rater.status).not_to_have_text(SAVED)
    assert rater.stored()[rating(0)] == 4, "nothing was overwritten"
    for text in ("Keep this one: Disagree", "Take the other: Agree"):
        expect(rater.page.get_by_role("button", name=text, exact=True)).to_be_visible()
    rater.press(choice)
    rater.wait_saved()
    assert rater.stored()[rating(0)] == stays
    expect(rater.option(rating(0), stays)).to_be_checked()
    expect(rater.page.locator(".conflict")).to_have_count(0)


def test_rel_09_other_cells_of_the_older_window_are_still_saved(rater: Expert, page: OpenPage) -> None:
    newer = open_second_window(rater, page)
    newer.give(rating(0), 4)
    newer.wait_saved()
    rater.give(rating(1), 1)
    rater.wait_saved()
    rater.give(rating(2), 1)
    rater.wait_saved()
    rater.press(CONTINUE)
    # The page's own post still holds the older blank of the first rating: it must not erase the newer answer.
    assert rater.stored() == {**CONSENT, rating(0): 4, rating(1): 1, rating(2): 1}


def test_rel_09_without_javascript_the_older_window_sees_both_values(invite: Invite, page: OpenPage) -> None:
    older = sit_down_at_ratings(invite("cbrn", javascript=False))
    newer = open_second_window(older, page)
    newer.give(rating(0), 4)
    newer.press(CONTINUE)
    older.give(rating(0), 2)
    older.press(CONTINUE)
    expect(older.page.get_by_role("alert")).to_contain_text("Nothing was overwritten")
    conflict = older.page.locator(".conflict")
    expect(conflict).to_contain_text("Disagree")
    expect(conflict).to_contain_text("Agree")
    assert older.stored()[rating(0)] == 4
    older.press(CONTINUE)
    older.must_be_at("p/feasibility")
    assert older.stored()[rating(0)] == 2


def test_after_the_deadline_a_kind_page_and_a_late_draft(house: House, invite: Invite) -> None:
    ground = house.open_study(load_questionnaire(), slug="soon-closed", groups=("cbrn",))
    typing = sit_down_at_ratings(invite("cbrn", ground=ground))
    posting = sit_down_at_ratings(invite("cbrn", ground=ground, javascript=False))
    typing.give(rating(0), 5)
    typing.wait_saved()
    posting.give(rating(0), 1)
    rounds.close_round(house.database, slug="soon-closed", actor="test")

    typing.give(rating(1), 4)
    expect(typing.status).to_contain_text("The round has closed")
    expect(typing.status).to_contain_text("late draft")
    posting.press(CONTINUE)
    main = posting.page.get_by_role("main")
    expect(main).to_contain_text("The round has closed")
    expect(main).to_contain_text("kept as a late draft")
    assert typing.stored() == {**CONSENT, rating(0): 5}
    assert posting.stored() == dict(CONSENT)
    with house.database.reading() as session:
        drafts = session.scalars(select(LateDraft).where(LateDraft.study_id == ground.study_id)).all()
    assert {draft.panellist_id for draft in drafts} == {
        typing.member.panellist_id, posting.member.panellist_id,
    }  # fmt: skip
    typing.page.reload()
    expect(typing.page.get_by_role("main")).to_contain_text("You had not submitted")
    typing.page.get_by_role("link", name="A copy of what you had answered").click()
    expect(typing.page.get_by_role("main")).to_contain_text("Strongly agree")


def test_what_is_below_stays_where_it_is_when_an_answer_is_chosen_or_cleared(rater: Expert) -> None:
    below = rater.page.locator(f"#{rater.name_of(rating(1))}")

    def height() -> float:
        return float(below.evaluate("element => element.getBoundingClientRect().top + scrollY"))

    before = height()
    rater.give(rating(0), 4)
    expect(rater.status).to_have_text(SAVED)
    clear = rater.page.get_by_role("button", name="Clear this answer")
    assert height() == before
    clear.click()
    expect(clear).to_have_count(0)
    assert height() == before
