"""Who can see what: the levels of anonymity that a study can promise, in the words that people read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from surveyapp.errors import Sentence


class AnonymityLevel(StrEnum):
    """What a study promises about names, in the protocol's words: P0, P1 and P2, weakest first."""

    ATTRIBUTED = "attributed"
    CONFIDENTIAL = "confidential"
    ORGANISER_BLIND = "organiser-blind"

    @property
    def strength(self) -> int:
        """0, 1 or 2: a higher level promises more."""
        return list(AnonymityLevel).index(self)


_OTHERS: Final = Sentence("Other experts never see your name beside an answer or a reason.")
_OPERATOR: Final = Sentence(
    "Whoever runs the server and its database could, with effort, join your name and your answers."
)
_SEES: Final[Mapping[AnonymityLevel, tuple[Sentence, ...]]] = MappingProxyType(
    {
        AnonymityLevel.ATTRIBUTED: (
            Sentence("Organisers see who gave which answer and who wrote which reason."),
            Sentence("Other experts see it only where the study says so before you begin."),
        ),
        AnonymityLevel.CONFIDENTIAL: (
            _OTHERS,
            Sentence(
                "Organisers with the right to identities can look up who gave which answer; each look is "
                "recorded."
            ),
            _OPERATOR,
        ),
        AnonymityLevel.ORGANISER_BLIND: (
            _OTHERS,
            Sentence("Organisers have no page, file, letter or log that joins a name and an answer."),
            Sentence("One named custodian can look it up, with a reason that is recorded."),
            _OPERATOR,
        ),
    }
)


def who_can_see_what(level: AnonymityLevel, *, k: int) -> tuple[Sentence, ...]:
    """What `level` means, sentence by sentence, for the expert's own page."""
    return (
        *_SEES[level],
        Sentence(
            "A figure is shown only when it stands on the answers of at least {k} people, and so does every "
            "difference between figures.",
            k=k,
        ),
    )
