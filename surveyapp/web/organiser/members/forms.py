"""What is sent about members: an address and a role, a role, a level. The verbs know which there are."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, StringField
from wtforms.validators import InputRequired, Length


class InviteForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Whom to invite, and as what."""

    email = EmailField(_("E-mail"), [InputRequired(_("Write an e-mail address.")), Length(max=254)])
    role = StringField(_("Role"), [Length(max=40)])
    way = StringField(_("How the link gets there"), [Length(max=10)])
    language = StringField(_("Language of the letter"), [Length(max=20)])


class RoleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Another role."""

    role = StringField(_("Role"), [Length(max=40)])


class AnonymityForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Another level of anonymity."""

    level = StringField(_("Level"), [Length(max=40)])
