"""Whether the conditions of pages and questions make sense, and whether anybody comes to every page."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from surveyapp.errors import Sentence
from surveyapp.questionnaire import expressions
from surveyapp.questionnaire.explaining import nearest
from surveyapp.questionnaire.expressions import Comparison, Expression, Literally, Name, Operand
from surveyapp.questionnaire.finding import Finding, Path
from surveyapp.questionnaire.model import (
    Combination,
    Consent,
    Expertise,
    MultipleChoice,
    Number,
    Page,
    Question,
    Questionnaire,
    SingleChoice,
)
from surveyapp.questionnaire.planning import Walk, plan

Sort = Literal["text", "texts", "number", "truth"]
_SORTS: Mapping[Sort, str] = {
    "text": Sentence("a text"),
    "texts": Sentence("a list of texts"),
    "number": Sentence("a number"),
    "truth": Sentence("true or false"),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name stands for in a condition, and which texts it can be, where that is known."""

    sort: Sort
    texts: frozenset[str] | None = None


def check(questionnaire: Questionnaire) -> Iterator[Finding]:
    """Every condition that cannot be read, names what is not there, or compares what cannot be compared."""
    earlier: dict[str, tuple[Question, Page]] = {}
    for p, page in enumerate(questionnaire.pages):
        for path, text in _texts(p, page):
            try:
                expression = expressions.parse(text)
            except expressions.ExpressionError as error:
                yield Finding(path, _at_column(error.column, error.what))
                continue
            yield from _Check(questionnaire, page, earlier, path).whole(expression)
        for question in page.questions:
            earlier.setdefault(question.id, (question, page))


def _texts(p: int, page: Page) -> Iterator[tuple[Path, str]]:
    if page.show_if is not None:
        yield ("pages", p, "show_if"), page.show_if
    for q, question in enumerate(page.questions):
        if question.show_if is not None:
            yield ("pages", p, "questions", q, "show_if"), question.show_if


class _Check:
    """One condition, with what it may read."""

    def __init__(
        self,
        questionnaire: Questionnaire,
        page: Page,
        earlier: Mapping[str, tuple[Question, Page]],
        path: Path,
    ) -> None:
        self.questionnaire = questionnaire
        self.page = page
        self.earlier = earlier
        self.path = path

    def whole(self, expression: Expression) -> Iterator[Finding]:
        for leaf in expressions.comparisons(expression):
            if isinstance(leaf, Comparison):
                yield from self.comparison(leaf)
                continue
            meaning = yield from self.meaning(leaf)
            if meaning is not None and meaning.sort != "truth":
                what = Sentence(
                    "“{name}” is {sort} and not true or false by itself; compare it, for instance with == "
                    "or in",
                    name=expressions.write(leaf),
                    sort=_SORTS[meaning.sort],
                )
                yield self.finding(leaf.column, what)

    def comparison(self, leaf: Comparison) -> Iterator[Finding]:
        left = yield from self.meaning(leaf.left)
        right = yield from self.meaning(leaf.right)
        if left is None or right is None:
            return
        sorts = (left.sort, right.sort)
        if leaf.operator in {"in", "not in"}:
            fits = sorts == ("text", "texts")
            due = Sentence("a text on the left and a list on the right")
        elif leaf.operator in {"==", "!="}:
            fits = left.sort == right.sort and left.sort != "texts"
            due = Sentence("two of the same sort; for lists, write {example}", example="'text' in list")
        else:
            fits = sorts == ("number", "number")
            due = Sentence("two numbers")
        if not fits:
            what = Sentence(
                "“{operator}” stands between {left} and {right}; it takes {due}",
                operator=leaf.operator,
                left=_SORTS[left.sort],
                right=_SORTS[right.sort],
                due=due,
            )
            yield self.finding(leaf.column, what)
            return
        yield from self.possible(leaf, left, right)

    def possible(self, leaf: Comparison, left: Meaning, right: Meaning) -> Iterator[Finding]:
        """A text that is compared with what it can never be is misspelt."""
        if left.texts is None or right.texts is None or left.texts & right.texts:
            if isinstance(leaf.right, Literally) and isinstance(leaf.right.value, tuple):
                yield from self.strangers(leaf.right, right.texts, left.texts)
            return
        for side, own, other in ((leaf.left, left.texts, right.texts), (leaf.right, right.texts, left.texts)):
            if isinstance(side, Literally):
                yield from self.strangers(side, own, other)
                return
        what = Sentence(
            "“{left}” and “{right}” have nothing in common; this can never hold",
            left=expressions.write(leaf.left),
            right=expressions.write(leaf.right),
        )
        yield self.finding(leaf.column, what)

    def strangers(
        self, side: Literally, own: frozenset[str] | None, other: frozenset[str] | None
    ) -> Iterator[Finding]:
        if own is None or other is None:
            return
        for text in sorted(own - other):
            instead = nearest(text, sorted(other))
            what = Sentence("“{text}” is not possible here{instead}", text=text, instead=instead)
            yield Finding(self.path, _at_column(side.column, what), about=text)

    def meaning(self, operand: Operand) -> Generator[Finding, None, Meaning | None]:
        """What `operand` stands for; where that cannot be told, a finding is yielded, and None returned."""
        if isinstance(operand, Literally):
            return _meaning_of_literal(operand)
        if operand.name == "group":
            return (yield from self.group(operand))
        if operand.name == "tags":
            return Meaning("texts")
        if operand.name == "context":
            return (yield from self.context(operand))
        return (yield from self.question(operand))

    def group(self, name: Name) -> Generator[Finding, None, Meaning | None]:
        groups = frozenset(group.id for group in self.questionnaire.groups)
        if not groups:
            what = Sentence("no groups are declared; add groups: with their ids")
            yield self.finding(name.column, what)
            return None
        return Meaning("text", groups)

    def context(self, name: Name) -> Generator[Finding, None, Meaning | None]:
        if self.page.for_each is None:
            what = Sentence("“context” is known only on a page with for_each; name a question, group or tags")
            yield self.finding(name.column, what)
            return None
        contexts = self.questionnaire.contexts.get(self.page.for_each)
        if contexts is None:
            return None
        return Meaning("text", frozenset(member.id for member in contexts.members))

    def question(self, name: Name) -> Generator[Finding, None, Meaning | None]:
        if name.name not in self.earlier:
            yield self.unknown(name)
            return None
        question, page = self.earlier[name.name]
        per_context = question.contexts if isinstance(question, Expertise) else None
        contexts = per_context or page.for_each
        if contexts is not None and contexts != self.page.for_each:
            what = Sentence(
                "“{name}” is answered once per context of “{contexts}”, and this page is not for_each: "
                "{contexts}",
                name=name.name,
                contexts=contexts,
            )
            yield self.finding(name.column, what)
            return None
        meaning = _meaning_of_question(self.questionnaire, question)
        if meaning is None:
            what = Sentence(
                "“{name}” is of kind {kind}, which cannot decide what is shown; use a choice, a number, or a "
                "consent",
                name=name.name,
                kind=question.kind,
            )
            yield Finding(self.path, _at_column(name.column, what), about=name.name)
        return meaning

    def unknown(self, name: Name) -> Finding:
        if any(question.id == name.name for question in self.page.questions):
            what = Sentence(
                "“{name}” is asked on this same page; conditions read earlier pages only. Move it to an "
                "earlier page",
                name=name.name,
            )
            return self.finding(name.column, what)
        if name.name in self.questionnaire.questions_by_id:
            what = Sentence(
                "“{name}” is asked on a later page; conditions read earlier pages only. Change the order of "
                "the pages",
                name=name.name,
            )
            return self.finding(name.column, what)
        known = [*self.earlier, "group", "tags", "context"]
        what = Sentence(
            "there is no question “{name}”{instead}", name=name.name, instead=nearest(name.name, known)
        )
        if any(group.id == name.name for group in self.questionnaire.groups):
            what = Sentence(
                "“{name}” is a group; texts stand in quotes: {text}", name=name.name, text=f"'{name.name}'"
            )
        return Finding(self.path, _at_column(name.column, what), about=name.name)

    def finding(self, column: int, what: str) -> Finding:
        return Finding(self.path, _at_column(column, what))


