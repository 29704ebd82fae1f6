"""What the templates of expert pages get: frozen facts, and nothing that could load more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup

from surveyapp.delphi.protocol.model import Discussion
from surveyapp.questionnaire.cells import CellSpec, Given, Status
from surveyapp.questionnaire.routing import RoutedPage
from surveyapp.services.doors import Invited
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.faces import Face
from surveyapp.services.reading.seats import Seat
from surveyapp.services.reasons.discussing import MAX_REPLY
from surveyapp.web.expert.asking import Asked, Asker, Choice, Wording, page_heading, page_title
from surveyapp.web.expert.beside import Beside, TalkOf
from surveyapp.web.expert.fields import Fields
from surveyapp.web.expert.scales import spread
from surveyapp.web.languages import page_language, written_time

if TYPE_CHECKING:
    from surveyapp.web.expert.feedback import Shown


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands on every page of a study: its name, the round, until when, and who runs it."""

    slug: str
    title: str
    organisation: str
    contact_email: str
    round_line: str
    closes: str
    is_synthetic: bool


@lru_cache(maxsize=256)
def _frame(
    *,
    slug: str,
    title: str,
    organisation: str,
    contact_email: str,
    number: int | None,
    planned: int,
    collects: bool,
    closes_at: datetime | None,
    time_zone: str,
    is_synthetic: bool,
    language: str,
) -> Frame:
    closes = "" if closes_at is None else written_time(closes_at, time_zone, language)
    if number is None:
        round_line = ""
    elif collects:
        round_line = _("Collecting items")
    elif planned > 1:
        round_line = _("Round %(number)s of %(planned)s", number=number, planned=max(planned, number))
    else:
        round_line = _("Round %(number)s", number=number)
    return Frame(slug, title, organisation, contact_email, round_line, closes, is_synthetic)


def frame_of(place: Seat | Invited) -> Frame:
    """The frame of the pages of one study, in the language of this page."""
    return _frame(
        slug=place.slug,
        title=place.title,
        organisation=place.organisation,
        contact_email=place.contact_email,
        number=place.round,
        planned=place.planned_rounds,
        collects=place.plan.only_collects,
        closes_at=place.closes_at,
        time_zone=place.time_zone,
        is_synthetic=place.is_synthetic,
        language=page_language(),
    )


def frame_of_face(face: Face) -> Frame:
    """The frame for somebody who has no seat in the study any more: nothing of a round."""
    return Frame(
        slug=face.slug,
        title=face.title,
        organisation=face.organisation,
        contact_email=face.contact_email,
        round_line="",
        closes="",
        is_synthetic=face.is_synthetic,
    )


@dataclass(frozen=True, slots=True)
class Person:
    """What depends on the person and the moment, beside the answers themselves."""

    csrf: Markup
    revision: Markup
    request_id: Markup
    queue: Markup
    steps: Markup
    status: Markup
    notice: Markup


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to put right, with the field to go to."""

    anchor: str
    label: str
    what: str


@dataclass(frozen=True, slots=True)
class Legend:
    """How to read the figures on a page: said once, at its top."""

    round: int
    submissions: int
    has_bars: bool
    has_middle: bool
    has_group: bool
    owns: bool


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """One page of questions."""

    frame: Frame
    key: str
    title: str
    heading: Markup
    intro: Markup
    context: Markup
    questions: tuple[Asked, ...]
    shown: str
    person: Person
    is_last: bool = False
    mistakes: tuple[Mistake, ...] = ()
    is_conflict: bool = False
    release: int | None = None
    """Number of the release on the page; None in a round without feedback."""
    correction: int = 0
    """Number of the latest correction of its wording; 0 before the first."""
    legend: Legend | None = None
    discussion: Discussion | None = None
    """What may be done with the reasons on the page; None for nothing."""
    most: int = MAX_REPLY
    """So many characters may a reply have."""


def question_page(
    frame: Frame,
    instrument: Instrument,
    routed: RoutedPage,
    *,
    language: str,
    fields: Fields,
    person: Person,
    is_last: bool,
    mistakes: tuple[Mistake, ...] = (),
    is_conflict: bool = False,
    shown: Shown | None = None,
    talk: TalkOf | None = None,
    correction: int = 0,
) -> QuestionPage:
    """The page `routed` with `fields` in its places, and beside its ratings what the expert is shown."""
    wording = Wording(instrument.questionnaire, language, page_language())
    beside = None if shown is None else Beside(shown, instrument, wording, talk)
    asker = Asker(
        wording,
        number_of=instrument.number_of,
        field=fields.field,
        context=routed.context,
        beside=beside,
        proposed=instrument.proposed,
    )
    context = instrument.questionnaire.contexts_by_id.get(routed.context)
    return QuestionPage(
        frame=frame,
        key=routed.key,
        title=page_title(wording, routed.page, routed.context),
        heading=page_heading(wording, routed.page, routed.context),
        intro=wording.block(routed.page.intro, top=2),
        context=wording.inline(context.definition) if context else Markup(""),
        questions=tuple(asker.ask(question) for question in routed.questions),
        shown=write_numbers(instrument.numbers(routed)),
        person=person,
        is_last=is_last,
        mistakes=mistakes,
        is_conflict=is_conflict,
        release=None if shown is None else (shown.panel.release if shown.panel is not None else 0),
        correction=correction,
        legend=_legend(shown, routed),
        discussion=shown.discussion if shown is not None and _has_ratings(routed) else None,
    )


def _legend(shown: Shown | None, routed: RoutedPage) -> Legend | None:
    """What a page of ratings says once about all the figures on it."""
    if shown is None or not _has_ratings(routed):
        return None
    panel = shown.panel
    return Legend(
        round=0 if panel is None else panel.round,
        submissions=0 if panel is None else panel.submissions,
        has_bars=panel is not None and shown.feedback.distribution,
        has_middle=panel is not None and shown.feedback.quartiles,
        has_group=panel is not None and bool(panel.group),
        owns=shown.feedback.own_answer,
    )


def _has_ratings(routed: RoutedPage) -> bool:
    return any(question.kind == "rating" for question in routed.questions)


def write_numbers(numbers: Sequence[int]) -> str:
    """Cell numbers in short: ``3-29,31``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)


