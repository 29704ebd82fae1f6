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
from surveyapp.questionnaire.cells import Given
from surveyapp.questionnaire.routing import Route
from surveyapp.services import answering
from surveyapp.services.reading.seats import Seat
from surveyapp.services.unit import read_now
from surveyapp.web.expert import fields, forms, pages, steps
from surveyapp.web.expert.asking import Asker, Wording, statement_of
from surveyapp.web.expert.blueprints import ask_for_link, get_seat, seat
from surveyapp.web.expert.parting import end_session
from surveyapp.web.expert.showing import fill_page, say_expired, show_again, show_closed, show_conflict
from surveyapp.web.expert.standing import read_instrument, read_standing
from surveyapp.web.expert.talking import OPEN_REASON
from surveyapp.web.expert.wordings import notice_asked_for, read_corrected, with_notice
from surveyapp.web.languages import page_language

_CLEAR = re.compile(r"a([1-9][0-9]{0,6})", re.ASCII)


@seat.get("/")
def enter(slug: str) -> ResponseReturnValue:
    """Go on where the expert left off."""
    here = get_seat()
    if here.submission and (not here.has_drafts or not here.takes_answers):
        return redirect(url_for("seat.thanks", slug=slug), 303)
    if not here.takes_answers:
        return show_closed(here, kept=False), 200
    standing = read_standing(here)
    if not here.revision and standing.shown is not None:
        return redirect(url_for("seat.news", slug=slug), 303)
    if (
        not here.revision
        and not standing.has_rated
        and standing.instrument.questionnaire.practice is not None
    ):
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
    asker = Asker(wording, number_of=standing.instrument.number_of, field=fields.Fields({}).field, context="")
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
    standing = read_standing(here, page=key)
    routed = standing.find_page(key)
    if not standing.is_open(key):
        last_open = standing.route.pages[standing.route.open_until - 1].key
        return redirect(pages.page_url(slug, last_open), 303)
    notice: str = notice_asked_for(here)
    if request.args.get("needs") == "consent" and not standing.route.is_consented:
        notice = _("Your consent is needed before you can go on. What you answered is saved.")
    person = steps.person_of(
        here, standing.instrument, standing.route, standing.answers, current=key, notice=notice
    )
    return Response(fill_page(standing, routed, person), mimetype="text/html")


@seat.post("/p/<key>")
def save_page(slug: str, key: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has checked it
    """Save a page and go where its button says; a mistake or a conflict shows it again, nothing lost."""
    here = get_seat()
    instrument = read_instrument(here)
    form = forms.PageForm()
    if not g.get("csrf_valid", False):
        own = steps.queue_name(here)
        if request.form.get("seat", own) != own:
            # Another personal link was opened in this browser since: the two are never mixed.
            return ask_for_link()
        return show_again(key, instrument, notice=say_expired(), status=400)
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
        return show_again(key, instrument, values=values, errors=errors, status=422)
    request_id = forms.name_save(form.request_id.data or "", values)
    saving = Saving(
        request_id, form.revision.data or 0, changes, key, form.release.data, form.correction.data or 0
    )
    try:
        return _save_and_go_on(saving, here, key, cleared)
    except answering.Conflicted as conflict:
        return show_conflict(key, instrument, values, conflict)
    except RoundClosed:
        return show_closed(here, kept=saving.keep_late(here)), 409
    except AnswerError as error:
        return show_again(key, instrument, values=values, notice=error.said_by(_), status=422)


def _save_and_go_on(saving: Saving, here: Seat, key: str, cleared: int | None) -> ResponseReturnValue:
    go = request.form.get("go", "next")
    if go == "submit" and cleared is None:
        is_submitted = saving.run_and_submit(here)
        if is_submitted and read_corrected(here, since=saving.correction):
            return redirect(url_for("seat.corrections", slug=here.slug), 303)
        where = url_for("seat.thanks" if is_submitted else "seat.review", slug=here.slug)
        return redirect(with_notice(where, here, since=saving.correction), 303)
    route = saving.run(here)
    if go == "leave":
        return end_session()
    return redirect(with_notice(_next_url(here, route, key, cleared), here, since=saving.correction), 303)


@dataclass(frozen=True, slots=True)
class Saving:
    """One save of one page."""

    request_id: str
    base: int
    changes: Mapping[int, Given]
    place: str | None
    release: int | None
    """The release that stood on the page; None in a round without feedback."""
    correction: int
    """The correction of the wording that stood on the page; 0 before the first."""

    def run(self, here: Seat) -> Route:
        """Save, and find the route as it is then."""
        try:
            saved = self._run(here)
        except answering.Conflicted:
            raise
        except Conflict:
            # The same request was under way already, from a double click; now its reply is there.
            saved = self._run(here)
        return read_standing(here).route if saved.way is None else saved.way.route

    def run_and_submit(self, here: Seat) -> bool:
        """Save and, when nothing is blank, submit; says whether it was submitted."""
        try:
            return self._submit(here) is not None
        except answering.Conflicted:
            raise
        except Conflict:
            return self._submit(here) is not None

    def _submit(self, here: Seat) -> answering.Submitted | None:
        with get_database().verb() as session:
            return answering.save_and_submit(
                session,
                seat=here,
                request_id=self.request_id,
                base=self.base,
                changes=self.changes,
                place=self.place,
                release=self.release,
                correction=self.correction,
            )

    def _run(self, here: Seat) -> answering.Saved:
        with get_database().verb() as session:
            return answering.save(
                session,
                seat=here,
                request_id=self.request_id,
                base=self.base,
                changes=self.changes,
                place=self.place,
                release=self.release,
                correction=self.correction,
            )

    def keep_late(self, here: Seat) -> bool:
        """Keep what came too late; it is shown to the organiser and never counted silently."""
        with get_database().verb() as session:
            return answering.keep_late_draft(
                session,
                seat=here,
                request_id=self.request_id,
                changes=self.changes,
                now=read_now(session),
                correction=self.correction,
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
    if opened := go.removeprefix(OPEN_REASON) if go.startswith(OPEN_REASON) else "":
        return url_for("seat.show_reason", slug=slug, public_id=opened, page=key)
    target = steps.neighbour(route, key, -1 if go == "back" else 1)
    if target is None:
        return pages.page_url(slug, key) if go == "back" else url_for("seat.review", slug=slug)
    keys = [page.key for page in route.pages]
    if keys.index(target) >= route.open_until:
        return url_for("seat.show_page", slug=slug, key=key, needs="consent")
    return pages.page_url(slug, target)


@seat.errorhandler(InputError)
def show_strange_input(error: Any) -> ResponseReturnValue:
    """A page of ours cannot have sent this."""
    current_app.logger.info("strange input refused at %s", request.endpoint)
    return render_template("errors/error.html", title=_("That could not be used"), what=error.said_by(_)), 400
