"""What can be chosen in the form of a protocol, each with what it means in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from surveyapp.delphi.protocol.drafting import OWN
from surveyapp.delphi.rules.ready_made import READY_MADE
from surveyapp.errors import say


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: what the file calls it, what the page does, and what it means."""

    value: str
    label: str
    meaning: str = ""


Choices = tuple[Choice, ...]


def ready_made() -> Choices:
    """Rules of consensus from the literature, and room for one's own."""
    meanings: Mapping[str, str] = {
        "percentage-agreement": _(
            "Enough of the panel rates on the points that the scale counts as agreement. Value: the share, "
            "such as 75%."
        ),
        "interquartile-range": _(
            "The middle half of the panel lies close together. Value: how far it may reach, such as 1 on "
            "five points."
        ),
        "rand-ucla": _(
            "Appropriate, uncertain or inappropriate by the median, where the panel does not disagree; for "
            "scales of nine points."
        ),
        "ram-strict": _("The same, with the median inside the band."),
        "comet-70-15": _(
            "In where many rate in the upper third and few in the lower; out the other way round. Values: "
            "the two shares, as a rule 70%, 15%."
        ),
        "apmo-cut-off": _(
            "Agreement, or disagreement, reaches the average of majority opinions over all items."
        ),
        "content-validity-ratio": _("More call the item essential than chance would have it (Lawshe)."),
        "content-validity-index": _(
            "Enough of the panel finds the item relevant. Value: the least index, such as 0.78."
        ),
    }
    return (
        *(Choice(name, say(READY_MADE[name].title, _), meaning) for name, meaning in meanings.items()),
        Choice(OWN, _("A rule of my own"), _("Written below in words such as: agree >= 70% and iqr <= 1.")),
    )


def asks() -> Choices:
    """What a round asks."""
    return (
        Choice("all items", _("ratings of all items")),
        Choice("only open", _("ratings of the items that are still open")),
        Choice("proposals", _("new items, before the first round of ratings")),
    )


def later_rounds() -> Choices:
    """Who may take part in later rounds."""
    return (
        Choice("all invited", _("everybody who was invited")),
        Choice("answered any earlier round", _("those who answered at least one round before")),
        Choice("answered the previous round", _("those who answered the round before")),
    )


def cohorts() -> Choices:
    """Whether rounds overlap."""
    return (
        Choice("one round at a time", _("one after the other")),
        Choice("overlapping", _("overlapping: parts of the panel go through the rounds at their own time")),
    )


def scopes() -> Choices:
    """Where a ready-made rule must hold."""
    return (
        Choice("", _("over all ratings of the item")),
        Choice("in every context", _("in every context")),
        Choice("in any context", _("in at least one context")),
        Choice("in each group", _("in each group")),
        Choice("in any group", _("in at least one group")),
    )


def stopping() -> Choices:
    """When the study ends early."""
    return (
        Choice("", _("after the last planned round")),
        Choice("all", _("as soon as every item is settled or stable")),
        Choice(OWN, _("when a condition of my own holds")),
    )


def proposals() -> Choices:
    """What is proposed for an item."""
    return (
        Choice("accept", _("to accept the item")),
        Choice("drop", _("to drop the item")),
        Choice("revise", _("to revise the item")),
        Choice("keep", _("to keep the item for the next round")),
        Choice("finalise", _("to finalise the item as it is")),
    )


def denominators() -> Choices:
    """What shares are taken of."""
    return (
        Choice("valid", _("all ratings, without “don't know”")),
        Choice("answered", _("all who answered, “don't know” included")),
        Choice("invited", _("all who were invited")),
    )


def quantile_types() -> Choices:
    """How quartiles are reckoned."""
    return (
        Choice("7", _("type 7, as R and spreadsheets do")),
        Choice("6", _("type 6, as SPSS does")),
        Choice("2", _("type 2, as SAS does")),
    )


def shown() -> Choices:
    """What experts see of the round before."""
    return (
        Choice("own_answer", _("the own earlier answer")),
        Choice("distribution", _("how often each point was chosen")),
        Choice("quartiles", _("the median and the middle half")),
        Choice("reasons", _("reasons of others, without names")),
        Choice("summaries", _("summaries of the reasons")),
    )


def of_groups() -> Choices:
    """Whose figures stand beside those of everybody."""
    return (
        Choice("none", _("of the whole panel alone")),
        Choice("own group", _("of the panel, and of the expert's own group beside it")),
        Choice("all groups", _("of the panel, and of each group beside it")),
    )


def settled() -> Choices:
    """When results of settled items are shown."""
    return (
        Choice("at the end", _("at the end of the study")),
        Choice("in the next round", _("in the next round")),
    )


def levels() -> Choices:
    """Who can know who said what."""
    return (
        Choice("confidential", _("other experts never; organisers with the right to identities can")),
        Choice("organiser-blind", _("nobody but one named custodian, with a reason that is recorded")),
        Choice("attributed", _("organisers see who said what")),
    )


def unanimity() -> Choices:
    """What is shown where all of a group agree."""
    return (
        Choice("at least 90 %", _("“at least 90 %”, so that nobody's answer is told")),
        Choice("show", _("that all answered alike")),
    )


def reasons() -> Choices:
    """Whom to ask for a reason."""
    return (
        Choice("outside the middle half", _("those whose rating lies outside the middle half of the panel")),
        Choice("everyone", _("everybody")),
        Choice("nobody", _("nobody in particular; there is always room for one")),
    )
