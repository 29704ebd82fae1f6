"""Time: always aware, always UTC, asked once and passed on."""

from __future__ import annotations

from datetime import UTC, datetime


def as_utc(moment: datetime) -> datetime:
    """`moment` in UTC; a naive one is a mistake of the caller and raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time without its zone was passed on")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """`moment` as people and programs read it: ``2026-12-12T17:00:00Z``."""
    return as_utc(moment).isoformat(timespec="seconds").replace("+00:00", "Z")
