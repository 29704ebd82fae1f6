"""Rating: items on criteria, with room for reasons."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.questionnaire.cells import CellKey, CellSpec, Given
from surveyapp.questionnaire.keeping import KEEP, KEEP_EARLIER
from surveyapp.questionnaire.kinds.contract import Asking, Chance
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.kinds.points import plausible_point, read_point, shown_point
from surveyapp.questionnaire.kinds.written import REASON, read_text, synthetic_text, text_cell
from surveyapp.questionnaire.model import Page, Questionnaire, Rating, Text


class RatingKind(Asking[Rating]):
    """Items × criteria, in the page's context."""

    name = "rating"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: Rating, context: str
    ) -> tuple[CellSpec, ...]:
        """Item by item: its ratings, each followed by its reason, or one reason at the end."""
        labels = {
            criterion: questionnaire.scales[questionnaire.criteria[criterion].scale].labels(
                questionnaire.language
            )
            for criterion in question.criteria
        }
        place = page.key(context)
        cells: list[CellSpec] = []
        for item in questionnaire.items_of(question):
            for criterion in question.criteria:
                key = CellKey(question.id, item.id, context, criterion)
                cells.append(CellSpec(key, self.name, "number", question.required, place, labels[criterion]))
                if question.reason == "cell":
                    cells.append(_reason(key, question, place))
            if question.reason == "item":
                cells.append(_reason(CellKey(question.id, item.id, context), question, place))
        return tuple(cells)

    def parse(
        self, questionnaire: Questionnaire, question: Rating, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """A point or an opt-out of the criterion's scale, or the wish to keep; a reason as it was written."""
        key = spec.key
        if key.part:
            label = _label(questionnaire, spec)
            return read_text(values, label, question.reason_max_length)
        # Twenty-seven items make hundreds of these per expert: the usual case is two look-ups.
        scale = questionnaire.scales[questionnaire.criteria[key.criterion].scale]
        given = scale.given_by_text.get(values[0]) if len(values) == 1 else None
        if given is None:
            if list(values) == [KEEP]:
                return KEEP_EARLIER
            return read_point(scale, values, _label(questionnaire, spec), spec.labels)
        return given

    def show(
        self, questionnaire: Questionnaire, question: Rating, spec: CellSpec, given: Given, language: str
    ) -> str:
        """The point's label, or the reason."""
        if spec.key.part:
            return given.text or ""
        return shown_point(questionnaire, questionnaire.criteria[spec.key.criterion].scale, given, language)

    def seconds(self, questionnaire: Questionnaire, question: Rating, language: str) -> float:
        """Reading every item; about four seconds a rating, and a reason for one item in eight."""
        items = questionnaire.items_of(question)
        texts: list[Text | None] = [question.text, question.help, question.perspective]
        texts += [questionnaire.criteria[criterion].statement for criterion in question.criteria]
        for item in items:
            texts += [item.title, item.definition]
        rating = 4 * len(items) * len(question.criteria)
        reasons = 0 if question.reason == "none" else 30 * len(items) * _reason_share(question)
        return reading_seconds(language, *texts) + rating + reasons

    def plausible(
        self, questionnaire: Questionnaire, question: Rating, spec: CellSpec, rng: Chance, leaning: float
    ) -> list[str]:
        """A point near the leaning; a reason now and then."""
        if spec.key.part:
            return synthetic_text(rng, _reason_share(question))
        if not spec.required and rng.random() < 0.02:
            return []
        scale = questionnaire.scales[questionnaire.criteria[spec.key.criterion].scale]
        return plausible_point(scale, rng, leaning)


def _reason(key: CellKey, question: Rating, place: str) -> CellSpec:
    return text_cell(key._replace(part=REASON), REASON, place, required=question.reason_required)


def _reason_share(question: Rating) -> float:
    return 1.0 if question.reason_required else 0.125


def _label(questionnaire: Questionnaire, spec: CellSpec) -> str:
    """Which item, and on what where that says more than the item alone."""
    language = questionnaire.language
    label = questionnaire.items_by_id[spec.key.item].title.get(language)
    if spec.key.criterion:
        label = f"{label} – {questionnaire.criteria[spec.key.criterion].title.get(language)}"
    return label
