"""Take a round's reasons to a spreadsheet, to be coded there and brought back by `from_sheet`.

Each row carries a check: short hashes of what stood there when it was exported. By it an import knows
which rows somebody has edited in the file, and which somebody else has changed here since.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import Refused, Sentence
from surveyapp.exchange.reason_file import ReasonFile, ReasonRow, SentenceRow, ThemeRow, write_reason_file
from surveyapp.exchange.sheet_writing import as_cell
from surveyapp.models import Round
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.beside import RatingBeside
from surveyapp.services.reading.reasons import (
    ReasonAtWork,
    get_closed_round,
    list_reasons,
    list_summaries,
    stamp_of,
)
from surveyapp.services.reasons.coding import NO_THEME, list_themes
from surveyapp.services.reasons.gathering import gather_reasons
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now

STATE_WORDS: Mapping[str, str] = {
    "unread": "unread",
    "released": "released",
    "summarised": "summarised",
    "merged": "merged",
    "set_aside": "set aside",
}
SEPARATOR = "; "
_BAND_WORDS = {"dont_know": "don't know"}


@dataclass(frozen=True, slots=True)
class ExportedReasons:
    """What an export wrote."""

    out: Path
    round: int
    reasons: int
    themes: int
    sentences: int


def find_last_closed_round(session: Session, *, study_id: int) -> int:
    """The round whose reasons are worked on now. Raises Refused when none was closed yet."""
    number = session.scalar(
        select(func.max(Round.number)).where(
            Round.study_id == study_id, Round.state.in_([RoundState.CLOSED, RoundState.RELEASED])
        )
    )
    if number is None:
        raise Refused(
            Sentence("No round of this study is closed: reasons are read and worked on when one is.")
        )
    return number


def export_reasons(
    database: Database,
    *,
    slug: str,
    out: Path,
    actor: str,
    round_number: int | None = None,
    coder: str = "",
    force: bool = False,
) -> ExportedReasons:
    """Write the reasons of a closed round, or of the last one closed, to an XLSX or CSV file.

    The column of themes holds those of `coder`; without a name it is empty, for somebody new. Raises what
    `gather_reasons` and `write_reason_file` raise.
    """
    with database.verb() as session:
        study = get_study(session, slug=slug)
        now = read_now(session)
        number = round_number
        if number is None:
            number = find_last_closed_round(session, study_id=study.id)
        gather_reasons(session, study_id=study.id, round_number=number, now=now, actor=actor)
        file = read_file(session, study_id=study.id, round_number=number, coder=coder)
        detail = {"round": number, "reasons": len(file.reasons)}
        # Recorded before there is a file: no data leave without a trace.
        record(session, study_id=study.id, now=now, actor=actor, act="reasons.export", detail=detail)
    write_reason_file(out, file, force=force)
    return ExportedReasons(out, number, len(file.reasons), len(file.themes), len(file.sentences))


def read_file(session: Session, *, study_id: int, round_number: int, coder: str) -> ReasonFile:
    """The reasons, code book and summaries as a file would hold them now."""
    held = get_closed_round(session, study_id=study_id, round_number=round_number)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    summaries = list_summaries(session, study_id=study_id, round_number=round_number)
    sentences = tuple(
        SentenceRow(0, summary.item, str(each.position), as_cell(each.text))
        for summary in summaries
        for each in summary.sentences
    )
    stamps = {summary.item: stamp_of_summary(sentences, item=summary.item) for summary in summaries}
    reasons = list_reasons(session, study_id=study_id, round_number=round_number)
    return ReasonFile(
        reasons=tuple(
            _row(instrument.questionnaire, each, coder=coder, summary=stamps.get(each.item, stamp_of()))
            for each in reasons
        ),
        themes=tuple(
            replace(row, check=stamp_of_theme(row))
            for row in (
                ThemeRow(0, each.id, as_cell(each.title), as_cell(each.definition), "")
                for each in list_themes(session, study_id=study_id)
            )
        ),
        sentences=sentences,
    )


def stamp_of_handling(row: ReasonRow) -> str:
    """A hash of what has been done about a reason, and of the text it was done about."""
    return stamp_of(
        row.id, row.text, row.state, row.released_text, row.merged_into, row.because, split(row.sentences)
    )


def stamp_of_themes(row: ReasonRow) -> str:
    """A hash of one coder's themes of a reason."""
    return stamp_of(row.id, split(row.themes))


def stamp_of_theme(row: ThemeRow) -> str:
    """A hash of an entry of the code book."""
    return stamp_of(row.title, row.definition)


def stamp_of_summary(sentences: Iterable[SentenceRow], *, item: str) -> str:
    """A hash of an item's summary; of none where no row is about the item."""
    return stamp_of(
        *sorted((each.number, each.text) for each in sentences if each.item == item and each.text)
    )


def split(cell: str) -> list[str]:
    """The parts of a cell that holds several, sorted, each once."""
    return sorted({part.strip() for part in re.split(r"[;,\n]", cell) if part.strip()})


def _row(questionnaire: Questionnaire, reason: ReasonAtWork, *, coder: str, summary: str) -> ReasonRow:
    language = questionnaire.language
    item = questionnaire.items_by_id.get(reason.item)
    context = questionnaire.contexts_by_id.get(reason.context)
    criterion = questionnaire.criteria.get(reason.criterion)
    themes = reason.themes.get(coder)
    row = ReasonRow(
        row=0,
        id=reason.public_id,
        item=reason.item,
        title=item.title.get(language) if item else "",
        context=context.title.get(language) if context else "",
        criterion=criterion.title.get(language) if criterion else "",
        rating=_rating_words(reason.ratings),
        band=_BAND_WORDS.get(reason.band, reason.band),
        text=as_cell(reason.text),
        state=STATE_WORDS[reason.state],
        released_text=as_cell(reason.released_text),
        merged_into=reason.merged_into,
        because=as_cell(reason.because),
        themes="" if themes is None else SEPARATOR.join(themes) or NO_THEME,
        sentences=SEPARATOR.join(str(each) for each in reason.sentences),
        coder=coder,
        check="",
    )
    check = f"{stamp_of_handling(row)}-{stamp_of_themes(row)}-{summary}"
    return replace(row, check=check)


def _rating_words(ratings: Sequence[RatingBeside]) -> str:
    told = [
        _BAND_WORDS.get(each.answer, each.answer) if each.value is None else str(each.value)
        for each in ratings
    ]
    if len(ratings) == 1:
        return told[0]
    return SEPARATOR.join(f"{each.criterion} {word}" for each, word in zip(ratings, told, strict=True))
