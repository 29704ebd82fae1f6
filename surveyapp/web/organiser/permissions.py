"""Which right each of the organiser's addresses needs: the one table, complete by test.

An address that is in none of these is closed to everybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from surveyapp.services.permissions import Right

# The doors in the wall: nobody is signed in yet.
OPEN = frozenset({"sign_in", "enter"})
# For everybody who is signed in, whatever the study.
SIGNED_IN = frozenset({"studies", "sign_out"})
# Addresses of one study, `/organiser/s/STUDY/…`: the right that somebody needs there.
IN_STUDY: Mapping[str, Right] = MappingProxyType(
    {
        "study": Right.PROGRESS,
        "export": Right.EXPORT,
        "make_export": Right.EXPORT,
    }
)
