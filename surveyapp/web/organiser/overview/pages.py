"""What the organiser's templates get: plain values, counts only, nothing of any answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from flask_babel import format_date
from flask_babel import gettext as _

from surveyapp.services.reading.progress import OTHER_GROUPS, RoundProgress, StudyProgress
from surveyapp.services.reading.watching import RoundWork
from surveyapp.web.languages import page_language, written_day, written_time
from surveyapp.web.organiser.acting import Way
from surveyapp.web.organiser.words import state_word

_WIDTH, _HEIGHT = 400, 130


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One study in the list."""

    slug: str
    title: str
    is_synthetic: bool
    round_line: str
    submitted: int
    panel: int
    is_rehearsal: bool
    end: str
    """That it is archived or will be deleted; '' for a study at work."""


@dataclass(frozen=True, slots=True)
class StudiesPage:
    """All studies of one organiser."""

    email: str
    studies: tuple[StudyLine, ...]

    @property
    def has_ended(self) -> bool:
        """Whether one of them is archived."""
        return any(each.end for each in self.studies)


@dataclass(frozen=True, slots=True)
class RoundStep:
    """One round in the strip: planned ones too."""

    name: str
    state: str
    word: str
    note: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, or a time, and what it says."""

    number: int | str
    word: str


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group's progress."""

    title: str
    submitted: int
    in_progress: int
    panel: int
    percent: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Submissions as a stepped line in a drawing of fixed size, and the same as rows of a table."""

    path: str
    rows: tuple[tuple[str, int], ...]
    first: str
    last: str
    panel: int
    reminders: tuple[tuple[float, str], ...] = ()
    """Where on the line a reminder went out, and on which day."""


@dataclass(frozen=True, slots=True)
class StopLine:
    """One page, and how many stand there."""

    title: str
    people: int


@dataclass(frozen=True, slots=True)
class StudyPage:
    """One study: its state first."""

    rounds: tuple[RoundStep, ...]
    figures: tuple[Figure, ...]
    groups: tuple[GroupLine, ...]
    flow: Flow | None
    panel: int
    late: int
    has_rounds: bool
    is_open: bool = False
    stops: tuple[StopLine, ...] = ()
    ways: tuple[Way, ...] = ()
    """Where the work goes on."""


def studies_page(email: str, found: Sequence[StudyProgress]) -> StudiesPage:
    """The list of studies."""
    lines = []
    for each in found:
        current = each.current
        lines.append(
            StudyLine(
                slug=each.slug,
                title=each.title,
                is_synthetic=each.is_synthetic,
                round_line=(
                    _("no round yet")
                    if current is None
                    else _("Collecting items: %(state)s", state=state_word(current.state))
                    if current.collects
                    else _(
                        "Round %(number)s %(state)s", number=current.number, state=state_word(current.state)
                    )
                ),
                submitted=current.counts.submitted if current else 0,
                panel=each.panel,
                is_rehearsal=each.is_rehearsal,
                end=_end_of(each),
            )
        )
    return StudiesPage(email=email, studies=tuple(lines))


def _end_of(each: StudyProgress) -> str:
    if each.delete_at is not None:
        when = written_time(each.delete_at, each.time_zone, page_language())
        return str(_("will be deleted %(time)s", time=when))
    return str(_("archived")) if each.is_archived else ""


def study_page(
    progress: StudyProgress, work: RoundWork | None = None, ways: tuple[Way, ...] = ()
) -> StudyPage:
    """One study's page."""
    current = progress.current
    return StudyPage(
        rounds=_strip(progress),
        figures=(*_figures(current), *(_figures_of_work(work) if work else ())) if current else (),
        groups=_groups(current) if current else (),
        flow=_flow(current, progress, work.reminded if work else ()) if current else None,
        is_open=progress.is_open,
        stops=tuple(StopLine(each.title or _("other pages"), each.people) for each in work.stops)
        if work
        else (),
        panel=progress.panel,
        late=current.late if current else 0,
        has_rounds=bool(progress.rounds),
        ways=ways,
    )


