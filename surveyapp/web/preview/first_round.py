"""The questionnaire as an expert will see it in the first round, page by page. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import refresh
from markupsafe import Markup

from surveyapp.errors import Refused
from surveyapp.extensions import get_database
from surveyapp.questionnaire.cells import Given
from surveyapp.questionnaire.routing import Route
from surveyapp.services.previewing import AsWhom, Previewed, preview
from surveyapp.web.expert import forms
from surveyapp.web.expert.asking import Wording, page_title
from surveyapp.web.expert.fields import Fields, form_texts
from surveyapp.web.expert.pages import Person, QuestionPage, frame_of, question_page
from surveyapp.web.expert.steps import neighbour
from surveyapp.web.languages import language_name, page_language
from surveyapp.web.organiser.acting import trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.overview.routes import show_study
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.preview.pages import Step

_NOBODY = Person(*[Markup("")] * 7)
_MOST_TAGS = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """One group or language to look as."""

    value: str
    title: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FirstRoundPage:
    """One page as an expert will find it, the way around it, and as whom one looks."""

    groups: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    tags: str | None
    """None where tags decide nothing."""
    steps: tuple[Step, ...]
    questions: QuestionPage
    title: str
    walk_url: str
    view_url: str
    back_url: str
    is_first: bool
    is_last: bool


@blueprint.get("/s/<slug>/preview")
def preview_questionnaire(slug: str) -> ResponseReturnValue:
    """The first page, as whom the form says."""
    try:
        found = _find(slug)
    except Refused as error:
        return show_study(slug, trouble=trouble_of(error))
    return _show(found, "", _read_answers(found))


@blueprint.get("/s/<slug>/preview/<key>")
def preview_page_of(slug: str, key: str) -> ResponseReturnValue:
    """One page, with what was chosen on those before it where that decides what is asked."""
    try:
        found = _find(slug)
    except Refused as error:
        return show_study(slug, trouble=trouble_of(error))
    return _show(found, key, _read_answers(found))


@blueprint.post("/s/<slug>/preview/<key>")
def walk_preview(slug: str, key: str) -> ResponseReturnValue:
    """Go on from a page, as an expert would; what decides what is asked goes along in the address."""
    try:
        found = _find(slug)
    except Refused as error:
        return show_study(slug, trouble=trouble_of(error))
    instrument = found.instrument
    answers = _read_answers(found)
    before = _route(found, answers)
    try:
        numbers = instrument.numbers(before.page(key))
    except KeyError:
        abort(404)
    values, errors = forms.read_posted(instrument, numbers, request.form)
    given, more = forms.parse(instrument, values)
    if errors or more:
        return _show(found, key, answers, fields=Fields(values, errors=more | errors), status=422)
    answers = {number: each for number, each in answers.items() if number not in numbers} | {
        number: each for number, each in given.items() if number in instrument.routing_cells
    }
    target = neighbour(_route(found, answers), key, -1 if request.form.get("go") == "back" else 1)
    return redirect(_url(found, answers, target or key) + ("" if target else "#end"), 303)


def _find(slug: str) -> Previewed:
    asked = request.args
    tags = tuple(each.strip() for each in asked.get("tags", "").split(",") if each.strip())
    whom = AsWhom(asked.get("group", ""), asked.get("language", ""), tags[:_MOST_TAGS])
    return preview(get_database(), slug=slug, whom=whom)


def _read_answers(found: Previewed) -> dict[int, Given]:
    """The answers that decide what is asked, as the address holds them; what is none of these is left out."""
    values = {
        number: request.args.getlist(f"a{number}")
        for number in found.instrument.routing_cells
        if f"a{number}" in request.args
    }
    return forms.parse(found.instrument, values)[0]


def _route(found: Previewed, answers: Mapping[int, Given]) -> Route:
    return found.instrument.route(group=found.seat.group, tags=found.seat.tags, answers=answers)


def _url(found: Previewed, answers: Mapping[int, Given], key: str, endpoint: str = "preview_page_of") -> str:
    values: dict[str, Any] = {f"a{number}": form_texts(each) for number, each in answers.items()}
    values |= {"group": found.seat.group or None, "language": found.seat.language}
    values["tags"] = ",".join(found.seat.tags) or None
    return url_for(f"organiser.{endpoint}", slug=found.seat.slug, key=key, **values)


def _show(
    found: Previewed,
    key: str,
    answers: Mapping[int, Given],
    *,
    fields: Fields | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    seat, asked = found.seat, found.instrument.questionnaire
    # What stands around the page is the organiser's; the page itself speaks the expert's language.
    own = page_language()
    groups = tuple(
        Choice(each.id, each.title.get(own, asked.language), each.id == seat.group) for each in asked.groups
    )
    languages = tuple(Choice(each, language_name(each), each == seat.language) for each in asked.languages)
    g.language = seat.language
    g.pop("page_language", None)
    refresh()
    route = _route(found, answers)
    keys = [each.key for each in route.pages]
    key = key or keys[0]
    if key not in keys:
        abort(404)
    wording = Wording(asked, seat.language, page_language())
    routed = route.page(key)
    questions = question_page(
        frame_of(seat),
        found.instrument,
        routed,
        language=seat.language,
        fields=fields or Fields({number: form_texts(each) for number, each in answers.items()}),
        person=_NOBODY,
        is_last=key == keys[-1],
    )
    page = FirstRoundPage(
        groups=groups,
        languages=languages if len(languages) > 1 else (),
        tags=", ".join(seat.tags) if _asks_for_tags(found) else None,
        steps=tuple(
            Step(
                page_title(wording, each.page, each.context), _url(found, answers, each.key), each.key == key
            )
            for each in route.pages
        ),
        questions=questions,
        title=questions.title,
        walk_url=_url(found, answers, key, "walk_preview"),
        view_url=url_for("organiser.preview_questionnaire", slug=seat.slug),
        back_url=url_for("organiser.study", slug=get_desk().slug),
        is_first=key == keys[0],
        is_last=key == keys[-1],
    )
    return show("organiser/preview/first_round.html", page, status=status)


def _asks_for_tags(found: Previewed) -> bool:
    asked = found.instrument.questionnaire
    conditions = (each.show_if for page in asked.pages for each in (page, *page.questions))
    return any("tags" in condition for condition in conditions if condition)
