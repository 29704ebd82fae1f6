"""The letter's link in real and in other hands: scanners, wrong persons, those who leave, foreign scripts."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from surveyapp.models import Panellist
from tests.journeys.house import CONSENT, WITHDRAWN, House, rating
from tests.journeys.walking import CONTINUE, Expert
from tests.support.browser import DESKTOP, OpenPage

pytestmark = pytest.mark.browser

Invite = Callable[..., Expert]


def find_state(expert: Expert) -> str:
    """What the panel says about the expert."""
    with expert.house.database.reading() as session:
        key = (expert.ground.study_id, expert.member.panellist_id)
        return session.get_one(Panellist, key).state


def test_sec_01_sec_03_and_sec_04_scanners_change_nothing(
    house: House, invite: Invite, page: OpenPage
) -> None:
    expert = invite("cbrn")
    before = house.dump()
    for number in range(20):
        method = "HEAD" if number % 4 == 0 else "GET"
        request = urllib.request.Request(house.link(expert.member), method=method)
        with urllib.request.urlopen(request) as response:
            assert response.status == 200
            assert response.headers.get("Set-Cookie") is None
    for javascript in (True, False):
        scanner = page(javascript=javascript)
        scanner.goto(house.link(expert.member))
        scanner.wait_for_load_state("networkidle")
        assert scanner.context.cookies() == []
    for path in ("/l/start", "/l/not-me", "/l/decline"):
        assert page().request.get(house.url + path).status == 404, "a GET finds no button"
    after = house.dump()
    # Wrong links are counted against guessing; those three were wrong.
    changed = {name for name, rows in after.items() if rows != before[name]}
    assert changed <= {"throttle"}
    assert find_state(expert) == "invited"


@pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "without JavaScript"])
@pytest.mark.parametrize(
    ("button", "state", "words"),
    [
        ("This is not me", "not_me", "reached the wrong person"),
        ("I do not want to take part", "declined", "You do not want to take part"),
    ],
)
def test_saying_no_is_as_easy_as_starting(
    invite: Invite, button: str, state: str, words: str, javascript: bool
) -> None:
    expert = invite("cbrn", javascript=javascript)
    expert.open_link()
    expert.press(button)
    expect(expert.page.get_by_role("main")).to_contain_text(words)
    assert find_state(expert) == state
    assert expert.member.token not in expert.page.url
    expert.open_link()
    expert.press("Start")
    expert.must_be_at("practice")
    assert find_state(expert) == "invited"


@pytest.mark.parametrize(
    ("wish", "is_kept"), [("Keep what I have submitted", True), ("Remove my answers", False)]
)
def test_withdrawing_from_any_page(invite: Invite, wish: str, is_kept: bool) -> None:
    expert = invite("cbrn")
    expert.house.save(expert.member, {**CONSENT, rating(0): 4})
    expert.house.submit(expert.member)
    expert.enter()
    expert.go("p/effectiveness.cbrn")
    expert.page.get_by_role("link", name="Withdraw").click()
    expert.press("Withdraw")
    expect(expert.page.get_by_role("alert")).to_contain_text("what is to become of your answers")
    expert.page.get_by_role("radio", name=wish).check()
    expert.press("Withdraw")
    expect(expert.page.get_by_role("heading", level=1)).to_have_text("You have withdrawn")
    assert find_state(expert) == "withdrawn"
    stored = expert.stored()
    if is_kept:
        assert stored == {**CONSENT, rating(0): 4}
    else:
        assert set(stored.values()) == {WITHDRAWN}
    expert.go("p/effectiveness.cbrn")
    expect(expert.page.get_by_role("heading", level=1)).to_have_text("Please open your personal link again")
    expert.open_link()
    expect(expert.page.get_by_role("main")).to_contain_text("You have withdrawn from this study")
    expect(expert.page.get_by_role("button", name="Start")).to_have_count(0)


def test_leaving_for_now_and_coming_back_to_the_same_place(invite: Invite) -> None:
    expert = invite("cbrn")
    expert.house.save(expert.member, CONSENT)
    expert.enter()
    expert.go("p/feasibility")
    expert.page.locator("details.reason summary").first.click()
    expert.page.locator("textarea").first.fill("Half a thou")
    expert.press("Save and leave")
    expect(expert.page.get_by_role("heading", level=1)).to_have_text("See you later")
    assert "Half a thou" in expert.stored().values()
    expert.go("p/feasibility")
    expect(expert.page.get_by_role("heading", level=1)).to_have_text("Please open your personal link again")
    expert.enter()
    expert.must_be_at("p/feasibility")
    expect(expert.page.locator("textarea").first).to_have_value("Half a thou")


def test_two_links_in_one_browser_are_never_mixed(house: House, invite: Invite, page: OpenPage) -> None:
    first = invite("cbrn")
    house.save(first.member, CONSENT)
    first.enter()
    second = Expert(house, house.invite("cbrn"), page(context=first.page.context), house.ground)
    second.open_link()
    second.press("Start")
    expect(second.page.get_by_role("heading", level=1)).to_have_text("You would continue as somebody else")
    first.go("p/effectiveness.cbrn")
    second.press("Go on with this link")
    second.must_be_at("practice")
    first.give(rating(0), 3)
    expect(first.status).to_contain_text("Your session has ended")
    first.press(CONTINUE)
    expect(first.page.get_by_role("heading", level=1)).to_have_text("Please open your personal link again")
    assert first.stored() == dict(CONSENT)
    assert second.stored() == {}
    first.open_link()
    first.press("Continue")
    first.press("Go on with this link")
    first.go("p/effectiveness.cbrn")
    first.wait_saved()
    assert first.stored() == {**CONSENT, rating(0): 3}
    assert second.stored() == {}


def test_sec_22_a_script_that_got_into_a_page_does_not_run(
    house: House, invite: Invite, browser: Browser
) -> None:
    expert = invite("cbrn")
    house.save(expert.member, {**CONSENT, rating(0, "reason"): "<script>document.title='got in'</script>"})
    expert.enter()
    for key in ("p/effectiveness.cbrn", "answers"):
        expert.go(key)
        assert expert.page.title() != "got in"
    # And were one ever written out unescaped, the page's policy stops it. This window is not watched.
    context = browser.new_context(storage_state=expert.page.context.storage_state())
    window = context.new_page()
    refused: list[str] = []
    window.on("console", lambda message: refused.append(message.text))

    def smuggle(route):  # type: ignore[no-untyped-def]
        response = route.fetch()
        body = response.text().replace("</main>", "<script>document.title = 'got in'</script></main>")
        route.fulfill(response=response, body=body)

    window.route("**/p/effectiveness.cbrn", smuggle)
    window.goto(expert.at("p/effectiveness.cbrn"))
    assert "got in'</script>" in window.content()
    assert window.title() != "got in"
    assert any("Content Security Policy" in text for text in refused)
    context.close()


def test_sec_24_a_whole_journey_asks_nobody_else(house: House, invite: Invite) -> None:
    expert = invite("cbrn", viewport=DESKTOP)
    asked: set[str] = set()
    expert.page.context.on("request", lambda request: asked.add(request.url))
    expert.start()
    expert.give_all(CONSENT)
    for _ in range(6):
        expert.press(CONTINUE)
    expert.press("Submit my answers")
    for key in ("thanks", "answers", "about", "contact", "withdraw"):
        expert.go(key)
    assert len(asked) > 20
    elsewhere = {url for url in asked if not url.startswith((house.url + "/", "data:"))}
    assert elsewhere == set()
    with_token = {url for url in asked if expert.member.token in url}
    assert with_token == {house.link(expert.member)}, "the token stands in one address only"
