"""Every address of the organiser's pages, filled in for one study: from the URL map, so none is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

_PLACE = re.compile(r"<(?:(?P<kind>[^<>]*):)?(?P<name>[a-z_]+)>")
# What stands in an address where a study, a round, an item or a panellist is named.
FILLED = {"number": "1", "item": "apples", "job": "1", "key": "news", "kind": "thanks"}


@dataclass(frozen=True)
class Address:
    """One address and method; `name` is its endpoint without the blueprint."""

    name: str
    method: str
    url: str


def organiser_addresses(app: Flask, *, slug: str, **filled: str) -> Iterator[Address]:
    """Every address under `/organiser`, with these values in their places; others get something plausible."""
    values = {**FILLED, "slug": slug, **filled}
    for rule in app.url_map.iter_rules():
        blueprint, _sep, name = rule.endpoint.rpartition(".")
        if blueprint != "organiser":
            continue
        url = _PLACE.sub(
            lambda place: values.get(place["name"], "1" if place["kind"] else "x"),
            rule.rule,
        )
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            yield Address(name, method, url)
