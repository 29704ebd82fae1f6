"""What no single field can know: whether the parts of a questionnaire fit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from string import Formatter

from surveyapp.errors import Sentence
from surveyapp.questionnaire import conditions, translations
from surveyapp.questionnaire.finding import Finding, Path
from surveyapp.questionnaire.model import Combination, Page, Questionnaire, Rating, Scale, Text
from surveyapp.questionnaire.noticing import needs_context, twice, unknown
from surveyapp.questionnaire.question_checks import check_questions


def check(questionnaire: Questionnaire) -> Iterator[Finding]:
    """Everything in `questionnaire` that does not fit together."""
    findings = [
        *_scales(questionnaire),
        *_criteria(questionnaire),
        *_contexts(questionnaire),
        *_groups(questionnaire),
        *_items(questionnaire),
        *_pages(questionnaire),
        *check_questions(questionnaire),
        *conditions.check(questionnaire),
    ]
    yield from findings
    yield from translations.check(questionnaire)
    # Whether anybody comes to a page can only be told where every name leads somewhere.
    if not findings:
        yield from conditions.check_reach(questionnaire)


def _scales(questionnaire: Questionnaire) -> Iterator[Finding]:
    for name, scale in questionnaire.scales.items():
        yield from _scale(("scales", name), scale, questionnaire.language)


def _scale(path: Path, scale: Scale, language: str) -> Iterator[Finding]:
    values = [point.value for point in scale.points]
    for index, (before, after) in enumerate(pairwise(values), start=1):
        if after <= before:
            what = f"{after} does not follow {before}; the points of a scale ascend"
            yield Finding((*path, "points", index, "value"), what)
    points = [
        ((*path, "points", i, "label"), point.label.get(language)) for i, point in enumerate(scale.points)
    ]
    yield from twice(points, Sentence("the label"))
    for side in ("agreement", "disagreement"):
        for index, value in enumerate(getattr(scale, side)):
            if value not in values:
                what = f"{value} is not a point of this scale; its points are {', '.join(map(str, values))}"
                yield Finding((*path, side, index), what)
    for index, value in enumerate(scale.disagreement):
        if value in scale.agreement:
            what = f"{value} counts as agreement already; it cannot count as both"
            yield Finding((*path, "disagreement", index), what)
    opt_outs = [((*path, "opt_outs", i, "id"), each.id) for i, each in enumerate(scale.opt_outs)]
    yield from twice(opt_outs, Sentence("the id"))


def _criteria(questionnaire: Questionnaire) -> Iterator[Finding]:
    for name, criterion in questionnaire.criteria.items():
        path: Path = ("criteria", name)
        yield from unknown((*path, "scale"), criterion.scale, questionnaire.scales, Sentence("scale"))
        if criterion.statement is not None:
            yield from _placeholders((*path, "statement"), criterion.statement)
    practice = questionnaire.practice
    if practice is None:
        return
    yield from unknown(
        ("practice", "criterion"), practice.criterion, questionnaire.criteria, Sentence("criterion")
    )
    chosen = questionnaire.criteria.get(practice.criterion)
    if chosen is not None and chosen.statement is not None and needs_context(chosen.statement):
        what = (
            "the practice item has no context, but this criterion's statement names {context}; choose another"
        )
        yield Finding(("practice", "criterion"), what)


def _placeholders(path: Path, statement: Text) -> Iterator[Finding]:
    for text in statement.root.values():
        try:
            fields = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        except ValueError:
            fields = {text[text.find("{") : text.find("{") + 20].strip("{}")}
        for name in sorted(fields - {"context"}):
            what = f"“{{{name}}}” is not known in a statement; only {{context}} is replaced"
            yield Finding(path, what)


def _contexts(questionnaire: Questionnaire) -> Iterator[Finding]:
    members = [
        (("contexts", name, "members", index), member)
        for name, group in questionnaire.contexts.items()
        for index, member in enumerate(group.members)
    ]
    yield from twice((((*path, "id"), member.id) for path, member in members), Sentence("the id"))
    if "groups" in questionnaire.contexts:
        what = "“groups” means the groups of the panel; give this set another name"
        yield Finding(("contexts", "groups"), what, is_key=True)


def _groups(questionnaire: Questionnaire) -> Iterator[Finding]:
    groups = [(("groups", index, "id"), group.id) for index, group in enumerate(questionnaire.groups)]
    yield from twice(groups, Sentence("the id"))
    titles = [
        (("groups", index, "title"), group.title.get(questionnaire.language))
        for index, group in enumerate(questionnaire.groups)
    ]
    yield from twice(titles, Sentence("the title"))
    languages = [(("languages", index), code) for index, code in enumerate(questionnaire.languages)]
    yield from twice(languages, Sentence("the language"))


def _items(questionnaire: Questionnaire) -> Iterator[Finding]:
    language = questionnaire.language
    items = questionnaire.items
    yield from twice(((("items", i, "id"), item.id) for i, item in enumerate(items)), Sentence("the id"))
    titles = (item.title.get(language) for item in items)
    yield from _alike("title", titles)
    definitions = ("" if item.definition is None else item.definition.get(language) for item in items)
    yield from _alike("definition", definitions)
    for index, item in enumerate(items):
        for number, category in enumerate(item.categories):
            path: Path = ("items", index, "categories", number)
            taxonomy = questionnaire.taxonomies.get(category.taxonomy)
            if taxonomy is None:
                known: Mapping[str, object] = questionnaire.taxonomies
                yield from unknown((*path, "taxonomy"), category.taxonomy, known, Sentence("taxonomy"))
            elif taxonomy.categories:
                what = f"category in {category.taxonomy}"
                yield from unknown((*path, "code"), category.code, taxonomy.categories, what)


def _alike(field: str, texts: Iterable[str]) -> Iterator[Finding]:
    """A finding for each text that, but for case and spaces, stood before."""
    seen: dict[str, int] = {}
    for index, text in enumerate(texts):
        plain = " ".join(text.casefold().split())
        if plain and plain in seen:
            what = (
                f"this {field} is the same as that of item {seen[plain] + 1}; tell the two apart or drop one"
            )
            yield Finding(("items", index, field), what)
        seen.setdefault(plain, index)


def _pages(questionnaire: Questionnaire) -> Iterator[Finding]:
    pages = [(("pages", index, "id"), page.id) for index, page in enumerate(questionnaire.pages)]
    yield from twice(pages, Sentence("the id"))
    for index, page in enumerate(questionnaire.pages):
        if page.for_each is not None:
            path: Path = ("pages", index, "for_each")
            yield from unknown(path, page.for_each, questionnaire.contexts, Sentence("set of contexts"))
        if page.once:
            yield from _once(index, page)


def _once(index: int, page: Page) -> Iterator[Finding]:
    """Ratings are what rounds are for: asked once, there would be nothing to keep or to change."""
    for question in page.questions:
        if isinstance(question, Rating | Combination):
            what = (
                f"“{question.id}” is asked anew in each round, so it cannot stand on a page that is asked "
                "once; move it to another page, or leave once out"
            )
            yield Finding(("pages", index, "once"), what)
