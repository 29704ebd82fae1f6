"""A protocol in the fields of its form: the way back from `drafting`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from surveyapp.delphi.protocol.drafting import ALL_DONE, OWN, SCOPES, SHOWN, data_of
from surveyapp.delphi.protocol.model import Feedback, Protocol, Selection
from surveyapp.delphi.rules.ready_made import READY_MADE
from surveyapp.questionnaire.model import Questionnaire, Text

_RULE: Final = re.compile(r"([a-z][a-z0-9-]*)(?:\(([^()]*)\))?((?: in (?:every|any|each) \w+)?)", re.ASCII)


def fields_of(protocol: Protocol) -> dict[str, str] | None:
    """The fields that make this protocol; None where it says more than the form can."""
    fields = dict(_fields(protocol))
    try:
        again = Protocol.model_validate(data_of(fields), strict=False)
    except ValidationError:
        return None
    return fields if again.canonical() == protocol.canonical() else None


def usual_fields(questionnaire: Questionnaire, *, slug: str, title: str) -> dict[str, str]:
    """Where there is no protocol yet: two rounds, agreement of 75 % on each criterion, and what is usual."""
    criteria = list(questionnaire.criteria)
    rules = [f"{name}-agreed" for name in criteria] or ["agreed"]
    in_contexts = "in every context" if questionnaire.contexts else ""
    data: dict[str, Any] = {
        "format": 1,
        "id": f"{slug}-protocol",
        "version": "1",
        "title": title,
        "questionnaire": questionnaire.id,
        "rounds": [{"number": 1, "asks": "all items"}, {"number": 2, "asks": "all items"}],
        "consensus": [
            {
                "id": f"{name}-agreed",
                "for": {"criterion": name},
                "rule": f"percentage-agreement(75%) {_scope_of(questionnaire, name, in_contexts)}".strip(),
            }
            for name in criteria
        ]
        or [{"id": "agreed", "rule": "percentage-agreement(75%)"}],
        "decisions": [
            {"propose": "accept", "when": " and ".join(f"{rule} is consensus" for rule in rules)},
            {"propose": "finalise", "when": "last round"},
        ],
    }
    return dict(_fields(Protocol.model_validate(data, strict=False)))


def _scope_of(questionnaire: Questionnaire, criterion: str, in_contexts: str) -> str:
    """Whether a criterion is rated in contexts: then a rule says in how many it must hold."""
    for page in questionnaire.pages:
        asked = {name for question in page.questions for name in getattr(question, "criteria", ())}
        if criterion in asked and any(questionnaire.members_of(page)):
            return in_contexts
    return ""


@dataclass(frozen=True, slots=True)
class RuleFields:
    """A rule of consensus as the form has it: one from the list with its values, or one's own."""

    kind: str
    values: str = ""
    scope: str = ""
    own: str = ""


def read_rule_fields(rule: str) -> RuleFields:
    """A rule's text as the form shows it."""
    found = _RULE.fullmatch(" ".join(rule.split()))
    if found is None or found[1] not in READY_MADE or found[3].strip() not in SCOPES:
        return RuleFields(OWN, own=rule)
    return RuleFields(found[1], (found[2] or "").strip(), found[3].strip())


def _fields(protocol: Protocol) -> Iterator[tuple[str, str]]:
    yield "id", protocol.id
    yield "version", protocol.version
    yield "title", _plain(protocol.title)
    yield "notes", _plain(protocol.notes)
    yield "questionnaire", protocol.questionnaire or ""
    yield from _rounds(protocol)
    yield "later_rounds", protocol.later_rounds
    yield "cohorts", protocol.cohorts
    yield from _consensus(protocol)
    yield from _end(protocol)
    for place, proposed in enumerate(protocol.decisions):
        yield f"decisions.{place}.propose", proposed.propose
        yield f"decisions.{place}.when", proposed.when
    yield from _counting(protocol)
    yield from _shown("feedback", protocol.feedback)
    for place, variant in enumerate(protocol.variants):
        row = f"variants.{place}"
        yield f"{row}.id", variant.id
        yield f"{row}.title", _plain(variant.title)
        yield f"{row}.share", variant.share
        yield from _shown(f"{row}.feedback", variant.feedback)
    yield "settled_results", protocol.settled_results
    yield from _people(protocol)


