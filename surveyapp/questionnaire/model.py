"""What a questionnaire is: the frozen, validated form of one YAML file.

Every class here is strict: unknown keys and wrong types are refused. `loading` builds these from
a file and reports problems with their lines; `checking` adds what no single field can know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    RootModel,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import BLANK, Given, Status

ANY_LANGUAGE = "*"
IDENTIFIER = r"^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$"
Identifier = Annotated[str, Field(pattern=IDENTIFIER, max_length=60)]
LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$")]


class Strict(BaseModel):
    """Frozen, and closed to keys that the format does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Text(RootModel[dict[str, str]]):
    """One text in one or several languages: a plain string, or a mapping of language to string."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _plain_string_is_any_language(cls, value: Any) -> Any:
        return {ANY_LANGUAGE: value} if isinstance(value, str) else value

    @field_validator("root")
    @classmethod
    def _not_empty(cls, value: dict[str, str]) -> dict[str, str]:
        if not value or not all(text.strip() for text in value.values()):
            raise ValueError(Sentence("the text is empty"))
        return value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # The validator that accepts a plain string is invisible to the schema, so editors would refuse it.
        several = handler.resolve_ref_schema(handler(core_schema))
        described = {"title": several.pop("title"), "description": several.pop("description")}
        return described | {"anyOf": [{"type": "string", "minLength": 1}, several | {"minProperties": 1}]}

    def get(self, language: str, fallback: str = "") -> str:
        """The text in `language`, else in `fallback`, else in whatever there is."""
        texts = self.root
        for code in (language, fallback, ANY_LANGUAGE):
            if code in texts:
                return texts[code]
        return next(iter(texts.values()))

    @property
    def languages(self) -> frozenset[str]:
        """The languages it is written in; empty for a text that serves every language."""
        return frozenset(self.root) - {ANY_LANGUAGE}


class Point(Strict):
    """One point of a scale."""

    value: int
    label: Text
    help: Text | None = None


class OptOut(Strict):
    """A way not to rate: kept apart from the scale, never a number, never its midpoint."""

    id: Identifier
    label: Text
    means: Literal["dont_know", "declined"] = "dont_know"


class Scale(Strict):
    """Points in ascending order, which of them count as agreement or disagreement, and opt-outs."""

    points: tuple[Point, ...] = Field(min_length=2)
    agreement: tuple[int, ...] = ()
    disagreement: tuple[int, ...] = ()
    opt_outs: tuple[OptOut, ...] = ()
    help: Text | None = None

    @cached_property
    def given_by_text(self) -> Mapping[str, Given]:
        """What a form can send for one rating → what is then given; built once, read millions of times."""
        given = {"": BLANK}
        for point in self.points:
            given[str(point.value)] = Given(Status.VALUE, number=Decimal(point.value))
        for opt_out in self.opt_outs:
            status = Status.DONT_KNOW if opt_out.means == "dont_know" else Status.DECLINED
            given[opt_out.id] = Given(status, text=opt_out.id)
        return given

    def labels(self, language: str, fallback: str = "") -> dict[str, str]:
        """Point or opt-out, as a form sends it → its label, points first."""
        labels = {str(point.value): point.label.get(language, fallback) for point in self.points}
        return labels | {opt_out.id: opt_out.label.get(language, fallback) for opt_out in self.opt_outs}


class Criterion(Strict):
    """What an item is rated on. `statement` may hold ``{context}`` for the context's title."""

    title: Text
    statement: Text | None = None
    scale: Identifier
    help: Text | None = None


class Context(Strict):
    """One thing that items are rated for."""

    id: Identifier
    title: Text
    definition: Text | None = None


class ContextSet(Strict):
    """Contexts that belong together: risk areas, scenarios, actors."""

    title: Text
    members: tuple[Context, ...] = Field(min_length=1)


class Taxonomy(Strict):
    """Where category codes come from; a code means nothing without its taxonomy and version."""

    title: Text
    version: str
    source: str | None = None
    categories: dict[str, Text] = Field(default_factory=dict)


class Category(Strict):
    """An item's place in a taxonomy."""

    taxonomy: Identifier
    code: str
    reasoning: Text | None = Field(default=None)


