"""The forms of what can be done with a round: each with a plain sentence of what it will do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.running import NextRound, RunRound, StudyRounds
from surveyapp.web.organiser.acting import Trouble

_USUAL_HOUR = 18


@dataclass(frozen=True, slots=True)
class Moment:
    """A field for a time."""

    name: str
    label: str
    value: str
    is_needed: bool

    @property
    def is_readable(self) -> bool:
        """Whether the browser's own field for times can show what was typed."""
        try:
            datetime.fromisoformat(self.value or "2026-01-01T00:00")
        except ValueError:
            return False
        return "T" in self.value or not self.value


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done: a small form that says what it will do."""

    id: str
    title: str
    what: str
    url: str
    button: str
    moments: tuple[Moment, ...] = ()
    reason: str | None = None
    """What was typed as the reason; None where none is asked for."""
    cohort: str | None = None
    late: tuple[tuple[str, str, bool], ...] = ()
    """Whom to let in: pseudonym, in words, whether chosen."""
    is_open: bool = False
    is_grave: bool = False
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody tried and was refused: which act, what was typed, and why not."""

    act: str
    typed: Mapping[str, str]
    trouble: Trouble


class Acts:
    """Makes the forms of what may be done."""

    def __init__(self, found: StudyRounds, desk: Desk, attempt: Attempt | None) -> None:
        self.found = found
        self.desk = desk
        self.attempt = attempt

    def of(self, each: RunRound) -> Iterator[Act]:
        """What may be done with a round that is there."""
        here = f"round-{each.number}"
        if "extend" in each.acts:
            yield self._act(
                f"extend-{here}",
                title=_("Extend"),
                what=_(
                    "The deadline moves to a later time, and experts see the new one at once. It is never "
                    "moved to an earlier one, because experts were told it."
                ),
                endpoint="extend_round",
                number=each.number,
                button=_("Move the deadline"),
                moments=(("closes", _("New deadline"), each.closes_at, True),),
                needs_reason=True,
            )
        if "close" in each.acts:
            yield self._act(
                f"close-{here}",
                title=_("Close"),
                what=ngettext(
                    "From now on nothing counts any more. %(num)s panellist has begun; what is not "
                    "submitted is kept apart. Reasons are gathered, and a release is drafted.",
                    "From now on nothing counts any more. %(num)s panellists have begun; what is not "
                    "submitted is kept apart. Reasons are gathered, and a release is drafted.",
                    each.started,
                ),
                endpoint="close_round",
                number=each.number,
                button=_("Close round %(number)s now", number=each.number),
            )
        if "reopen" in each.acts:
            yield self._act(
                f"reopen-{here}",
                title=_("Open again"),
                what=_(
                    "Experts can change what they submitted, and submit again. The release draft goes; the "
                    "next closing makes another. Decisions and work on reasons stay, but what somebody "
                    "writes anew is unread again."
                ),
                endpoint="reopen_round",
                number=each.number,
                button=_("Open round %(number)s again", number=each.number),
                moments=(("closes", _("Deadline, if there is to be one"), None, False),),
                needs_reason=True,
            )
        if each.late and each.state == "closed":
            yield self._act(
                f"admit-{here}",
                title=_("Let in late answers"),
                what=_(
                    "What the panellist gave and did not submit in time counts from then on, and a new "
                    "release is drafted. Every report says that it was let in, and why."
                ),
                endpoint="admit_late",
                number=each.number,
                button=_("Let them in"),
                needs_reason=True,
                late=each,
            )
        if "open" in each.acts:
            yield self._opening(each, f"open-{here}")
            yield self._scheduling(each, f"schedule-{here}")
        if "cancel" in each.acts:
            yield self._act(
                f"cancel-{here}",
                title=_("Call off"),
                what=_(
                    "The round is called off for good. What was answered in it is kept and counts nowhere; "
                    "the next round takes its place."
                ),
                endpoint="cancel_round",
                number=each.number,
                button=_("Cancel round %(number)s", number=each.number),
                needs_reason=True,
                is_grave=True,
            )

    def of_next(self, coming: NextRound) -> Iterator[Act]:
        """What may be done about the round that comes next."""
        yield self._opening(coming, "open-next")
        yield self._scheduling(coming, "schedule-next")

    def _opening(self, each: RunRound | NextRound, act: str) -> Act:
        return self._act(
            act,
            title=_("Open now"),
            what=_(
                "Experts can answer at once, with the links that they have. This sends no letter. Until the "
                "round is closed there is progress to see and no result, for nobody."
            ),
            endpoint="open_round",
            button=_("Open round %(number)s now", number=each.number),
            moments=(("closes", _("Deadline, if there is to be one"), self._usual_end(each), False),),
            cohort=each.cohort if isinstance(each, RunRound) else "",
        )

    def _scheduling(self, each: RunRound | NextRound, act: str) -> Act:
        opens = each.opens_at if isinstance(each, RunRound) else None
        return self._act(
            act,
            title=_("Schedule") if opens is None else _("Move it to another time"),
            what=_(
                "The round opens by itself at the time you give, and closes by itself at its deadline. Until "
                "it opens, giving other times moves it."
            ),
            endpoint="schedule_round",
            button=_("Schedule round %(number)s", number=each.number),
            moments=(
                ("opens", _("Opens"), opens, True),
                ("closes", _("Deadline, if there is to be one"), self._usual_end(each), False),
            ),
            cohort=each.cohort if isinstance(each, RunRound) else "",
        )

    def _usual_end(self, each: RunRound | NextRound) -> datetime | None:
        """The deadline that is there, or the one that the protocol's days lead to."""
        if isinstance(each, RunRound):
            return each.closes_at
        if each.days_open is None:
            return None
        local = self.found.now.astimezone(ZoneInfo(self.found.time_zone)) + timedelta(days=each.days_open)
        return local.replace(hour=_USUAL_HOUR, minute=0, second=0, microsecond=0)

    def _act(
        self,
        act: str,
        *,
        title: str,
        what: str,
        endpoint: str,
        button: str,
        number: int | None = None,
        moments: tuple[tuple[str, str, datetime | None, bool], ...] = (),
        needs_reason: bool = False,
        cohort: str | None = None,
        late: RunRound | None = None,
        is_grave: bool = False,
    ) -> Act:
        tried = self.attempt if self.attempt is not None and self.attempt.act == act else None
        typed = tried.typed if tried is not None else {}
        zone = ZoneInfo(self.found.time_zone)
        return Act(
            id=act,
            title=title,
            what=what,
            url=url_for(f"organiser.{endpoint}", slug=self.desk.slug, number=number),
            button=button,
            moments=tuple(
                Moment(
                    name,
                    f"{label} ({self.found.time_zone})",
                    typed.get(name, f"{value.astimezone(zone):%Y-%m-%dT%H:%M}" if value else ""),
                    is_needed,
                )
                for name, label, value, is_needed in moments
            ),
            reason=typed.get("reason", "") if needs_reason else None,
            cohort=typed.get("cohort", cohort) if cohort is not None and self.found.may_overlap else None,
            late=tuple(_late_words(late, typed.get("who", ""))) if late is not None else (),
            is_open=tried is not None,
            is_grave=is_grave,
            trouble=tried.trouble if tried is not None else None,
        )


def _late_words(each: RunRound, chosen: str) -> Iterator[tuple[str, str, bool]]:
    for one in each.late:
        if one.late:
            words = ngettext("%(num)s save after the close", "%(num)s saves after the close", one.late)
        elif one.has_submitted:
            words = _("changed something and did not submit again")
        else:
            words = _("answered and did not submit")
        yield one.pseudonym, f"{one.pseudonym}: {words}", one.pseudonym == chosen
