"""Half signed in: the password was right, the second factor is still to come. It holds for five minutes."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from surveyapp.extensions import get_config, get_database
from surveyapp.services.accounts import Credentials
from surveyapp.services.sign_ins import find_half_signed_in, print_of
from surveyapp.web import security
from surveyapp.web.organiser.detours import Kept, own_page

AUDIENCE = "second-step"
LASTS_SECONDS = 5 * 60


@dataclass(frozen=True, slots=True)
class HalfWay:
    """Whose password was given, and the page that was wanted."""

    credentials: Credentials
    wanted: str


def _notes() -> URLSafeTimedSerializer:
    key = hmac.digest(get_config().secret_key.encode(), b"surveyapp: half signed in, 1", "sha256")
    return URLSafeTimedSerializer(key, salt=AUDIENCE)


def remember(response: Response, credentials: Credentials, wanted: str) -> Response:
    """Give the browser the note. It opens nothing by itself."""
    note = _notes().dumps([credentials.organiser_id, print_of(credentials), wanted])
    sessions = security.get_sessions()
    response.set_cookie(
        sessions.name(AUDIENCE),
        str(note),
        max_age=LASTS_SECONDS,
        path="/",
        secure=sessions.is_https,
        httponly=True,
        samesite="Lax",
    )
    return response


def where_to(half: HalfWay | None, kept: Kept) -> Kept:
    """Where to go on: with what waits in the form, else to the page that was wanted at the door."""
    return kept if kept.fields or half is None else Kept(half.wanted)


def recall() -> HalfWay | None:
    """Who is half signed in here; None after five minutes, or when the password changed meanwhile."""
    note = request.cookies.get(security.get_sessions().name(AUDIENCE), "")
    if not note:
        return None
    try:
        organiser_id, mark, wanted = _read(note)
    except (BadSignature, ValueError, TypeError):
        return None
    with get_database().reading() as session:
        credentials = find_half_signed_in(session, organiser_id=organiser_id, mark=mark)
    return None if credentials is None else HalfWay(credentials, own_page(wanted))


def _read(note: str) -> tuple[int, str, str]:
    content: Any = _notes().loads(note, max_age=LASTS_SECONDS)
    organiser_id, mark, wanted = content
    return int(organiser_id), str(mark), str(wanted)


def forget(response: Response) -> None:
    """Take the note back."""
    security.get_sessions().take(response, AUDIENCE)
