"""Proposals: new items in the expert's own words, one a line."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import BLANK, CellKey, CellSpec, Given, Status
from surveyapp.questionnaire.kinds.contract import Asking, Chance, quoted, refuse
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.kinds.written import NO_LABELS, read_text
from surveyapp.questionnaire.model import Page, Proposals, Questionnaire

_SECONDS_EACH = 15
# Few experts fill every line; most who write at all write two or three.
_USUAL = 3
_SYNTHETIC = (
    "Synthetic proposal: independent checks before use",
    "Synthetic proposal: a shared register of incidents",
    "Synthetic proposal: training for those who decide",
    "Synthetic proposal: a fund for those who are harmed",
    "Synthetic proposal: yearly exercises with all involved",
    "Synthetic proposal: plain reports for the public",
)


class ProposalsKind(Asking[Proposals]):
    """Several lines, each a proposal of its own."""

    name = "proposals"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: Proposals, context: str
    ) -> tuple[CellSpec, ...]:
        """One cell, which holds all the proposals."""
        key = CellKey(question.id, context=context)
        return (CellSpec(key, self.name, "texts", question.required, page.key(context), NO_LABELS),)

    def parse(
        self, questionnaire: Questionnaire, question: Proposals, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """The lines as they were written, without the blank ones. Two that say the same are refused."""
        label = question.text.get(questionnaire.language)
        lines: list[str] = []
        seen: set[str] = set()
        for value in values:
            line = read_text([value], label, question.max_length, one_line=True).text
            if line is None:
                continue
            if (plain := plain_words(line)) in seen:
                what = Sentence(
                    "{what} stands here twice; once is enough, so use the other line for something else or "
                    "leave it blank",
                    what=quoted(line.strip()),
                )
                refuse(label, what)
            seen.add(plain)
            lines.append(line)
        if len(lines) > question.max:
            what = Sentence(
                "{written} proposals are written and at most {most} can be; take {surplus} out",
                written=len(lines),
                most=question.max,
                surplus=len(lines) - question.max,
            )
            refuse(label, what)
        return Given(Status.VALUE, parts=tuple(lines)) if lines else BLANK

    def show(
        self, questionnaire: Questionnaire, question: Proposals, spec: CellSpec, given: Given, language: str
    ) -> str:
        """The proposals one after the other."""
        return "; ".join(given.parts or ())

    def seconds(self, questionnaire: Questionnaire, question: Proposals, language: str) -> float:
        """Reading, and a few proposals to think up and write."""
        reading = reading_seconds(language, question.text, question.help, question.perspective)
        return reading + 30 + _SECONDS_EACH * min(question.max, _USUAL)

    def plausible(
        self, questionnaire: Questionnaire, question: Proposals, spec: CellSpec, rng: Chance, leaning: float
    ) -> list[str]:
        """A few synthetic proposals, always one where it is required; several experts come to the same."""
        least = 1 if spec.required else 0
        number = rng.randint(least, max(least, min(question.max, _USUAL)))
        texts = [text[: question.max_length] for text in rng.sample(_SYNTHETIC, number)]
        return list({plain_words(text): text for text in texts}.values())


def plain_words(text: str) -> str:
    """What two proposals that say the same in different spelling share: no case, no spare white space."""
    return " ".join(text.casefold().split())