class Item(Strict):
    """What is rated."""

    id: Identifier
    title: Text
    definition: Text | None = None
    details: Text | None = None
    categories: tuple[Category, ...] = ()
    lifecycle_stage: str | None = None
    actor: str | None = None
    function: str | None = None
    source: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = Field(default_factory=dict)


class Group(Strict):
    """A reporting group: each panellist has exactly one."""

    id: Identifier
    title: Text
    description: Text | None = None


class Option(Strict):
    """One option of a choice."""

    id: Identifier
    label: Text
    help: Text | None = None
    exclusive: bool = False
    """Cannot be chosen together with any other ("none of these")."""


class _Question(Strict):
    id: Identifier
    text: Text
    help: Text | None = None
    perspective: Text | None = None
    """Whose view should I take?"""
    show_if: str | None = None
    required: bool = False


class Information(_Question):
    """Text to read, in Markdown; nothing is asked."""

    kind: Literal["information"]


class Consent(_Question):
    """A statement to agree to; where `required`, nothing after it is open without it."""

    kind: Literal["consent"]
    agree_label: Text
    required: bool = True


class SingleChoice(_Question):
    """Choose one option."""

    kind: Literal["single_choice"]
    options: tuple[Option, ...] = ()
    options_from: Identifier | None = None
    """A set of contexts, or ``groups``, whose members are the options."""
    other: Text | None = None
    """Label of a free text beside the options."""


class MultipleChoice(_Question):
    """Choose several options, between `min` and `max` where given."""

    kind: Literal["multiple_choice"]
    options: tuple[Option, ...] = ()
    options_from: Identifier | None = None
    min: Annotated[int, Field(ge=0)] = 0
    max: Annotated[int, Field(ge=1)] | None = None
    none_label: Text | None = None
    """Adds an exclusive option ``none``."""
    other: Text | None = None


class ShortText(_Question):
    """One line of text."""

    kind: Literal["short_text"]
    max_length: Annotated[int, Field(ge=1, le=1000)] = 200


class LongText(_Question):
    """Several lines of text."""

    kind: Literal["long_text"]
    max_length: Annotated[int, Field(ge=1, le=20000)] = 20000


class Number(_Question):
    """A number with a unit and bounds."""

    kind: Literal["number"]
    unit: Text | None = None
    min: float | None = None
    max: float | None = None
    decimals: Annotated[int, Field(ge=0, le=6)] = 0


class Expertise(_Question):
    """How well do you know this? Once, or once per context of a set."""

    kind: Literal["expertise"]
    scale: Identifier
    contexts: Identifier | None = None


class Rating(_Question):
    """Rate items on criteria; on a page with `for_each`, in that page's context."""

    kind: Literal["rating"]
    criteria: tuple[Identifier, ...] = Field(min_length=1)
    items: tuple[Identifier, ...] | None = None
    """Which items; all of them when left out."""
    tagged: str | None = None
    """Only items with this tag."""
    reason: Literal["none", "item", "cell"] = "item"
    reason_label: Text | None = None
    reason_required: bool = False
    reason_max_length: Annotated[int, Field(ge=1, le=20000)] = 20000


class Combination(_Question):
    """Choose up to `max` of the items as the preferred combination, in order of preference if asked."""

    kind: Literal["combination"]
    items: tuple[Identifier, ...] | None = None
    tagged: str | None = None
    min: Annotated[int, Field(ge=0)] = 0
    max: Annotated[int, Field(ge=1)]
    ordered: bool = False
    none_label: Text | None = None


class Proposals(_Question):
    """Up to `max` new items that the expert proposes, each in one line of own words."""

    kind: Literal["proposals"]
    max: Annotated[int, Field(ge=1, le=20)] = 5
    max_length: Annotated[int, Field(ge=1, le=1000)] = 200


Question = Annotated[
    Information
    | Consent
    | SingleChoice
    | MultipleChoice
    | ShortText
    | LongText
    | Number
    | Expertise
    | Rating
    | Combination
    | Proposals,
    Field(discriminator="kind"),
]


