"""Points of scales: how ratings and self-ratings come in and are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import Given
from surveyapp.questionnaire.kinds.contract import Chance, plain_number, quoted, refuse, single
from surveyapp.questionnaire.model import Questionnaire, Scale


def read_point(scale: Scale, values: Sequence[str], label: str, labels: Mapping[str, str]) -> Given:
    """A point or an opt-out, exactly as the form names it; raises AnswerError naming `label`.

    There is no rounding and no trimming: a value that a page of ours cannot send is a mistake of
    whoever sent it, and guessing would invent a rating.
    """
    text = single(values, label)
    given = scale.given_by_text.get(text)
    if given is None:
        what = Sentence(
            "{what} is not an answer here; choose one of {labels}",
            what=quoted(text),
            labels=", ".join(labels),
        )
        refuse(label, what)
    return given


def shown_point(questionnaire: Questionnaire, scale: str, given: Given, language: str) -> str:
    """The label of a point or an opt-out."""
    text = given.text or plain_number(given.number)
    return questionnaire.scales[scale].labels(language, questionnaire.language).get(text, text)


def plausible_point(scale: Scale, rng: Chance, leaning: float) -> list[str]:
    """A point near where `leaning` (-1 to 1) points, sometimes an opt-out."""
    if scale.opt_outs and rng.random() < 0.06:
        return [rng.choice(scale.opt_outs).id]
    last = len(scale.points) - 1
    place = rng.gauss((leaning + 1) / 2 * last, last * 0.22)
    return [str(scale.points[min(max(round(place), 0), last)].value)]
