"""Personal links: derived with a key that is not in the database, recognised by a hash that is.

A reminder can repeat the same link, because it is derived anew each time; a copy of the database opens
nothing, because it holds hashes only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

_SECRET_BYTES = 18
"""144 bits: 24 characters in an address."""


def derive_token(key: bytes, *, slug: str, panellist_id: int, number: int) -> str:
    """The token ``study.secret`` of a panellist's link; `number` counts the links made for one seat."""
    message = b"\0".join((b"surveyapp personal link", slug.encode(), b"%d" % panellist_id, b"%d" % number))
    secret = hmac.digest(key, message, "sha256")[:_SECRET_BYTES]
    return f"{slug}.{base64.urlsafe_b64encode(secret).decode()}"


def hash_token(token: str) -> str:
    """SHA-256 of a token in hexadecimal: what the database holds."""
    return hashlib.sha256(token.encode()).hexdigest()


def study_of(token: str) -> str:
    """The study's slug that `token` names; '' when it is no token at all."""
    slug, dot, secret = token.partition(".")
    return slug if dot and secret else ""


def link(base_url: str, token: str) -> str:
    """The address that stands in a letter, always below the configured base address."""
    return f"{base_url.rstrip('/')}/l/{token}"
