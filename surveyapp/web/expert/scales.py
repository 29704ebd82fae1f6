"""How a rating scale stands on the page: side by side where its words have room, else as a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

# In rem: a letter, what stands around a label, the least that a finger hits.
_LETTER: Final = 0.5
_AROUND: Final = 1.0
_NARROWEST: Final = 3.0
# In rem, and in app.css too: where a scale becomes a list.
_USUAL: Final = 34
_BROAD: Final = 46
_BREAKS: Final = re.compile(r"[\s/-]+")


def spread(labels: Sequence[Markup]) -> str:
    """usual, broad (a list on less than 46 rem) or listed (a list at every width).

    Side by side, the longest word of every label has its place unbroken.
    """
    longest = [max(map(len, _BREAKS.split(label.striptags()))) for label in labels]
    room = sum(max(letters * _LETTER + _AROUND, _NARROWEST) for letters in longest)
    return "usual" if room <= _USUAL else "broad" if room <= _BROAD else "listed"
