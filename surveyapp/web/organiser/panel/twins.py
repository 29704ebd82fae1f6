"""People of the panel beside somebody who may be one of them, as pages show them side by side."""

from __future__ import annotations

from dataclasses import dataclass

from surveyapp.services.reading.people_alike import Alike
from surveyapp.web.organiser.panellist.words import likeness_word, standing_word


@dataclass(frozen=True, slots=True)
class Twin:
    """Somebody who may be the same person."""

    why: str
    name: str
    email: str
    group: str
    standing: str


def twin_of(each: Alike) -> Twin:
    """The person in words; who asked for a seat and has none yet has no standing."""
    standing = standing_word(each.state) if each.state else ""
    return Twin(likeness_word(each.likeness), each.name, each.email, each.group, standing)
