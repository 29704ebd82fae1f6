"""Others' reasons: one of them on a page of its own, marking it, replying to it, taking a reply back.

Each act has one address, which takes what a form sends and what the script of a page sends as JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from flask import abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ShownReason
from surveyapp.delphi.protocol.model import Discussion
from surveyapp.errors import InputError, NotFound, Problem, Refused, RoundClosed
from surveyapp.extensions import get_database
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Rating
from surveyapp.services.reading.seats import Seat
from surveyapp.services.reasons import discussing
from surveyapp.services.reasons.discussing import MAX_REPLY, Stance
from surveyapp.services.unit import read_now
from surveyapp.web.expert import forms, pages, steps
from surveyapp.web.expert.asking import Wording
from surveyapp.web.expert.beside import Beside, ReasonLine
from surveyapp.web.expert.blueprints import ask_for_link, get_seat, is_script, seat
from surveyapp.web.expert.showing import say_expired
from surveyapp.web.expert.standing import Standing, read_standing
from surveyapp.web.expert.talking import ReplyLine, read_talk_of, reply_lines
from surveyapp.web.languages import page_language

_STANCES: Final[dict[str, Stance | None]] = {"for_me": "for_me", "not_for_me": "not_for_me", "none": None}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expert reads a reason: a page of the questionnaire, and the rating it stands with."""

    reason: ShownReason
    key: str
    """The page."""
    question: Rating
    cell: CellKey


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an act was not done."""

    kind: Literal["closed", "mistake", "refused", "expired"]
    message: str
    status: int


@dataclass(frozen=True, slots=True)
class ReasonPage:
    """One reason, and what may be done with it."""

    frame: pages.Frame
    csrf: str
    queue: str
    public_id: str
    key: str
    """The page of questions that it stands on."""
    item: str
    where: str
    """The context and the round."""
    reason: ReasonLine
    discussion: Discussion
    stance: Stance | None
    is_own: bool
    replies: tuple[ReplyLine, ...]
    back_url: str
    most: int
    text: str = ""
    """What was typed as a reply and not stored."""
    trouble: Trouble | None = None


def find_place(standing: Standing, public_id: str, *, key: str = "") -> Place | None:
    """Where this expert reads the reason, on the page `key` if it stands there; None if nowhere."""
    panel = standing.shown.panel if standing.shown is not None else None
    reason = panel.reasons_by_id.get(public_id) if panel is not None else None
    if reason is None:
        return None
    questions = standing.instrument.questionnaire.questions_by_id
    found: Place | None = None
    for routed in standing.route.pages:
        for spec in routed.cells:
            question = questions[spec.key.question]
            if (
                isinstance(question, Rating)
                and spec.key.item == reason.item
                and not spec.key.part
                and reason.context in {"", spec.key.context}
                and reason.criterion in {"", *question.criteria}
            ):
                place = Place(reason, routed.key, question, spec.key)
                if routed.key == key:
                    return place
                found = found or place
    return found


def _get_place(standing: Standing, public_id: str, *, otherwise: int = 404) -> Place:
    """404 unless this expert reads the reason and may do something with it."""
    if standing.shown is None or standing.shown.discussion is None:
        abort(otherwise)
    place = find_place(standing, public_id, key=request.values.get("page", ""))
    if place is None:
        abort(otherwise)
    return place


@seat.get("/reasons/<public_id>")
def show_reason(slug: str, public_id: str) -> ResponseReturnValue:
    """One reason, to mark and to reply to."""
    here = get_seat()
    if not here.takes_answers:
        return redirect(url_for("seat.enter", slug=slug), 303)
    standing = read_standing(here)
    return _show(standing, _get_place(standing, public_id)), 200


@seat.post("/reasons/<public_id>/mark")
def mark(slug: str, public_id: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has checked it
    """Say that a reason speaks for me, or does not, or take that back."""
    chosen = _read_text("stance")
    if chosen not in _STANCES:
        return _tell_strange("stance")
    stance = _STANCES[chosen]

    def act(session: Session, here: Seat, discussion: Discussion) -> dict[str, Any]:
        discussing.mark_reason(
            session, seat=here, public_id=public_id, stance=stance, discussion=discussion,
            now=read_now(session),
        )  # fmt: skip
        return {"stance": chosen}

    return _run(public_id, act)


@seat.post("/reasons/<public_id>/reply")
def reply(slug: str, public_id: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Write back to a reason."""
    text = _read_text("reply")
    if text is None:
        return _tell_strange("reply")

    def act(session: Session, here: Seat, discussion: Discussion) -> dict[str, Any]:
        stored = discussing.reply_to_reason(
            session, seat=here, public_id=public_id, text=text, discussion=discussion, now=read_now(session)
        )
        state = "waiting" if discussion.moderated else "shown"
        (line,) = reply_lines([discussing.ReplyInView(stored, public_id, text.strip(), state, is_own=True)])
        return {"reply": {"id": line.reply_id, "text": line.text, "note": line.note}}

    return _run(public_id, act, text)


