"""The bench: a round's reasons, one item's, and what is done with them."""

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
from surveyapp.services.reading.benches import get_bench, get_item_bench
from surveyapp.services.reasons import coding, gathering, handling
from surveyapp.services.reasons.from_sheet import ImportedReasons
from surveyapp.services.reasons.summarising import DraftSentence, write_summary
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.paging import page_asked
from surveyapp.web.organiser.reasons.overviews import MOST, bench_page
from surveyapp.web.organiser.reasons.pages import (
    NOTHING_HELD,
    ON_NONE,
    STATES,
    Held,
    item_bench_page,
    item_url,
)
from surveyapp.web.organiser.round_parts import go_to_latest, show, show_not_closed
from surveyapp.web.organiser.typed import typed, typed_all

if TYPE_CHECKING:
    from surveyapp.models import Study

ROUND = "/s/<slug>/rounds/<int(max=999):number>"
_Act = Callable[[Session, Sequence[str], datetime], object]


@blueprint.get("/s/<slug>/reasons")
def reasons_latest(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """On to the reasons of the round that was closed last."""
    return go_to_latest("reasons", _("Reasons"))


@blueprint.get(f"{ROUND}/reasons")
def reasons(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """How far the work on a round's reasons is."""
    return show_bench(number)


# Beside the items, not among them: an item may have any id.
@blueprint.post(f"{ROUND}/acts/gather")
def gather_reasons(slug: str, number: int) -> ResponseReturnValue:
    """Give every reason that counts its place on the bench."""
    desk = get_desk()
    try:
        gathering.gather_in_parts(
            get_database(), study_id=desk.study_id, round_number=number, actor=desk.email
        )
    except RoundClosed:
        return show_not_closed(_("Reasons"), number)
    return redirect(url_for("organiser.reasons", slug=slug, number=number), 303)


@blueprint.post(f"{ROUND}/acts/set-aside-empty")
def set_aside_empty(slug: str, number: int) -> ResponseReturnValue:
    """Set aside, in one act, every reason that says nothing."""

    def verb(session: Session, study: Study, now: datetime) -> tuple[str, ...]:
        return handling.set_aside_empty(
            session, study_id=study.id, round_number=number, now=now, actor=get_desk().email
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return show_bench(number, trouble=done)
    return redirect(url_for("organiser.reasons", slug=slug, number=number), 303)


@blueprint.get(f"{ROUND}/reasons/<item>")
def reasons_on(slug: str, number: int, item: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """One item's reasons, for and against."""
    return _show_item(number, item)


@blueprint.post(f"{ROUND}/reasons/<item>")
def handle_reasons(slug: str, number: int, item: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Release, merge, set aside, put back, or code the reasons that are chosen."""
    given, chosen, themes = typed(), typed_all("reasons"), typed_all("themes")
    if given.get("act") == "release-left":
        # Those that stood on the page, not those that may have come since.
        chosen = typed_all("left")
    act = _find_act(given, themes)

    def verb(session: Session, study: Study, now: datetime) -> None:  # noqa: ARG001 - one signature for all
        if not chosen:
            raise InputError([Problem(_("reasons"), _("choose at least one."))])
        act(session, chosen, now)

    done = do(verb)
    if isinstance(done, Trouble):
        held = Held(
            chosen=chosen, because=given.get("because", ""), into=given.get("into", ""), themes=themes
        )
        return _show_item(number, item, held=held, trouble=done)
    anchor = chosen[0] if len(chosen) == 1 else None
    return redirect(_item_url(number, item, anchor), 303)


def _find_act(given: Mapping[str, str], themes: Sequence[str]) -> _Act:
    desk = get_desk()
    study_id, actor = desk.study_id, desk.email

    def release(session: Session, names: Sequence[str], now: datetime) -> object:
        return handling.release_reasons(session, study_id=study_id, public_ids=names, now=now, actor=actor)

    def put_back(session: Session, names: Sequence[str], now: datetime) -> object:
        return handling.put_back(session, study_id=study_id, public_ids=names, now=now, actor=actor)

    def set_aside(session: Session, names: Sequence[str], now: datetime) -> object:
        because = given.get("because", "")
        return handling.set_aside_reasons(
            session, study_id=study_id, public_ids=names, because=because, now=now, actor=actor
        )

    def merge(session: Session, names: Sequence[str], now: datetime) -> object:
        into = given.get("into", "").strip().upper()
        if not into:
            raise InputError([Problem(_("merge"), _("say which reason stands for the others."))])
        names = [each for each in names if each != into]
        return handling.merge_reasons(
            session, study_id=study_id, public_ids=names, into=into, now=now, actor=actor
        )

    def code(session: Session, names: Sequence[str], now: datetime) -> object:
        codes = dict.fromkeys(names, tuple(themes))
        return coding.code_reasons(session, study_id=study_id, codes=codes, coder=actor, now=now, actor=actor)

    def uncode(session: Session, names: Sequence[str], now: datetime) -> object:
        return coding.forget_codes(
            session, study_id=study_id, public_ids=names, coder=actor, now=now, actor=actor
        )

    acts: dict[str, _Act] = {
        "release": release,
        "release-left": release,
        "put-back": put_back,
        "set-aside": set_aside,
        "merge": merge,
        "code": code,
        "uncode": uncode,
    }
    found = acts.get(given.get("act", ""))
    if found is None:
        abort(400)
    return found


@blueprint.post(f"{ROUND}/reasons/<item>/redact")
def redact_reason(slug: str, number: int, item: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Say how experts will read one reason; with the second button, let them."""
    given = typed()
    name, text = given.get("reason", ""), given.get("text", "")

    def verb(session: Session, study: Study, now: datetime) -> None:
        key = {"study_id": study.id, "now": now, "actor": get_desk().email}
        handling.redact_reason(
            session,
            study_id=study.id,
            public_id=name,
            released_text=text,
            seen=given.get("seen", ""),
            now=now,
            actor=get_desk().email,
        )
        if given.get("go") == "release":
            handling.release_reasons(session, public_ids=[name], **key)  # type: ignore[arg-type]  # as named

    done = do(verb)
    if isinstance(done, Trouble):
        return _show_item(number, item, held=Held(redacting=name, redacted=text), trouble=done)
    return redirect(_item_url(number, item, name), 303)


@blueprint.post(f"{ROUND}/reasons/<item>/summary")
def write_item_summary(slug: str, number: int, item: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Write the summary of an item's reasons, each sentence with what it stands on."""
    given = typed()
    rows = _read_rows(given)
    if given.get("go") == "more":
        return _show_item(number, item, held=Held(sentences=[*rows, ("", "")]))
    kept = [row for row in rows if any(row)]

    def verb(session: Session, study: Study, now: datetime) -> None:
        write_summary(
            session,
            study_id=study.id,
            round_number=number,
            item="" if item == ON_NONE else item,
            sentences=[
                DraftSentence(position, text, tuple(sources.replace(",", " ").split()))
                for position, (text, sources) in enumerate(kept, start=1)
            ],
            now=now,
            actor=get_desk().email,
            seen=given.get("seen", ""),
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return _show_item(number, item, held=Held(sentences=kept), trouble=done)
    return redirect(_item_url(number, item, "summary"), 303)


def _read_rows(given: Mapping[str, str]) -> list[tuple[str, str]]:
    rows = []
    position = 1
    while f"text-{position}" in given:
        text = given[f"text-{position}"].strip()
        rows.append((text, given.get(f"sources-{position}", "").strip()))
        position += 1
    return rows


def _item_url(number: int, item: str, anchor: str | None) -> str:
    """Back to the page that an act was done on."""
    kept = {name: request.args[name] for name in ("show", "page") if name in request.args}
    url = item_url(get_desk(), number, "" if item == ON_NONE else item, **kept)
    return f"{url}#{anchor}" if anchor else url


def show_bench(
    number: int, *, trouble: Trouble | None = None, looked: ImportedReasons | None = None
) -> ResponseReturnValue:
    """How far the work on a round's reasons is; with `looked`, what a file would change."""
    desk = get_desk()
    page, left_only = page_asked(), request.args.get("show") == "left"
    try:
        with get_database().reading() as session:
            found = get_bench(
                session,
                study_id=desk.study_id,
                number=number,
                left_only=left_only,
                first=(page - 1) * MOST,
                most=MOST,
            )
    except RoundClosed:
        return show_not_closed(_("Reasons"), number)
    status = trouble.status if trouble else 200
    shown = bench_page(
        found,
        desk,
        page=page,
        left_only=left_only,
        looked=looked,
        brought=request.args.get("brought", ""),
    )
    return show("organiser/reasons/bench.html", shown, status=status, trouble=trouble)


def _show_item(
    number: int, item: str, *, held: Held = NOTHING_HELD, trouble: Trouble | None = None
) -> ResponseReturnValue:
    desk = get_desk()
    try:
        with get_database().reading() as session:
            found = get_item_bench(
                session,
                study_id=desk.study_id,
                number=number,
                item="" if item == ON_NONE else item,
                state=shown if (shown := request.args.get("show", "")) in STATES else "",
                page=page_asked(),
                reason=request.args.get("reason", ""),
            )
    except RoundClosed:
        return show_not_closed(_("Reasons"), number)
    if not found.states and found.item not in found.questionnaire.items_by_id:
        abort(404)
    page = item_bench_page(found, desk, held)
    status = trouble.status if trouble else 200
    return show("organiser/reasons/item.html", page, status=status, trouble=trouble)
