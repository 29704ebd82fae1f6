"""A moment as an organiser writes it, in the study's time zone."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from surveyapp.clock import as_utc
from surveyapp.errors import InputError, Problem, Sentence


def read_time(text: str, *, time_zone: str, where: str) -> datetime:
    """The moment that `text` names, in the study's zone unless it names an offset of its own.

    `where` is what the error calls the field. Raises InputError for what is no time, and for a time that
    clocks leave out.
    """
    written = text.strip()
    moment = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(written)
    # A bare date would mean its first minute, which nobody means by a deadline.
    if moment is None or len(written) <= len("2026-12-12"):
        raise InputError(
            [Problem(where, Sentence("'{text}' is no time; write it like '2026-12-12 18:00'.", text=text))]
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(time_zone))
        there_and_back = moment.astimezone(UTC).astimezone(moment.tzinfo)
        if there_and_back.replace(fold=0) != moment.replace(fold=0):
            raise InputError(
                [
                    Problem(
                        where,
                        Sentence(
                            "'{text}' does not exist in {time_zone}: clocks are put forward then.",
                            text=text,
                            time_zone=time_zone,
                        ),
                    )
                ]
            )
    return as_utc(moment)


def end_of_day(text: str, *, time_zone: str, where: str = "until") -> datetime:
    """The moment at which a day ends in the study's zone. Raises InputError for what is no day."""
    try:
        day = date.fromisoformat(text.strip()) + timedelta(days=1)
    except (ValueError, OverflowError):
        what = Sentence("'{text}' is no day; write it like 2027-12-31.", text=text[:40])
        raise InputError([Problem(where, what)]) from None
    return as_utc(datetime.combine(day, time(), ZoneInfo(time_zone)))