def _at_column(column: int, what: str) -> Sentence:
    return Sentence("column {column} of the condition: {what}", column=column, what=what)


def _meaning_of_literal(literal: Literally) -> Meaning:
    value = literal.value
    if isinstance(value, bool):
        return Meaning("truth")
    if isinstance(value, tuple):
        return Meaning("texts", frozenset(value))
    return Meaning("text", frozenset({value})) if isinstance(value, str) else Meaning("number")


def _meaning_of_question(questionnaire: Questionnaire, question: Question) -> Meaning | None:
    match question:
        case Consent():
            return Meaning("truth")
        case Number() | Expertise():
            return Meaning("number")
        case SingleChoice() | MultipleChoice():
            sort: Sort = "text" if isinstance(question, SingleChoice) else "texts"
            if question.options_from not in {None, "groups", *questionnaire.contexts}:
                return Meaning(sort)
            options = {option.id for option in questionnaire.options_of(question)}
            return Meaning(sort, frozenset(options | ({"other"} if question.other is not None else set())))
        case Combination():
            return Meaning("texts", frozenset(questionnaire.items_by_id))
        case _:
            return None


def check_reach(questionnaire: Questionnaire) -> Iterator[Finding]:
    """Pages, questions and contexts that nobody of any group can ever come to."""
    groups = [group.id for group in questionnaire.groups] or [""]
    pages: set[str] = set()
    questions: set[str] = set()
    for group in groups:
        walk = Walk(questionnaire, group=group, tags=None, answers={}, is_open=True)
        for planned in plan(questionnaire):
            look = walk.look(planned.context)
            if not _may_hold(planned.condition, look):
                continue
            pages.add(planned.key)
            for each in planned.questions:
                if _may_hold(each.condition, look):
                    walk.is_asked[each.question.id, planned.context] = False
                    questions.add(each.question.id)
    for p, page in enumerate(questionnaire.pages):
        path: Path = ("pages", p)
        missed = [context for context in questionnaire.members_of(page) if page.key(context) not in pages]
        if len(missed) == len(questionnaire.members_of(page)):
            what = Sentence("nobody of any group can ever come to this page; change the condition")
            yield Finding((*path, "show_if"), what, of_whole=True)
            continue
        for context in missed:
            what = Sentence(
                "nobody of any group is ever asked about the context “{context}”; change the condition",
                context=context,
            )
            yield Finding((*path, "show_if"), what, of_whole=True)
        for q, question in enumerate(page.questions):
            if question.id not in questions:
                what = Sentence("nobody of any group can ever be asked this question; change the condition")
                yield Finding((*path, "questions", q, "show_if"), what, of_whole=True)


def _may_hold(condition: Expression | None, look: expressions.Look) -> bool:
    return condition is None or True in expressions.outcomes(condition, look)
