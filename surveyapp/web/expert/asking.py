"""Questions as templates show them: texts in the expert's language, options, and the field of each cell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from markupsafe import Markup, escape

from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.markdown import to_html, to_inline_html
from surveyapp.questionnaire.model import (
    ANY_LANGUAGE,
    Combination,
    Consent,
    Expertise,
    Item,
    LongText,
    MultipleChoice,
    Number,
    Page,
    Proposals,
    Question,
    Questionnaire,
    Rating,
    Scale,
    ShortText,
    SingleChoice,
    Text,
)
from surveyapp.web.expert.beside import Beside, BesideItem, Request
from surveyapp.web.expert.fields import EMPTY, Field
from surveyapp.web.expert.over_scale import OverScale
from surveyapp.web.expert.scales import spread
from surveyapp.web.languages import text_direction

ONE_LINE = 200
# Their text is an h2; the others' is a label or a legend under the page's h1.
_WITH_HEADING = frozenset({"rating", "expertise"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: what the form sends, what the expert reads."""

    value: str
    label: Markup
    help: Markup = EMPTY
    is_opt_out: bool = False
    is_exclusive: bool = False
    share: str = ""
    """By how many it was chosen in an earlier round, in words."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rating: what is rated on what, the scale's choices, and the reason that goes with it."""

    field: Field
    title: Markup
    statement: Markup
    choices: tuple[Choice, ...]
    subject: Markup = EMPTY
    reason: Field | None = None
    over: OverScale | None = None
    """The panel's figures, from round 2 on."""
    request: Request | None = None
    owns: bool = False
    """Whether the own earlier answer is shown, and can be kept."""

    @property
    def spread(self) -> str:
        """How its scale stands on the page."""
        return spread([choice.label for choice in self.choices])


@dataclass(frozen=True, slots=True)
class Card:
    """One item with its ratings."""

    id: str
    code: str
    title: Markup
    definition: Markup
    details: Markup
    rows: tuple[Row, ...]
    reason: Field | None
    beside: BesideItem | None = None
    is_proposed: bool = False
    """Whether experts of the panel proposed the item."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question on a page. Only what its kind has is filled; the partial of the kind knows which."""

    id: str
    kind: str
    text: Markup
    help: Markup
    perspective: Markup
    is_required: bool
    field: Field | None = None
    other: Field | None = None
    other_label: Markup = EMPTY
    choices: tuple[Choice, ...] = ()
    rows: tuple[Row, ...] = ()
    cards: tuple[Card, ...] = ()
    scales: tuple[tuple[Markup, tuple[Choice, ...]], ...] = ()
    reason_label: Markup = EMPTY
    reason_length: int = 0
    is_reason_required: bool = False
    agree_label: Markup = EMPTY
    length: int = 0
    unit: Markup = EMPTY
    least: str = ""
    most: str = ""
    is_whole: bool = True
    is_ordered: bool = False
    owns: bool = False
    """Whether own earlier answers are shown."""


class Wording:
    """Texts in one expert's language; where a text lacks it, its own language is marked."""

    def __init__(self, questionnaire: Questionnaire, language: str, page_language: str) -> None:
        self.questionnaire = questionnaire
        self.language = language
        self.page_language = page_language

    def plain(self, text: Text | None) -> str:
        """The text alone, for attributes and titles."""
        return "" if text is None else text.get(self.language, self.questionnaire.language)

    def line(self, text: Text | None, **places: str) -> Markup:
        """A line of text, escaped."""
        return self._marked(text, lambda words: escape(_put(words, places)), "span")

    def inline(self, text: Text | None, **places: str) -> Markup:
        """A line with emphasis and links."""
        return self._marked(text, lambda words: Markup(to_inline_html(_put(words, places))), "span")  # noqa: S704 - sanitised

    def block(self, text: Text | None, *, top: int = 3) -> Markup:
        """Paragraphs and lists; headings begin at `top`, below the heading that the text stands under."""
        return self._marked(text, lambda words: Markup(to_html(words, top)), "div")  # noqa: S704 - sanitised

    def mark(self, words: str, text: Text) -> Markup:
        """`words`, which were put together from `text`, with the language of `text`."""
        return self._spoken_as(escape(words), text, "span")

    def _marked(self, text: Text | None, show: Callable[[str], Markup], element: str) -> Markup:
        return EMPTY if text is None else self._spoken_as(show(self.plain(text)), text, element)

    def _spoken_as(self, shown: Markup, text: Text, element: str) -> Markup:
        spoken = self.language_of(text)
        if not spoken:
            return shown
        turned = text_direction(spoken) != text_direction(self.page_language)
        direction = Markup(' dir="{}"').format(text_direction(spoken)) if turned else EMPTY
        return Markup('<{0} lang="{1}"{2}>{3}</{0}>').format(element, spoken, direction, shown)

    def language_of(self, text: Text) -> str:
        """The language that `text` is shown in; '' where it is the page's."""
        spoken = self._spoken(text)
        return "" if spoken.split("-")[0] == self.page_language.split("-")[0] else spoken

    def _spoken(self, text: Text) -> str:
        for language in (self.language, self.questionnaire.language):
            if language in text.root:
                return language
        if ANY_LANGUAGE in text.root:
            return self.questionnaire.language
        return next(iter(text.root))


