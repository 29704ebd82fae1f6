"""A study put away or brought back, its deletion asked for and called back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp.extensions import get_config
from surveyapp.services import archiving
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import typed

if TYPE_CHECKING:
    from surveyapp.models import Study


@dataclass(frozen=True, slots=True)
class EndingPage:
    """Where the study stands between its work and its end."""

    is_archived: bool
    deleted_at: str
    """When it will be deleted, in words; '' where nobody asked for that."""
    days: int
    typed_slug: str


@blueprint.get("/s/<slug>/settings/end")
def study_end(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """What can be done with a study that has had its time."""
    return _show()


@blueprint.post("/s/<slug>/settings/archive")
def archive_study(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Put it away."""
    return _after(_do(archiving.archive_study))


@blueprint.post("/s/<slug>/settings/unarchive")
def unarchive_study(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Bring it back."""
    return _after(_do(archiving.unarchive_study))


@blueprint.post("/s/<slug>/settings/keep")
def keep_study(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Call its deletion back."""
    return _after(_do(archiving.keep_study))


@blueprint.post("/s/<slug>/settings/delete")
def delete_study(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Have it deleted, after the time in which that can be called back."""
    typed_slug = typed().get("slug", "")

    def verb(session: Session, study: Study, now: datetime) -> datetime:
        return archiving.ask_to_delete(
            session,
            study=study,
            typed_slug=typed_slug,
            wait_days=get_config().deletion_days,
            now=now,
            actor=get_desk().email,
        )

    return _after(do(verb), typed_slug)


def _do(act: Callable[..., None]) -> Trouble | None:
    def verb(session: Session, study: Study, now: datetime) -> None:
        act(session, study=study, now=now, actor=get_desk().email)

    return do(verb)


def _after(done: object, typed_slug: str = "") -> ResponseReturnValue:
    if isinstance(done, Trouble):
        return _show(done, typed_slug)
    return redirect(url_for("organiser.study_end", slug=get_desk().slug), 303)


def _show(trouble: Trouble | None = None, typed_slug: str = "") -> ResponseReturnValue:
    desk = get_desk()
    page = EndingPage(
        is_archived=desk.is_archived,
        deleted_at=written_time(desk.delete_at, desk.time_zone, page_language()) if desk.delete_at else "",
        days=get_config().deletion_days,
        typed_slug=typed_slug,
    )
    return show("organiser/ending/end.html", page, status=trouble.status if trouble else 200, trouble=trouble)
