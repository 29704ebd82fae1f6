"""An item made of what experts proposed: one decision, which names the proposals that it comes from."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from flask import abort, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, RoundClosed
from surveyapp.extensions import get_database
from surveyapp.services import deciding
from surveyapp.services.reading.decision_desks import DecisionDesk, get_decision_desk
from surveyapp.services.reading.proposal_desks import ProposalDesk, ProposalGroup, get_proposal_desk
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do, trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.decisions.forms import read_new
from surveyapp.web.organiser.proposals.pages import make_page
from surveyapp.web.organiser.proposals.routes import ROUND, list_url
from surveyapp.web.organiser.round_parts import show, show_not_closed
from surveyapp.web.organiser.typed import typed

if TYPE_CHECKING:
    from surveyapp.models import Study


@blueprint.get(f"{ROUND}/proposals/<name>/item")
def item_of_proposals(
    slug: str,  # noqa: ARG001 - the guard has found the study
    number: int,
    name: str,
) -> ResponseReturnValue:
    """The form for an item of a proposal and of those that say the same, in their words at first."""
    return _show(number, name)


@blueprint.post(f"{ROUND}/proposals/<name>/item")
def make_item_of_proposals(
    slug: str,  # noqa: ARG001 - as above
    number: int,
    name: str,
) -> ResponseReturnValue:
    """Decide on the new item."""
    given = typed()
    found = _find(number)
    if found is None:
        return show_not_closed(_("Proposals"), number)
    table, _proposals = found
    done: tuple[str, ...] | Trouble
    try:
        decided = read_new(
            given,
            languages=table.questionnaire.languages,
            known=[*table.wordings, *table.decisions],
        )
    except InputError as error:
        done = trouble_of(error)
    else:
        detail = decided.detail.model_copy(update={"proposals": (name.strip().upper(),)})

        def verb(session: Session, study: Study, now: datetime) -> tuple[str, ...]:
            return deciding.decide(
                session,
                study=study,
                number=number,
                decided=replace(decided, detail=detail),
                now=now,
                actor=get_desk().email,
            )

        done = do(verb)
    if isinstance(done, Trouble):
        return _show(number, name, given=given, trouble=done)
    return redirect(list_url(number, {}, anchor=name), 303)


def _find(number: int) -> tuple[DecisionDesk, ProposalDesk] | None:
    try:
        with get_database().reading() as session:
            study = get_study(session, slug=get_desk().slug)
            table = get_decision_desk(session, study=study, number=number)
            return table, get_proposal_desk(
                session, study=study, number=number, closed=table.closed, fates=table.fates
            )
    except RoundClosed:
        return None


def _show(
    number: int, name: str, *, given: dict[str, str] | None = None, trouble: Trouble | None = None
) -> ResponseReturnValue:
    found = _find(number)
    if found is None:
        return show_not_closed(_("Proposals"), number)
    table, proposals = found
    group: ProposalGroup | None = proposals.find(name)
    if group is None:
        abort(404)
    page = make_page(proposals, group, table, get_desk(), typed=given)
    status = trouble.status if trouble else 200
    return show("organiser/proposals/item.html", page, status=status, trouble=trouble)
