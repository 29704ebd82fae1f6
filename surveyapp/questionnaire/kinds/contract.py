"""What every kind of question can do, and what most of them do alike."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Generic, NoReturn, Protocol, TypeVar

from surveyapp.errors import AnswerError, Problem, Sentence
from surveyapp.questionnaire.cells import CellSpec, Given, Status
from surveyapp.questionnaire.model import Page, Question, Questionnaire

T = TypeVar("T")
Q = TypeVar("Q", bound=Question)
Q_contra = TypeVar("Q_contra", bound=Question, contravariant=True)


class Chance(Protocol):
    """Where chance comes from: a seeded generator that the caller brings along."""

    def random(self) -> float: ...
    def gauss(self, mu: float, sigma: float) -> float: ...
    def betavariate(self, alpha: float, beta: float) -> float: ...
    def randint(self, a: int, b: int) -> int: ...
    def choice(self, seq: Sequence[T]) -> T: ...
    def sample(self, population: Sequence[T], k: int) -> list[T]: ...


class Kind(Protocol[Q_contra]):
    """One kind of question: its cells, and how answers come in, are shown, and are missed."""

    @property
    def name(self) -> str:
        """The word in the file: ``kind: rating``."""

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: Q_contra, context: str
    ) -> tuple[CellSpec, ...]:
        """What `question` asks on `page` in `context` (``''`` for none), in the order of display."""

    def parse(
        self, questionnaire: Questionnaire, question: Q_contra, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """What a form's texts for one cell give; nothing given is BLANK. Raises AnswerError."""

    def show(
        self, questionnaire: Questionnaire, question: Q_contra, spec: CellSpec, given: Given, language: str
    ) -> str:
        """What was given, in words for the person who gave it; ``''`` for a blank."""

    def shortfall(
        self, questionnaire: Questionnaire, question: Q_contra, spec: CellSpec, given: Given | None
    ) -> str | None:
        """Why this cell is not yet enough to submit, in one sentence; None when it is."""

    def seconds(self, questionnaire: Questionnaire, question: Q_contra, language: str) -> float:
        """How long reading and answering takes an expert."""

    def plausible(
        self,
        questionnaire: Questionnaire,
        question: Q_contra,
        spec: CellSpec,
        rng: Chance,
        leaning: float,
    ) -> list[str]:
        """Form texts that a panellist could send for this cell; `leaning` runs from -1 to 1."""


class Asking(Generic[Q]):
    """What most kinds do alike: a required cell must not be blank, and numbers and texts show as they are."""

    name: str

    def shortfall(
        self, questionnaire: Questionnaire, question: Q, spec: CellSpec, given: Given | None
    ) -> str | None:
        """A required cell must be given."""
        if spec.required and is_missing(given):
            return Sentence("An answer is needed here.")
        return None

    def show(
        self, questionnaire: Questionnaire, question: Q, spec: CellSpec, given: Given, language: str
    ) -> str:
        """The number or the text itself."""
        return given.text or plain_number(given.number)


def is_missing(given: Given | None) -> bool:
    """Whether nothing stands in the cell; an opt-out is an answer."""
    return given is None or given.status in {Status.BLANK, Status.WITHDRAWN}


def plain_number(number: Decimal | None) -> str:
    """A number as people write it: no exponent, no zeros after the last digit that matters."""
    if number is None:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def refuse(label: str, what: str) -> NoReturn:
    """Refuse what was given in the cell that `label` names."""
    raise AnswerError([Problem(label, what)])


def quoted(text: str) -> str:
    """What was sent, cut short and made visible, for a message about it."""
    visible = "".join(character if character.isprintable() else "�" for character in text[:40])
    return f"“{visible}…”" if len(text) > 40 else f"“{visible}”"


def single(values: Sequence[str], label: str) -> str:
    """The one text of a cell that holds one; raises AnswerError when several were sent."""
    if len(values) > 1:
        refuse(label, Sentence("several answers came for a question that takes one; choose one of them"))
    return values[0] if values else ""
