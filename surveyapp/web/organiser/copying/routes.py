"""Make another study of the same kind, with the panel or without."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import Length

from surveyapp.errors import InputError
from surveyapp.extensions import get_config, get_database
from surveyapp.services.copying import copy_study as copy
from surveyapp.services.permissions import Right
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.account.forms import attach, text_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.tabs import tabs

_FIELDS = {"title": "title", "slug": "slug"}


class CopyForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What the copy is called, and whether its panel comes along."""

    title = StringField(lazy_gettext("Title, as experts read it"), [Length(max=1_000)])
    slug = StringField(lazy_gettext("Short name in addresses"), [Length(max=200)])
    with_panel = BooleanField(lazy_gettext("with the panel"))


@blueprint.get("/s/<slug>/settings/copy")
def copying(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The form."""
    title = _("%(title)s (copy)", title=get_desk().title)
    return _show(CopyForm(formdata=None, data={"title": title}))


@blueprint.post("/s/<slug>/settings/copy")
def copy_study(slug: str) -> ResponseReturnValue:
    """Make the copy, and go to it."""
    form, desk = CopyForm(), get_desk()
    if not form.validate():
        return _show(form, status=422)
    # Whoever may not see names cannot have them in a study of one's own either.
    with_panel = bool(form.with_panel.data) and desk.may(Right.IDENTITIES)
    try:
        with get_database().verb() as session:
            made = copy(
                session,
                study=get_study(session, slug=slug),
                title=text_of(form.title),
                slug=text_of(form.slug).strip() or None,
                link_key=get_config().link_key.encode(),
                with_panel=with_panel,
                owner=desk.email,
                now=read_now(session),
                actor=desk.email,
            )
            to = made.study.slug
    except InputError as error:
        return _show(form, wrong=attach(form, error, _FIELDS), status=422)
    return redirect(url_for("organiser.study", slug=to), 303)


def _show(form: CopyForm, *, wrong: str = "", status: int = 200) -> ResponseReturnValue:
    desk = get_desk()
    page = render_template(
        "organiser/copying/copy.html",
        desk=desk,
        tabs=tabs(desk),
        form=form,
        wrong=wrong,
        may_take_panel=desk.may(Right.IDENTITIES),
    )
    return page, status
