"""What a new study would ask: pages and items as they were read, before anything is made."""

from __future__ import annotations

from dataclasses import dataclass

from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.routing import estimate

_MOST_SHOWN = 25


@dataclass(frozen=True, slots=True)
class LookedItem:
    """One item of the list."""

    id: str
    title: str
    definition: str
    codes: str


@dataclass(frozen=True, slots=True)
class Look:
    """A questionnaire at a glance."""

    title: str
    pages: tuple[str, ...]
    groups: tuple[str, ...]
    items: tuple[LookedItem, ...]
    count: int
    minutes: int


def look_at(questionnaire: Questionnaire) -> Look:
    """What was read; of a long list its beginning."""
    language = questionnaire.language
    groups = [each.id for each in questionnaire.groups] or [""]
    times = [estimate(questionnaire, group=group, tags=(), answers={}) for group in groups]
    return Look(
        title=questionnaire.title.get(language),
        pages=tuple(each.title.get(language) for each in questionnaire.pages),
        groups=tuple(each.title.get(language) for each in questionnaire.groups),
        items=tuple(
            LookedItem(
                id=each.id,
                title=each.title.get(language),
                definition=each.definition.get(language) if each.definition else "",
                codes=", ".join(category.code for category in each.categories),
            )
            for each in questionnaire.items[:_MOST_SHOWN]
        ),
        count=len(questionnaire.items),
        minutes=max(1, round(max(each.max_seconds for each in times) / 60)),
    )