@dataclass(frozen=True, slots=True)
class PracticePage:
    """The practice item: rated once, kept nowhere."""

    frame: Frame
    title: Markup
    definition: Markup
    criterion: Markup
    statement: Markup
    choices: tuple[Choice, ...]
    csrf: str

    @property
    def spread(self) -> str:
        """How its scale stands on the page."""
        return spread([choice.label for choice in self.choices])


@dataclass(frozen=True, slots=True)
class Blank:
    """A cell that is still blank, and where to fill it in."""

    url: str
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class ReviewedPage:
    """One page on the review page."""

    title: str
    url: str
    answered: int
    total: int
    reasons: int
    blanks: tuple[Blank, ...]
    needed: tuple[Blank, ...]
    kept: int = 0
    """How many earlier ratings were kept."""
    asked: tuple[Blank, ...] = ()
    """Ratings that ask kindly for a reason."""


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """What is answered, what is blank, and whether it can be submitted."""

    frame: Frame
    pages: tuple[ReviewedPage, ...]
    person: Person
    may_submit: bool
    is_resubmission: bool


@dataclass(frozen=True, slots=True)
class ThanksPage:
    """After submitting."""

    frame: Frame
    is_repeated: bool
    may_change: bool
    has_drafts: bool
    has_next: bool
    number: Markup
    submitted: Markup
    queue: Markup
    csrf: Markup


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer in the copy that an expert takes along."""

    label: str
    item: str
    context: str
    criterion: str
    what: str
    words: str
    correction: int
    """Number of the correction of the wording that the answer saw; 0 before the first."""
    is_text: bool


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question and what was answered to it."""

    text: str
    answers: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class AnsweredPage:
    """A page and what was answered on it."""

    title: str
    language: str
    """What its texts are in, where it is not the page's language; else ''."""
    questions: tuple[AnsweredQuestion, ...]


def cell_label(wording: Wording, spec: CellSpec) -> Markup:
    """What a cell asks, in one line and with its language: the item and the criterion, or the question."""
    questionnaire = wording.questionnaire
    question = questionnaire.questions_by_id[spec.key.question]
    if spec.key.item:
        text = questionnaire.items_by_id[spec.key.item].title
        label = wording.plain(text)
        if spec.key.criterion and len(getattr(question, "criteria", ())) > 1:
            label = f"{label}: {wording.plain(questionnaire.criteria[spec.key.criterion].title)}"
    else:
        text = question.text
        label = wording.plain(text)
        context = questionnaire.contexts_by_id.get(spec.key.context)
        if context is not None and question.kind == "expertise":
            label = f"{label} {wording.plain(context.title)}"
    said = wording.mark(label, text)
    return Markup("{} ({})").format(said, _("reason")) if spec.key.part == "reason" else said


def is_given(given: Given | None) -> bool:
    """Whether something stands in the cell; an opt-out does."""
    return given is not None and given.status not in {Status.BLANK, Status.WITHDRAWN}


def page_url(slug: str, key: str, cell: int | None = None) -> str:
    """The address of a page, or of one field on it."""
    return url_for("seat.show_page", slug=slug, key=key, _anchor=None if cell is None else f"a{cell}")


def count_given(numbers: Sequence[int], answers: Mapping[int, Given]) -> int:
    """How many of these cells hold something."""
    return sum(is_given(answers.get(number)) for number in numbers)
