"""The organiser's part of the address space, and its guard."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from surveyapp.services.accounts import SignedIn
from surveyapp.web import security

blueprint = Blueprint("organiser", __name__, url_prefix="/organiser")

# The one door in the wall.
OPEN_ENDPOINTS = frozenset({"organiser.sign_in", "organiser.enter"})


@blueprint.before_request
def guard() -> ResponseReturnValue | None:
    """Nobody but a signed-in organiser, and no act that a page of ours did not ask for."""
    if request.endpoint in OPEN_ENDPOINTS:
        return None
    if g.get("organiser") is None:
        return redirect(url_for("organiser.sign_in"), 303)
    if request.method not in security.SAFE_METHODS and not security.is_csrf_token_valid(
        request.form.get("csrf_token")
    ):
        abort(400)
    return None


def get_signed_in() -> SignedIn:
    """The organiser behind this request; the guard has let nobody else through."""
    organiser = g.organiser
    assert isinstance(organiser, SignedIn)
    return organiser
