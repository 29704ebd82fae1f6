"""Choosing several out of a list: the rule that multiple choice and preferred combination share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import BLANK, CellSpec, Given, Status
from surveyapp.questionnaire.kinds.contract import is_missing, quoted, refuse


def choose(
    label: str,
    offered: Sequence[str],
    values: Sequence[str],
    *,
    most: int | None,
    exclusive: Collection[str],
    labels: Mapping[str, str],
    ordered: bool = False,
) -> Given:
    """The chosen ids: in the order given when `ordered`, else in the order offered.

    Raises AnswerError for what is not offered, too many, or an option that stands alone beside others.
    """
    sent = [value for value in values if value]
    if not sent:
        return BLANK
    chosen = set(sent)
    for value in sent:
        if value not in labels:
            what = Sentence("{what} is not offered here; choose among what is shown", what=quoted(value))
            refuse(label, what)
    if ordered and len(chosen) < len(sent):
        twice = next(value for value in sent if sent.count(value) > 1)
        what = Sentence(
            "“{option}” stands in two places; give each place to another one", option=labels[twice]
        )
        refuse(label, what)
    alone = chosen.intersection(exclusive)
    if alone and len(chosen) > 1:
        what = Sentence(
            "“{option}” cannot be chosen together with others; choose one or the other",
            option=labels[min(alone)],
        )
        refuse(label, what)
    if most is not None and len(chosen) > most:
        what = Sentence(
            "{chosen} are chosen and at most {most} can be; take {surplus} out",
            chosen=len(chosen),
            most=most,
            surplus=len(chosen) - most,
        )
        refuse(label, what)
    parts = tuple(sent) if ordered else tuple(option for option in offered if option in chosen)
    return Given(Status.VALUE, parts=parts)


def chosen_shortfall(
    spec: CellSpec, given: Given | None, *, least: int, exclusive: Collection[str]
) -> str | None:
    """Blank though required, or fewer than `least`; an option that stands alone is always enough."""
    if is_missing(given):
        return Sentence("An answer is needed here.") if spec.required else None
    parts = given.parts if given is not None else None
    if parts is None or (exclusive and set(parts) <= set(exclusive)):
        return None
    if len(parts) < least:
        return Sentence("Choose at least {least}; so far you chose {chosen}.", least=least, chosen=len(parts))
    return None
