"""What states, verdicts, outcomes and missing numbers are called on the organiser's pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _

from surveyapp.delphi.rules.expression import (
    CONSENSUS,
    NO_CONSENSUS,
    NOT_ASSESSABLE,
    NOT_STABLE,
    STABLE,
)
from surveyapp.delphi.rules.telling import VERDICTS
from surveyapp.errors import say
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.telling import WHY


def state_word(state: str) -> str:
    """The state of a round."""
    words: dict[str, str] = {
        "draft": _("in preparation"),
        "scheduled": _("scheduled"),
        "open": _("open"),
        "closed": _("closed"),
        "released": _("released"),
        "cancelled": _("cancelled"),
    }
    return words.get(state, state)


def outcome_word(outcome: str) -> str:  # noqa: PLR0911 - one line for each; only the one asked for is said
    """What becomes of an item."""
    match outcome:
        case "keep":
            return str(_("keep"))
        case "accept":
            return str(_("accept"))
        case "drop":
            return str(_("drop"))
        case "finalise":
            return str(_("finalise"))
        case "revise":
            return str(_("revise"))
        case "split":
            return str(_("split"))
        case "merge":
            return str(_("merge"))
        case "new":
            return str(_("new"))
        case _other:
            return outcome


def verdict_word(verdict: str) -> str:
    """A verdict in words; what a rule calls its own verdicts stays as the protocol writes it.

    Where several rules speak of one rating, each follows its rule: ``effective: consensus; other: none``.
    """
    said = []
    for each in verdict.split("; "):
        rule, colon, word = each.rpartition(": ")
        said.append(f"{rule}{colon}{say(VERDICTS.get(word, word), _)}")
    return "; ".join(said)


def verdict_tone(verdict: str) -> str:
    """How a verdict's pill looks: the word says it, the colour repeats it."""
    if verdict in {CONSENSUS, STABLE}:
        return "ok"
    return "warn" if verdict in {NO_CONSENSUS, NOT_STABLE} else "no"


@dataclass(frozen=True, slots=True)
class Pill:
    """A verdict: in words, and with the colour that repeats them."""

    words: str
    tone: str
    rule: str = ""
    """The rule that says so, where there are several."""


def pill(verdict: str, rule: str = "") -> Pill:
    """The pill of one verdict."""
    return Pill(verdict_word(verdict), verdict_tone(verdict), rule)


def pills(verdicts: Iterable[tuple[str, str]], stability: str) -> tuple[Pill, ...]:
    """The verdicts by rule, and whether ratings are stable where that could be seen at all."""
    listed = list(verdicts)
    found = [pill(verdict, rule if len(listed) > 1 else "") for rule, verdict in listed]
    if stability and stability != NOT_ASSESSABLE:
        found.append(pill(stability, _("stability") if listed else ""))
    return tuple(found)


def why_undefined(reason: Undefined) -> str:
    """Why there is no number, in the few words that a table has room for."""
    return say(WHY[reason].short, _)
