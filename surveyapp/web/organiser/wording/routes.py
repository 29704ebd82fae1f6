"""The wording of a round: its texts to look through, and mistakes in them to put right while it is open."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound
from surveyapp.extensions import get_database
from surveyapp.questionnaire.wordings import find_text
from surveyapp.services.correcting import Corrected, correct_wording
from surveyapp.services.reading.wordings import RoundWording, get_round_wording
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import showable, typed
from surveyapp.web.organiser.wording.pages import Sought, text_page, wording_page

if TYPE_CHECKING:
    from surveyapp.models import Study

WORDING = "/s/<slug>/rounds/<int(max=999):number>/wording"


@blueprint.get(WORDING)
def wording(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The texts of the round, and what was corrected in them."""
    sought = Sought(_asked("words"), _asked("part"), _asked("language"))
    page = wording_page(_read(number), get_desk(), sought=sought, done=_asked("done"))
    return show("organiser/wording/wording.html", page)


@blueprint.get(f"{WORDING}/text")
def wording_text(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """One text, to correct it."""
    found = _read(number)
    text = find_text(found.questionnaire, _asked("path"))
    if text is None or found.refusal is not None:
        return _go_to_list(number)
    page = text_page(found, text, get_desk(), to=showable(text.words), reason="")
    return show("organiser/wording/text.html", page, trouble=None)


@blueprint.post(f"{WORDING}/text")
def correct_text(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Look at both texts side by side, or correct the one."""
    given = typed()
    go = given.get("go", "look")
    if go == "change":
        return _show_text(number, given)
    done = do(lambda session, study, now: _correct(session, study, now, number, given), keep=go == "correct")
    if isinstance(done, Trouble):
        return _show_text(number, given, trouble=done)
    if go != "correct":
        return _show_text(number, given, is_looked_at=True)
    return redirect(url_for("organiser.wording", slug=get_desk().slug, number=number, done=done.number), 303)


def _correct(session: Session, study: Study, now: datetime, number: int, given: dict[str, str]) -> Corrected:
    base = given.get("base", "")
    return correct_wording(
        session,
        study=study,
        number=number,
        path=given.get("path", ""),
        to=given.get("to", ""),
        reason=given.get("reason", ""),
        now=now,
        actor=get_desk().email,
        base=int(base) if base.isascii() and base.isdigit() and len(base) < 6 else 0,
    )


def _show_text(
    number: int, given: dict[str, str], *, trouble: Trouble | None = None, is_looked_at: bool = False
) -> ResponseReturnValue:
    found = _read(number)
    text = find_text(found.questionnaire, given.get("path", ""))
    if text is None:
        return _go_to_list(number)
    page = text_page(
        found,
        text,
        get_desk(),
        to=given.get("to", ""),
        reason=given.get("reason", ""),
        is_looked_at=is_looked_at,
    )
    return show(
        "organiser/wording/text.html", page, trouble=trouble, status=trouble.status if trouble else 200
    )


def _go_to_list(number: int) -> ResponseReturnValue:
    return redirect(url_for("organiser.wording", slug=get_desk().slug, number=number), 303)


def _read(number: int) -> RoundWording:
    with get_database().reading() as session:
        try:
            return get_round_wording(session, study=get_study(session, slug=get_desk().slug), number=number)
        except NotFound:
            abort(404)


def _asked(name: str) -> str:
    return showable(request.args.get(name, "")).strip()
