"""What a study is called, and what experts are told of it."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import EmailField, StringField
from wtforms.validators import Length

from surveyapp.errors import InputError
from surveyapp.extensions import get_database
from surveyapp.services.studies import change_study, get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.account.forms import attach, text_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.tabs import tabs

FIELDS = {"title": "title", "contact e-mail": "contact_email", "time zone": "time_zone"}


class SettingsForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Title, who runs it, whom to write to, and when it is."""

    title = StringField(lazy_gettext("Title, as experts read it"), [Length(max=1_000)])
    organisation = StringField(lazy_gettext("Who runs the study"), [Length(max=200)])
    contact_email = EmailField(lazy_gettext("Address that experts can write to"), [Length(max=254)])
    time_zone = StringField(lazy_gettext("Time zone of deadlines"), [Length(max=60)])


@blueprint.get("/s/<slug>/settings")
def settings(slug: str) -> ResponseReturnValue:
    """The form, as things stand."""
    with get_database().reading() as session:
        study = get_study(session, slug=slug)
    return _show(SettingsForm(formdata=None, obj=study))


@blueprint.post("/s/<slug>/settings")
def change_settings(slug: str) -> ResponseReturnValue:
    """Change them, or show everything that is wrong."""
    form = SettingsForm()
    if not form.validate():
        return _show(form, status=422)
    try:
        with get_database().verb() as session:
            change_study(
                session,
                study=get_study(session, slug=slug),
                title=text_of(form.title),
                organisation=text_of(form.organisation),
                contact_email=text_of(form.contact_email),
                time_zone=text_of(form.time_zone),
                now=read_now(session),
                actor=get_desk().email,
            )
    except InputError as error:
        return _show(form, wrong=attach(form, error, FIELDS), status=422)
    return redirect(url_for("organiser.study", slug=slug), 303)


def _show(form: SettingsForm, *, wrong: str = "", status: int = 200) -> ResponseReturnValue:
    desk = get_desk()
    zones = tuple(sorted(available_timezones()))
    page = render_template(
        "organiser/settings.html", desk=desk, tabs=tabs(desk), zones=zones, wrong=wrong, form=form
    )
    return page, status
