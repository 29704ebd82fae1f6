"""What commands about rounds share: which round, why, and how moments read."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

number_option = click.option(
    "--round", "number", type=click.IntRange(min=0), help="Which round; else the latest."
)
reason_option = click.option("--reason", required=True, help="Why; it stands in the record and in reports.")


def show_time(moment: datetime, time_zone: str) -> str:
    """A moment as people in the study's zone read it: ``2026-12-12 18:00 Europe/Berlin``."""
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M} {time_zone}"
