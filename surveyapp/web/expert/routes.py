"""The pages of the questionnaire: shown, saved by plain posts, and gone through."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from surveyapp.errors import AnswerError, Conflict, InputError, RoundClosed
from surveyapp.extensions import get_database
from surveyapp.questionnaire.cells import BLANK, Given
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.routing import Route, RoutedPage
from surveyapp.services import answering
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.seats import Seat, given_of, read_answers, read_stored
from surveyapp.services.unit import read_now
from surveyapp.web.expert import fields, forms, pages, steps
from surveyapp.web.expert.asking import Asker, Wording, statement_of
from surveyapp.web.expert.blueprints import end_session, get_seat, seat
from surveyapp.web.expert.compiled import SLOTTED_PERSON, Compiled, Kept, cut
from surveyapp.web.languages import page_language

_compiled = Kept()
_CLEAR = re.compile(r"a([1-9][0-9]{0,6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Standing:
    """One expert's way through the questionnaire as it stands now."""

    seat: Seat
    instrument: Instrument
    route: Route
    answers: Mapping[int, Given]

    def find_page(self, key: str) -> RoutedPage:
        """The page `key` of this expert's route; 404 when it is not on it."""
        try:
            return self.route.page(key)
        except KeyError:
            abort(404)

    def is_open(self, key: str) -> bool:
        """Whether the page may be opened: consent comes first."""
        return key in [page.key for page in self.route.pages[: self.route.open_until]]


def read_standing(of: Seat) -> Standing:
    """Instrument, answers and route of a seat."""
    with get_database().reading() as session:
        instrument = get_instrument(
            session,
            study_id=of.study_id,
            number=of.questionnaire_number,
            sha256=of.questionnaire_sha256,
        )
        stored = read_answers(session, seat=of)
    answers = {number: answer.given for number, answer in stored.items()}
    route = instrument.route(group=of.group, tags=of.tags, answers=answers)
    return Standing(of, instrument, route, answers)


@seat.get("/")
def enter(slug: str) -> ResponseReturnValue:
    """Go on where the expert left off."""
    here = get_seat()
    if here.submission and (not here.has_drafts or not here.takes_answers):
        return redirect(url_for("seat.thanks", slug=slug), 303)
    if not here.takes_answers:
        return show_closed(here, kept=False), 200
    standing = read_standing(here)
    if not here.revision and standing.instrument.questionnaire.practice is not None:
        return redirect(url_for("seat.practice", slug=slug), 303)
    key = here.place if standing.is_open(here.place) else standing.route.pages[0].key
    return redirect(pages.page_url(slug, key), 303)


@seat.get("/practice")
def practice(slug: str) -> ResponseReturnValue:
    """Try out how rating works."""
    here = get_seat()
    standing = read_standing(here)
    questionnaire = standing.instrument.questionnaire
    item = questionnaire.practice
    if item is None:
        return redirect(pages.page_url(slug, standing.route.pages[0].key), 303)
    wording = Wording(questionnaire, here.language, page_language())
    asker = Asker(
        wording, number_of=standing.instrument.number_of, field=fields.Fields({}).field, context=""
    )
    criterion = questionnaire.criteria[item.criterion]
    page = pages.PracticePage(
        frame=pages.frame_of(here),
        title=wording.line(item.title),
        definition=wording.inline(item.definition),
        criterion=wording.line(criterion.title),
        statement=statement_of(asker, item.criterion),
        choices=asker.choices(questionnaire.scales[criterion.scale]),
        csrf=generate_csrf(),
    )
    return render_template("expert/practice.html", page=page, form=None)


@seat.post("/practice")
def end_practice(slug: str) -> ResponseReturnValue:
    """Leave the practice item; nothing of it is read."""
    standing = read_standing(get_seat())
    return redirect(pages.page_url(slug, standing.route.pages[0].key), 303)


@seat.get("/p/<key>")
def show_page(slug: str, key: str) -> ResponseReturnValue:
    """A page of questions with what is answered already."""
    here = get_seat()
    if not here.takes_answers:
        return redirect(url_for("seat.enter", slug=slug), 303)
    standing = read_standing(here)
    routed = standing.find_page(key)
    if not standing.is_open(key):
        last_open = standing.route.pages[standing.route.open_until - 1].key
        return redirect(pages.page_url(slug, last_open), 303)
    notice = ""
    if request.args.get("needs") == "consent" and not standing.route.is_consented:
        notice = _("Your consent is needed before you can go on. What you answered is saved.")
    person = steps.person_of(
        here, standing.instrument, standing.route, standing.answers, current=key, notice=notice
    )
    numbers = standing.instrument.numbers(routed)
    body = compile_page(standing, routed).fill(person, standing.answers, numbers)
    return Response(body, mimetype="text/html")


def compile_page(standing: Standing, routed: RoutedPage) -> Compiled:
    """The page, rendered once for all experts who see the same questions in the same language."""
    here = standing.seat
    frame = pages.frame_of(here)
    key = (
        here.study_id,
        standing.instrument.sha256,
        here.round,
        here.language,
        page_language(),
        frame,
        routed.key,
        tuple(question.id for question in routed.questions),
    )
    return _compiled.get(
        key, lambda: cut(render_page(standing, routed, fields=fields.Fields(), person=SLOTTED_PERSON))
    )


def render_page(
    standing: Standing,
    routed: RoutedPage,
    *,
    fields: fields.Fields,
    person: pages.Person,
    mistakes: tuple[pages.Mistake, ...] = (),
    is_conflict: bool = False,
) -> str:
    """The page by its templates: what compiled pages are made from, and what shows mistakes."""
    page = pages.question_page(
        pages.frame_of(standing.seat),
        standing.instrument,
        routed,
        language=standing.seat.language,
        fields=fields,
        person=person,
        mistakes=mistakes,
        is_conflict=is_conflict,
    )
    return render_template("expert/page.html", page=page, form=None)


