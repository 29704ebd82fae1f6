"""A compiled page is, byte for byte, the page that its templates write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from surveyapp.delphi.showing import OwnAnswer
from surveyapp.questionnaire.cells import BLANK, CellSpec, Given, Status
from surveyapp.questionnaire.keeping import may_keep
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Sheet, stored_of
from surveyapp.web.expert.compiled import Kept, cut
from surveyapp.web.expert.fields import Fields, form_texts
from surveyapp.web.expert.pages import Person
from surveyapp.web.expert.showing import compile_page, fields_of, fill_page, render_page
from surveyapp.web.expert.standing import Standing, read_standing
from tests.support.studies import Ground

if TYPE_CHECKING:
    from flask import Flask

on_sqlite = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)

PERSON = Person(
    csrf=Markup("token"),
    revision=Markup("3"),
    request_id=Markup("id"),
    queue=Markup("queue"),
    steps=Markup("<nav></nav>"),
    status=Markup("saved"),
    notice=Markup("<p>Note.</p>"),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)


def given_in(spec: CellSpec) -> st.SearchStrategy[Given]:
    """Anything that the cell can hold."""
    opt_outs = [
        Given(Status.DONT_KNOW, text=label) for label in spec.labels if not label.lstrip("-").isdigit()
    ]
    if spec.value_type == "text":
        return TEXTS.map(lambda text: Given(Status.VALUE, text=text)) | st.just(BLANK)
    if spec.value_type == "texts":
        lines = st.lists(TEXTS, min_size=1, max_size=3)
        return lines.map(lambda parts: Given(Status.VALUE, parts=tuple(parts))) | st.just(BLANK)
    if spec.value_type == "options":
        chosen = st.lists(st.sampled_from(sorted(spec.labels)), unique=True, min_size=1)
        return chosen.map(lambda parts: Given(Status.VALUE, parts=tuple(parts))) | st.just(BLANK)
    if spec.value_type == "option":
        return st.sampled_from([*(Given(Status.VALUE, text=option) for option in spec.labels), BLANK])
    numbers = [label for label in spec.labels if label.lstrip("-").isdigit()] or ["0", "17", "80"]
    points = [Given(Status.VALUE, number=Decimal(number)) for number in numbers]
    return st.sampled_from([*points, *(opt_outs if spec.kind != "consent" else []), BLANK])


def texts_of(instrument: Instrument, answers: dict[int, Given]) -> dict[int, Sequence[str]]:
    return {number: form_texts(each) for number, each in answers.items()}


@on_sqlite
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_compiled_is_plain(app: Flask, ground: Ground, data: st.DataObject) -> None:
    kept = app.extensions.setdefault("test.standing", {})
    if not kept:
        kept["standing"] = read_standing_of(app, ground)
    start: Standing = kept["standing"]
    instrument = start.instrument
    routed = data.draw(st.sampled_from(instrument.route(group="both", tags=(), answers={}).pages))
    numbers = instrument.numbers(routed)
    answers = {
        number: data.draw(given_in(instrument.spec(number)))
        for number in numbers
        if data.draw(st.booleans(), label=f"is {number} answered?")
    }
    standing = Standing(start.seat, instrument, start.route, answers, start.sheet)
    with app.test_request_context("/s/every-kind/"):
        plain = render_page(standing, routed, fields=Fields(texts_of(instrument, answers)), person=PERSON)
        compiled = compile_page(standing, routed).fill(PERSON, answers, numbers)
    assert compiled == plain.encode()


def read_standing_of(app: Flask, ground: Ground) -> Standing:
    """Somebody who rates both areas."""
    seat = ground.sit_down(1)
    with app.test_request_context("/s/every-kind/"):
        return read_standing(seat)


@on_sqlite
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(data=st.data())
def test_compiled_is_plain_with_feedback(app: Flask, second_round: Ground, data: st.DataObject) -> None:
    kept = app.extensions.setdefault("test.standing", {})
    if not kept:
        kept["standing"] = read_standing_of(app, second_round)
    start: Standing = kept["standing"]
    instrument = start.instrument
    routed = data.draw(st.sampled_from(start.route.pages))
    numbers = instrument.numbers(routed)

    def draw(what: str) -> dict[int, Given]:
        return {
            number: data.draw(given_in(instrument.spec(number)))
            for number in numbers
            if data.draw(st.booleans(), label=f"{what} {number}?")
        }

    earlier, answers = draw("earlier"), draw("now")
    for number, before in earlier.items():
        if may_keep(before) and data.draw(st.booleans(), label=f"kept {number}?"):
            answers[number] = replace(before, status=Status.KEPT)
    sheet = Sheet({}, {number: (stored_of(each), 1) for number, each in earlier.items()})
    standing = replace(start, answers=answers, sheet=sheet)
    with app.test_request_context("/s/every-kind/"):
        fields = fields_of(standing, routed, texts_of(instrument, answers))
        plain = render_page(standing, routed, fields=fields, person=PERSON)
        compiled = fill_page(standing, routed, PERSON)
    assert compiled == plain.encode()


@on_sqlite
def test_a_page_is_compiled_once(app: Flask, ground: Ground) -> None:
    standing = read_standing_of(app, ground)
    with app.test_request_context("/s/every-kind/"):
        page = standing.route.pages[0]
        assert compile_page(standing, page) is compile_page(standing, page)
        assert compile_page(standing, page) is not compile_page(standing, standing.route.pages[1])


@on_sqlite
def test_every_kind_has_its_partial(app: Flask, ground: Ground) -> None:
    partials = {
        name.removeprefix("kinds/") for name in app.jinja_env.list_templates() if name.startswith("kinds/")
    }
    assert partials == {f"{name}.html" for name in KINDS}


@on_sqlite
def test_what_is_given_goes_through_the_form_unchanged(app: Flask, ground: Ground) -> None:
    instrument = ground.instrument
    for number, spec in enumerate(instrument.specs, start=1):
        question = instrument.questionnaire.questions_by_id[spec.key.question]
        for text in spec.labels or ("7",):
            if spec.kind == "consent" and text == "0":
                continue
            parsed = KINDS[question.kind].parse(instrument.questionnaire, question, spec, [text])
            assert form_texts(parsed) == (text,), number


def test_cutting_finds_every_slot() -> None:
    page = cut("<a\x0012=x-1\x00>\x0012~\x00<b\x0012+\x00>\x00csrf\x00-\x00csrf\x00\x007#plums\x00")
    assert page.cells[12].checked.keys() == {"x-1"}
    assert page.cells[7].places.keys() == {"plums"}
    assert len(page.person["csrf"]) == 2
    filled = page.fill(
        PERSON, {12: Given(Status.VALUE, text="x-1"), 7: Given(Status.VALUE, parts=("plums",))}, (12, 7)
    )
    assert filled == b"<a checked><b open>token-token1"


def test_sections_stand_for_the_earlier_answer_that_they_are_about() -> None:
    page = cut(
        "<\x003[=keep\x00k\x003==keep\x00 \x003[4\x00four of \x003^\x00\x003]\x00"
        "\x003[5\x00five of \x003^\x00\x003]\x00!\x003]\x00><p\x003?*\x00\x003?outside\x00\x003?step\x00>"
    )
    four = OwnAnswer(1, Given(Status.VALUE, number=Decimal(4)))
    assert page.fill(PERSON, {}, (3,)) == b"<><p hidden hidden hidden>"
    assert page.fill(PERSON, {}, (3,), {3: four}) == b"<k four of 1!><p hidden hidden hidden>"
    kept = {3: Given(Status.KEPT, number=Decimal(4))}
    assert page.fill(PERSON, kept, (3,), {3: four}, {3: "step"}) == b"<k checked four of 1!><p hidden>"
    unable = OwnAnswer(1, Given(Status.DONT_KNOW, text="dont-know"))
    assert page.fill(PERSON, {}, (3,), {3: unable}) == b"<><p hidden hidden hidden>"


def test_what_is_kept_the_longest_unused_goes_first() -> None:
    kept = Kept(most=2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda key=key: key)  # type: ignore[misc]  # mypy cannot see a default as a capture
    made: list[str] = []
    for key in ("a", "c", "b"):
        kept.get(key, lambda key=key: made.append(key))  # type: ignore[misc]  # as above
    assert made == ["b"]
