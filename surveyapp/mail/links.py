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


def derive_registration_token(key: bytes, *, slug: str, number: int) -> str:
    """The token ``study.secret`` of the page on which people ask for a seat; `number` counts such links."""
    message = b"\0".join((b"surveyapp registration", slug.encode(), b"%d" % number))
    secret = hmac.digest(key, message, "sha256")[:_SECRET_BYTES]
    return f"{slug}.{base64.urlsafe_b64encode(secret).decode()}"


def registration_link(base_url: str, token: str) -> str:
    """The address of the page on which people ask for a seat."""
    return f"{base_url.rstrip('/')}/l/join/{token}"


def derive_account_secret(key: bytes, *, seed: str) -> str:
    """The secret of a one-time link that goes by letter: 256 bits, the same again from the same `seed`.

    The seed waits in the queue and opens nothing without the key, which is not in the database.
    """
    secret = hmac.digest(key, b"surveyapp one-time link\0" + seed.encode(), "sha256")
    return base64.urlsafe_b64encode(secret).decode().rstrip("=")


def account_link(base_url: str, secret: str) -> str:
    """The address under which a one-time secret is used, always below the configured one."""
    return f"{base_url.rstrip('/')}/organiser/l/{secret}"


def derive_letters_token(key: bytes, *, slug: str, panellist_id: int) -> str:
    """The token ``study.seat.proof`` of the page on which a panellist switches letters off.

    It opens nothing else. Nothing of it is stored: whoever has the key can tell a true one, so that it
    works for as long as the study is there.
    """
    proof = _prove_letters(key, slug, panellist_id)
    return f"{slug}.{panellist_id:x}.{proof}"


def read_letters_token(key: bytes, token: str) -> tuple[str, int] | None:
    """The study's slug and the panellist of a token made by `derive_letters_token`, or None."""
    slug, _, rest = token.partition(".")
    number, _, proof = rest.partition(".")
    try:
        panellist_id = int(number, 16)
    except ValueError:
        return None
    if not slug or f"{panellist_id:x}" != number:
        return None
    is_true = hmac.compare_digest(_prove_letters(key, slug, panellist_id).encode(), proof.encode())
    return (slug, panellist_id) if is_true else None


def letters_link(base_url: str, token: str) -> str:
    """The address of the page on which letters are switched off."""
    return f"{base_url.rstrip('/')}/l/letters/{token}"


def _prove_letters(key: bytes, slug: str, panellist_id: int) -> str:
    message = b"\0".join((b"surveyapp letters", slug.encode(), b"%d" % panellist_id))
    proof = hmac.digest(key, message, "sha256")[:_SECRET_BYTES]
    return base64.urlsafe_b64encode(proof).decode()
