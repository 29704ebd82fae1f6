"""A round's proposals: the list, what is worded alike, and what becomes of them short of an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, RoundClosed
from surveyapp.extensions import get_database
from surveyapp.services.proposals import gathering, handling
from surveyapp.services.reading.proposal_desks import STATES, get_alike, get_proposal_desk
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.paging import page_asked
from surveyapp.web.organiser.proposals.pages import (
    NOTHING_HELD,
    Held,
    alike_page,
    proposals_page,
    read_brought,
)
from surveyapp.web.organiser.round_parts import go_to_latest, show, show_not_closed
from surveyapp.web.organiser.typed import showable, typed, typed_all

if TYPE_CHECKING:
    from surveyapp.models import Study

ROUND = "/s/<slug>/rounds/<int(max=999):number>"
_Act = Callable[[Session, Sequence[str], datetime], object]


@blueprint.get("/s/<slug>/proposals")
def proposals_latest(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """On to the proposals of the round that was closed last."""
    return go_to_latest("proposals", _("Proposals"))


@blueprint.get(f"{ROUND}/proposals")
def proposals(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """What experts proposed in a round, and what became of it."""
    return show_proposals(number)


@blueprint.get(f"{ROUND}/proposals/alike")
def proposals_alike(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """What is worded alike, side by side."""
    return _show_alike(number)


@blueprint.post(f"{ROUND}/proposals/gather")
def gather_proposals(slug: str, number: int) -> ResponseReturnValue:
    """Give every proposal that counts its place in the list."""
    desk = get_desk()
    try:
        gathering.gather_proposals_in_parts(
            get_database(), study_id=desk.study_id, round_number=number, actor=desk.email
        )
    except RoundClosed:
        return show_not_closed(_("Proposals"), number)
    return redirect(url_for("organiser.proposals", slug=slug, number=number), 303)


@blueprint.post(f"{ROUND}/proposals")
def handle_proposals(slug: str, number: int) -> ResponseReturnValue:
    """Group, ungroup, cover, set aside or put back the proposals that are chosen."""
    given, chosen = typed(), typed_all("names")
    act = _find_act(given)

    def verb(session: Session, study: Study, now: datetime) -> None:  # noqa: ARG001 - one signature for all
        if not chosen:
            raise InputError([Problem(_("proposals"), _("choose at least one."))])
        act(session, chosen, now)

    done = do(verb)
    is_alike = given.get("from") == "alike"
    if isinstance(done, Trouble):
        if is_alike:
            return _show_alike(number, trouble=done)
        held = Held(
            chosen=chosen,
            because=given.get("because", ""),
            lead=given.get("lead", ""),
            item=given.get("item", ""),
        )
        return show_proposals(number, held=held, trouble=done)
    if is_alike:
        return redirect(url_for("organiser.proposals_alike", slug=slug, number=number), 303)
    return redirect(list_url(number, given), 303)


@blueprint.post(f"{ROUND}/proposals/redact")
def redact_proposal(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Take out of a proposal what tells who wrote it."""
    given = typed()
    name, text = given.get("name", ""), given.get("text", "")

    def verb(session: Session, study: Study, now: datetime) -> None:
        handling.redact_proposal(
            session,
            study_id=study.id,
            name=name,
            released_text=text,
            seen=given.get("seen", ""),
            now=now,
            actor=get_desk().email,
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return show_proposals(number, held=Held(redacting=name, redacted=text), trouble=done)
    return redirect(list_url(number, given, anchor=name), 303)


def list_url(number: int, given: Mapping[str, str], *, anchor: str | None = None) -> str:
    """Back to the list as it was filtered."""
    return url_for(
        "organiser.proposals",
        slug=get_desk().slug,
        number=number,
        state=given.get("state") or None,
        words=given.get("words") or None,
        page=given.get("page") or None,
        _anchor=anchor,
    )


def _find_act(given: Mapping[str, str]) -> _Act:
    desk = get_desk()
    study_id, actor, because = desk.study_id, desk.email, given.get("because", "")

    def group(session: Session, names: Sequence[str], now: datetime) -> object:
        lead = given.get("lead", "") or names[0]
        return handling.group_proposals(
            session, study_id=study_id, lead=lead, others=names, now=now, actor=actor
        )

    def ungroup(session: Session, names: Sequence[str], now: datetime) -> object:
        return handling.ungroup_proposals(session, study_id=study_id, names=names, now=now, actor=actor)

    def cover(session: Session, names: Sequence[str], now: datetime) -> object:
        item = given.get("item", "")
        if not item:
            raise InputError([Problem(_("item"), _("say which item covers them."))])
        return handling.cover_proposals(
            session, study_id=study_id, names=names, item=item, because=because, now=now, actor=actor
        )

    def set_aside(session: Session, names: Sequence[str], now: datetime) -> object:
        return handling.set_aside_proposals(
            session, study_id=study_id, names=names, because=because, now=now, actor=actor
        )

    def put_back(session: Session, names: Sequence[str], now: datetime) -> object:
        return handling.put_back_proposals(session, study_id=study_id, names=names, now=now, actor=actor)

    acts: dict[str, _Act] = {
        "group": group,
        "ungroup": ungroup,
        "cover": cover,
        "set-aside": set_aside,
        "put-back": put_back,
    }
    found = acts.get(given.get("act", ""))
    if found is None:
        abort(400)
    return found


def show_proposals(
    number: int, *, held: Held = NOTHING_HELD, trouble: Trouble | None = None, looked: str = ""
) -> ResponseReturnValue:
    """The list, as the address or the form that was sent filters it."""
    desk = get_desk()
    asked = request.form if request.method == "POST" else request.args
    state, words = asked.get("state", ""), showable(asked.get("words", ""))
    state = state if state in STATES else ""
    try:
        with get_database().reading() as session:
            study = get_study(session, slug=desk.slug)
            found = get_proposal_desk(session, study=study, number=number, state=state, words=words)
    except RoundClosed:
        return show_not_closed(_("Proposals"), number)
    page = proposals_page(found, desk, page=page_asked(), state=state, words=words, held=held)
    status = trouble.status if trouble else 200
    return show(
        "organiser/proposals/list.html",
        page,
        status=status,
        trouble=trouble,
        looked=looked,
        brought=read_brought(request.args.get("brought", "")),
    )


def _show_alike(number: int, *, trouble: Trouble | None = None) -> ResponseReturnValue:
    try:
        with get_database().reading() as session:
            found = get_alike(session, study=get_study(session, slug=get_desk().slug), number=number)
    except RoundClosed:
        return show_not_closed(_("Proposals"), number)
    status = trouble.status if trouble else 200
    return show("organiser/proposals/alike.html", alike_page(found), status=status, trouble=trouble)
