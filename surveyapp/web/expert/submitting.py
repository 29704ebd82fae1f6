"""The last steps: what is blank, submitting, and thanks."""

from __future__ import annotations

from flask import Response, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import escape

from surveyapp.errors import Conflict, RoundClosed, say
from surveyapp.extensions import get_database
from surveyapp.questionnaire.cells import Status
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.services import answering
from surveyapp.services.audit import is_archived
from surveyapp.services.reading.seats import Seat
from surveyapp.web.expert import forms, pages, steps
from surveyapp.web.expert.asking import Wording, page_heading
from surveyapp.web.expert.blueprints import get_seat, seat
from surveyapp.web.expert.compiled import SLOTTED_PERSON, Kept, cut
from surveyapp.web.expert.fields import slot
from surveyapp.web.expert.showing import show_closed
from surveyapp.web.expert.standing import Standing, read_standing
from surveyapp.web.expert.wordings import notice_asked_for
from surveyapp.web.languages import page_language, written_time

_thanks = Kept()
_reviews = Kept()


@seat.get("/review")
def review(slug: str) -> ResponseReturnValue:
    """What is blank, page by page, and the button that submits."""
    here = get_seat()
    if not here.takes_answers:
        return redirect(url_for("seat.enter", slug=slug), 303)
    standing = read_standing(here)
    if not standing.route.is_consented:
        last_open = standing.route.pages[standing.route.open_until - 1].key
        return redirect(url_for("seat.show_page", slug=slug, key=last_open, needs="consent"), 303)
    return show_review(standing, notice=notice_asked_for(here))


def show_review(standing: Standing, *, notice: str = "") -> Response:
    """The review page of one expert; where nothing is blank it is rendered once for all alike."""
    here = standing.seat
    reviewed = tuple(_review_page(standing, position) for position in range(len(standing.route.pages)))
    person = steps.person_of(
        here, standing.instrument, standing.route, standing.answers, current=steps.REVIEW, notice=notice
    )
    if any(each.blanks or each.needed or each.asked for each in reviewed):
        return Response(_render_review(here, reviewed, person), mimetype="text/html")
    compiled = _reviews.get(
        (pages.frame_of(here), reviewed, here.submission > 0),
        lambda: cut(_render_review(here, reviewed, SLOTTED_PERSON)),
    )
    return Response(compiled.fill(person, {}, ()), mimetype="text/html")


def _render_review(here: Seat, reviewed: tuple[pages.ReviewedPage, ...], person: pages.Person) -> str:
    page = pages.ReviewPage(
        frame=pages.frame_of(here),
        pages=reviewed,
        person=person,
        may_submit=not any(each.needed for each in reviewed),
        is_resubmission=here.submission > 0,
    )
    return render_template("expert/review.html", page=page, form=None)


def _review_page(standing: Standing, position: int) -> pages.ReviewedPage:
    instrument = standing.instrument
    questionnaire = instrument.questionnaire
    routed = standing.route.pages[position]
    slug = standing.seat.slug
    wording = Wording(questionnaire, standing.seat.language, page_language())
    blanks: list[pages.Blank] = []
    needed: list[pages.Blank] = []
    answered = total = reasons = kept = 0
    numbers = instrument.numbers(routed)
    causes = standing.causes(numbers, standing.own(numbers))
    for spec in routed.cells:
        cell = instrument.number_of[spec.key]
        given = standing.answers.get(cell)
        is_given = pages.is_given(given)
        kept += given is not None and given.status is Status.KEPT
        question = questionnaire.questions_by_id[spec.key.question]
        why = KINDS[question.kind].shortfall(questionnaire, question, spec, given)
        if spec.key.part:
            reasons += is_given
        else:
            total += 1
            answered += is_given
        if why is not None or (not is_given and not spec.key.part):
            blank = pages.Blank(
                pages.page_url(slug, routed.key, cell), pages.cell_label(wording, spec), say(why or "", _)
            )
            (blanks if why is None else needed).append(blank)
    return pages.ReviewedPage(
        title=page_heading(wording, routed.page, routed.context),
        url=pages.page_url(slug, routed.key),
        answered=answered,
        total=total,
        reasons=reasons,
        blanks=tuple(blanks),
        needed=tuple(needed),
        kept=kept,
        asked=tuple(
            pages.Blank(
                pages.page_url(slug, routed.key, cell), pages.cell_label(wording, instrument.spec(cell)), ""
            )
            for cell in causes
        ),
    )


def _has_ended(here: Seat) -> bool:
    """Whether no round will follow any more. Asked only once the round is closed: an open one says it."""
    if here.takes_answers:
        return False
    with get_database().reading() as session:
        return is_archived(session, study_id=here.study_id)


@seat.post("/submit")
def submit(slug: str) -> ResponseReturnValue:
    """Submit all answers as they stand."""
    here = get_seat()
    form = forms.SubmitForm()
    if not g.get("csrf_valid", False) or not form.validate():
        abort(400)
    request_id = form.request_id.data or ""
    try:
        try:
            with get_database().verb() as session:
                answering.submit(session, seat=here, request_id=request_id)
        except Conflict:
            # The same button was pressed twice; the first press has its reply by now.
            with get_database().verb() as session:
                answering.submit(session, seat=here, request_id=request_id)
    except RoundClosed:
        return show_closed(here, kept=False), 409
    except answering.Incomplete:
        return show_review(
            read_standing(here), notice=_("Some answers are still needed before you can submit.")
        ), 422
    return redirect(url_for("seat.thanks", slug=slug), 303)


@seat.get("/thanks")
def thanks(slug: str) -> ResponseReturnValue:
    """What was submitted, the receipt, the copies, and the way back in."""
    here = get_seat()
    if not here.submission or here.submitted_at is None:
        return redirect(url_for("seat.enter", slug=slug), 303)
    frame = pages.frame_of(here)
    has_next = here.round < here.planned_rounds and not _has_ended(here)
    key = (frame, page_language(), here.submission > 1, here.takes_answers, here.has_drafts, has_next)
    compiled = _thanks.get(
        key,
        lambda: cut(
            render_template(
                "expert/thanks.html",
                page=pages.ThanksPage(
                    frame=frame,
                    is_repeated=here.submission > 1,
                    may_change=here.takes_answers,
                    has_drafts=here.has_drafts,
                    has_next=has_next,
                    **{name: slot(name) for name in ("number", "submitted", "queue", "csrf")},
                ),
                form=None,
            )
        ),
    )
    body = compiled.fill_person(
        {
            "number": str(here.submission).encode(),
            "submitted": escape(written_time(here.submitted_at, here.time_zone, page_language())).encode(),
            "queue": steps.queue_name(here).encode(),
            "csrf": escape(generate_csrf()).encode(),
        }
    )
    return Response(body, mimetype="text/html")


@seat.get("/change")
def change(slug: str) -> ResponseReturnValue:
    """Go back into the answers after submitting."""
    here = get_seat()
    if not here.takes_answers:
        return redirect(url_for("seat.enter", slug=slug), 303)
    standing = read_standing(here)
    key = request.args.get("page") or standing.route.pages[0].key
    if not standing.is_open(key):
        key = standing.route.pages[0].key
    return redirect(pages.page_url(slug, key), 303)
