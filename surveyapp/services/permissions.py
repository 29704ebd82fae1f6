"""Who may do what in a study: the one table of roles and rights."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What somebody is in one study."""

    OWNER = "owner"
    ORGANISER = "organiser"
    MODERATOR = "moderator"
    ANALYST = "analyst"
    CUSTODIAN = "custodian"
    OBSERVER = "observer"


class Right(StrEnum):
    """What can be done, or seen, in a study."""

    PROGRESS = "progress"
    """How rounds go, in counts."""
    SET_UP = "set_up"
    """The questionnaire, the protocol, the settings, rehearsal."""
    PANEL = "panel"
    """Who is on the panel, without names: groups, tags, states."""
    IDENTITIES = "identities"
    """Names and addresses, personal links, the panel's import."""
    LETTERS = "letters"
    """Texts of letters, sending, the outbox."""
    ROUNDS = "rounds"
    """Opening, closing, releasing."""
    RESULTS = "results"
    """Results of closed rounds, under pseudonyms."""
    REASONS = "reasons"
    """Reading, redacting, coding and summarising what experts wrote."""
    DECIDE = "decide"
    """What becomes of items."""
    EXPORT = "export"
    """Taking the data home."""
    AUDIT = "audit"
    """The record of acts."""
    JOBS = "jobs"
    """The queue of this study's jobs."""
    MEMBERS = "members"
    """Who works on the study, and as what."""
    DELETE = "delete"
    """Archiving and deleting the study."""
    ERASE = "erase"
    """Erasing a person: name, address and link, and the answers too where the person wants that."""


_ALL = frozenset(Right)
RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.OWNER: _ALL,
        Role.ORGANISER: _ALL - {Right.MEMBERS, Right.DELETE, Right.ERASE},
        Role.MODERATOR: frozenset({Right.REASONS}),
        Role.ANALYST: frozenset({Right.PROGRESS, Right.RESULTS, Right.EXPORT}),
        Role.CUSTODIAN: frozenset(
            {Right.PROGRESS, Right.PANEL, Right.IDENTITIES, Right.LETTERS, Right.ERASE}
        ),
        Role.OBSERVER: frozenset({Right.PROGRESS}),
    }
)
# Where organisers are blind, whoever can see answers cannot see who gave them, and the other way round.
_SEES_NAMES = frozenset({Right.IDENTITIES, Right.ERASE})
_SEES_ANSWERS = frozenset({Right.RESULTS, Right.REASONS, Right.EXPORT})


def rights_of(role: str, *, is_blind: bool) -> frozenset[Right]:
    """What this role may do. In an organiser-blind study only a custodian sees names, and no answers."""
    rights = RIGHTS[Role(role)]
    if not is_blind:
        return rights
    return rights - (_SEES_ANSWERS if Right.IDENTITIES in rights and role == Role.CUSTODIAN else _SEES_NAMES)
