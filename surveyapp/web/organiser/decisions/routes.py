"""Deciding what becomes of items: all as proposed, one by one, a new one, or not after all."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, RoundClosed
from surveyapp.extensions import get_database
from surveyapp.services import deciding
from surveyapp.services.figures import read_figures
from surveyapp.services.reading.decision_desks import DecisionDesk, get_decision_desk
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do, trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.decisions.forms import count_parts, read_decided, read_new
from surveyapp.web.organiser.decisions.pages import decision_page, decisions_page, new_item_page
from surveyapp.web.organiser.paging import page_asked
from surveyapp.web.organiser.round_parts import go_to_latest, show, show_not_closed
from surveyapp.web.organiser.typed import typed, typed_all

if TYPE_CHECKING:
    from surveyapp.models import Study

ROUND = "/s/<slug>/rounds/<int(max=999):number>"


@blueprint.get("/s/<slug>/decisions")
def decisions_latest(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """On to the decisions after the round that was closed last."""
    return go_to_latest("decisions", _("Decisions"))


@blueprint.get(f"{ROUND}/decisions")
def decisions(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """What the protocol proposes for each item, and what was decided."""
    return _show_table(number)


# Beside the items, not among them: an item may have any id.
@blueprint.post(f"{ROUND}/acts/as-proposed")
def decide_as_proposed(slug: str, number: int) -> ResponseReturnValue:
    """Confirm the proposal for every item that has no decision yet."""
    given = typed()

    def verb(session: Session, study: Study, now: datetime) -> int:
        return deciding.decide_as_proposed(
            session,
            study=study,
            figures=read_figures(session, study_id=study.id, number=number),
            reason=given.get("reason", ""),
            now=now,
            actor=get_desk().email,
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return _show_table(number, trouble=done, reason=given.get("reason", ""))
    return redirect(url_for("organiser.decisions", slug=slug, number=number, confirmed=done), 303)


@blueprint.get(f"{ROUND}/decisions/<item>")
def decision(slug: str, number: int, item: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """The form for one item."""
    return _show_item(number, item)


@blueprint.post(f"{ROUND}/decisions/<item>")
def decide(slug: str, number: int, item: str) -> ResponseReturnValue:
    """Decide about one item."""
    given, partners = typed(), typed_all("partners")
    if given.get("go") == "more":
        given["parts"] = str(count_parts(given) + 1)
        given["outcome"] = "split"
        return _show_item(number, item, given=given, partners=partners, anchor="more")
    found = _find(number)
    if found is None:
        return show_not_closed(_("Decisions"), number)
    on_table = found.find(item)
    if on_table is None:
        abort(404)
    done: tuple[str, ...] | Trouble
    try:
        decided = read_decided(
            given,
            item=item,
            wording=found.wordings[item],
            languages=found.questionnaire.languages,
            partners=partners,
            known=[*found.wordings, *found.decisions],
        )
    except InputError as error:
        done = trouble_of(error)
    else:

        def verb(session: Session, study: Study, now: datetime) -> tuple[str, ...]:
            return deciding.decide(
                session,
                study=study,
                number=number,
                decided=decided,
                now=now,
                actor=get_desk().email,
                proposed=on_table.proposed,
            )

        done = do(verb)
    if isinstance(done, Trouble):
        return _show_item(number, item, given=given, partners=partners, trouble=done)
    following = given.get("next", "")
    if given.get("go") == "next" and following:
        return redirect(url_for("organiser.decision", slug=slug, number=number, item=following), 303)
    return redirect(
        url_for(
            "organiser.decisions",
            slug=slug,
            number=number,
            left=",".join(done) or None,
            at=item,
            _anchor=item,
        ),
        303,
    )


@blueprint.post(f"{ROUND}/decisions/<item>/take-back")
def take_back(slug: str, number: int, item: str) -> ResponseReturnValue:
    """Take a decision back."""
    given = typed()

    def verb(session: Session, study: Study, now: datetime) -> tuple[str, ...]:
        return deciding.take_back(
            session,
            study=study,
            number=number,
            item=item,
            reason=given.get("back-reason", ""),
            now=now,
            actor=get_desk().email,
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return _show_item(number, item, given=None, trouble=done, taking_back=given.get("back-reason", ""))
    return redirect(url_for("organiser.decisions", slug=slug, number=number), 303)


@blueprint.get(f"{ROUND}/new-item")
def new_item(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """The form for an item that was not there."""
    return _show_new(number)


@blueprint.post(f"{ROUND}/new-item")
def add_item(slug: str, number: int) -> ResponseReturnValue:
    """Decide on a new item for the next round."""
    given = typed()
    found = _find(number)
    if found is None:
        return show_not_closed(_("Decisions"), number)
    done: tuple[str, ...] | Trouble
    try:
        decided = read_new(
            given,
            languages=found.questionnaire.languages,
            known=[*found.wordings, *found.decisions],
        )
    except InputError as error:
        done = trouble_of(error)
    else:

        def verb(session: Session, study: Study, now: datetime) -> tuple[str, ...]:
            return deciding.decide(
                session, study=study, number=number, decided=decided, now=now, actor=get_desk().email
            )

        done = do(verb)
    if isinstance(done, Trouble):
        return _show_new(number, given=given, trouble=done)
    return redirect(url_for("organiser.decisions", slug=slug, number=number), 303)


def _find(number: int, *, with_stopping: bool = False) -> DecisionDesk | None:
    desk = get_desk()
    try:
        with get_database().reading() as session:
            study = get_study(session, slug=desk.slug)
            return get_decision_desk(session, study=study, number=number, with_stopping=with_stopping)
    except RoundClosed:
        return None


def _show_table(number: int, *, trouble: Trouble | None = None, reason: str = "") -> ResponseReturnValue:
    found = _find(number, with_stopping=True)
    if found is None:
        return show_not_closed(_("Decisions"), number)
    return show(
        "organiser/decisions/table.html",
        decisions_page(
            found,
            get_desk(),
            page=page_asked(),
            left_only=request.args.get("show") == "left",
            at=request.args.get("at", ""),
        ),
        status=trouble.status if trouble else 200,
        trouble=trouble,
        reason=reason,
        done=_said_done(found),
    )


def _said_done(found: DecisionDesk) -> str:
    """What was done just now, as the address says; names in it are looked up, never shown as they stand."""
    confirmed = request.args.get("confirmed", "")
    if confirmed.isascii() and confirmed.isdigit() and len(confirmed) < 6:
        count = int(confirmed)
        return str(
            ngettext("%(num)s item is decided as proposed.", "%(num)s items are decided as proposed.", count)
        )
    left = [each.title for name in request.args.get("left", "").split(",") if (each := found.find(name))]
    if left:
        return str(_("Undecided again, because their merger is broken up: %(items)s.", items=", ".join(left)))
    return ""


def _show_item(
    number: int,
    item: str,
    *,
    given: dict[str, str] | None = None,
    partners: Collection[str] = (),
    trouble: Trouble | None = None,
    anchor: str = "",
    taking_back: str = "",
) -> ResponseReturnValue:
    found = _find(number)
    if found is None:
        return show_not_closed(_("Decisions"), number)
    on_table = found.find(item)
    if on_table is None:
        abort(404)
    page = decision_page(found, on_table, get_desk(), typed=given, partners=partners)
    return show(
        "organiser/decisions/item.html",
        page,
        status=trouble.status if trouble else 200,
        trouble=trouble,
        focus=anchor,
        taking_back=taking_back,
    )


def _show_new(
    number: int, *, given: dict[str, str] | None = None, trouble: Trouble | None = None
) -> ResponseReturnValue:
    found = _find(number)
    if found is None:
        return show_not_closed(_("Decisions"), number)
    page = new_item_page(found, get_desk(), typed=given)
    status = trouble.status if trouble else 200
    return show("organiser/decisions/new.html", page, status=status, trouble=trouble)
