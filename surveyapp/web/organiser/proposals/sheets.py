"""Proposals in a spreadsheet: taken out, and brought back with what is to become of each."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from flask import Response, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import InputError, NotFound, Problem, Refused, RoundClosed
from surveyapp.exchange.proposal_file import ProposalRow, read_proposal_file
from surveyapp.extensions import get_database
from surveyapp.services.proposals.from_sheet import Placed, place_from_sheet
from surveyapp.services.proposals.to_sheet import export_proposals
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.acting import trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.proposals.pages import Held, told_placed
from surveyapp.web.organiser.proposals.routes import ROUND, show_proposals
from surveyapp.web.organiser.round_parts import show_not_closed
from surveyapp.web.organiser.typed import typed

_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


@blueprint.post(f"{ROUND}/proposals/sheet")
def take_proposals(slug: str, number: int) -> ResponseReturnValue:
    """The round's proposals as a file. A post, because who took them and when is written down."""
    kind = typed().get("format", "xlsx")
    kind = kind if kind in _TYPES else "xlsx"
    try:
        return _send(slug, number, kind)
    except RoundClosed:
        return show_not_closed(_("Proposals"), number)
    except (Refused, InputError, NotFound) as error:
        return show_proposals(number, trouble=trouble_of(error))


def _send(slug: str, number: int, kind: str) -> Response:
    with tempfile.TemporaryDirectory(prefix="surveyapp-proposals-") as folder:
        file = Path(folder) / f"{slug}-proposals-{number}.{kind}"
        export_proposals(get_database(), slug=slug, out=file, actor=get_desk().email, round_number=number)
        stream = file.open("rb")
    # The folder is gone already, and the file with the stream: what experts wrote stays nowhere.
    return send_file(stream, mimetype=_TYPES[kind], as_attachment=True, download_name=file.name, max_age=0)


@blueprint.post(f"{ROUND}/proposals/bring")
def bring_proposals(slug: str, number: int) -> ResponseReturnValue:
    """Do what was filled in in the file, or only say what would be done."""
    given = typed()
    held = Held(reason=given.get("reason", ""))
    is_kept = given.get("go") != "check"
    try:
        name, rows = _read_sent()
        if is_kept:
            _check_reason(held.reason)
        done = _place(slug, number, name, rows, reason=held.reason, is_kept=is_kept)
    except RoundClosed:
        return show_not_closed(_("Proposals"), number)
    except (Refused, InputError, NotFound) as error:
        return show_proposals(number, held=held, trouble=trouble_of(error))
    if not is_kept:
        return show_proposals(number, held=held, looked=told_placed(done))
    brought = "-".join(str(each) for each in astuple(done))
    return redirect(url_for("organiser.proposals", slug=slug, number=number, brought=brought), 303)


def _place(
    slug: str, number: int, name: str, rows: Sequence[ProposalRow], *, reason: str, is_kept: bool
) -> Placed:
    """What the file does; only looking is doing it and keeping nothing."""
    with get_database().verb(keep=is_kept) as session:
        return place_from_sheet(
            session,
            study=get_study(session, slug=slug),
            round_number=number,
            file=name,
            rows=rows,
            reason=reason or _("not written yet"),
            now=read_now(session),
            actor=get_desk().email,
        )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InputError([Problem(_("reason"), _("say why new items are made; experts may read it."))])


def _read_sent() -> tuple[str, Sequence[ProposalRow]]:
    sent = request.files.get("file")
    ending = Path(sent.filename or "").suffix.lower() if sent is not None else ""
    if sent is None or ending not in {".xlsx", ".csv"}:
        raise InputError([Problem(_("file"), _("choose the XLSX or CSV file that you want to bring back."))])
    with tempfile.TemporaryDirectory(prefix="surveyapp-proposals-") as folder:
        # Under a name of ours: theirs could be a path.
        file = Path(folder) / f"proposals{ending}"
        sent.save(file)
        return file.name, read_proposal_file(file)
