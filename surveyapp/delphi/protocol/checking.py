"""What no single field can know: whether the parts of a protocol fit together."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from surveyapp.delphi.protocol.model import Feedback, PlannedRound, Protocol, share_of
from surveyapp.delphi.rules.expression import (
    INSUFFICIENT,
    VERDICTS_OF_STABILITY,
    Expression,
    Rule,
    figures,
    scopes,
)
from surveyapp.delphi.rules.names import STABILITY as LEVELS_OF_STABILITY
from surveyapp.delphi.rules.names import STOPPING as LEVELS_OF_STOPPING
from surveyapp.delphi.rules.outcomes import STABILITY, givens, read_outcome
from surveyapp.delphi.rules.reading import read_condition, read_rule
from surveyapp.errors import Sentence
from surveyapp.questionnaire.explaining import nearest
from surveyapp.questionnaire.expressions import ExpressionError
from surveyapp.questionnaire.finding import Finding, Path
from surveyapp.questionnaire.noticing import twice


def check(protocol: Protocol) -> Iterator[Finding]:
    """Everything in `protocol` that does not fit together."""
    yield from _rounds(protocol)
    yield from _feedback(protocol)
    yield from _anonymity(protocol)
    yield from _consensus(protocol)
    yield from _stability(protocol)
    yield from _stopping(protocol)
    yield from _decisions(protocol)


def rules_of(protocol: Protocol) -> Iterator[tuple[Path, Rule]]:
    """Every rule of consensus that can be read, and where it stands."""
    for index, each in enumerate(protocol.consensus):
        try:
            yield ("consensus", index, "rule"), read_rule(each.rule)
        except ExpressionError:
            continue


def _rounds(protocol: Protocol) -> Iterator[Finding]:
    rounds = protocol.rounds
    if rounds[0].number > 1:
        what = Sentence(
            "the first round has the number {number}; begin with 1, or with 0 to collect items",
            number=rounds[0].number,
        )
        yield Finding(("rounds", 0, "number"), what)
    for index, (before, after) in enumerate(pairwise(rounds), start=1):
        if after.number != before.number + 1:
            what = Sentence(
                "round {number} does not follow round {before}; number them one by one",
                number=after.number,
                before=before.number,
            )
            yield Finding(("rounds", index, "number"), what)
    for index, each in enumerate(rounds):
        yield from _round(("rounds", index), each, protocol)
    if not protocol.rating_rounds:
        what = Sentence("no round asks for ratings; add one that asks for all items")
        yield Finding(("rounds",), what, of_whole=True)
    elif protocol.rating_rounds[0].asks == "only open":
        place = rounds.index(protocol.rating_rounds[0])
        what = Sentence("in the first round of ratings every item is open; write all items")
        yield Finding(("rounds", place, "asks"), what, of_whole=True)


def _round(path: Path, each: PlannedRound, protocol: Protocol) -> Iterator[Finding]:
    if (each.number == 0) != (each.asks == "proposals"):
        what = (
            Sentence("round 0 collects items; write proposals, or number it from 1")
            if each.number == 0
            else Sentence("only round 0 collects items; write all items or only open")
        )
        yield Finding((*path, "asks"), what)
    is_first = each is protocol.rounds[0] or each.number <= 1
    if is_first and each.feedback is not None and each.real_time is None and each.feedback.is_any:
        what = Sentence("no ratings come before this round, so there is nothing to show; remove the feedback")
        yield Finding((*path, "feedback"), what)
    if each.feedback is not None:
        yield from _shown((*path, "feedback"), each.feedback)
    if each.real_time is not None and each.real_time.batch < protocol.anonymity.k:
        k = protocol.anonymity.k
        what = Sentence(
            "figures are renewed after {batch} people, fewer than k = {k}; write {k} or more",
            batch=each.real_time.batch,
            k=k,
        )
        yield Finding((*path, "real_time", "batch"), what)
    if each.real_time is not None and each.asks == "proposals":
        what = Sentence("a round that collects items has no figures to renew; remove real_time")
        yield Finding((*path, "real_time"), what)


def _shown(path: Path, feedback: Feedback) -> Iterator[Finding]:
    if feedback.of_groups != "none" and not feedback.of_panel:
        what = Sentence(
            "figures of groups are shown beside those of everybody; show the distribution or the quartiles"
        )
        yield Finding((*path, "of_groups"), what)


def _feedback(protocol: Protocol) -> Iterator[Finding]:
    yield from _shown(("feedback",), protocol.feedback)
    variants = protocol.variants
    yield from twice(
        ((("variants", i, "id"), each.id) for i, each in enumerate(variants)), Sentence("the variant")
    )
    for index, each in enumerate(variants):
        yield from _shown(("variants", index, "feedback"), each.feedback)
    total = sum((share_of(each.share) for each in variants), Fraction())
    if variants and total != 1:
        what = Sentence(
            "the shares of the variants add up to {total} %; they must make 100 %",
            total=f"{float(total * 100):g}",
        )
        yield Finding(("variants",), what, of_whole=True)
    is_live = any(each.real_time is not None for each in protocol.rounds)
    if variants and len(protocol.rating_rounds) < 2 and not is_live:
        what = Sentence(
            "variants differ in the feedback on an earlier round, but there is one round of ratings only"
        )
        yield Finding(
            ("variants",), Sentence("{what}; plan a second, or remove them", what=what), of_whole=True
        )
    shown = [protocol.feedback, *(v.feedback for v in variants)]
    shown += [each.feedback for each in protocol.rounds if each.feedback is not None]
    if protocol.discussion is not None and not any(each.reasons for each in shown):
        what = Sentence(
            "experts discuss the reasons that they are shown, but none are shown; write reasons: true"
        )
        yield Finding(("discussion",), what, is_key=True)


def _anonymity(protocol: Protocol) -> Iterator[Finding]:
    k, reasons = protocol.anonymity.k, protocol.anonymity.k_reasons
    if reasons < k:
        what = Sentence(
            "{reasons} is less than k = {k}; a written reason tells more than a figure, so write {k} or more",
            reasons=reasons,
            k=k,
        )
        yield Finding(("anonymity", "k_reasons"), what)
    least = protocol.counting.minimum_n_in_group
    if least is not None and least < k:
        what = Sentence(
            "a verdict on {least} people of a group, fewer than k = {k}, could tell what one answered",
            least=least,
            k=k,
        )
        yield Finding(
            ("counting", "minimum_n_in_group"),
            Sentence("{what}; write {k} or more, or leave it out", what=what, k=k),
        )


def _consensus(protocol: Protocol) -> Iterator[Finding]:
    rules = protocol.consensus
    yield from twice(
        ((("consensus", i, "id"), each.id) for i, each in enumerate(rules)), Sentence("the rule")
    )
    groups = protocol.groups.which
    if groups is not None:
        yield from twice(
            ((("groups", "which", index), group) for index, group in enumerate(groups)), Sentence("the group")
        )
        if not groups:
            yield Finding(
                ("groups", "which"), Sentence("no group is named; name some, or remove the key for all")
            )
    for index, each in enumerate(rules):
        path: Path = ("consensus", index, "rule")
        if each.id in {STABILITY, "round", "last"}:
            what = Sentence(
                "“{id}” has a meaning of its own in decisions; give this rule another id", id=each.id
            )
            yield Finding(("consensus", index, "id"), what)
        try:
            rule = read_rule(each.rule)
        except ExpressionError as error:
            yield Finding(path, error.what, column=error.column)
            continue
        for condition in rule.conditions:
            yield from _scopes(path, protocol, condition)


def _scopes(path: Path, protocol: Protocol, condition: Expression) -> Iterator[Finding]:
    groups = protocol.groups
    for scope in scopes(condition):
        if scope.over != "group":
            continue
        if groups.each_must_agree:
            what = Sentence(
                "each_must_agree says already that the rule holds in each group; keep one of the two"
            )
            yield Finding(path, what, column=scope.column)
        if scope.name and groups.which is not None and scope.name not in groups.which:
            what = Sentence(
                "“{name}” is not among the groups that count{hint}",
                name=scope.name,
                hint=nearest(scope.name, groups.which),
            )
            yield Finding(path, what, column=scope.column, about=scope.name)
        if scope.least is not None and groups.which is not None and scope.least > len(groups.which):
            what = Sentence(
                "{least} groups are asked for, but {count} count; lower the number",
                least=scope.least,
                count=len(groups.which),
            )
            yield Finding(path, what, column=scope.column)


def _stability(protocol: Protocol) -> Iterator[Finding]:
    if protocol.stability is None:
        return
    try:
        read_condition(protocol.stability.rule, LEVELS_OF_STABILITY)
    except ExpressionError as error:
        yield Finding(("stability", "rule"), error.what, column=error.column)
    if len(protocol.rating_rounds) < 2:
        what = Sentence(
            "stability is told from two rounds of ratings, but one is planned; plan another, or remove it"
        )
        yield Finding(("stability",), what, is_key=True, of_whole=True)


def _stopping(protocol: Protocol) -> Iterator[Finding]:
    if protocol.stopping is None:
        return
    try:
        condition = read_condition(protocol.stopping, LEVELS_OF_STOPPING)
    except ExpressionError as error:
        yield Finding(("stopping",), error.what, column=error.column)
        return
    for figure in figures(condition):
        if figure.name in {"stable", "done"} and protocol.stability is None:
            what = Sentence("“{name}” needs a rule of stability; add stability:", name=figure.name)
            yield Finding(("stopping",), what, column=figure.column, of_whole=True)


def _decisions(protocol: Protocol) -> Iterator[Finding]:
    verdicts: dict[str, tuple[str, ...] | None] = {}
    for each in protocol.consensus:
        try:
            verdicts[each.id] = (*read_rule(each.rule).verdicts, INSUFFICIENT)
        except ExpressionError:
            verdicts[each.id] = None
    if protocol.stability is not None:
        verdicts[STABILITY] = VERDICTS_OF_STABILITY
    for index, proposed in enumerate(protocol.decisions):
        path: Path = ("decisions", index, "when")
        try:
            outcome = read_outcome(proposed.when)
        except ExpressionError as error:
            yield Finding(path, error.what, column=error.column)
            continue
        for given in givens(outcome):
            if given.rule == STABILITY and given.rule not in verdicts:
                yield Finding(
                    path, Sentence("there is no rule of stability; add stability:"), column=given.column
                )
                continue
            if given.rule not in verdicts:
                what = Sentence(
                    "there is no rule “{rule}”{hint}", rule=given.rule, hint=nearest(given.rule, verdicts)
                )
                yield Finding(path, what, column=given.column, about=given.rule)
                continue
            possible = verdicts[given.rule]
            if possible is not None and given.verdict not in possible:
                what = Sentence(
                    "“{rule}” never gives “{verdict}”{hint}",
                    rule=given.rule,
                    verdict=given.verdict,
                    hint=nearest(given.verdict, possible),
                )
                yield Finding(path, what, column=given.verdict_column)
