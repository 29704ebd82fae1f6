"""Reasons in a spreadsheet: taken out for coding, brought back, each by the verbs that the command calls."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Refused, RoundClosed
from surveyapp.exchange.reason_file import ReasonFile, read_reason_file
from surveyapp.extensions import get_database
from surveyapp.services.reasons.from_sheet import ImportedReasons, import_reasons
from surveyapp.services.reasons.to_sheet import export_reasons
from surveyapp.web.organiser.acting import Trouble, do, trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.reasons.routes import show_bench
from surveyapp.web.organiser.round_parts import show_not_closed
from surveyapp.web.organiser.typed import typed

if TYPE_CHECKING:
    from surveyapp.models import Study

ACTS = "/s/<slug>/rounds/<int(max=999):number>/acts"
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


@blueprint.post(f"{ACTS}/sheet")
def take_reasons(slug: str, number: int) -> ResponseReturnValue:
    """The round's reasons as a file. A post, because who took them and when is written down."""
    given = typed()
    kind = given.get("format", "xlsx") if given.get("format") in _TYPES else "xlsx"
    coder = get_desk().email if given.get("coder") == "mine" else ""
    try:
        return _send(slug, number, kind=kind, coder=coder)
    except RoundClosed:
        return show_not_closed(_("Reasons"), number)
    except (Refused, InputError, NotFound) as error:
        return show_bench(number, trouble=trouble_of(error))


def _send(slug: str, number: int, *, kind: str, coder: str) -> Response:
    with tempfile.TemporaryDirectory(prefix="surveyapp-reasons-") as folder:
        file = Path(folder) / f"{slug}-reasons-{number}.{kind}"
        actor = get_desk().email
        export_reasons(get_database(), slug=slug, out=file, actor=actor, round_number=number, coder=coder)
        stream = file.open("rb")
    # The folder is gone already, and the file with the stream: what experts wrote stays nowhere.
    return send_file(stream, mimetype=_TYPES[kind], as_attachment=True, download_name=file.name, max_age=0)


@blueprint.post(f"{ACTS}/bring")
def bring_reasons(slug: str, number: int) -> ResponseReturnValue:
    """Do what was changed in the file, or only say what it would change."""
    given = typed()
    coder = get_desk().email if given.get("coder") == "mine" else ""
    try:
        file = _read_sent()
    except InputError as error:
        return show_bench(number, trouble=trouble_of(error))
    is_kept = given.get("go") != "check"

    def verb(session: Session, study: Study, now: datetime) -> ImportedReasons:
        return import_reasons(
            session, study_id=study.id, file=file, now=now, actor=get_desk().email, coder=coder
        )

    done = do(verb, keep=is_kept)
    if isinstance(done, Trouble):
        return show_bench(number, trouble=done)
    if not is_kept:
        return show_bench(number, looked=done)
    return redirect(url_for("organiser.reasons", slug=slug, number=number, brought=len(done.changes)), 303)


def _read_sent() -> ReasonFile:
    sent = request.files.get("file")
    ending = Path(sent.filename or "").suffix.lower() if sent is not None else ""
    if sent is None or ending not in {".xlsx", ".csv"}:
        raise InputError([Problem(_("file"), _("choose the XLSX or CSV file that you want to bring back."))])
    with tempfile.TemporaryDirectory(prefix="surveyapp-reasons-") as folder:
        # Under a name of ours: theirs could be a path.
        file = Path(folder) / f"reasons{ending}"
        sent.save(file)
        sent.close()
        return read_reason_file(file)
