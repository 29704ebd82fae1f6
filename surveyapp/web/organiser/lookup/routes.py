"""Looking up who sits behind a pseudonym: with a reason, written down before anything is shown."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from surveyapp.errors import InputError
from surveyapp.extensions import get_database
from surveyapp.services import lookups
from surveyapp.services.lookups import MAX_REASON, MAX_SOUGHT, FoundPerson
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.account.forms import attach, text_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.tabs import tabs


class LookUpForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What is sought, and why."""

    sought = StringField(
        lazy_gettext("Pseudonym or address"),
        [
            InputRequired(lazy_gettext("Write a pseudonym such as P-7KQ2M, or an address.")),
            Length(max=MAX_SOUGHT),
        ],
    )
    reason = TextAreaField(
        lazy_gettext("Why you need to know"),
        [InputRequired(lazy_gettext("Write why; it stands in the record.")), Length(max=MAX_REASON)],
    )


@blueprint.get("/s/<slug>/lookup")
def lookup(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The form."""
    return _show(LookUpForm(formdata=None))


@blueprint.post("/s/<slug>/lookup")
def look_up(slug: str) -> ResponseReturnValue:
    """One look. A post that ends in a page: a name must not stand in an address."""
    form = LookUpForm()
    if not form.validate():
        return _show(form, status=422)
    try:
        with get_database().verb() as session:
            found = lookups.look_up(
                session,
                study=get_study(session, slug=slug),
                sought=text_of(form.sought),
                reason=text_of(form.reason),
                now=read_now(session),
                actor=get_desk().email,
            )
    except InputError as error:
        wrong = attach(form, error, {"sought": "sought", "reason": "reason"})
        return _show(form, wrong=wrong, status=422)
    if found is None:
        return _show(
            form, wrong=_("Nobody on this panel has this pseudonym or address. The look is recorded.")
        )
    return _show(LookUpForm(formdata=None), found=found)


def _show(
    form: LookUpForm, *, found: FoundPerson | None = None, wrong: str = "", status: int = 200
) -> ResponseReturnValue:
    desk = get_desk()
    return (
        render_template(
            "organiser/lookup.html", desk=desk, tabs=tabs(desk), found=found, wrong=wrong, form=form
        ),
        status,
    )
