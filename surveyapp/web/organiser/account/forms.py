"""What organisers send about their account: credentials, codes, names, and acts with nothing to fill in."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from surveyapp.errors import InputError, say
from surveyapp.services.accounts import MAX_PASSWORD_BYTES
from surveyapp.services.passkeys import MAX_CREDENTIAL, MAX_NAME


def _printable(text: str | None) -> str | None:
    # An address holds no control characters, and a page that shows them again would not be well-formed.
    return text and "".join(letter for letter in text if letter.isprintable()).strip()


class _OpenForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    class Meta:
        # There is no session yet that a token could belong to; the request's origin is checked instead.
        csrf = False


class SignInForm(_OpenForm):
    """E-mail and password."""

    email = EmailField(
        _("E-mail"), [InputRequired(_("Write your e-mail address.")), Length(max=254)], filters=[_printable]
    )
    password = PasswordField(
        _("Password"), [InputRequired(_("Write your password.")), Length(max=MAX_PASSWORD_BYTES)]
    )


class PasskeyForm(_OpenForm):
    """What a passkey signed, as JSON; a script fills it in."""

    credential = HiddenField(validators=[InputRequired(), Length(max=MAX_CREDENTIAL)])


class SecondStepForm(_OpenForm):
    """A code from the app, or a recovery code."""

    code = StringField(
        _("Code"), [InputRequired(_("Write the code.")), Length(max=100)], filters=[_printable]
    )


class ForgottenForm(_OpenForm):
    """The address of the account."""

    email = EmailField(
        _("E-mail"), [InputRequired(_("Write your e-mail address.")), Length(max=254)], filters=[_printable]
    )


class NewPasswordForm(_OpenForm):
    """A new password under a one-time link."""

    secret = HiddenField(validators=[InputRequired(), Length(max=100)])
    password = PasswordField(
        _("New password"),
        [InputRequired(_("Write the new password.")), Length(max=MAX_PASSWORD_BYTES)],
    )


class SetUpForm(NewPasswordForm):
    """The first account: its address and password."""

    email = EmailField(
        _("E-mail"), [InputRequired(_("Write your e-mail address.")), Length(max=254)], filters=[_printable]
    )


class ChangePasswordForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The present password and the next one."""

    present = PasswordField(
        _("Present password"),
        [InputRequired(_("Write your present password.")), Length(max=MAX_PASSWORD_BYTES)],
    )
    password = PasswordField(
        _("New password"),
        [InputRequired(_("Write the new password.")), Length(max=MAX_PASSWORD_BYTES)],
    )


class ConfirmForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The password, or what a passkey signed; and what waits until then."""

    password = PasswordField(_("Password"), [Length(max=MAX_PASSWORD_BYTES)])
    credential = HiddenField(validators=[Length(max=MAX_CREDENTIAL)])


class CodeForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """The first code of a new authenticator app."""

    code = StringField(
        _("Code that the app shows"),
        [InputRequired(_("Write the code.")), Length(max=20)],
        filters=[_printable],
    )


class NewPasskeyForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What the new passkey is called, and what a script fills in."""

    name = StringField(_("Name of the passkey"), [Length(max=MAX_NAME)], filters=[_printable])
    credential = HiddenField(validators=[Length(max=MAX_CREDENTIAL)])


class ActForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A button and the session's token."""


def text_of(field: StringField) -> str:
    """What stands in a field; '' where nothing was sent."""
    return field.data or ""


def attach(form: FlaskForm, error: InputError, fields: Mapping[str, str]) -> str:
    """Put each problem beside its field (`fields`: where it is → the field); returns those without one."""
    rest = []
    for problem in error.problems:
        said = say(problem.what, gettext)
        said = said[:1].upper() + said[1:]
        name = fields.get(problem.where)
        if name is None:
            rest.append(said)
        else:
            field = form[name]
            field.errors = [*field.errors, said]
    return " ".join(rest)
