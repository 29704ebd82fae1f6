"""A page of questions as HTML: compiled for the usual case, by its templates where something went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import escape

from surveyapp.questionnaire.cells import Given, Status
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.routing import RoutedPage
from surveyapp.services import answering
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Seat
from surveyapp.web.expert import fields, forms, pages, steps
from surveyapp.web.expert.asking import Wording
from surveyapp.web.expert.beside import TalkOf
from surveyapp.web.expert.blueprints import get_seat
from surveyapp.web.expert.compiled import SLOTTED_PERSON, Compiled, Kept, cut
from surveyapp.web.expert.standing import Standing, read_standing
from surveyapp.web.expert.talking import talks_of
from surveyapp.web.languages import page_language

_compiled = Kept()


def compile_page(standing: Standing, routed: RoutedPage) -> Compiled:
    """The page, rendered once for all experts who see the same questions in the same language."""
    here = standing.seat
    frame = pages.frame_of(here)
    key = (
        here.study_id,
        standing.instrument.sha256,
        here.round,
        here.correction,
        here.language,
        page_language(),
        frame,
        routed.key,
        standing.route.pages[-1].key == routed.key,
        tuple(question.id for question in routed.questions),
        standing.shown.key if standing.shown is not None else None,
    )
    return _compiled.get(
        key,
        lambda: cut(
            render_page(
                standing, routed, fields=fields.Fields(), person=SLOTTED_PERSON, talk=fields.talk_slot
            )
        ),
    )


def fill_page(standing: Standing, routed: RoutedPage, person: pages.Person) -> bytes:
    """The page of one expert as it stands: the compiled one with what is theirs."""
    numbers = standing.instrument.numbers(routed)
    own = standing.own(numbers)
    causes = standing.causes(numbers, own)
    compiled = compile_page(standing, routed)
    talks = talks_of(standing, compiled.talks.keys())
    return compiled.fill(person, standing.answers, numbers, own, causes, talks=talks)


def fields_of(
    standing: Standing,
    routed: RoutedPage,
    values: Mapping[int, Sequence[str]],
    *,
    errors: Mapping[int, str] | None = None,
    conflicts: Mapping[int, fields.Conflict] | None = None,
) -> fields.Fields:
    """Fields with these texts in them, and with the own earlier answers beside them."""
    numbers = standing.instrument.numbers(routed)
    own = standing.own(numbers)
    return fields.Fields(values, errors, conflicts, earlier=own, causes=standing.causes(numbers, own))


def render_page(
    standing: Standing,
    routed: RoutedPage,
    *,
    fields: fields.Fields,
    person: pages.Person,
    mistakes: tuple[pages.Mistake, ...] = (),
    is_conflict: bool = False,
    talk: TalkOf | None = None,
) -> str:
    """The page by its templates: what compiled pages are made from, and what shows mistakes.

    `talk` says what goes with a reason; left out, it is what this expert sees and has said of it.
    """
    if talk is None and standing.shown is not None and standing.shown.discussion is not None:
        talk = talks_of(standing, compile_page(standing, routed).talks.keys()).__getitem__
    page = pages.question_page(
        pages.frame_of(standing.seat),
        standing.instrument,
        routed,
        language=standing.seat.language,
        fields=fields,
        person=person,
        is_last=standing.route.pages[-1].key == routed.key,
        mistakes=mistakes,
        is_conflict=is_conflict,
        shown=standing.shown,
        talk=talk,
        correction=standing.seat.correction,
    )
    return render_template("expert/page.html", page=page, form=None)


def say_expired() -> str:
    text: str = _(
        "Your session was renewed while this page was open, so nothing was saved yet. "
        "Everything you typed is still here: press the button once more."
    )
    return text


def show_again(
    key: str,
    instrument: Instrument,
    *,
    values: Mapping[int, Sequence[str]] | None = None,
    errors: Mapping[int, str] | None = None,
    notice: str = "",
    status: int,
) -> ResponseReturnValue:
    """The page once more, with everything as it was typed and what is to be put right."""
    here = get_seat()
    standing = read_standing(here)
    routed = standing.find_page(key)
    if values is None:
        values, _errors = forms.read_posted(instrument, instrument.numbers(routed), request.form)
    wording = Wording(instrument.questionnaire, here.language, page_language())
    mistakes = [
        pages.Mistake(f"a{cell}", pages.cell_label(wording, instrument.specs[cell - 1]), what)
        for cell, what in (errors or {}).items()
    ]
    person = steps.person_of(
        here,
        instrument,
        standing.route,
        standing.answers,
        current=key,
        revision=_posted_revision(here),
        notice=notice,
    )
    if notice:
        # The notice says that nothing of this was saved; the line above must not say otherwise.
        person = replace(person, status=escape(_("Not saved yet")))
    shown = render_page(
        standing,
        routed,
        fields=fields_of(standing, routed, values, errors=errors),
        person=person,
        mistakes=tuple(mistakes),
    )
    return shown, status


def _posted_revision(here: Seat) -> int:
    posted = request.form.get("revision", "")
    is_number = posted.isascii() and posted.isdigit() and len(posted) < 10
    return min(int(posted), here.revision) if is_number else here.revision


def show_conflict(
    key: str, instrument: Instrument, values: Mapping[int, Sequence[str]], conflict: answering.Conflicted
) -> ResponseReturnValue:
    """The page once more, with both values of each cell that another window changed first."""
    here = get_seat()
    standing = read_standing(here)
    routed = standing.find_page(key)
    wording = Wording(instrument.questionnaire, here.language, page_language())
    both = {
        each.cell: fields.Conflict(
            say(instrument, each.cell, each.yours, here.language),
            say(instrument, each.cell, each.theirs, here.language),
        )
        for each in conflict.conflicts
    }
    mistakes = tuple(
        pages.Mistake(
            f"a{cell}",
            pages.cell_label(wording, instrument.specs[cell - 1]),
            _("here: %(yours)s; in the other window: %(theirs)s", yours=each.yours, theirs=each.theirs),
        )
        for cell, each in both.items()
    )
    person = steps.person_of(
        here, instrument, standing.route, standing.answers, current=key, revision=conflict.revision
    )
    shown = render_page(
        standing,
        routed,
        fields=fields_of(standing, routed, values, conflicts=both),
        person=person,
        mistakes=mistakes,
        is_conflict=True,
    )
    return shown, 409


def say(instrument: Instrument, cell: int, given: Given, language: str) -> str:
    """What was given in a cell, in words; “blank” where nothing was."""
    blank: str = _("blank")
    if given.is_blank:
        return blank
    spec = instrument.specs[cell - 1]
    question = instrument.questionnaire.questions_by_id[spec.key.question]
    shown = KINDS[question.kind].show(instrument.questionnaire, question, spec, given, language) or blank
    return _("%(answer)s (kept)", answer=shown) if given.status is Status.KEPT else shown


def show_closed(here: Seat, *, kept: bool) -> str:
    """The page that says, kindly, that the round takes no answers now."""
    return render_template(
        "expert/closed.html", frame=pages.frame_of(here), kept=kept, has_submitted=here.submission > 0
    )