@seat.post("/reasons/<public_id>/replies/<reply_id>/take-back")
def take_back(slug: str, public_id: str, reply_id: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Delete an own reply."""

    def act(session: Session, here: Seat, discussion: Discussion) -> dict[str, Any]:  # noqa: ARG001 - one shape
        discussing.take_reply_back(session, seat=here, reply_id=reply_id, now=read_now(session))
        return {"gone": reply_id}

    return _run(public_id, act)


def _run(
    public_id: str, act: Callable[[Session, Seat, Discussion], dict[str, Any]], text: str = ""
) -> ResponseReturnValue:
    """Do one act and lead back to the reason; whatever is wrong is said there, with what was typed."""
    here = get_seat()
    own = steps.queue_name(here)
    if not is_script() and request.form.get("seat", own) != own:
        # Another personal link was opened in this browser since: the two are never mixed.
        return ask_for_link()
    standing = read_standing(here)
    is_believed = g.get("csrf_valid", False)
    # Without the session's token nothing is told, not even what is there.
    place = _get_place(standing, public_id, otherwise=404 if is_believed else 400)
    discussion = standing.shown.discussion if standing.shown is not None else None
    assert discussion is not None
    if not is_believed:
        return _show(standing, place, text=text, trouble=Trouble("expired", say_expired(), 400)), 400
    try:
        with get_database().verb() as session:
            done = act(session, here, discussion)
    except RoundClosed:
        problem = Trouble("closed", _say_closed(has_text=bool(text)), 409)
    except InputError as error:
        problem = Trouble("mistake", error.said_by(_), 422)
    except (Refused, NotFound) as error:
        problem = Trouble("refused", error.said_by(_), 409)
    else:
        return done if is_script() else redirect(_reason_url(here, place), 303)
    if is_script():
        return {"kind": problem.kind, "message": problem.message}, problem.status
    return _show(standing, place, text=text, trouble=problem), problem.status


def _say_closed(*, has_text: bool) -> str:
    closed: str = _("The round has closed: reasons are not discussed any more.")
    lost: str = _("What you typed was not stored; copy it if you want to keep it.")
    return f"{closed} {lost}" if has_text else closed


def _tell_strange(name: str) -> ResponseReturnValue:
    if not is_script():
        abort(400)
    problem = Problem(name, _("what the page sent here cannot be used"))
    return {"kind": "strange", "message": str(problem)}, 400


def _read_text(name: str) -> str | None:
    """One text out of the form or the JSON; None where there is none, or something else."""
    if not is_script():
        return request.form.get(name)
    try:
        body = forms.read_json()
    except InputError:
        return None
    found = body.get(name) if isinstance(body, dict) and len(body) == 1 else None
    return found if isinstance(found, str) else None


def _reason_url(here: Seat, place: Place) -> str:
    return url_for("seat.show_reason", slug=here.slug, public_id=place.reason.id, page=place.key)


def _show(standing: Standing, place: Place, *, text: str = "", trouble: Trouble | None = None) -> str:
    here, shown, instrument = standing.seat, standing.shown, standing.instrument
    assert shown is not None
    assert shown.discussion is not None
    questionnaire = instrument.questionnaire
    wording = Wording(questionnaire, here.language, page_language())
    context = questionnaire.contexts_by_id.get(place.cell.context)
    criteria = {name: questionnaire.criteria[name] for name in place.question.criteria}
    scales = {name: questionnaire.scales[each.scale] for name, each in criteria.items()}
    public_id = place.reason.id
    talk = read_talk_of(here, [public_id])
    where = [
        _("Round %(number)s", number=shown.panel.round) if shown.panel is not None else "",
        wording.plain(context.title) if context is not None else "",
        wording.plain(criteria[place.reason.criterion].title) if place.reason.criterion else "",
    ]
    page = ReasonPage(
        frame=pages.frame_of(here),
        csrf=generate_csrf(),
        queue=steps.queue_name(here),
        public_id=public_id,
        key=place.key,
        item=wording.plain(questionnaire.items_by_id[place.cell.item].title),
        where=" · ".join(each for each in where if each),
        reason=Beside(shown, instrument, wording).line(place.reason, scales),
        discussion=shown.discussion,
        stance=talk.marks.get(public_id),
        is_own=public_id in talk.own,
        replies=reply_lines(talk.replies.get(public_id, ())),
        back_url=pages.page_url(here.slug, place.key, instrument.number_of[place.cell]),
        most=MAX_REPLY,
        text=text,
        trouble=trouble,
    )
    return render_template("expert/reason.html", page=page, form=None)
