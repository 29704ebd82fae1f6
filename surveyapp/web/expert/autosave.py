"""Autosave: the same parser and the same verb as a page post, spoken in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import AnswerError, Conflict, InputError, Refused, RoundClosed
from surveyapp.extensions import get_database
from surveyapp.questionnaire.cells import Given
from surveyapp.services import answering
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Seat
from surveyapp.services.unit import read_now
from surveyapp.web.expert import forms
from surveyapp.web.expert.blueprints import get_seat, seat
from surveyapp.web.expert.fields import form_texts
from surveyapp.web.expert.showing import say
from surveyapp.web.expert.standing import read_instrument
from surveyapp.web.expert.wordings import read_corrected


@seat.post("/save")
def autosave(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has checked it
    """Save what was just given; the reply comes after the commit and names the new revision."""
    here = get_seat()
    if request.mimetype != "application/json":
        return {"kind": "media-type", "message": _("Saves are sent as application/json.")}, 415
    instrument = read_instrument(here)
    try:
        body = forms.read_json()
        read = forms.read_autosave(body, most=len(instrument.specs))
    except InputError as error:
        return {"kind": "strange", "message": error.said_by(_)}, 400
    changes, errors = forms.parse(instrument, read.values)
    if errors:
        problems = [{"field": f"a{cell}", "message": what} for cell, what in errors.items()]
        return {"kind": "answers", "problems": problems}, 422
    return _save(here, instrument, read, changes)


def _save(
    here: Seat, instrument: Instrument, read: forms.Autosave, changes: Mapping[int, Given]
) -> ResponseReturnValue:
    try:
        try:
            saved = _run(here, read, changes)
        except answering.Conflicted:
            raise
        except Conflict:
            # The same save arrived twice at one moment; now the first one's reply is there.
            saved = _run(here, read, changes)
    except answering.Conflicted as conflict:
        return _tell_conflict(here, instrument, conflict), 409
    except RoundClosed:
        with get_database().verb() as session:
            is_kept = answering.keep_late_draft(
                session,
                seat=here,
                request_id=read.request_id,
                changes=changes,
                now=read_now(session),
                correction=read.correction,
            )
        message = (
            _("The round has closed. What you changed since was kept as a late draft and is not counted.")
            if is_kept
            else _("This study has ended and takes no answers any more.")
        )
        return {"kind": "closed", "message": message}, 409
    except AnswerError as error:
        return {"kind": "answers", "problems": [], "message": error.said_by(_)}, 422
    except Refused as error:
        return {"kind": "refused", "message": error.said_by(_)}, 409
    reply: dict[str, Any] = {"revision": saved.revision, "repeated": saved.repeated}
    if read.release is not None and here.release > read.release:
        # In real time the panel's view goes on while a page lies open.
        reply["newer"] = here.release
    if read_corrected(here, since=read.correction):
        reply["corrected"] = here.correction
    return reply


def _run(here: Seat, read: forms.Autosave, changes: Mapping[int, Given]) -> answering.Saved:
    with get_database().verb() as session:
        return answering.save(
            session,
            seat=here,
            request_id=read.request_id,
            base=read.base,
            changes=changes,
            place=read.place,
            release=read.release,
            correction=read.correction,
        )


def _tell_conflict(here: Seat, instrument: Instrument, conflict: answering.Conflicted) -> dict[str, Any]:
    return {
        "kind": "conflict",
        "revision": conflict.revision,
        "conflicts": [
            {
                "field": f"a{each.cell}",
                "yours": list(form_texts(each.yours)),
                "theirs": list(form_texts(each.theirs)),
                "yours_in_words": say(instrument, each.cell, each.yours, here.language),
                "theirs_in_words": say(instrument, each.cell, each.theirs, here.language),
            }
            for each in conflict.conflicts
        ],
    }
