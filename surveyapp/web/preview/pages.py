"""What the preview shows: the pages of one expert's way, and one of them as it would stand there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from surveyapp.services.foreseeing import Foreseen
from surveyapp.services.reading.seats import given_of
from surveyapp.web.expert.asking import Wording, page_title
from surveyapp.web.expert.feedback import Shown, shown_of
from surveyapp.web.expert.fields import Fields
from surveyapp.web.expert.news import NewsPage, news_page
from surveyapp.web.expert.pages import Person, QuestionPage, frame_of, question_page
from surveyapp.web.expert.standing import Standing
from surveyapp.web.languages import page_language

NEWS = "news"
"""The address of the first page, which tells what is new."""
_NOBODY = Person(*[Markup("")] * 7)


@dataclass(frozen=True, slots=True)
class Step:
    """One page of the way."""

    title: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """One page as the expert would see it, and the way around it."""

    round: int
    pseudonym: str
    group: str
    variant: str
    variants: tuple[tuple[str, str, bool], ...]
    """Variants of the feedback: id, address, whether shown."""
    as_proposed: tuple[str, ...]
    steps: tuple[Step, ...]
    news: NewsPage | None
    questions: QuestionPage | None
    title: str
    back_url: str


def preview_page(found: Foreseen, *, slug: str, number: int, key: str) -> PreviewPage | None:
    """The page `key` of the expert's way; None where it is not on it."""
    standing = _standing(found)
    seat, shown = found.seat, standing.shown

    def url(of: str, variant: str) -> str:
        return url_for(
            "organiser.preview",
            slug=slug,
            number=number,
            pseudonym=seat.pseudonym,
            key=of,
            variant=variant or None,
        )

    wording = Wording(found.instrument.questionnaire, seat.language, page_language())
    keys = [page.key for page in standing.route.pages]
    if key == NEWS and shown is None and keys:
        key = keys[0]
    if key not in keys and key != NEWS:
        return None
    steps = [
        Step(page_title(wording, page.page, page.context), url(page.key, seat.variant), page.key == key)
        for page in standing.route.pages
    ]
    if shown is not None:
        steps.insert(0, Step(_("What is new in this round"), url(NEWS, seat.variant), key == NEWS))
    questions = None if key == NEWS else _questions(found, standing, key)
    return PreviewPage(
        round=seat.round,
        pseudonym=seat.pseudonym,
        group=seat.group,
        variant=seat.variant,
        variants=tuple((each, url(key, each), each == seat.variant) for each in ("", *found.variants))
        if found.variants
        else (),
        as_proposed=found.as_proposed,
        steps=tuple(steps),
        news=news_page(standing, shown, csrf="", first_url="") if key == NEWS and shown is not None else None,
        questions=questions,
        title=questions.title if questions is not None else _("What is new in this round"),
        back_url=url_for("organiser.release", slug=slug, number=number),
    )


def _standing(found: Foreseen) -> Standing:
    seat, instrument, sheet = found.seat, found.instrument, found.sheet
    carried = {
        cell: given_of(sheet.earlier[cell][0]) for cell in instrument.carried_cells if cell in sheet.earlier
    }
    route = instrument.route(group=seat.group, tags=seat.tags, answers={}, carried=carried)
    shown: Shown | None = shown_of(seat, instrument, found.content)
    return Standing(seat, instrument, route, {}, sheet, shown)


def _questions(found: Foreseen, standing: Standing, key: str) -> QuestionPage:
    routed = standing.route.page(key)
    numbers = found.instrument.numbers(routed)
    return question_page(
        frame_of(found.seat),
        found.instrument,
        routed,
        language=found.seat.language,
        fields=Fields({}, earlier=standing.own(numbers)),
        person=_NOBODY,
        is_last=standing.route.pages[-1].key == key,
        shown=standing.shown,
    )
