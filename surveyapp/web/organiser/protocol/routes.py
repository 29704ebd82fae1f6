"""The protocol: read, given, locked, amended."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Refused
from surveyapp.extensions import get_database
from surveyapp.services import protocols
from surveyapp.services.reading.protocol_desks import get_protocol_desk, get_protocol_source
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do, trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.protocol.pages import protocol_page
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import showable, typed

if TYPE_CHECKING:
    from surveyapp.models import Study

_FILE = "protocol.yaml"


@blueprint.get("/s/<slug>/protocol")
def protocol(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """All that the protocol says, and every version of it."""
    return _show()


@blueprint.get("/s/<slug>/protocol/<int(max=9999):number>.yaml")
def protocol_source(slug: str, number: int) -> ResponseReturnValue:
    """One version as its author wrote it."""
    with get_database().reading() as session:
        source = get_protocol_source(session, study_id=get_desk().study_id, number=number)
    response = Response(source, mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-protocol-{number}.yaml"'
    return response


@blueprint.post("/s/<slug>/protocol")
def set_protocol(slug: str) -> ResponseReturnValue:
    """Give the study its protocol, or another one while it is not locked."""
    given = typed()
    file, content = _read_sent(given)
    if given.get("go") == "check":
        return _check(file, content)

    def verb(session: Session, study: Study, now: datetime) -> int:
        _refuse_nothing(content)
        return protocols.set_protocol(
            session, study=study, file=file, content=content, now=now, actor=get_desk().email
        )

    return _after(do(verb), slug, content, act="stored")


@blueprint.post("/s/<slug>/protocol/lock")
def lock_protocol(slug: str) -> ResponseReturnValue:
    """Lock the protocol, for good."""

    def verb(session: Session, study: Study, now: datetime) -> int:
        return protocols.lock_protocol(session, study=study, now=now, actor=get_desk().email)

    return _after(do(verb), slug, None, act="locked")


@blueprint.post("/s/<slug>/protocol/amend")
def amend_protocol(slug: str) -> ResponseReturnValue:
    """Change a locked protocol, and say why."""
    given = typed()
    file, content = _read_sent(given)
    reason = given.get("reason", "")
    if given.get("go") == "check":
        return _check(file, content, reason=reason)

    def verb(session: Session, study: Study, now: datetime) -> int:
        _refuse_nothing(content)
        return protocols.amend_protocol(
            session,
            study=study,
            file=file,
            content=content,
            reason=reason,
            now=now,
            actor=get_desk().email,
        ).number

    return _after(do(verb), slug, content, act="amended", reason=reason)


def _read_sent(given: dict[str, str]) -> tuple[str, bytes]:
    """The file that was sent, else the text in the field."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        content = sent.read()
        sent.close()
        return showable(sent.filename)[-80:], content
    return _FILE, given.get("text", "").encode()


def _refuse_nothing(content: bytes) -> None:
    if not content.strip():
        raise InputError([Problem(_("protocol"), _("choose a file, or write the protocol into the field."))])


def _check(file: str, content: bytes, *, reason: str = "") -> ResponseReturnValue:
    """Say what the text would change, and store nothing."""
    try:
        _refuse_nothing(content)
        with get_database().reading() as session:
            study = get_study(session, slug=get_desk().slug)
            checked = protocols.try_protocol(session, study=study, file=file, content=content)
    except (InputError, Refused, NotFound) as error:
        return _show(content=content, reason=reason, trouble=trouble_of(error))
    return _show(content=content, reason=reason, checked=checked)


def _after(
    done: int | Trouble, slug: str, content: bytes | None, *, act: str, reason: str = ""
) -> ResponseReturnValue:
    if isinstance(done, Trouble):
        return _show(content=content, reason=reason, trouble=done)
    return redirect(url_for("organiser.protocol", slug=slug, done=act), 303)


def _show(
    *,
    content: bytes | None = None,
    reason: str = "",
    trouble: Trouble | None = None,
    checked: tuple[str, ...] | None = None,
) -> ResponseReturnValue:
    desk = get_desk()
    with get_database().reading() as session:
        found = get_protocol_desk(session, study=get_study(session, slug=desk.slug))
    text = None if content is None else showable(content.decode("utf-8", "replace"))
    done = request.args.get("done", "")
    page = protocol_page(found, desk, text=text, reason=reason, checked=checked, done=done)
    return show(
        "organiser/protocol/protocol.html", page, status=trouble.status if trouble else 200, trouble=trouble
    )
