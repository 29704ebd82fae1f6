"""The package's README: what each file is, what counts, and how to open it without accidents."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from surveyapp.export.package import FileEntry

SYNTHETIC = (
    "SYNTHETIC DATA. The panel of this study, or part of it, was invented by a program to try things "
    "out. Nothing in these files is a finding about the world. The column is_synthetic says which "
    "panellists are."
)
_SAFE = (
    "Texts that a spreadsheet could take for a formula begin with one added apostrophe ('). Numbers "
    "are never changed. To get the texts as they were written, take one apostrophe away where what "
    "follows it begins, after spaces or quotes, with = + - @ or a control character; or export in "
    "the exact mode."
)
_EXACT = (
    "EXACT MODE: texts stand exactly as they were written. Do not open these files in a spreadsheet: "
    "a text that begins with = + - or @ could be run there as a formula."
)
_COUNTING = (
    "What counts is each panellist's latest submission in a round. In answers-long.csv the column "
    "'counted' says 'no' for drafts that were never submitted, for edits after the latest submission "
    "(status 'late_draft') and for withdrawn answers. answers-wide.csv holds counted answers only. "
    "late-drafts.csv holds what arrived after a round had closed; it never counts."
)
_WORDING = (
    "While a round is open, mistakes in its wording may be corrected: corrections.csv says what was, and "
    "why. The same was asked in the same cells all the while. The column 'correction' in "
    "answers-long.csv and late-drafts.csv tells which corrections each answer had on its page; an answer "
    "saw all of its round up to that number, and none after it."
)
_ORDER = (
    "Rows are ordered by pseudonym and then as in the questionnaire. Pseudonyms are random, so the "
    "order says nothing about who was invited or answered first. Times are in UTC and no finer than "
    "the study's grain."
)
_OPENING = (
    "The tables are CSV after RFC 4180: UTF-8, commas, the first line holds the column names. In a "
    "spreadsheet, import them as text/CSV in UTF-8 rather than opening them with a double click."
)


def readme(*, title: str, is_synthetic: bool, exact: bool, files: Iterable[FileEntry]) -> str:
    """The text of README.txt; where data are synthetic that is said first."""
    heading = f"Data of the study: {' '.join(title.split())}"
    parts = [_paragraph(SYNTHETIC)] if is_synthetic else []
    listed = [
        textwrap.fill(f"{each.name}: {each.about}", 78, initial_indent="  ", subsequent_indent="      ")
        for each in sorted(files, key=lambda each: each.name)
    ]
    parts += [heading + "\n" + "=" * min(len(heading), 78), "\n".join(["Files", *listed])]
    parts += [
        _paragraph(text) for text in (_COUNTING, _WORDING, _ORDER, _OPENING, _EXACT if exact else _SAFE)
    ]
    return "\n\n".join(parts) + "\n"


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 78)
