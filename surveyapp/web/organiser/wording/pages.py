"""What the pages of a round's wording show: its texts, one text to correct, and what was corrected."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.errors import say
from surveyapp.questionnaire.wordings import ReadText, find_text
from surveyapp.services.permissions import Right
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.wordings import RoundWording
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.organiser.paging import Paging, page_asked, paging
from surveyapp.web.text_places import part_of, parts, place_words

MOST = 25
_LONGEST = 180


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to filter by."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class TextLine:
    """One text in the list."""

    where: str
    path: str
    language: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """One correction as it stands on record."""

    number: int
    where: str
    before: str
    after: str
    reason: str
    who: str
    when: str
    language: str


@dataclass(frozen=True, slots=True)
class WordingPage:
    """The wording of one round."""

    round: int
    refusal: str
    """Why nothing can be corrected now; '' where it can."""
    may_correct: bool
    done: str
    corrections: tuple[CorrectionLine, ...]
    sought: str
    parts: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    """None where the questionnaire has one language only."""
    found: str
    texts: tuple[TextLine, ...]
    paging: Paging
    url: str


@dataclass(frozen=True, slots=True)
class TextPage:
    """One text, and what it shall say."""

    round: int
    where: str
    path: str
    language: str
    words: str
    base: int
    """Number of the latest correction that this page knows."""
    to: str
    reason: str
    is_looked_at: bool
    """Whether both texts stand side by side, to be confirmed."""
    back_url: str


@dataclass(frozen=True, slots=True)
class Sought:
    """What the list of texts is filtered by."""

    words: str
    part: str
    language: str

    def fits(self, text: ReadText) -> bool:
        """Whether a text is among those that are looked for."""
        return (
            self.words.casefold() in f"{text.words}\n{text.path}".casefold()
            and self.part in {"", part_of(text.steps)}
            and (not self.language or text.language in {"", self.language})
        )


def wording_page(found: RoundWording, desk: Desk, *, sought: Sought, done: str = "") -> WordingPage:
    """The texts that fit what is looked for, a page of them, and every correction so far."""
    asked = found.questionnaire
    may_correct = desk.may(Right.ROUNDS) and found.refusal is None
    fitting = [text for text in found.texts if sought.fits(text)]
    present = {part_of(text.steps) for text in found.texts}
    page = paging(page_asked(), len(fitting), MOST)
    first = (min(page.page, page.last) - 1) * MOST
    return WordingPage(
        round=found.round,
        refusal=say(found.refusal, _) if found.refusal is not None else "",
        may_correct=may_correct,
        done=_said_done(done, found),
        corrections=tuple(reversed(_corrections(found, desk))),
        sought=sought.words,
        parts=(
            Choice("", _("everywhere"), not sought.part),
            *(
                Choice(value, words, sought.part == value)
                for value, words in parts().items()
                if value in present
            ),
        ),
        languages=(
            Choice("", _("all languages"), not sought.language),
            *(Choice(each, each, sought.language == each) for each in asked.languages),
        )
        if len(asked.languages) > 1
        else (),
        found=ngettext("%(num)s text", "%(num)s texts", len(fitting)),
        texts=tuple(
            TextLine(
                where=place_words(asked, text.steps, page_language()),
                path=text.path,
                language=text.language,
                words=_shortened(text.words),
                url=url_for("organiser.wording_text", slug=desk.slug, number=found.round, path=text.path),
            )
            for text in fitting[first : first + MOST]
        ),
        paging=page,
        url=url_for("organiser.wording", slug=desk.slug, number=found.round),
    )


def text_page(
    found: RoundWording, text: ReadText, desk: Desk, *, to: str, reason: str, is_looked_at: bool = False
) -> TextPage:
    """One text as it reads now, with what was typed."""
    return TextPage(
        round=found.round,
        where=place_words(found.questionnaire, text.steps, page_language()),
        path=text.path,
        language=text.language,
        words=text.words,
        base=found.correction,
        to=to,
        reason=reason,
        is_looked_at=is_looked_at,
        back_url=url_for("organiser.wording", slug=desk.slug, number=found.round),
    )


def _corrections(found: RoundWording, desk: Desk) -> list[CorrectionLine]:
    lines = []
    for each in found.corrections:
        text = find_text(found.questionnaire, each.path)
        where = place_words(found.questionnaire, text.steps, page_language()) if text else each.path
        lines.append(
            CorrectionLine(
                number=each.number,
                where=where,
                before=each.before,
                after=each.after,
                reason=each.reason,
                who=each.actor,
                when=written_time(each.at, desk.time_zone, page_language()),
                language=text.language if text else "",
            )
        )
    return lines


def _said_done(done: str, found: RoundWording) -> str:
    # The address is anybody's to write: the sentence stands only where there is such a correction.
    numbers = {str(each.number): each for each in found.corrections}
    if done not in numbers:
        return ""
    said: str = _(
        "Correction %(number)s is made. Experts read the text so from the next page on that they open.",
        number=numbers[done].number,
    )
    return said


def _shortened(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rstrip()} …"
