"""Three rounds of six experts, clicked through from the letter to the last submission."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.lineage import Decided, Outcome
from surveyapp.models import Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.services import deciding, releasing, rounds
from surveyapp.services.figures import read_figures
from surveyapp.services.unit import read_now
from tests.journeys.house import House
from tests.journeys.walking import CONTINUE, Expert
from tests.support.browser import OpenPage
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, load_text

pytestmark = pytest.mark.browser

EXPERTS = 6
KEEP = "keep"
# Points of a scale of three, for apples and pears; everybody rates both areas.
FIRST = [("3", "1"), ("3", "1"), ("3", "3"), ("2", "3"), ("3", "2"), ("3", "1")]
# In round 2 pears alone are asked: some keep their answer, some move, one goes against the panel.
SECOND = [KEEP, KEEP, "1", "1", KEEP, "3"]
THIRD = ["1", KEEP, KEEP, KEEP, "1", KEEP]


def test_three_rounds_of_six_experts(house: House, page: OpenPage, tmp_path: Path) -> None:
    ground = house.open_study(
        load_text(SMALL, tmp_path), slug="three-rounds", groups=("both",) * EXPERTS, is_open=False
    )
    set_protocol(ground, PROTOCOL.replace("k_reasons: 3", "k_reasons: 3, unanimity: show"))
    experts = [Expert(house, member, page(), ground) for member in ground.panel]
    open_next(ground)
    for expert, choices in zip(experts, FIRST, strict=True):
        begin(expert)
        for _ in ("north", "south"):
            rate(expert.page, *choices)
            expert.press(CONTINUE)
        finish(expert)
    content = close_and_release(ground, {"apples": Outcome.ACCEPT, "pears": Outcome.KEEP})
    assert figure(ground, content, "pears") == (3, 1, 2)

    open_next(ground)
    for expert, choice in zip(experts, SECOND, strict=True):
        expert.enter()
        assert "What is new in this round" in expert.page.locator("main").inner_text()
        expert.press("Go on")
        words = expert.page.locator("main").inner_text()
        assert "6 experts rated this in round 1" in words
        assert "Your answer in round 1" in words
        assert "Apples" not in [each.strip() for each in expert.page.locator("h3").all_inner_texts()]
        assert expert.page.locator("input[type=radio]:checked").count() == 0
        for _ in ("north", "south"):
            rate(expert.page, choice)
            expert.press(CONTINUE)
        finish(expert)
    content = close_and_release(ground, {"pears": Outcome.KEEP})
    # Kept answers count as the ratings that they are.
    assert figure(ground, content, "pears") == (4, 1, 1)

    open_next(ground)
    for expert, choice in zip(experts, THIRD, strict=True):
        expert.enter()
        expert.press("Go on")
        assert "Your answer in round 2" in expert.page.locator("main").inner_text()
        for _ in ("north", "south"):
            rate(expert.page, choice)
            expert.press(CONTINUE)
        finish(expert)
    content = close_and_release(ground, {"pears": Outcome.DROP})
    assert figure(ground, content, "pears") == (5, 0, 1)
    with house.database.reading() as session:
        pairs = read_figures(session, study_id=ground.study_id, number=3).pair_counts(pears(ground))
    assert pairs is not None
    assert pairs.of == ((4, 0, 0), (1, 0, 0), (0, 0, 1))


def begin(expert: Expert) -> None:
    """From the letter through consent and background to the first ratings."""
    page = expert.page
    expert.open_link()
    expert.press("Start")
    page.get_by_label("Yes").check()
    expert.press(CONTINUE)
    page.get_by_label("Your field in a word?").fill("law")
    expert.press(CONTINUE)


def rate(page: Page, *choices: str) -> None:
    """Choose one point, or keep the earlier answer, in each scale of the page."""
    scales = page.get_by_role("radiogroup")
    assert scales.count() == len(choices)
    for number, choice in enumerate(choices):
        scale = scales.nth(number)
        if choice == KEEP:
            scale.get_by_label("Keep my answer").check()
        else:
            scale.locator(f"input[value='{choice}']").check(force=True)


def finish(expert: Expert) -> None:
    """Past the preferred combination to the receipt."""
    expert.press(CONTINUE)
    expert.press("Submit my answers")
    assert "Thank you" in expert.page.locator("h1").inner_text()


def open_next(ground: Ground) -> None:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.open_round(session, study=study, now=read_now(session), actor="test")


def close_and_release(ground: Ground, outcomes: dict[str, Outcome]) -> ReleaseContent:
    """Close the open round, decide, and release what the panel thought."""
    ground.close()
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        number = rounds.get_round(session, study_id=study.id).number
        for item, outcome in outcomes.items():
            deciding.decide(
                session,
                study=study,
                number=number,
                decided=Decided(item, outcome, "as the panel sees it"),
                now=read_now(session),
                actor="test",
            )
    released = releasing.release_round(ground.database, slug=ground.slug, actor="test", number=number)
    return ReleaseContent.from_canonical(released.content)


def pears(ground: Ground) -> int:
    return ground.instrument.number_of[CellKey("fruit", "pears", "north", "effect")]


def figure(ground: Ground, content: ReleaseContent, item: str) -> tuple[int, ...]:
    """How often each point was chosen for an item in the north."""
    number = ground.instrument.number_of[CellKey("fruit", item, "north", "effect")]
    total = content.cells_by_number[number].total
    assert total is not None
    return total.counts
