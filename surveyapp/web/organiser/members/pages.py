"""What the members' template gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from surveyapp.services.anonymity import LEVELS
from surveyapp.services.members import OpenInvitation, StudyMember
from surveyapp.services.permissions import Role
from surveyapp.web.languages import language_name, page_language, spoken_languages, written_time
from surveyapp.web.organiser.members.words import level_words, role_words


@dataclass(frozen=True, slots=True)
class RoleChoice:
    """One role that can be given."""

    value: str
    name: str
    may: str


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member."""

    organiser_id: int
    email: str
    role: str
    role_name: str
    is_you: bool
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """One invitation that waits."""

    name: str
    email: str
    role_name: str
    invited_by: str
    expires: str
    letter: str
    """What became of the letter with the link; '' where it was shown instead."""
    tone: str


@dataclass(frozen=True, slots=True)
class NewLink:
    """The link of an invitation that was just made: shown once."""

    email: str
    url: str


@dataclass(frozen=True, slots=True)
class Level:
    """One level of anonymity."""

    value: str
    name: str
    promise: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class AnonymityChoice:
    """The levels, and why nothing can be chosen any more ('' while it can)."""

    levels: tuple[Level, ...]
    why_fixed: str


@dataclass(frozen=True, slots=True)
class LetterChoice:
    """The languages that a letter can be in, each with its name, and the usual one."""

    languages: tuple[tuple[str, str], ...]
    usual: str


@dataclass(frozen=True, slots=True)
class MembersPage:
    """Members, invitations, and what can be chosen."""

    members: tuple[MemberLine, ...]
    invitations: tuple[InvitationLine, ...]
    roles: tuple[RoleChoice, ...]
    new_link: NewLink | None
    wrong: str
    anonymity: AnonymityChoice
    letters: LetterChoice | None
    """How the link of an invitation can get there; None where it can only be shown."""


def anonymity_choice(level: str, *, why_fixed: str) -> AnonymityChoice:
    """The level in force, and those that could take its place."""
    levels = tuple(Level(each, *level_words(each), is_chosen=each == level) for each in LEVELS)
    return AnonymityChoice(levels, why_fixed)


def members_page(
    found: Sequence[StudyMember],
    invitations: Sequence[OpenInvitation],
    anonymity: AnonymityChoice,
    *,
    you: int,
    has_letters: bool,
    time_zone: str,
    new_link: NewLink | None,
    wrong: str,
) -> MembersPage:
    """The page."""
    return MembersPage(
        members=tuple(
            MemberLine(
                each.organiser_id,
                each.email,
                each.role,
                role_words(Role(each.role))[0],
                each.organiser_id == you,
                each.is_disabled,
            )
            for each in found
        ),
        invitations=tuple(
            InvitationLine(
                each.name,
                each.email,
                role_words(Role(each.role))[0],
                each.invited_by,
                written_time(each.expires_at, time_zone, page_language()),
                *_letter_words(each),
            )
            for each in invitations
        ),
        roles=tuple(RoleChoice(role.value, *role_words(role)) for role in Role),
        new_link=new_link,
        wrong=wrong,
        anonymity=anonymity,
        letters=_letter_choice() if has_letters else None,
    )


def _letter_choice() -> LetterChoice:
    return LetterChoice(tuple((each, language_name(each)) for each in spoken_languages()), page_language())


def _letter_words(invitation: OpenInvitation) -> tuple[str, str]:
    """What became of the letter, and how the page colours it."""
    words: dict[str, tuple[str, str]] = {
        "none": ("", ""),
        "waiting": (_("letter on its way"), "no"),
        "sent": (_("letter sent"), "ok"),
        "failed": (_("letter not sent: %(answer)s", answer=invitation.trouble), "bad"),
    }
    if invitation.letter == "waiting" and invitation.trouble:
        return _("letter is tried again: %(answer)s", answer=invitation.trouble), "warn"
    return words[invitation.letter]
