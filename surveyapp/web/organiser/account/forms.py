"""What organisers send: their credentials, and acts without anything to fill in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from surveyapp.services.accounts import MAX_PASSWORD_BYTES


def _printable(text: str | None) -> str | None:
    # An address holds no control characters, and a page that shows them again would not be well-formed.
    return text and "".join(letter for letter in text if letter.isprintable()).strip()


class SignInForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """E-mail and password."""

    class Meta:
        # There is no session yet that a token could belong to; the request's origin is checked instead.
        csrf = False

    email = EmailField(
        _("E-mail"), [InputRequired(_("Write your e-mail address.")), Length(max=254)], filters=[_printable]
    )
    password = PasswordField(
        _("Password"), [InputRequired(_("Write your password.")), Length(max=MAX_PASSWORD_BYTES)]
    )


class ActForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A button and the session's token."""