def _rounds(protocol: Protocol) -> Iterator[tuple[str, str]]:
    for place, each in enumerate(protocol.rounds):
        row = f"rounds.{place}"
        yield f"{row}.title", _plain(each.title)
        yield f"{row}.asks", each.asks
        yield f"{row}.days_open", _written(each.days_open)
        yield f"{row}.real_time.batch", _written(each.real_time.batch if each.real_time else None)
        if each.feedback is not None:
            yield f"{row}.feedback", "y"
            yield from _shown(f"{row}.feedback", each.feedback)


def _consensus(protocol: Protocol) -> Iterator[tuple[str, str]]:
    for place, rule in enumerate(protocol.consensus):
        row = f"consensus.{place}"
        yield f"{row}.id", rule.id
        yield f"{row}.title", _plain(rule.title)
        yield from _selected(f"{row}.for", rule.for_)
        shown = read_rule_fields(rule.rule)
        yield f"{row}.rule.kind", shown.kind
        yield f"{row}.rule.values", shown.values
        yield f"{row}.rule.scope", shown.scope
        yield f"{row}.rule.own", shown.own


def _end(protocol: Protocol) -> Iterator[tuple[str, str]]:
    if protocol.stability is not None:
        yield "stability", "y"
        yield from _selected("stability.for", protocol.stability.for_)
        yield "stability.rule", protocol.stability.rule
        yield "stability.minimum_pairs", str(protocol.stability.minimum_pairs)
    stopping = protocol.stopping
    yield "stopping.kind", "" if stopping is None else "all" if stopping == ALL_DONE else OWN
    yield "stopping.own", stopping if stopping not in {None, ALL_DONE} and stopping else ""


def _counting(protocol: Protocol) -> Iterator[tuple[str, str]]:
    if protocol.groups.each_must_agree:
        yield "groups.each_must_agree", "y"
    for group in protocol.groups.which or ():
        yield f"groups.which.{group}", "y"
    counting = protocol.counting
    yield "counting.quantile_type", str(counting.quantile_type)
    yield "counting.denominator", counting.denominator
    yield "counting.minimum_n", str(counting.minimum_n)
    yield "counting.minimum_n_in_group", _written(counting.minimum_n_in_group)
    if counting.partial_answers:
        yield "counting.partial_answers", "y"


def _people(protocol: Protocol) -> Iterator[tuple[str, str]]:
    anonymity = protocol.anonymity
    yield "anonymity.level", anonymity.level
    yield "anonymity.k", str(anonymity.k)
    yield "anonymity.k_reasons", str(anonymity.k_reasons)
    yield "anonymity.unanimity", anonymity.unanimity
    yield "reasons.ask", protocol.reasons.ask
    yield "reasons.step", _written(protocol.reasons.step)
    if protocol.discussion is not None:
        yield "discussion", "y"
        for name in ("marks", "replies", "moderated"):
            if getattr(protocol.discussion, name):
                yield f"discussion.{name}", "y"


def _shown(name: str, feedback: Feedback) -> Iterator[tuple[str, str]]:
    for each in SHOWN:
        if getattr(feedback, each):
            yield f"{name}.{each}", "y"
    yield f"{name}.of_groups", feedback.of_groups


def _selected(name: str, selection: Selection) -> Iterator[tuple[str, str]]:
    yield f"{name}.criterion", selection.criterion or ""
    yield f"{name}.question", selection.question or ""
    for context in selection.contexts or ():
        yield f"{name}.contexts.{context}", "y"


def _plain(text: Text | None) -> str:
    return "" if text is None else text.root.get("*", "")


def _written(number: int | None) -> str:
    return "" if number is None else str(number)
