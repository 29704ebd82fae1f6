"""Every page and state that an expert or an organiser can see: how to get there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from surveyapp.questionnaire.cells import CellKey
from surveyapp.services import accounts, doors, rounds
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from tests.journeys.house import CONSENT, Answers, House, load_questionnaire, rating
from tests.journeys.walking import CONTINUE, Expert
from tests.support.browser import OpenPage
from tests.support.studies import QUESTIONNAIRES, Ground

ORGANISER, PASSWORD = "organiser@example.org", "a long pass phrase for tests"
CLOSED, EARLY = "closed-study", "early-study"
SOME: Answers = {
    **CONSENT,
    CellKey("sector"): "other",
    rating(0): 4,
    rating(0, "reason"): "It works.",
    rating(1): "dont-know",
}
EXAMPLES = sorted((QUESTIONNAIRES / "examples").glob("*.yaml"))


@dataclass
class Visit:
    """A visitor on the way to a state."""

    house: House
    open_page: OpenPage
    options: dict[str, Any]

    def invite(self, group: str = "cbrn", ground: Ground | None = None, **options: Any) -> Expert:
        """An invited expert with a window."""
        page = self.open_page(**{**self.options, **options})
        return Expert(self.house, self.house.invite(group, ground=ground), page, ground or self.house.ground)

    def seated(self, key: str, answers: Answers = CONSENT, group: str = "cbrn", **options: Any) -> Expert:
        """An expert with these answers, on the page `key`."""
        expert = self.invite(group, **options)
        self.house.save(expert.member, answers, ground=expert.ground)
        expert.enter()
        expert.go(key)
        return expert


State = Callable[[Visit], Page]
EXPERT_STATES: dict[str, State] = {}
ORGANISER_STATES: dict[str, State] = {}


def expert_state(state: State) -> State:
    """Note a state of the expert's pages, called like its function."""
    EXPERT_STATES[state.__name__] = state
    return state


def organiser_state(state: State) -> State:
    """Note a state of the organiser's pages."""
    ORGANISER_STATES[state.__name__] = state
    return state


def _landing(
    visit: Visit, before: Callable[[Expert], None] | None = None, ground: Ground | None = None
) -> Page:
    expert = visit.invite(ground=ground)
    if before is not None:
        before(expert)
    expert.open_link()
    return expert.page


@expert_state
def landing(visit: Visit) -> Page:
    return _landing(visit)


@expert_state
def landing_started(visit: Visit) -> Page:
    return _landing(visit, lambda expert: visit.house.save(expert.member, CONSENT))


@expert_state
def landing_submitted(visit: Visit) -> Page:
    def submit(expert: Expert) -> None:
        visit.house.save(expert.member, CONSENT)
        visit.house.submit(expert.member)

    return _landing(visit, submit)


@expert_state
def landing_declined(visit: Visit) -> Page:
    def decline(expert: Expert) -> None:
        with visit.house.database.verb() as session:
            doors.decline(session, token=expert.member.token, now=read_now(session))

    return _landing(visit, decline)


@expert_state
def landing_not_me(visit: Visit) -> Page:
    def say_not_me(expert: Expert) -> None:
        with visit.house.database.verb() as session:
            doors.say_not_me(session, token=expert.member.token, now=read_now(session))

    return _landing(visit, say_not_me)


@expert_state
def landing_withdrawn(visit: Visit) -> Page:
    def withdraw(expert: Expert) -> None:
        seat = expert.ground.sit_down(expert.member)
        with visit.house.database.verb() as session:
            doors.withdraw(session, seat=seat, keep_answers=True, now=read_now(session))

    return _landing(visit, withdraw)


@expert_state
def landing_early(visit: Visit) -> Page:
    ground = visit.house.open_study(load_questionnaire(), slug=EARLY, groups=("cbrn",), is_open=False)
    return _landing(visit, ground=ground)


