"""What an amendment changes, in plain words: from one version of a protocol to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel

from surveyapp.delphi.protocol.model import Protocol
from surveyapp.errors import Sentence
from surveyapp.questionnaire.model import Text

_NAMED_BY: Final[Mapping[str, str]] = MappingProxyType(
    {"rounds": "number", "consensus": "id", "variants": "id"}
)
"""Lists whose entries have a name, by which they are found again."""

LABELS: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        "format": Sentence("the format"),
        "id": Sentence("the id"),
        "version": Sentence("the version"),
        "title": Sentence("the title"),
        "notes": Sentence("the notes"),
        "questionnaire": Sentence("the questionnaire"),
        "rounds": Sentence("round {name}"),
        "rounds.number": Sentence("the number"),
        "rounds.title": Sentence("the title"),
        "rounds.asks": Sentence("what is asked"),
        "rounds.days_open": Sentence("how many days it is open"),
        "rounds.feedback": Sentence("the feedback"),
        "rounds.real_time": Sentence("real time"),
        "rounds.real_time.batch": Sentence("after how many people figures are renewed"),
        "later_rounds": Sentence("who may take part in later rounds"),
        "cohorts": Sentence("whether cohorts overlap"),
        "consensus": Sentence("the rule “{name}”"),
        "consensus.id": Sentence("the id"),
        "consensus.title": Sentence("the title"),
        "consensus.for": Sentence("what it is for"),
        "consensus.for.criterion": Sentence("the criterion that it is for"),
        "consensus.for.question": Sentence("the question that it is for"),
        "consensus.for.contexts": Sentence("the contexts that it is for"),
        "consensus.rule": Sentence("what it says"),
        "stability": Sentence("the rule of stability"),
        "stability.for": Sentence("what it is for"),
        "stability.for.criterion": Sentence("the criterion that it is for"),
        "stability.for.question": Sentence("the question that it is for"),
        "stability.for.contexts": Sentence("the contexts that it is for"),
        "stability.rule": Sentence("what it says"),
        "stability.minimum_pairs": Sentence("how many people must have rated twice"),
        "stopping": Sentence("the rule of stopping"),
        "decisions": Sentence("the proposed decisions"),
        "groups": Sentence("the groups"),
        "groups.which": Sentence("which of them count"),
        "groups.each_must_agree": Sentence("whether each of them must agree"),
        "counting": Sentence("the counting"),
        "counting.quantile_type": Sentence("the type of quantiles"),
        "counting.denominator": Sentence("what shares are taken of"),
        "counting.minimum_n": Sentence("the least number of ratings for a verdict"),
        "counting.minimum_n_in_group": Sentence("the least number of ratings for a verdict in a group"),
        "counting.partial_answers": Sentence("whether submissions with blanks count"),
        "feedback": Sentence("the feedback"),
        "variants": Sentence("the variant “{name}” of the feedback"),
        "variants.id": Sentence("the id"),
        "variants.title": Sentence("the title"),
        "variants.share": Sentence("its share of the panel"),
        "variants.feedback": Sentence("what it shows"),
        "feedback.own_answer": Sentence("whether the own earlier answer is shown"),
        "feedback.distribution": Sentence("whether the distribution is shown"),
        "feedback.quartiles": Sentence("whether median and middle half are shown"),
        "feedback.of_groups": Sentence("whose figures are shown beside those of everybody"),
        "feedback.reasons": Sentence("whether reasons are shown"),
        "feedback.summaries": Sentence("whether summaries are shown"),
        "settled_results": Sentence("when results of settled items are shown"),
        "anonymity": Sentence("the anonymity"),
        "anonymity.level": Sentence("the level"),
        "anonymity.k": Sentence("the smallest number of people that a figure is shown of"),
        "anonymity.k_reasons": Sentence("the smallest group that is named beside a reason"),
        "anonymity.unanimity": Sentence("what is shown where a group answered alike"),
        "reasons": Sentence("the reasons"),
        "reasons.ask": Sentence("who is asked for a reason"),
        "reasons.step": Sentence("the change that asks for a reason"),
        "discussion": Sentence("the discussion"),
        "discussion.marks": Sentence("whether reasons can be marked"),
        "discussion.replies": Sentence("whether replies can be written"),
        "discussion.moderated": Sentence("whether replies are read by an organiser first"),
    }
)
"""Where in the file → how it is called; feedback is called the same wherever it stands."""


def differences(old: Protocol, new: Protocol) -> tuple[Sentence, ...]:
    """One sentence for each thing that `new` has otherwise than `old`; none when both mean the same."""
    return tuple(_of_models(old, new, (), None))


def _of_models(
    old: BaseModel, new: BaseModel, path: tuple[str, ...], within: Sentence | None
) -> Iterator[Sentence]:
    for name, field in type(new).model_fields.items():
        key = field.alias or name
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield from _of_values(before, after, (*path, key), within)


def _of_values(before: Any, after: Any, path: tuple[str, ...], within: Sentence | None) -> Iterator[Sentence]:
    is_list = len(path) == 1 and path[0] in _NAMED_BY
    if is_list:
        yield from _of_lists(before, after, path)
        return
    label = _called(LABELS[label_of(path)], within)
    is_part = isinstance(before, BaseModel) and isinstance(after, BaseModel)
    if is_part and not isinstance(after, Text):
        yield from _of_models(before, after, path, label)
    elif before is None:
        yield Sentence("{what}: {now} is new.", what=label, now=show(after))
    elif after is None:
        yield Sentence("{what}: {before} was removed.", what=label, before=show(before))
    else:
        yield Sentence("{what}: {now} instead of {before}.", what=label, now=show(after), before=show(before))


def _of_lists(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[Sentence]:
    by = _NAMED_BY[path[0]]
    old = {getattr(each, by): each for each in before}
    new = {getattr(each, by): each for each in after}
    for name in (*old, *(name for name in new if name not in old)):
        label = Sentence(LABELS[path[0]], name=name)
        if name not in new:
            yield Sentence("{what}: {before} was removed.", what=label, before=show(old[name]))
        elif name not in old:
            yield Sentence("{what}: {now} is new.", what=label, now=show(new[name]))
        else:
            yield from _of_models(old[name], new[name], path, label)
    shared = [name for name in new if name in old]
    if shared != [name for name in old if name in new]:
        order = ", ".join(map(str, new))
        yield Sentence("The order has changed and is now: {order}.", order=order)


def label_of(path: tuple[str, ...]) -> str:
    """The key of `LABELS` for what stands at `path`."""
    if len(path) > 2 and path[-2] == "feedback":
        return f"feedback.{path[-1]}"
    return ".".join(path)


def _called(label: Sentence, within: Sentence | None) -> Sentence:
    return label if within is None else Sentence("{whole}, {part}", whole=within, part=label)


def show(value: Any) -> str | Sentence:
    """A value as a reader of the file knows it."""
    if isinstance(value, bool):
        return Sentence("yes") if value else Sentence("no")
    if isinstance(value, Text):
        return " / ".join(f"“{text}”" for text in dict.fromkeys(value.root.values()))
    if isinstance(value, BaseModel):
        given = {
            field.alias or name: getattr(value, name) for name, field in type(value).model_fields.items()
        }
        said = [f"{key}: {show(each)}" for key, each in given.items() if each is not None]
        return f"({', '.join(said)})"
    if isinstance(value, tuple):
        return ", ".join(str(show(each)) for each in value) or Sentence("none")
    return f"“{value}”" if isinstance(value, str) else str(value)
