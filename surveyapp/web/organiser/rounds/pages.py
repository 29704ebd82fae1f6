"""What the page of rounds shows: each round with its acts, and what stands before the next one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.services.permissions import Right
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.running import NextRound, RunRound, StudyRounds
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.organiser.acting import Way
from surveyapp.web.organiser.round_parts import parts_of
from surveyapp.web.organiser.rounds.acts import Act, Acts, Attempt
from surveyapp.web.organiser.stopping import StoppingNote, stopping_note
from surveyapp.web.organiser.words import state_word


@dataclass(frozen=True, slots=True)
class RoundLine:
    """One round in the strip."""

    anchor: str
    name: str
    state: str
    word: str
    notes: tuple[str, ...]
    is_current: bool


@dataclass(frozen=True, slots=True)
class RoundCard:
    """One round with its acts and the pages about it."""

    anchor: str
    name: str
    state: str
    word: str
    facts: tuple[str, ...]
    parts: tuple[Way, ...]
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class NextCard:
    """The round that comes next: what it would ask and of whom, and what is still to be done before."""

    name: str
    facts: tuple[str, ...]
    obstacles: tuple[tuple[str, Way | None], ...]
    notes: tuple[tuple[str, Way | None], ...]
    """What nobody should overlook before it is opened."""
    acts: tuple[Act, ...]
    stopping: StoppingNote | None = None
    """What the protocol says of ending here, for those who may see results."""


@dataclass(frozen=True, slots=True)
class RoundsPage:
    """All rounds of a study."""

    strip: tuple[RoundLine, ...]
    cards: tuple[RoundCard, ...]
    next: NextCard | None
    zone: str
    done: str
    next_way: Way | None
    may_run: bool


def rounds_page(
    found: StudyRounds, desk: Desk, *, attempt: Attempt | None = None, done: str = ""
) -> RoundsPage:
    """The page of rounds; with `attempt`, what was typed stands in its form again."""
    may_run = desk.may(Right.ROUNDS) and not desk.is_archived
    maker = Acts(found, desk, attempt)
    shown = [each for each in found.runs if each.state != "draft"]
    kept = [each for each in shown if each.state != "cancelled"]
    current = kept[-1] if kept else None
    sentence, way = _said_done(done, found, desk)
    return RoundsPage(
        strip=(*(_line(each, found, is_current=each is current) for each in shown), *_planned(found, kept)),
        cards=tuple(
            RoundCard(
                anchor=f"round-{each.number}",
                name=_name(each),
                state=each.state,
                word=state_word(each.state),
                facts=tuple(_facts(each, found)),
                parts=tuple(_ways(each, desk)),
                acts=tuple(maker.of(each)) if may_run else (),
            )
            for each in reversed(shown)
        ),
        next=_next_card(found.next, found, desk, maker, may_run=may_run) if found.next else None,
        zone=found.time_zone,
        done=sentence,
        next_way=way,
        may_run=may_run,
    )


def _ways(each: RunRound, desk: Desk) -> Iterator[Way]:
    if each.is_over:
        for part in parts_of(desk, each.number):
            yield Way(part.label, part.url)
    if each.correction or (each.state == "open" and desk.may(Right.ROUNDS)):
        yield Way(_("Wording"), url_for("organiser.wording", slug=desk.slug, number=each.number))


def _name(each: RunRound) -> str:
    if each.cohort:
        return str(_("Round %(number)s (%(cohort)s)", number=each.number, cohort=each.cohort))
    return str(_("Round %(number)s", number=each.number))


def _line(each: RunRound, found: StudyRounds, *, is_current: bool) -> RoundLine:
    notes = [_("%(submitted)s of %(panel)s submitted", submitted=each.submitted, panel=found.panel)]
    if each.state == "scheduled":
        notes = [_("opens %(time)s", time=_written(each.opens_at, found))]
    elif each.state == "open" and each.closes_at is not None:
        notes.append(_("closes %(time)s", time=_written(each.closes_at, found)))
    elif each.state == "open":
        notes.append(_("no deadline"))
    elif each.closed_at is not None:
        notes.append(_("closed %(time)s", time=_written(each.closed_at, found)))
    return RoundLine(
        f"round-{each.number}", _name(each), each.state, state_word(each.state), tuple(notes), is_current
    )


def _planned(found: StudyRounds, kept: list[RunRound]) -> Iterator[RoundLine]:
    last = max((each.number for each in kept), default=0)
    for number in range(last + 1, found.planned + 1):
        anchor = "next" if found.next is not None and number == found.next.number else ""
        yield RoundLine(
            anchor, _("Round %(number)s", number=number), "planned", _("planned"), (), is_current=False
        )


def _facts(each: RunRound, found: StudyRounds) -> Iterator[str]:
    if each.state == "scheduled":
        yield _("It opens by itself %(time)s.", time=_written(each.opens_at, found))
    if each.opened_at is not None:
        yield _("Opened %(time)s.", time=_written(each.opened_at, found))
    if each.closes_at is not None and each.state in {"open", "scheduled"}:
        yield _("It closes by itself %(time)s.", time=_written(each.closes_at, found))
    elif each.state == "open":
        yield _("It has no deadline: it stays open until you close it.")
    if each.closed_at is not None:
        yield (
            _("Cancelled %(time)s.", time=_written(each.closed_at, found))
            if each.state == "cancelled"
            else _("Closed %(time)s.", time=_written(each.closed_at, found))
        )
    if each.released_at is not None:
        yield _("Released %(time)s.", time=_written(each.released_at, found))
    if each.state not in {"scheduled", "draft"}:
        yield _(
            "%(started)s have begun, %(submitted)s of %(panel)s have submitted.",
            started=each.started,
            submitted=each.submitted,
            panel=found.panel,
        )
    if each.correction:
        yield ngettext(
            "%(num)s correction of its wording was made while it was open.",
            "%(num)s corrections of its wording were made while it was open.",
            each.correction,
        )
    if each.late:
        yield ngettext(
            "%(num)s panellist gave answers that do not count, because they were not submitted in time.",
            "%(num)s panellists gave answers that do not count, because they were not submitted in time.",
            len(each.late),
        )


def _next_card(
    coming: NextRound, found: StudyRounds, desk: Desk, maker: Acts, *, may_run: bool
) -> NextCard | None:
    if "over" in coming.obstacles:
        facts: tuple[str, ...] = (
            _("The protocol plans no further round. To have another one, amend the protocol and say why."),
        )
        return NextCard(
            _("No further round is planned"),
            facts,
            tuple(_obstacles(coming, desk)),
            tuple(unread_notes(coming.unread, desk)),
            (),
            _stopping(coming, desk),
        )
    # What stands in the way is said beside the forms; only an open round leaves nothing to fill in.
    acts = tuple(maker.of_next(coming)) if may_run and "open" not in coming.obstacles else ()
    return NextCard(
        _("Next: round %(number)s", number=coming.number),
        tuple(_coming_facts(coming, found)),
        tuple(_obstacles(coming, desk)),
        tuple(unread_notes(coming.unread, desk)),
        acts,
        _stopping(coming, desk),
    )


def _stopping(coming: NextRound, desk: Desk) -> StoppingNote | None:
    """How many items are settled is a result: whoever may not see results is not told."""
    return stopping_note(coming.stopping) if desk.may(Right.RESULTS) else None


def _coming_facts(coming: NextRound, found: StudyRounds) -> Iterator[str]:
    if coming.asks == "proposals":
        yield _("It collects items: experts propose what should be rated.")
    elif coming.items_before and coming.items != coming.items_before:
        yield ngettext(
            "It asks for ratings of %(num)s item; the round before asked for %(before)s.",
            "It asks for ratings of %(num)s items; the round before asked for %(before)s.",
            coming.items,
            before=coming.items_before,
        )
    else:
        yield ngettext(
            "It asks for ratings of %(num)s item.", "It asks for ratings of %(num)s items.", coming.items
        )
    words = {
        "all invited": ngettext(
            "It is for everybody who was invited: %(num)s panellist.",
            "It is for everybody who was invited: %(num)s panellists.",
            coming.invited,
        ),
        "answered any earlier round": ngettext(
            "It is for those who answered an earlier round: %(num)s panellist.",
            "It is for those who answered an earlier round: %(num)s panellists.",
            coming.invited,
        ),
        "answered the previous round": ngettext(
            "It is for those who answered the round before: %(num)s panellist.",
            "It is for those who answered the round before: %(num)s panellists.",
            coming.invited,
        ),
    }
    yield words[coming.open_to]
    if coming.shows_round is not None:
        yield _("It shows what the panel thought in round %(number)s.", number=coming.shows_round)
    if coming.days_open is not None:
        yield ngettext(
            "The protocol keeps it open for %(num)s day.",
            "The protocol keeps it open for %(num)s days.",
            coming.days_open,
        )
    if not found.has_protocol:
        yield _("This study has no protocol: nothing is shown of an earlier round, and nothing is proposed.")


def _obstacles(coming: NextRound, desk: Desk) -> Iterator[tuple[str, Way | None]]:
    def way(endpoint: str, label: str, number: int | None = None) -> Way:
        return Way(label, url_for(f"organiser.{endpoint}", slug=desk.slug, number=number))

    for each in coming.obstacles:
        if each == "open":
            yield _("Another round is open. Close it first."), None
        elif each == "panel":
            yield _("There is nobody on the panel yet."), None
        elif each == "lock":
            yield (
                _("The protocol is not locked yet: consensus is defined before anybody answers."),
                way("protocol", _("Protocol")),
            )
        elif each == "release" and coming.shows_round is not None:
            yield (
                _("The feedback of round %(number)s is not released yet.", number=coming.shows_round),
                way("release", _("Release"), number=coming.shows_round),
            )
        elif each == "decide":
            yield (
                ngettext(
                    "%(num)s item has no decision yet.",
                    "%(num)s items have no decision yet.",
                    coming.undecided,
                ),
                way("decisions_latest", _("Decisions")),
            )
        elif each == "items":
            yield (
                _("Nothing that was proposed has become an item yet, so there is nothing to rate."),
                way("proposals_latest", _("Proposals")) if desk.may(Right.REASONS) else None,
            )
        elif each == "nothing":
            yield _("No item is open any more: there is nothing to ask in another round."), None


def _written(moment: datetime | None, found: StudyRounds) -> str:
    return "" if moment is None else written_time(moment, found.time_zone, page_language())


def _said_done(done: str, found: StudyRounds, desk: Desk) -> tuple[str, Way | None]:
    """What was done just now, by the word in the page's address, and where to go on."""
    act, _sep, digits = done.partition("-")
    each = found.find(int(digits)) if digits.isascii() and digits.isdigit() and len(digits) < 5 else None
    if each is None:
        return "", None
    words: dict[str, tuple[str, str]] = {
        "open": ("open", _("Round %(number)s is open.", number=each.number)),
        "schedule": ("scheduled", _("Round %(number)s is scheduled.", number=each.number)),
        "extend": ("open", _("The deadline of round %(number)s is moved.", number=each.number)),
        "close": ("closed", _("Round %(number)s is closed.", number=each.number)),
        "reopen": ("open", _("Round %(number)s is open again.", number=each.number)),
        "admit": ("closed", _("The answers are let in and count in round %(number)s.", number=each.number)),
        "cancel": ("cancelled", _("Round %(number)s is cancelled.", number=each.number)),
    }
    state, sentence = words.get(act, ("", ""))
    # The address is anybody's to write: the sentence stands only where the round is in that state.
    if state != each.state:
        return "", None
    if act == "close" and desk.may(Right.RESULTS):
        return sentence, Way(
            _("Its results"), url_for("organiser.results", slug=desk.slug, number=each.number)
        )
    if act in {"open", "reopen"} and desk.may(Right.LETTERS):
        return sentence, Way(_("Write to the panel"), url_for("organiser.letters", slug=desk.slug))
    return sentence, None


def unread_notes(unread: Mapping[int, int], desk: Desk) -> Iterator[tuple[str, Way | None]]:
    """That proposals wait to be read: said wherever a study goes on, and never in its way."""
    for number, count in unread.items():
        words = ngettext(
            "%(num)s proposal of round %(number)s has found no place yet.",
            "%(num)s proposals of round %(number)s have found no place yet.",
            count,
            number=number,
        )
        url = url_for("organiser.proposals", slug=desk.slug, number=number, state="unread")
        yield words, Way(_("Proposals"), url) if desk.may(Right.REASONS) else None
