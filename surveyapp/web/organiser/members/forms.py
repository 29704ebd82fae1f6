"""What is sent about members: an address and a role, a role, a level."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import EmailField, RadioField, SelectField
from wtforms.validators import InputRequired, Length

from surveyapp.services.anonymity import LEVELS
from surveyapp.services.permissions import Role


class InviteForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Whom to invite, and as what."""

    email = EmailField(_("E-mail"), [InputRequired(_("Write an e-mail address.")), Length(max=254)])
    role = SelectField(_("Role"), choices=[(role.value, role.value) for role in Role])


class RoleForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Another role."""

    role = SelectField(_("Role"), choices=[(role.value, role.value) for role in Role])


class AnonymityForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Another level of anonymity."""

    level = RadioField(_("Anonymity"), choices=[(level, level) for level in LEVELS])