@expert_state
def landing_closed(visit: Visit) -> Page:
    if CLOSED in visit.house.studies:
        return _landing(visit, ground=visit.house.studies[CLOSED])
    ground = visit.house.open_study(load_questionnaire(), slug=CLOSED, groups=("cbrn",))
    rounds.close_round(visit.house.database, slug=CLOSED, actor="test")
    return _landing(visit, ground=ground)


@expert_state
def unknown_link(visit: Visit) -> Page:
    page = visit.open_page(**visit.options)
    page.goto(f"{visit.house.url}/l/{visit.house.ground.slug}.nothing")
    return page


@expert_state
def told_not_me(visit: Visit) -> Page:
    expert = visit.invite()
    expert.open_link()
    expert.press("This is not me")
    return expert.page


@expert_state
def another_seat(visit: Visit) -> Page:
    expert = visit.seated("p/consent")
    other = Expert(visit.house, visit.house.invite("cbrn"), expert.page, visit.house.ground)
    other.open_link()
    other.press("Start")
    return expert.page


@expert_state
def practice(visit: Visit) -> Page:
    expert = visit.invite()
    expert.open_link()
    expert.press("Start")
    return expert.page


@expert_state
def page_consent(visit: Visit) -> Page:
    return visit.seated("p/consent").page


@expert_state
def page_background(visit: Visit) -> Page:
    return visit.seated("p/background", SOME).page


@expert_state
def page_choice_of_areas(visit: Visit) -> Page:
    return visit.seated("p/choice-of-areas", group="ai-safety").page


@expert_state
def page_ratings(visit: Visit) -> Page:
    return visit.seated("p/effectiveness.cbrn", SOME).page


@expert_state
def page_combination(visit: Visit) -> Page:
    expert = visit.seated("p/preferred-combination")
    boxes = expert.page.locator("main input[type=checkbox]")
    for position in range(5):
        boxes.nth(position).check()
    boxes.nth(7).click()
    expect(expert.page.locator(".chosen")).to_contain_text("More than 5 cannot be chosen")
    return expert.page


@expert_state
def page_closing(visit: Visit) -> Page:
    return visit.seated("p/closing").page


@expert_state
def page_without_consent(visit: Visit) -> Page:
    expert = visit.invite()
    expert.start()
    expert.press(CONTINUE)
    return expert.page


@expert_state
def mistakes(visit: Visit) -> Page:
    expert = visit.seated("p/background")
    expert.give(CellKey("experience"), "many")
    expert.press(CONTINUE)
    expect(expert.page.get_by_role("alert")).to_be_focused()
    expect(expert.status).to_have_text("Not saved: please look at the marked answer.")
    return expert.page


@expert_state
def mistake_while_typing(visit: Visit) -> Page:
    expert = visit.seated("p/background")
    expert.give(CellKey("experience"), "71")
    expect(expert.page.locator(".error")).to_be_visible()
    return expert.page


@expert_state
def conflict(visit: Visit) -> Page:
    older = visit.seated("p/effectiveness.cbrn")
    visit.house.save(older.member, {rating(0): 5, rating(1, "reason"): "Theirs."})
    older.give(rating(0), 1)
    older.give(rating(1, "reason"), "Mine.")
    expect(older.page.locator(".conflict")).to_have_count(2)
    return older.page


@expert_state
def conflict_after_a_post(visit: Visit) -> Page:
    expert = visit.seated("p/effectiveness.cbrn")
    visit.house.save(expert.member, {rating(0): 5, rating(1, "reason"): "Theirs."})
    expert.page.route("**/save", lambda route: route.abort())
    expert.give(rating(0), 1)
    expert.give(rating(1, "reason"), "Mine.")
    expert.press(CONTINUE)
    expect(expert.page.locator(".conflict").first).to_be_visible()
    return expert.page


