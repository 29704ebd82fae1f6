"""The built-in study in its second round, and members of its panel who answered the first."""

from __future__ import annotations

from surveyapp.questionnaire.cells import CellKey
from tests.journeys.house import House, load_questionnaire, rating
from tests.journeys.walking import Expert
from tests.support.browser import OpenPage
from tests.support.second_round import Texts, lay_second_round
from tests.support.studies import QUESTIONNAIRES, Ground

SLUG = "second-round"
PROTOCOL = (QUESTIONNAIRES / "systemic-risk-mitigations.protocol.yaml").read_text(encoding="utf-8")
PANEL = ("cbrn",) * 96 + ("ai-safety",) * 8
RATED = 3
"""So many items were rated in round 1: the first three of the page."""


def first_answers(member: int) -> Texts:
    """On the first item they agree by and large, on the second they are two camps, on the third alike."""
    texts: dict[CellKey, str | list[str]] = {CellKey("consent"): "1"}
    if PANEL[member] != "cbrn":
        texts[CellKey("areas")] = ["cbrn"]
    for position in range(RATED):
        points = ("4", "5", "4", "2"), ("1", "5", "1", "dont-know"), ("4", "4", "4", "4")
        texts[rating(position)] = points[position][member % 4]
    if member % 4 in {0, 3}:
        texts[rating(0, "reason")] = f"Reason number {member} of an invented expert."
    return texts


def lay_round_two(house: House) -> Ground:
    """The study, made once for an installation."""
    if SLUG not in house.studies:
        house.studies[SLUG] = lay_second_round(
            house.database,
            load_questionnaire(),
            slug=SLUG,
            groups=PANEL,
            answers=first_answers,
            protocol=PROTOCOL.replace("of_groups: none", "of_groups: own group"),
            summaries={load_questionnaire().items[0].id: "Most of them trust outside auditors."},
            note="Thank you for **round 1**.",
        )
    return house.studies[SLUG]


def take_seat(house: House, page: OpenPage, *, kind: int = 0, **options: object) -> Expert:
    """A member whom nobody has been yet; `kind` is which of the four sorts of answers were given."""
    ground = lay_round_two(house)
    taken = house.taken.setdefault(SLUG, set())
    free = [
        each
        for position, each in enumerate(ground.panel)
        if position % 4 == kind and each.group == "cbrn" and each.panellist_id not in taken
    ]
    taken.add(free[0].panellist_id)
    return Expert(house, free[0], page(**options), ground)  # type: ignore[arg-type]  # Playwright's own options
