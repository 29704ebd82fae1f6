"""What the pages of letters show."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from surveyapp.mail.kinds import RULES, VARIABLES, Kind
from surveyapp.services.letters.outbox import AGAIN_FROM, PERSONAL
from surveyapp.services.letters.reminding import ANCHORS, Anchor, ReminderPlan
from surveyapp.services.letters.trying import Preview
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.letters import STATES, Outbox
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.organiser.letters import words
from surveyapp.web.organiser.paging import Paging


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One kind of letter."""

    kind: str
    number: int
    name: str
    event: str
    is_automatic: bool
    own: str
    """The languages in which the study has its own words."""
    may_be_sent: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One reminder's rule as its form has it."""

    number: int
    is_on: bool
    days: str
    hour: str
    anchor: str
    audience: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class LettersPage:
    """All letters of a study."""

    rows: tuple[LetterRow, ...]
    rules: tuple[RuleRow, ...]
    most: str
    anchors: tuple[Choice, ...]
    audiences: tuple[Choice, ...]
    place: str
    """The folder that letters land in; '' where they are sent."""
    waiting: int
    troubled: int


@dataclass(frozen=True, slots=True)
class TextPage:
    """One letter's text, and how somebody would read it."""

    kind: str
    number: int
    name: str
    language: str
    languages: tuple[str, ...]
    variables: tuple[Choice, ...]
    version: int
    may_be_sent: bool
    seat: str
    preview: Preview | None


@dataclass(frozen=True, slots=True)
class RecipientsPage:
    """Who would get a letter now."""

    kind: str
    number: int
    name: str
    count: int
    seats: tuple[str, ...]
    fingerprint: str
    audience: str
    audiences: tuple[Choice, ...]
    place: str


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One letter in the outbox."""

    key: str
    seat: str
    person: str
    what: str
    state: str
    tone: str
    when: str
    answer: str
    may_retry: bool
    may_cancel: bool
    may_bounce: bool


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """One page of the outbox."""

    rows: tuple[OutboxRow, ...]
    count: int
    states: tuple[tuple[str, str, int], ...]
    state: str
    kind: str
    kinds: tuple[Choice, ...]
    paging: Paging
    shows_names: bool
    again: bool
    """Whether all letters in the chosen state can be sent again."""
    notes_returned: bool
    """Whether letters that come back are noted by the program."""


def letter_row(kind: Kind, number: int, *, is_automatic: bool, own: tuple[str, ...]) -> LetterRow:
    """One kind of letter in words."""
    return LetterRow(
        str(kind),
        number,
        words.name_of(kind, number),
        words.event_of(kind),
        is_automatic,
        ", ".join(own),
        kind not in PERSONAL,
    )


def rule_rows(plan: ReminderPlan) -> tuple[RuleRow, ...]:
    """A row for each reminder that there can be."""
    known = {rule.number: rule for rule in plan.rules}
    rows = []
    for number in range(1, RULES[Kind.REMINDER].texts + 1):
        rule = known.get(number)
        if rule is None:
            rows.append(
                RuleRow(
                    number, is_on=False, days="3", hour="09:00", anchor=ANCHORS[0], audience="not_submitted"
                )
            )
        else:
            hour = f"{rule.minute // 60:02}:{rule.minute % 60:02}"
            rows.append(
                RuleRow(
                    number,
                    is_on=True,
                    days=str(rule.days),
                    hour=hour,
                    anchor=rule.anchor,
                    audience=rule.audience,
                )
            )
    return tuple(rows)


def anchors() -> tuple[Choice, ...]:
    """What days can be counted from."""
    listed: tuple[Anchor, ...] = ANCHORS
    return tuple(Choice(each, words.anchor_of(each)) for each in listed)


def chips(kind: Kind) -> tuple[Choice, ...]:
    """The variables that can stand in a letter of this kind."""
    allowed = RULES[kind].variables
    return tuple(Choice(f"{{{name}}}", words.meaning_of(name)) for name in VARIABLES if name in allowed)


def outbox_page(
    found: Outbox,
    desk: Desk,
    *,
    state: str,
    kind: str,
    paging: Paging,
    shows_names: bool,
    notes_returned: bool,
) -> OutboxPage:
    """The outbox in words."""
    rows = []
    for line in found.lines:
        name, tone = words.state_of(line.state)
        person = f"{line.name} <{line.email}>" if line.name and line.email else line.email
        moment = line.due_at if line.state == "queued" else line.state_at
        rows.append(
            OutboxRow(
                key=str(line.key),
                seat=line.key.pseudonym,
                person=person,
                what=words.name_of(Kind(line.key.kind), line.key.number),
                state=name,
                tone=tone,
                when=written_time(moment, desk.time_zone, page_language()),
                # Our own reason for not sending it, or the mail server's words.
                answer=_(line.answer) if line.state == "dropped" and line.answer else line.answer,
                may_retry=line.state in AGAIN_FROM,
                may_cancel=line.state == "queued",
                may_bounce=line.state in {"sent", "unknown"},
            )
        )
    states = tuple((each, words.state_of(each)[0], found.by_state.get(each, 0)) for each in STATES)
    kinds = tuple(
        Choice(str(each), words.name_of(each) if RULES[each].texts == 1 else words.reminders())
        for each in Kind
    )
    return OutboxPage(
        tuple(rows),
        found.count,
        states,
        state,
        kind,
        kinds,
        paging,
        shows_names,
        again=state in AGAIN_FROM,
        notes_returned=notes_returned,
    )
