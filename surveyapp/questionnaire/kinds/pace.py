"""How long reading takes, for honest time estimates.

Adults read non-fiction silently at about 238 words a minute (Brysbaert 2019, a review of 190 studies,
doi 10.1016/j.jml.2019.104047). Scripts without spaces are counted by character, two to a word.
"""

from __future__ import annotations

import re

from surveyapp.questionnaire.model import Text

_WORDS_A_SECOND = 238 / 60
_WITHOUT_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")


def words(text: str) -> float:
    """How many words there are to read in `text`."""
    characters = len(_WITHOUT_SPACES.findall(text))
    return len(_WITHOUT_SPACES.sub(" ", text).split()) + characters / 2


def reading_seconds(language: str, *texts: Text | None) -> float:
    """The seconds that reading `texts` takes in `language`."""
    return sum(words(text.get(language)) for text in texts if text is not None) / _WORDS_A_SECOND