@expert_state
def offline(visit: Visit) -> Page:
    expert = visit.seated("p/feasibility")
    expert.page.context.set_offline(True)
    expert.page.get_by_role("radio").first.check()
    expect(expert.status).to_contain_text("offline")
    return expert.page


@expert_state
def review(visit: Visit) -> Page:
    return visit.seated("review", SOME).page


@expert_state
def review_with_needed(visit: Visit) -> Page:
    expert = visit.seated("review", group="ai-safety")
    expert.press("Submit my answers")
    return expert.page


@expert_state
def thanks(visit: Visit) -> Page:
    expert = visit.invite()
    visit.house.save(expert.member, SOME)
    visit.house.submit(expert.member)
    expert.enter()
    return expert.page


@expert_state
def thanks_with_drafts(visit: Visit) -> Page:
    expert = visit.invite()
    visit.house.save(expert.member, SOME)
    visit.house.submit(expert.member)
    expert.enter()
    expert.go("p/effectiveness.cbrn")
    expert.give(rating(2), 1)
    expert.wait_saved()
    expert.go("thanks")
    return expert.page


@expert_state
def own_answers(visit: Visit) -> Page:
    return visit.seated("answers", SOME).page


@expert_state
def withdraw(visit: Visit) -> Page:
    expert = visit.seated("withdraw")
    expert.press("Withdraw")
    return expert.page


@expert_state
def withdrawn(visit: Visit) -> Page:
    expert = visit.seated("withdraw")
    expert.page.get_by_role("radio").first.check()
    expert.press("Withdraw")
    return expert.page


@expert_state
def contact(visit: Visit) -> Page:
    return visit.seated("contact").page


@expert_state
def about(visit: Visit) -> Page:
    return visit.seated("about").page


@expert_state
def left(visit: Visit) -> Page:
    expert = visit.seated("p/consent")
    expert.press("Save and leave")
    return expert.page


@expert_state
def no_seat(visit: Visit) -> Page:
    expert = visit.invite()
    expert.go("p/consent")
    return expert.page


@expert_state
def not_there(visit: Visit) -> Page:
    return visit.seated("p/nowhere").page


@expert_state
def closed(visit: Visit) -> Page:
    slug = "closes-under-them"
    ground = visit.house.open_study(load_questionnaire(), slug=slug, groups=("cbrn",))
    expert = visit.seated("p/closing", ground=ground)
    rounds.close_round(visit.house.database, slug=slug, actor="test")
    expert.press(CONTINUE)
    return expert.page


def _organiser(visit: Visit) -> Page:
    database = visit.house.database
    with database.reading() as session:
        is_there = accounts.has_organiser(session, email=ORGANISER)
    if not is_there:
        hashed = accounts.hash_password(PASSWORD)
        with database.verb() as session:
            now = read_now(session)
            accounts.add_organiser(
                session, email=ORGANISER, password=PASSWORD, password_hash=hashed, now=now, actor="test"
            )
            study = get_study(session, slug=visit.house.ground.slug)
            accounts.grant(session, email=ORGANISER, study=study, role="owner", now=now, actor="test")
    page = visit.open_page(**visit.options)
    page.goto(f"{visit.house.url}/organiser/")
    return page


def _signed_in(visit: Visit, password: str = PASSWORD) -> Page:
    page = _organiser(visit)
    page.get_by_label("E-mail").fill(ORGANISER)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    return page


@organiser_state
def sign_in(visit: Visit) -> Page:
    return _organiser(visit)


@organiser_state
def sign_in_refused(visit: Visit) -> Page:
    return _signed_in(visit, "something else entirely")


@organiser_state
def organisers_studies(visit: Visit) -> Page:
    return _signed_in(visit)


@organiser_state
def organisers_study(visit: Visit) -> Page:
    expert = visit.invite()
    visit.house.save(expert.member, SOME)
    visit.house.submit(expert.member)
    page = _signed_in(visit)
    page.goto(f"{visit.house.url}/organiser/s/{visit.house.ground.slug}")
    return page
