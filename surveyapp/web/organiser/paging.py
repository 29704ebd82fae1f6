"""Lists in pages: which page is asked for, and the way to those beside it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for


@dataclass(frozen=True, slots=True)
class Paging:
    """One page of a list."""

    page: int
    last: int
    before: str
    after: str


def page_asked() -> int:
    """The page that the address names; the first one where it names none."""
    text = request.args.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def paging(page: int, count: int, most: int) -> Paging:
    """The ways from this page of a list of `count`, with what else the address holds kept in it."""
    last = max(1, -(-count // most))
    return Paging(page, last, _url(page - 1) if page > 1 else "", _url(page + 1) if page < last else "")


def _url(page: int) -> str:
    assert request.endpoint is not None
    kept = {name: value for name, value in request.args.items() if name not in {"page", "at"} and value}
    return url_for(request.endpoint, **{**(request.view_args or {}), **kept, "page": page})
