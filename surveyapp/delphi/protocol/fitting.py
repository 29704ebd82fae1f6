"""Whether a protocol fits its questionnaire: what its rules name exists, and can be measured as they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from surveyapp.delphi.collecting import as_if_proposed, find_unreachable, only_collects, rates_new_items
from surveyapp.delphi.grounds import cells_by_item, groups_of, select
from surveyapp.delphi.protocol.checking import rules_of
from surveyapp.delphi.protocol.model import Protocol, Selection
from surveyapp.delphi.rules.expression import (
    Both,
    Comparison,
    Either,
    Expression,
    Figure,
    Not,
    Scope,
    Threshold,
    Within,
    figures,
    scopes,
)
from surveyapp.delphi.rules.names import Level, Unit
from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.explaining import nearest
from surveyapp.questionnaire.expressions import ExpressionError
from surveyapp.questionnaire.finding import Finding, Path
from surveyapp.questionnaire.model import Combination, Questionnaire, Rating, Scale
from surveyapp.questionnaire.noticing import unknown

_NEED_AGREEMENT = frozenset({"agree", "cvr", "icvi", "apmo"})
_NEED_DISAGREEMENT = frozenset({"disagree", "apmo"})
_NEED_NINE = frozenset({"disagreement", "di"})
_TOO_MANY = {
    "context": Sentence("{least} contexts are asked for, but there are {count}; lower the number"),
    "group": Sentence("{least} groups are asked for, but there are {count}; lower the number"),
}
_OVER = {"context": Sentence("context"), "group": Sentence("group")}


def check(protocol: Protocol, questionnaire: Questionnaire) -> Iterator[Finding]:
    """Everything in `protocol` that `questionnaire` does not have, or has otherwise.

    Rules about ratings are checked as if items had come where experts are to propose them.
    """
    yield from _collecting(protocol, questionnaire)
    questionnaire = as_if_proposed(questionnaire)
    if protocol.questionnaire not in {None, questionnaire.id}:
        what = Sentence(
            "this protocol is for “{questionnaire}”, but the questionnaire is “{id}”",
            questionnaire=protocol.questionnaire,
            id=questionnaire.id,
        )
        yield Finding(("questionnaire",), what)
    yield from _groups(protocol, questionnaire)
    for path, rule in rules_of(protocol):
        each = protocol.consensus[int(path[1])]
        place = (*path[:2], "for") if "for_" in each.model_fields_set else path
        is_needed = rule.speaks_of_cells or not each.for_.is_everything
        findings = list(_selection(place, questionnaire, each.for_)) if is_needed else []
        yield from findings
        if not findings:
            for condition in rule.conditions:
                yield from _Check(protocol, questionnaire, path, each.for_).whole(condition)
    yield from _stability(protocol, questionnaire)
    yield from _step(protocol, questionnaire)


def _collecting(protocol: Protocol, questionnaire: Questionnaire) -> Iterator[Finding]:
    """Whether a round that collects items asks for any, and comes first where there are none."""
    first = protocol.rounds[0]
    if first.number or not only_collects(first.asks):
        if questionnaire.awaits_items and not only_collects(first.asks):
            what = Sentence(
                "the questionnaire has no items yet; begin with {number: 0, asks: proposals}, or add items"
            )
            yield Finding(("rounds",), what, of_whole=True)
        return
    path: Path = ("rounds", 0, "asks")
    if not questionnaire.asks_for_proposals:
        what = Sentence(
            "this round collects items, but the questionnaire has no question of the kind proposals"
        )
        yield Finding(path, Sentence("{what}; add one, or remove the round", what=what))
    if not rates_new_items(questionnaire):
        what = Sentence(
            "what is proposed in this round could never be rated, for each rating names its own items"
        )
        yield Finding(
            path, Sentence("{what}; let one ask about all items, or about all with a tag", what=what)
        )
    for name in sorted(find_unreachable(questionnaire)):
        what = Sentence(
            "what this round asks is shown only after “{name}”, which is about items and not asked in it",
            name=name,
        )
        yield Finding(path, Sentence("{what}; change the condition in the questionnaire", what=what))


def _groups(protocol: Protocol, questionnaire: Questionnaire) -> Iterator[Finding]:
    known = [group.id for group in questionnaire.groups]
    for index, name in enumerate(protocol.groups.which or ()):
        yield from unknown(("groups", "which", index), name, known, Sentence("group"))
    if known:
        return
    if protocol.groups.each_must_agree:
        what = Sentence("each group must agree, but the questionnaire declares no groups; remove this")
        yield Finding(("groups", "each_must_agree"), what)
    for path, feedback in (
        (("feedback",), protocol.feedback),
        *((("variants", i, "feedback"), each.feedback) for i, each in enumerate(protocol.variants)),
        *((("rounds", i, "feedback"), each.feedback) for i, each in enumerate(protocol.rounds)),
    ):
        if feedback is not None and feedback.of_groups != "none":
            what = Sentence(
                "figures of groups are to be shown, but the questionnaire declares no groups; write none"
            )
            yield Finding((*path, "of_groups"), what)


def _selection(path: Path, questionnaire: Questionnaire, selection: Selection) -> Iterator[Finding]:
    """What a rule is for: whether it exists, and whether anything is rated there."""
    missing: list[Finding] = []
    if selection.criterion is not None:
        missing += unknown(
            (*path, "criterion"), selection.criterion, questionnaire.criteria, Sentence("criterion")
        )
    if selection.question is not None:
        asked = questionnaire.questions_by_id
        ratings = [name for name, each in asked.items() if isinstance(each, Rating)]
        missing += unknown(
            (*path, "question"), selection.question, ratings, Sentence("question with ratings")
        )
    for index, context in enumerate(selection.contexts or ()):
        missing += unknown(
            (*path, "contexts", index), context, questionnaire.contexts_by_id, Sentence("context")
        )
    yield from missing
    if missing:
        return
    cells = _selected(questionnaire, selection)
    if not cells:
        yield Finding(path, Sentence("no item is rated there; change what the rule is for"))
        return
    criteria = list(dict.fromkeys(cell.criterion for cell in cells))
    if len(criteria) > 1:
        what = Sentence(
            "items are rated on {names}; say which one is meant, like for: {{criterion: {first}}}",
            names=", ".join(criteria),
            first=criteria[0],
        )
        yield Finding(path, what)
        return
    seen: set[CellKey] = set()
    for cell in cells:
        place = cell._replace(question="")
        if place in seen:
            questions = ", ".join(dict.fromkeys(each.question for each in cells))
            what = Sentence(
                "items are rated on {criterion} in several questions ({questions}); say which "
                "one, like for: {{question: {question}}}",
                criterion=cell.criterion,
                questions=questions,
                question=cell.question,
            )
            yield Finding(path, what)
            return
        seen.add(place)


def _selected(questionnaire: Questionnaire, selection: Selection) -> tuple[CellKey, ...]:
    ratings = (cell for cells in cells_by_item(questionnaire).values() for cell in cells.ratings)
    return select(ratings, selection)


@dataclass(frozen=True)
class _Check:
    """One rule, with the cells that it is for."""

    protocol: Protocol
    questionnaire: Questionnaire
    path: Path
    selection: Selection
    cells: tuple[CellKey, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", _selected(self.questionnaire, self.selection))

    def whole(self, condition: Expression) -> Iterator[Finding]:
        for scope in scopes(condition):
            yield from self.scope(scope)
        for figure in figures(condition):
            yield from self.figure(figure)
        yield from self.thresholds(condition)
        yield from self.bare(condition, is_scoped=False)

    def at(self, column: int, what: str, about: str | None = None) -> Finding:
        return Finding(self.path, what, column=column, about=about)

    @property
    def contexts(self) -> list[str]:
        return [context for context in dict.fromkeys(cell.context for cell in self.cells) if context]

    def scope(self, scope: Scope) -> Iterator[Finding]:
        if scope.over == "group":
            known = list(groups_of(self.protocol, self.questionnaire))
            if not known:
                yield self.at(scope.column, Sentence("the questionnaire declares no groups; leave this out"))
                return
        else:
            known = self.contexts
            if not known:
                what = Sentence("what this rule is for is not rated per context; leave this out")
                yield self.at(scope.column, what)
                return
        if scope.name and scope.name not in known:
            what = Sentence(
                "there is no {what} “{name}”{hint}",
                what=_OVER[scope.over],
                name=scope.name,
                hint=nearest(scope.name, known),
            )
            yield self.at(scope.column, what, about=scope.name)
        if scope.least is not None and scope.least > len(known):
            what = Sentence(_TOO_MANY[scope.over], least=scope.least, count=len(known))
            yield self.at(scope.column, what)

    def figure(self, figure: Figure) -> Iterator[Finding]:
        if figure.of:
            yield from self.other(figure)
        elif figure.known.level is Level.CHOICE:
            questions = self.combinations()
            if not questions:
                what = Sentence(
                    "the questionnaire asks for no preferred combination, so nothing is chosen in one"
                )
                yield self.at(figure.column, what)
            elif len(questions) > 1:
                named = " or ".join(f"chosen of {question}" for question in questions)
                what = Sentence(
                    "several questions ask for a preferred combination; write {named}", named=named
                )
                yield self.at(figure.column, what)
        for name, scale in self.scales(figure):
            yield from self.scale(figure, name, scale)

    def combinations(self) -> list[str]:
        asked = self.questionnaire.questions_by_id
        return [name for name, each in asked.items() if isinstance(each, Combination)]

    def other(self, figure: Figure) -> Iterator[Finding]:
        if figure.known.level is Level.CHOICE:
            known, what = self.combinations(), Sentence("question about a combination")
        else:
            asked = self.questionnaire.questions_by_id
            known = [*self.questionnaire.criteria, *(n for n, q in asked.items() if isinstance(q, Rating))]
            what = Sentence("criterion")
        if figure.of not in known:
            said = Sentence(
                "there is no {what} “{name}”{hint}", what=what, name=figure.of, hint=nearest(figure.of, known)
            )
            yield self.at(figure.column, said, about=figure.of)
            return
        if figure.known.level is Level.CELL:
            cells = self.cells_of(figure)
            criteria = list(dict.fromkeys(cell.criterion for cell in cells))
            if len(criteria) != 1:
                found = (
                    Sentence("is rated on {names}", names=", ".join(criteria))
                    if criteria
                    else Sentence("rates no item")
                )
                yield self.at(
                    figure.column,
                    Sentence("“{of}” {found}; name one criterion instead", of=figure.of, found=found),
                )

    def cells_of(self, figure: Figure) -> tuple[CellKey, ...]:
        if figure.known.level not in {Level.CELL, Level.PAIRS, Level.ROUND}:
            return ()
        if not figure.of:
            return self.cells
        named = (
            Selection(criterion=figure.of)
            if figure.of in self.questionnaire.criteria
            else Selection(question=figure.of)
        )
        return _selected(self.questionnaire, named)

    def scales(self, figure: Figure) -> list[tuple[str, Scale]]:
        criteria = dict.fromkeys(cell.criterion for cell in self.cells_of(figure))
        names = dict.fromkeys(self.questionnaire.criteria[name].scale for name in criteria)
        return [(name, self.questionnaire.scales[name]) for name in names]

    def scale(self, figure: Figure, name: str, scale: Scale) -> Iterator[Finding]:
        points = [point.value for point in scale.points]
        for side, needing, given in (
            ("agreement", _NEED_AGREEMENT, scale.agreement),
            ("disagreement", _NEED_DISAGREEMENT, scale.disagreement),
        ):
            if figure.name in needing and not given:
                what = Sentence(
                    "“{name}” needs the points that count as {side}; add {side}: […] to the scale",
                    name=figure.name,
                    side=side,
                )
                yield self.at(
                    figure.column, Sentence("{what} “{name}” of the questionnaire", what=what, name=name)
                )
        if figure.name in _NEED_NINE and points != list(range(1, 10)):
            what = Sentence(
                "“{name}” is defined for nine points from 1 to 9; the scale “{scale}” has others",
                name=figure.name,
                scale=name,
            )
            yield self.at(figure.column, what)
        if figure.name == "a" and len(points) < 3:
            what = Sentence(
                "“a” is defined from three points on; the scale “{name}” has {count}",
                name=name,
                count=len(points),
            )
            yield self.at(figure.column, what)

    def thresholds(self, condition: Expression) -> Iterator[Finding]:
        for comparison in _comparisons(condition):
            if not isinstance(comparison.right, Threshold):
                continue
            value, unit = comparison.right.value, comparison.left.known.unit
            for name, scale in self.scales(comparison.left):
                least, most = scale.points[0].value, scale.points[-1].value
                if unit is Unit.POINT and not least <= value <= most:
                    what = Sentence(
                        "{text} is off the scale “{name}” from {least} to {most}",
                        text=comparison.right.text,
                        name=name,
                        least=least,
                        most=most,
                    )
                    yield self.at(comparison.right.column, what)
                if unit is Unit.DISTANCE and value > most - least:
                    what = Sentence(
                        "{text} is more than the scale “{name}” is wide: {width}",
                        text=comparison.right.text,
                        name=name,
                        width=most - least,
                    )
                    yield self.at(comparison.right.column, what)

    def bare(self, part: Expression, *, is_scoped: bool) -> Iterator[Finding]:
        """Ratings in several contexts of which it is not said in how many of them something must hold."""
        match part:
            case Within(inner, scope):
                yield from self.bare(inner, is_scoped=is_scoped or scope.over == "context")
            case Not(inner):
                yield from self.bare(inner, is_scoped=is_scoped)
            case Both(parts) | Either(parts):
                for each in parts:
                    yield from self.bare(each, is_scoped=is_scoped)
            case Comparison(left):
                yield from self.bare(left, is_scoped=is_scoped)
            case Figure():
                contexts = {cell.context for cell in self.cells_of(part)}
                if len(contexts) > 1 and not is_scoped and part.known.level is Level.CELL:
                    what = Sentence(
                        "this is rated in {count} contexts; say in how many it must hold, like in "
                        "every context or in at least 2 contexts",
                        count=len(contexts),
                    )
                    yield self.at(part.column, what)


def _comparisons(part: Expression) -> Iterator[Comparison]:
    match part:
        case Comparison():
            yield part
        case Within(inner) | Not(inner):
            yield from _comparisons(inner)
        case Both(parts) | Either(parts):
            for each in parts:
                yield from _comparisons(each)
        case _:
            return


def _stability(protocol: Protocol, questionnaire: Questionnaire) -> Iterator[Finding]:
    stability = protocol.stability
    if stability is None:
        return
    path: Path = ("stability", "for")
    missing = [each for each in _selection(path, questionnaire, stability.for_) if each.path != path]
    yield from missing
    if missing:
        return
    if not _selected(questionnaire, stability.for_):
        yield Finding(path, Sentence("no item is rated there; change what the rule is for"))
        return
    try:
        condition = stability.read
    except ExpressionError:
        return
    yield from _Check(protocol, questionnaire, ("stability", "rule"), stability.for_).whole(condition)


def _step(protocol: Protocol, questionnaire: Questionnaire) -> Iterator[Finding]:
    """A change that no scale allows asks nobody."""
    scales = [questionnaire.scales[each.scale] for each in questionnaire.criteria.values()]
    widths = [scale.points[-1].value - scale.points[0].value for scale in scales]
    step = protocol.reasons.step
    if step is not None and widths and step > max(widths):
        what = Sentence(
            "no rating can change by {step} points; the widest scale is {most} wide. Lower the step",
            step=step,
            most=max(widths),
        )
        yield Finding(("reasons", "step"), what)
