"""Every reason why a measure has no value is put into words."""

from __future__ import annotations

import pytest

from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.telling import WHY


@pytest.mark.parametrize("reason", Undefined)
def test_every_reason_has_few_words_and_a_sentence(reason: Undefined) -> None:
    why = WHY[reason]
    assert 0 < len(why.short) <= 20
    assert why.sentence[0].isupper()
    assert why.sentence.endswith(".")
    # A page must be able to say them in another language.
    assert why.short.said_by(str.upper) == why.short.upper()
    assert why.sentence.said_by(str.upper) == why.sentence.upper()


def test_no_two_reasons_say_the_same() -> None:
    assert (
        len({why.short for why in WHY.values()})
        == len({why.sentence for why in WHY.values()})
        == len(Undefined)
    )
