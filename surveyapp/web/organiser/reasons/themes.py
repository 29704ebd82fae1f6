"""The code book: themes that reasons are coded with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp.extensions import get_database
from surveyapp.services.reasons import coding
from surveyapp.services.studies import make_slug
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.reasons.pages import themes_page
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import typed

if TYPE_CHECKING:
    from surveyapp.models import Study


@blueprint.get("/s/<slug>/themes")
def themes(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The code book of the study."""
    return _show({})


@blueprint.post("/s/<slug>/themes")
def change_themes(slug: str) -> ResponseReturnValue:
    """Add a theme, give one another title or definition, or take one away that nobody has used."""
    given = typed()
    name = given.get("theme", "").strip()

    def verb(session: Session, study: Study, now: datetime) -> None:
        key = {"study_id": study.id, "now": now, "actor": get_desk().email}
        title, definition = given.get("title", ""), given.get("definition", "")
        if given.get("act") == "change":
            coding.change_theme(session, theme=name, title=title, definition=definition, **key)  # type: ignore[arg-type]  # as named
        elif given.get("act") == "remove":
            coding.remove_theme(session, theme=name, **key)  # type: ignore[arg-type]  # as named
        else:
            new = name or (make_slug(title) if title.strip() else "")
            coding.add_theme(session, theme=new, title=title, definition=definition, **key)  # type: ignore[arg-type]  # as named

    done = do(verb)
    if isinstance(done, Trouble):
        return _show(given, trouble=done)
    return redirect(url_for("organiser.themes", slug=slug), 303)


def _show(given: Mapping[str, str], *, trouble: Trouble | None = None) -> ResponseReturnValue:
    with get_database().reading() as session:
        found = coding.list_themes(session, study_id=get_desk().study_id)
        agreement = coding.coder_agreement(session, study_id=get_desk().study_id)
    page = themes_page(found, agreement, given)
    status = trouble.status if trouble else 200
    return show("organiser/reasons/themes.html", page, status=status, trouble=trouble)