class Page(Strict):
    """Questions shown together; with `for_each`, once per context of a set."""

    id: Identifier
    title: Text
    intro: Text | None = None
    for_each: Identifier | None = None
    show_if: str | None = None
    once: bool = False
    """Asked in the first round that somebody submits; in later rounds the answers stand as they are."""
    questions: tuple[Question, ...] = Field(min_length=1)

    def key(self, context: str = "") -> str:
        """The name of this page in one context, for addresses and stored cells: ``effectiveness.cbrn``."""
        return f"{self.id}.{context}" if context else self.id


class Practice(Strict):
    """The practice item, rated before the first page and never stored."""

    title: Text
    definition: Text | None = None
    criterion: Identifier


class Questionnaire(Strict):
    """A whole questionnaire: what may be asked and answered."""

    format: Literal[1]
    id: Identifier
    version: str
    languages: tuple[LanguageCode, ...] = Field(min_length=1)
    title: Text
    summary: Text | None = None
    about: Text | None = None
    """The information sheet, in Markdown."""
    citation: str | None = None
    licence: str | None = None
    notes: Text | None = None
    """What a reader of the file should know: what is taken over, and what is ours."""
    scales: dict[Identifier, Scale] = Field(default_factory=dict)
    criteria: dict[Identifier, Criterion] = Field(default_factory=dict)
    contexts: dict[Identifier, ContextSet] = Field(default_factory=dict)
    taxonomies: dict[Identifier, Taxonomy] = Field(default_factory=dict)
    items: tuple[Item, ...] = ()
    groups: tuple[Group, ...] = ()
    practice: Practice | None = None
    pages: tuple[Page, ...] = Field(min_length=1)

    @property
    def language(self) -> str:
        """The language to fall back to: the first one named."""
        return self.languages[0]

    @cached_property
    def items_by_id(self) -> Mapping[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def questions_by_id(self) -> Mapping[str, Question]:
        return {question.id: question for page in self.pages for question in page.questions}

    @cached_property
    def kept(self) -> dict[object, Any]:
        """What other rules worked out from this questionnaire and want to find again, by their own keys.

        A questionnaire never changes, so neither does what follows from it; keeping it here lets it go
        together with the questionnaire.
        """
        return {}

    @property
    def asks_for_proposals(self) -> bool:
        """Whether experts are asked anywhere to propose items."""
        return any(isinstance(question, Proposals) for question in self.questions_by_id.values())

    @property
    def awaits_items(self) -> bool:
        """Whether there is no item yet, because experts propose what is to be rated."""
        return not self.items and self.asks_for_proposals

    def members_of(self, page: Page) -> tuple[str, ...]:
        """The contexts that `page` is shown for, one after the other; ``''`` alone without `for_each`."""
        if page.for_each is None:
            return ("",)
        return tuple(member.id for member in self.contexts[page.for_each].members)

    @cached_property
    def contexts_by_id(self) -> Mapping[str, Context]:
        return {member.id: member for group in self.contexts.values() for member in group.members}

    def items_of(self, question: Rating | Combination) -> tuple[Item, ...]:
        """The items that `question` asks about, in the file's order or in the order it names."""
        if question.items is not None:
            chosen = tuple(self.items_by_id[item] for item in question.items)
        else:
            chosen = self.items
        if question.tagged is None:
            return chosen
        return tuple(item for item in chosen if question.tagged in item.tags)

    def options_of(self, question: SingleChoice | MultipleChoice) -> tuple[Option, ...]:
        """The options offered, those taken from contexts or groups and "none of these" included."""
        options = question.options
        if question.options_from == "groups":
            options += tuple(Option(id=group.id, label=group.title) for group in self.groups)
        elif question.options_from is not None:
            members = self.contexts[question.options_from].members
            options += tuple(Option(id=member.id, label=member.title) for member in members)
        if isinstance(question, MultipleChoice) and question.none_label is not None:
            options += (Option(id="none", label=question.none_label, exclusive=True),)
        return options

    def canonical(self) -> str:
        """The text whose SHA-256 identifies this questionnaire: the same content, the same text."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_canonical(cls, text: str) -> Self:
        """Read back what `canonical` wrote."""
        return cls.model_validate_json(text)


def is_identifier(text: str) -> bool:
    """Whether `text` can be an id: lower-case letters and digits, joined by single hyphens."""
    return re.match(IDENTIFIER, text) is not None
