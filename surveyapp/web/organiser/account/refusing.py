"""Noting that somebody did not get in: a line in the log, and an entry in the record of acts."""

from __future__ import annotations

from surveyapp.extensions import get_database
from surveyapp.services import sign_ins
from surveyapp.services.unit import read_now
from surveyapp.web.refusals import log_refusal


def note_refused_sign_in(way: str, *, organiser_id: int | None) -> None:
    """`way` is what did not fit. The same is written for addresses without an account: time tells nothing."""
    log_refusal("sign-in", why=way, account=organiser_id)
    with get_database().verb() as session:
        sign_ins.note_refusal(session, organiser_id=organiser_id, way=way, now=read_now(session))
