"""The protocol as a form: it writes the file, and the file goes the way of all files."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp.delphi.protocol.drafting import ROWS, Fields, with_row, without_row, written_of
from surveyapp.delphi.protocol.filling import fields_of, usual_fields
from surveyapp.errors import InputError, NotFound, Problem, Refused
from surveyapp.extensions import get_database
from surveyapp.services import protocols
from surveyapp.services.reading.protocol_desks import ProtocolDesk, get_protocol_desk
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.acting import Trouble, trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.protocol.form_page import FILE, form_page, summary_of
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import typed

if TYPE_CHECKING:
    from surveyapp.models import Study

_NOT_OF_THE_PROTOCOL = frozenset({"csrf_token", "go", "reason"})
_MOST_FIELDS = 2_000


@blueprint.get("/s/<slug>/protocol/form")
def protocol_form(slug: str) -> ResponseReturnValue:
    """The form, as the protocol in force has it; or with what is usual where there is none yet."""
    found = _read()
    if found.protocol is None:
        usual = usual_fields(found.questionnaire, slug=slug, title=get_desk().title)
        return _show(found, usual)
    fields = fields_of(found.protocol)
    if fields is None:
        return show("organiser/protocol/form_not_enough.html", None)
    return _show(found, fields)


@blueprint.post("/s/<slug>/protocol/form")
def write_protocol(slug: str) -> ResponseReturnValue:
    """Store what the form says; or show it again with a row more or less, or with its summary."""
    given = typed()
    go, reason = given.get("go", ""), given.get("reason", "")
    fields = _fields(given)
    if go != "keep":
        return _show(_read(), _with_rows(fields, go), reason=reason)
    content = written_of(fields).text.encode()
    try:
        with get_database().verb() as session:
            _store(session, get_study(session, slug=slug), content, reason, now=read_now(session))
    except (InputError, Refused, NotFound) as error:
        problems = error.problems if isinstance(error, InputError) else ()
        return _show(_read(), fields, reason=reason, problems=problems, trouble=trouble_of(error))
    return redirect(url_for("organiser.protocol", slug=slug), 303)


@blueprint.post("/s/<slug>/protocol/form/summary")
def protocol_summary(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """What the form says in words, for a page that asks while somebody types. Nothing is stored."""
    found = _read()
    summary = summary_of(_fields(typed()), found.questionnaire)
    return render_template("organiser/protocol/summary.html", summary=summary)


def _store(session: Session, study: Study, content: bytes, reason: str, *, now: datetime) -> None:
    actor = get_desk().email
    if protocols.is_locked(session, study=study):
        protocols.amend_protocol(
            session, study=study, file=FILE, content=content, reason=reason, now=now, actor=actor
        )
    else:
        protocols.set_protocol(session, study=study, file=FILE, content=content, now=now, actor=actor)


def _fields(given: dict[str, str]) -> Fields:
    if len(given) > _MOST_FIELDS:
        abort(400)
    return {name: value for name, value in given.items() if name not in _NOT_OF_THE_PROTOCOL}


def _with_rows(fields: Fields, go: str) -> Fields:
    act, _dot, rest = go.partition(".")
    sort, _dot, number = rest.partition(".")
    if sort not in ROWS:
        return fields
    if act == "add":
        return with_row(fields, sort)
    return without_row(fields, sort, int(number)) if act == "remove" and number.isdecimal() else fields


def _read() -> ProtocolDesk:
    with get_database().reading() as session:
        return get_protocol_desk(session, study=get_study(session, slug=get_desk().slug))


def _show(
    found: ProtocolDesk,
    fields: Fields,
    *,
    reason: str = "",
    problems: tuple[Problem, ...] = (),
    trouble: Trouble | None = None,
) -> ResponseReturnValue:
    page = form_page(
        fields,
        found.questionnaire,
        is_locked=found.is_locked,
        reason=reason,
        problems=problems,
        loses_remarks="#" in found.source,
    )
    return show(
        "organiser/protocol/form.html",
        page,
        status=trouble.status if trouble else 200,
        trouble=trouble if trouble and not problems else None,
    )
