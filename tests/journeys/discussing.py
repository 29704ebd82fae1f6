"""Round 2 of a small panel whose protocol lets experts discuss others' reasons."""

from __future__ import annotations

from tests.journeys.house import House, load_questionnaire
from tests.journeys.second_round import PROTOCOL, first_answers
from tests.journeys.walking import Expert
from tests.support.browser import OpenPage
from tests.support.second_round import lay_second_round
from tests.support.studies import Ground

SLUG = "discussion"
PANEL = ("cbrn",) * 24


def lay_discussion(house: House) -> Ground:
    """The study, made once for an installation; replies are seen at once."""
    if SLUG not in house.studies:
        house.studies[SLUG] = lay_second_round(
            house.database,
            load_questionnaire(),
            slug=SLUG,
            groups=PANEL,
            answers=first_answers,
            protocol=PROTOCOL + "discussion: {moderated: false}\n",
        )
    return house.studies[SLUG]


def take_place(house: House, page: OpenPage, *, kind: int = 1, **options: object) -> Expert:
    """A member whom nobody has been yet; those of kind 0 and 3 gave a reason in round 1, 1 and 2 did not."""
    ground = lay_discussion(house)
    taken = house.taken.setdefault(SLUG, set())
    free = [
        each
        for position, each in enumerate(ground.panel)
        if position % 4 == kind and each.panellist_id not in taken
    ]
    taken.add(free[0].panellist_id)
    return Expert(house, free[0], page(**options), ground)  # type: ignore[arg-type]  # Playwright's own options
