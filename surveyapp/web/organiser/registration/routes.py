"""The public link on which people ask for a seat, and deciding about those who do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

import segno
from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from surveyapp.extensions import get_config, get_database
from surveyapp.mail.links import derive_registration_token, registration_link
from surveyapp.services import registering
from surveyapp.services.reading.seat_requests import Asking, get_registration_desk
from surveyapp.services.registering import Decided
from surveyapp.services.studies import get_study
from surveyapp.web.languages import language_name, page_language, written_time
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.panel.twins import Twin, twin_of
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import typed, typed_all

if TYPE_CHECKING:
    from surveyapp.models import Study


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request, beside whom the panel knows."""

    value: str
    name: str
    email: str
    group: str
    language: str
    message: str
    when: str
    is_known: bool
    is_chosen: bool
    twins: tuple[Twin, ...]


@dataclass(frozen=True, slots=True)
class RegistrationPage:
    """The link and the requests."""

    link: str
    qr: Markup
    is_open: bool
    has_link: bool
    note: str
    waiting: tuple[RequestLine, ...]
    done: str


@blueprint.get("/s/<slug>/panel/registration")
def registration(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The link, and who asks."""
    return _show(done=_done_words())


@blueprint.get("/s/<slug>/panel/registration/qr.svg")
def registration_qr(slug: str) -> ResponseReturnValue:
    """The link as a picture, for a slide or a poster."""
    link = _link()
    if not link:
        return redirect(url_for("organiser.registration", slug=slug), 303)
    drawn = BytesIO()
    segno.make(link, micro=False, error="m").save(drawn, kind="svg", border=4, scale=8, light="#fff")
    disposition = f'attachment; filename="{slug}-registration.svg"'
    return Response(drawn.getvalue(), mimetype="image/svg+xml", headers={"Content-Disposition": disposition})


@blueprint.post("/s/<slug>/panel/registration")
def change_registration(slug: str) -> ResponseReturnValue:
    """Open or shut it, write what stands above the form, or make a new link."""
    fields = typed()
    go = fields.get("go", "")
    done = do(
        lambda session, study, now: (
            registering.set_registration(
                session,
                study=study,
                now=now,
                actor=get_desk().email,
                is_open={"open": True, "shut": False}.get(go),
                note=fields.get("note") if go == "note" else None,
                renews_link=go == "renew",
            ).is_open
        )
    )
    if isinstance(done, Trouble):
        return _show(trouble=done, part="door", note=fields.get("note"))
    return redirect(url_for("organiser.registration", slug=slug, changed=1), 303)


@blueprint.post("/s/<slug>/panel/requests")
def decide_requests(slug: str) -> ResponseReturnValue:
    """Take on or refuse everybody who was chosen."""
    fields = typed()
    chosen = tuple(typed_all("request"))

    def verb(session: Session, study: Study, now: datetime) -> Decided:
        actor, ids = get_desk().email, set(_numbers(chosen))
        if fields.get("go") == "refuse":
            return registering.refuse(session, study=study, requests=ids, now=now, actor=actor)
        return registering.approve(
            session,
            study=study,
            requests=ids,
            link_key=get_config().link_key.encode(),
            sends_invitation=fields.get("letter") == "yes",
            now=now,
            actor=actor,
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return _show(trouble=done, part="requests", chosen=chosen)
    return redirect(
        url_for(
            "organiser.registration",
            slug=slug,
            added=done.added or None,
            letters=done.letters or None,
            refused=done.refused or None,
        ),
        303,
    )


def _numbers(chosen: tuple[str, ...]) -> Iterator[int]:
    for each in chosen:
        # What no page of ours has sent is a request that is not there.
        yield int(each, 16) if each.isascii() and each.isalnum() and len(each) <= 16 else -1


def _done_words() -> str:
    asked = {name: request.args.get(name, "") for name in ("added", "letters", "refused")}
    counts = {name: int(text) if text.isascii() and text.isdecimal() else 0 for name, text in asked.items()}
    said = []
    if counts["added"]:
        added = counts["added"]
        said.append(ngettext("%(num)s panellist was added.", "%(num)s panellists were added.", added))
        said.append(
            ngettext(
                "%(num)s invitation is in the outbox.",
                "%(num)s invitations are in the outbox.",
                counts["letters"],
            )
        )
    if counts["refused"]:
        said.append(
            ngettext(
                "%(num)s request was refused and deleted.",
                "%(num)s requests were refused and deleted.",
                counts["refused"],
            )
        )
    if request.args.get("changed"):
        said.append(_("This is changed."))
    return " ".join(said)


def _link() -> str:
    desk = get_desk()
    with get_database().reading() as session:
        found = get_registration_desk(session, study=get_study(session, slug=desk.slug))
    return _link_of(found.number) if found.number else ""


def _link_of(number: int) -> str:
    config = get_config()
    token = derive_registration_token(config.link_key.encode(), slug=get_desk().slug, number=number)
    return registration_link(config.base_url, token)


def _show(
    *,
    trouble: Trouble | None = None,
    part: str = "",
    chosen: tuple[str, ...] = (),
    note: str | None = None,
    done: str = "",
) -> ResponseReturnValue:
    desk = get_desk()
    with get_database().reading() as session:
        found = get_registration_desk(session, study=get_study(session, slug=desk.slug))
    link = _link_of(found.number) if found.number else ""
    page = RegistrationPage(
        link=link,
        qr=_draw(link) if link else Markup(),
        is_open=found.is_open,
        has_link=bool(link),
        note=found.note if note is None else note,
        waiting=tuple(_line(each, desk.time_zone, chosen) for each in found.waiting),
        done=done,
    )
    return show(
        "organiser/registration/registration.html",
        page,
        status=trouble.status if trouble else 200,
        trouble=trouble,
        part=part,
    )


def _draw(link: str) -> Markup:
    drawn = segno.make(link, micro=False, error="m").svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    # Drawn by a library from our own address: no text of anybody's stands in it.
    return Markup(drawn)  # noqa: S704


def _line(each: Asking, zone: str, chosen: tuple[str, ...]) -> RequestLine:
    value = f"{each.id:x}"
    return RequestLine(
        value=value,
        name=each.name,
        email=each.email,
        group=each.group,
        language=language_name(each.language),
        message=each.message,
        when=written_time(each.asked_at, zone, page_language()),
        is_known=each.is_known,
        is_chosen=value in chosen,
        twins=tuple(twin_of(one) for one in each.alike),
    )
