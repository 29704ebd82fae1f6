"""How often doors may be tried: each kind of try has a count of its own, and no success clears another's."""

from __future__ import annotations

from flask import request

from surveyapp.extensions import get_config, get_database
from surveyapp.services import throttling
from surveyapp.services.unit import read_now

WINDOW_SECONDS = 15 * 60
# An address may stand for a whole institute, an account for one person.
TRIES_PER_ACCOUNT = 10
TRIES_PER_ADDRESS = 60
# Letters that reach somebody else's mailbox are worth less patience.
RESETS_PER_ACCOUNT = 5

SIGN_IN = "sign-in"
SECOND_STEP = "second-step"
PASSKEY = "passkey"
RESET = "reset"
LINK = "one-time-link"
CONFIRM = "confirm"


def count_try(purpose: str, *, account: str = "", per_account: int = TRIES_PER_ACCOUNT) -> None:
    """Count one try of this address (and for this account). Raises TooManyTries."""
    key = get_config().secret_key.encode()
    subjects = {f"address {request.remote_addr}": TRIES_PER_ADDRESS}
    if account:
        subjects[f"account {account}"] = per_account
    # A unit of work of its own: the try counts whatever becomes of it.
    with get_database().verb() as session:
        now = read_now(session)
        for subject, limit in subjects.items():
            throttling.count(
                session,
                purpose=purpose,
                subject=throttling.hide(key, subject),
                limit=limit,
                window_seconds=WINDOW_SECONDS,
                now=now,
            )
