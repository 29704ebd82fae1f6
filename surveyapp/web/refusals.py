"""Who was refused what, as lines of a log that a machine can read; never a name, an address or a secret.

Each line is one JSON object: what was refused, at which page, why, and by which marks lines belong together.
The marks of addresses and accounts are hashes that only this installation can make.
"""

from __future__ import annotations

import json
import logging

from flask import request

from surveyapp.extensions import get_config
from surveyapp.services import throttling

_log = logging.getLogger("surveyapp.refusals")
_LETTERS_OF_MARK = 16


def log_refusal(what: str, *, why: str, account: int | None = None, study: int | None = None) -> None:
    """Write one line; `account` and `study` are numbers that the record of acts uses too."""
    line = {
        "refused": what,
        "why": why,
        "at": request.endpoint or "",
        "method": request.method,
        "from": _mark(f"address {request.remote_addr}"),
        "account": account,
        "study": study,
    }
    _log.warning("%s", json.dumps({name: value for name, value in line.items() if value is not None}))


def _mark(subject: str) -> str:
    return throttling.hide(get_config().secret_key.encode(), subject)[:_LETTERS_OF_MARK]