def _strip(progress: StudyProgress) -> tuple[RoundStep, ...]:
    steps = [
        RoundStep(
            name=_("Collecting items") if each.collects else _("Round %(number)s", number=each.number),
            state=each.state,
            word=state_word(each.state),
            note=_round_note(each, progress.time_zone),
            is_current=each is progress.current,
        )
        for each in progress.rounds
    ]
    last = progress.rounds[-1].number if progress.rounds else 0
    # A cancelled round takes a number and brings the end no nearer.
    held = sum(each.state != "cancelled" and not each.collects for each in progress.rounds)
    steps.extend(
        RoundStep(
            name=_("Round %(number)s", number=number),
            state="planned",
            word=_("planned"),
            note="",
            is_current=False,
        )
        for number in range(last + 1, last + 1 + progress.planned_rounds - held)
    )
    return tuple(steps)


def _round_note(each: RoundProgress, zone: str) -> str:
    notes: list[str] = [
        _("%(submitted)s of %(panel)s submitted", submitted=each.counts.submitted, panel=each.counts.panel)
    ]
    if each.state == "open" and each.closes_at is not None:
        notes.append(_("closes %(time)s", time=written_time(each.closes_at, zone, page_language())))
    elif each.closed_at is not None and each.state != "cancelled":
        notes.append(_("closed %(time)s", time=written_time(each.closed_at, zone, page_language())))
    return " · ".join(notes)


def _figures(current: RoundProgress) -> tuple[Figure, ...]:
    counts = current.counts
    return (
        Figure(counts.submitted, _("submitted")),
        Figure(counts.in_progress, _("in progress")),
        Figure(counts.not_started, _("not started")),
        Figure(counts.declined, _("declined")),
        Figure(counts.not_me, _("wrong person")),
        Figure(counts.withdrawn, _("withdrawn")),
    )


def _figures_of_work(work: RoundWork) -> tuple[Figure, ...]:
    time = (
        # Short, for it stands large in a small tile: "25 min".
        format_timedelta(
            work.median_time, granularity="minute", threshold=1.5, format="short", locale=page_language()
        )
        if work.median_time is not None
        else "–"
    )
    return (
        Figure(time, _("median time to submission")),
        Figure(work.reasons, _("reasons written")),
    )


def _groups(current: RoundProgress) -> tuple[GroupLine, ...]:
    return tuple(
        GroupLine(
            title=_("Other groups") if each.group == OTHER_GROUPS else each.title,
            submitted=each.counts.submitted,
            in_progress=each.counts.in_progress,
            panel=each.counts.panel,
            percent=round(100 * each.counts.submitted / each.counts.panel) if each.counts.panel else 0,
        )
        for each in current.groups
    )


def _flow(current: RoundProgress, progress: StudyProgress, reminders: Sequence[datetime] = ()) -> Flow | None:
    days, panel = current.days, current.counts.panel
    if not days or not panel:
        return None
    first, last = days[0].day, days[-1].day
    if current.opened_at is not None:
        # The wait before the first submission belongs to the picture.
        first = min(first, current.opened_at.astimezone(ZoneInfo(progress.time_zone)).date())
    zone = ZoneInfo(progress.time_zone)
    reminded = sorted({moment.astimezone(zone).date() for moment in reminders})
    # A reminder that nobody has followed yet is part of the picture too.
    last = max([last, *reminded])
    span = max((last - first).days, 1)
    path = f"M0 {_HEIGHT}"
    for each in days:
        # A step per day: between two days nobody knows the hour, and nobody should.
        across = round(_WIDTH * (each.day - first).days / span, 1)
        path += f" H{across} V{round(_HEIGHT * (1 - each.submitted / panel), 1)}"
    path += f" H{_WIDTH}"
    return Flow(
        path=path,
        rows=tuple((format_date(each.day, "medium", rebase=False), each.submitted) for each in days),
        first=written_day(first, page_language()),
        last=written_day(last, page_language()),
        panel=panel,
        reminders=tuple(
            (round(_WIDTH * (day - first).days / span, 1), written_day(day, page_language()))
            for day in reminded
            if day >= first
        ),
    )