@seat.post("/p/<key>")
def save_page(slug: str, key: str) -> ResponseReturnValue:
    """Save a page and go where its button says; a mistake or a conflict shows it again, nothing lost."""
    here = get_seat()
    with get_database().reading() as session:
        instrument = get_instrument(
            session,
            study_id=here.study_id,
            number=here.questionnaire_number,
            sha256=here.questionnaire_sha256,
        )
    form = forms.PageForm()
    if not g.get("csrf_valid", False):
        return _show_again(key, instrument, notice=_expired(), status=400)
    if not form.validate():
        abort(400)
    numbers = forms.read_numbers(form.shown.data or "", most=len(instrument.specs))
    values, errors = forms.read_posted(instrument, numbers, request.form)
    cleared = _cleared(numbers)
    if cleared is not None:
        values[cleared] = []
    changes, more_errors = forms.parse(instrument, values)
    errors = more_errors | errors
    if errors:
        return _show_again(key, instrument, values=values, errors=errors, status=422)
    saving = Saving(form.request_id.data, form.revision.data, changes, key)
    try:
        route = saving.run(here, instrument)
    except answering.Conflicted as conflict:
        return _show_conflict(key, instrument, values, conflict)
    except RoundClosed:
        saving.keep_late(here)
        return show_closed(here, kept=True), 409
    except AnswerError as error:
        return _show_again(key, instrument, values=values, notice=str(error), status=422)
    if request.form.get("go") == "leave":
        return end_session()
    return redirect(_next_url(here, route, key, cleared), 303)


@dataclass(frozen=True, slots=True)
class Saving:
    """One save of one page."""

    request_id: str
    base: int
    changes: Mapping[int, Given]
    place: str | None

    def run(self, here: Seat, instrument: Instrument) -> Route:
        """Save, and find the route as it is then."""
        try:
            return self._run(here, instrument)
        except answering.Conflicted:
            raise
        except Conflict:
            # The same request was under way already, from a double click; now its reply is there.
            return self._run(here, instrument)

    def _run(self, here: Seat, instrument: Instrument) -> Route:
        with get_database().verb() as session:
            answering.save(
                session,
                seat=here,
                request_id=self.request_id,
                base=self.base,
                changes=self.changes,
                place=self.place,
            )
        missing = [cell for cell in instrument.routing_cells if cell not in self.changes]
        known = dict(self.changes)
        if missing:
            with get_database().reading() as session:
                stored = read_stored(session, seat=here, cells=missing)
            known = {cell: given_of(columns) for cell, (columns, _revision) in stored.items()} | known
        return instrument.route(group=here.group, tags=here.tags, answers=known)

    def keep_late(self, here: Seat) -> None:
        """Keep what came too late; it is shown to the organiser and never counted silently."""
        with get_database().verb() as session:
            answering.keep_late_draft(
                session,
                seat=here,
                request_id=self.request_id,
                changes=self.changes,
                now=read_now(session),
            )


def _cleared(numbers: Sequence[int]) -> int | None:
    match = _CLEAR.fullmatch(request.form.get("clear", ""))
    return int(match[1]) if match and int(match[1]) in numbers else None


def _next_url(here: Seat, route: Route, key: str, cleared: int | None) -> str:
    slug = here.slug
    go = request.form.get("go", "next")
    if cleared is not None:
        return pages.page_url(slug, key, cleared)
    if go == "review":
        return url_for("seat.review", slug=slug)
    target = steps.neighbour(route, key, -1 if go == "back" else 1)
    if target is None:
        return pages.page_url(slug, key) if go == "back" else url_for("seat.review", slug=slug)
    keys = [page.key for page in route.pages]
    if keys.index(target) >= route.open_until:
        return url_for("seat.show_page", slug=slug, key=key, needs="consent")
    return pages.page_url(slug, target)


def _expired() -> str:
    return _(
        "Your session was renewed while this page was open, so nothing was saved yet. "
        "Everything you typed is still here: press the button once more."
    )


def _show_again(
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
    shown = render_page(
        standing,
        routed,
        fields=fields.Fields(values, errors),
        person=person,
        mistakes=tuple(mistakes),
    )
    return shown, status


def _posted_revision(here: Seat) -> int:
    posted = request.form.get("revision", "")
    is_number = posted.isascii() and posted.isdigit() and len(posted) < 10
    return min(int(posted), here.revision) if is_number else here.revision


def _show_conflict(
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
        fields=fields.Fields(values, conflicts=both),
        person=person,
        mistakes=mistakes,
        is_conflict=True,
    )
    return shown, 409


def say(instrument: Instrument, cell: int, given: Given, language: str) -> str:
    """What was given in a cell, in words; “blank” where nothing was."""
    if given.is_blank or given == BLANK:
        return _("blank")
    spec = instrument.specs[cell - 1]
    question = instrument.questionnaire.questions_by_id[spec.key.question]
    return KINDS[question.kind].show(instrument.questionnaire, question, spec, given, language) or _("blank")


def show_closed(here: Seat, *, kept: bool) -> str:
    """The page that says, kindly, that the round takes no answers now."""
    return render_template(
        "expert/closed.html", frame=pages.frame_of(here), kept=kept, has_submitted=here.submission > 0
    )


@seat.errorhandler(InputError)
def show_strange_input(error: Any) -> ResponseReturnValue:
    """A page of ours cannot have sent this."""
    current_app.logger.info("strange input refused at %s", request.endpoint)
    return render_template("errors/error.html", title=_("That could not be used"), what=str(error)), 400