def _put(words: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        words = words.replace(f"{{{name}}}", value)
    return words


class Asker:
    """Makes what templates show of the questions on one page."""

    def __init__(
        self,
        wording: Wording,
        *,
        number_of: Mapping[CellKey, int],
        field: Callable[[int], Field],
        context: str,
        beside: Beside | None = None,
        proposed: Collection[str] = (),
    ) -> None:
        self.proposed = proposed
        self.wording = wording
        self.questionnaire = wording.questionnaire
        self.context = context
        self.beside = beside
        self._number_of = number_of
        self._field = field

    def ask(self, question: Question) -> Asked:
        """The question as its partial shows it."""
        say = self.wording
        asked = Asked(
            id=question.id,
            kind=question.kind,
            text=say.block(question.text, top=2)
            if question.kind == "information"
            else say.inline(question.text),
            help=say.block(question.help, top=3 if question.kind in _WITH_HEADING else 2),
            perspective=say.inline(question.perspective),
            is_required=question.required,
            owns=self.beside is not None and self.beside.owns,
        )
        return _FILL[type(question)](self, asked, question) if type(question) in _FILL else asked

    def field(self, key: CellKey) -> Field:
        """The field of one cell."""
        return self._field(self._number_of[key])

    def choices(self, scale: Scale) -> tuple[Choice, ...]:
        """The points of a scale and, apart, its opt-outs."""
        say = self.wording
        points = [
            Choice(str(point.value), say.line(point.label), say.inline(point.help)) for point in scale.points
        ]
        opt_outs = [Choice(each.id, say.line(each.label), is_opt_out=True) for each in scale.opt_outs]
        return (*points, *opt_outs)

    def code(self, item: Item) -> str:
        """Where an item stands in taxonomies, in one short line."""
        taxonomies = self.questionnaire.taxonomies
        pieces = []
        for category in item.categories[:1]:
            title = taxonomies[category.taxonomy].categories.get(category.code)
            pieces.append(f"{category.code} {self.wording.plain(title)}".strip())
        return " · ".join(pieces)


def _options(asker: Asker, question: SingleChoice | MultipleChoice) -> tuple[Choice, ...]:
    say = asker.wording
    return tuple(
        Choice(option.id, say.line(option.label), say.inline(option.help), is_exclusive=option.exclusive)
        for option in asker.questionnaire.options_of(question)
    )


def _with(asked: Asked, **more: object) -> Asked:
    return replace(asked, **more)  # type: ignore[arg-type]  # each kind fills the fields it names


def _ask_consent(asker: Asker, asked: Asked, question: Consent) -> Asked:
    return _with(
        asked,
        text=asker.wording.block(question.text, top=2),
        field=asker.field(CellKey(question.id, context=asker.context)),
        agree_label=asker.wording.inline(question.agree_label),
    )


def _ask_choice(asker: Asker, asked: Asked, question: SingleChoice | MultipleChoice) -> Asked:
    key = CellKey(question.id, context=asker.context)
    has_other = question.other is not None
    return _with(
        asked,
        field=asker.field(key),
        choices=_options(asker, question),
        other=asker.field(key._replace(part="other")) if has_other else None,
        other_label=asker.wording.line(question.other),
        least=str(question.min or "") if isinstance(question, MultipleChoice) else "",
        most=str(question.max or "") if isinstance(question, MultipleChoice) else "",
    )


def _ask_text(asker: Asker, asked: Asked, question: ShortText | LongText) -> Asked:
    field = asker.field(CellKey(question.id, context=asker.context))
    return _with(asked, field=field, length=question.max_length)


def _ask_number(asker: Asker, asked: Asked, question: Number) -> Asked:
    return _with(
        asked,
        field=asker.field(CellKey(question.id, context=asker.context)),
        unit=asker.wording.line(question.unit),
        least="" if question.min is None else f"{question.min:g}",
        most="" if question.max is None else f"{question.max:g}",
        is_whole=question.decimals == 0,
    )


def _ask_expertise(asker: Asker, asked: Asked, question: Expertise) -> Asked:
    say = asker.wording
    choices = asker.choices(asker.questionnaire.scales[question.scale])
    if question.contexts is None:
        field = asker.field(CellKey(question.id, context=asker.context))
        rows: tuple[Row, ...] = (Row(field, Markup(""), Markup(""), choices),)
    else:
        members = asker.questionnaire.contexts[question.contexts].members
        rows = tuple(
            Row(
                asker.field(CellKey(question.id, context=member.id)),
                say.line(member.title),
                say.inline(member.definition),
                choices,
            )
            for member in members
        )
    return _with(asked, rows=rows, scales=_explained({Markup(""): choices}))


def _ask_rating(asker: Asker, asked: Asked, question: Rating) -> Asked:
    say = asker.wording
    scales = {name: asker.choices(scale) for name, scale in _scales_of(asker, question).items()}
    return _with(
        asked,
        cards=tuple(_card(asker, question, item, scales) for item in asker.questionnaire.items_of(question)),
        scales=_explained(
            {say.line(asker.questionnaire.criteria[name].title): each for name, each in scales.items()}
        ),
        reason_label=say.line(question.reason_label),
        reason_length=question.reason_max_length,
        is_reason_required=question.reason_required,
    )


def _explained(
    scales: Mapping[Markup, tuple[Choice, ...]],
) -> tuple[tuple[Markup, tuple[Choice, ...]], ...]:
    """The scales whose points have something to say, each once; named where there are several."""
    by_choices: dict[tuple[Choice, ...], Markup] = {}
    for title, choices in scales.items():
        explained = tuple(choice for choice in choices if choice.help)
        if explained:
            by_choices.setdefault(explained, title)
    alone = len(by_choices) == 1
    return tuple((Markup("") if alone else title, choices) for choices, title in by_choices.items())


def _card(asker: Asker, question: Rating, item: Item, scales: Mapping[str, tuple[Choice, ...]]) -> Card:
    say = asker.wording
    subject = say.line(item.title)
    return Card(
        id=item.id,
        code=asker.code(item),
        title=subject,
        definition=say.inline(item.definition),
        details=say.block(item.details, top=4),
        rows=tuple(
            _row(asker, question, CellKey(question.id, item.id, asker.context, name), choices, subject)
            for name, choices in scales.items()
        ),
        reason=asker.field(CellKey(question.id, item.id, asker.context, part="reason"))
        if question.reason == "item"
        else None,
        beside=asker.beside.item(item.id, asker.context, _scales_of(asker, question))
        if asker.beside is not None
        else None,
        is_proposed=item.id in asker.proposed,
    )


def _row(asker: Asker, question: Rating, key: CellKey, choices: tuple[Choice, ...], subject: Markup) -> Row:
    row = Row(
        field=asker.field(key),
        title=asker.wording.line(asker.questionnaire.criteria[key.criterion].title),
        statement=statement_of(asker, key.criterion),
        choices=choices,
        subject=subject,
        reason=asker.field(key._replace(part="reason")) if question.reason == "cell" else None,
    )
    if asker.beside is None:
        return row
    return replace(
        row,
        over=asker.beside.over(row.field.number, choices),
        request=asker.beside.request(row.field.number, choices),
        owns=asker.beside.owns,
    )


def _scales_of(asker: Asker, question: Rating) -> Mapping[str, Scale]:
    criteria = asker.questionnaire.criteria
    return {name: asker.questionnaire.scales[criteria[name].scale] for name in question.criteria}


def statement_of(asker: Asker, criterion: str) -> Markup:
    """The sentence that a rating agrees or disagrees with, for the page's context."""
    context = asker.questionnaire.contexts_by_id.get(asker.context)
    title = asker.wording.plain(context.title) if context else ""
    return asker.wording.inline(asker.questionnaire.criteria[criterion].statement, context=title)


def _ask_combination(asker: Asker, asked: Asked, question: Combination) -> Asked:
    say = asker.wording
    own = asker.field(CellKey(question.id, context=asker.context))
    chosen = asker.beside.chosen(own.number) if asker.beside is not None else {}
    choices = [
        Choice(item.id, say.line(item.title), share=chosen.get(item.id, ""))
        for item in asker.questionnaire.items_of(question)
    ]
    if question.none_label is not None:
        choices.append(Choice("none", say.line(question.none_label), is_exclusive=True))
    return _with(
        asked,
        field=own,
        choices=tuple(choices),
        least=str(question.min or ""),
        most=str(question.max),
        is_ordered=question.ordered,
    )


def _ask_proposals(asker: Asker, asked: Asked, question: Proposals) -> Asked:
    say = asker.wording
    return _with(
        asked,
        field=asker.field(CellKey(question.id, context=asker.context)),
        # What is on the list already, so that nobody proposes it again.
        choices=tuple(Choice(item.id, say.line(item.title)) for item in asker.questionnaire.items),
        most=str(question.max),
        length=question.max_length,
    )


# Which question type is filled in how; types are the format's own, so no static type can tie the two.
_FILL: Mapping[type, Callable[..., Asked]] = {
    Consent: _ask_consent,
    SingleChoice: _ask_choice,
    MultipleChoice: _ask_choice,
    ShortText: _ask_text,
    LongText: _ask_text,
    Number: _ask_number,
    Expertise: _ask_expertise,
    Rating: _ask_rating,
    Combination: _ask_combination,
    Proposals: _ask_proposals,
}


def page_title(wording: Wording, page: Page, context: str) -> str:
    """What a page is called: with `for_each`, its context's name stands in it."""
    title = wording.plain(page.title)
    if not context:
        return title
    name = wording.plain(wording.questionnaire.contexts_by_id[context].title)
    return title.replace("{context}", name) if "{context}" in title else f"{title}: {name}"


def page_heading(wording: Wording, page: Page, context: str) -> Markup:
    """The same as a heading on a page: where it is in another language than the page, that is marked."""
    return wording.mark(page_title(wording, page, context), page.title)
