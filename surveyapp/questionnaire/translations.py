"""Whether every text is there in every language that the questionnaire declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from surveyapp.errors import Sentence
from surveyapp.questionnaire.explaining import nearest
from surveyapp.questionnaire.finding import Finding, Path
from surveyapp.questionnaire.model import ANY_LANGUAGE, Questionnaire, Text


def check(questionnaire: Questionnaire) -> Iterator[Finding]:
    """Texts that lack a declared language, or are in one that is not declared."""
    declared = questionnaire.languages
    for path, text in _texts(questionnaire, ()):
        for code in sorted(text.languages - set(declared)):
            what = Sentence(
                "the language “{code}” is not declared{instead}", code=code, instead=nearest(code, declared)
            )
            yield Finding((*path, code), what, is_key=True)
        missing = [code for code in declared if code not in text.root]
        if missing and ANY_LANGUAGE not in text.root:
            what = Sentence("this text is missing in {languages}; add it", languages=", ".join(missing))
            yield Finding(path, what)


def find_plain(questionnaire: Questionnaire, data: Any) -> Iterator[Finding]:
    """With several languages: texts that the file writes only once, which one reader cannot read.

    A text that is the same everywhere says so by ``{"*": …}``.
    """
    languages = list(dict.fromkeys(questionnaire.languages))
    if len(languages) < 2:
        return
    several = ", ".join(f"{code}: …" for code in languages)
    for path, text in _texts(questionnaire, ()):
        if ANY_LANGUAGE in text.root and isinstance(_at(data, path), str):
            what = Sentence(
                "this text stands here in one language; write {{{several}}}, or {everywhere} if it is the "
                "same in all",
                several=several,
                everywhere='{"*": …}',
            )
            yield Finding(path, what)


def _texts(part: Any, path: Path) -> Iterator[tuple[Path, Text]]:
    if isinstance(part, Text):
        yield path, part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _texts(getattr(part, name), (*path, name))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from _texts(value, (*path, key))
    elif isinstance(part, tuple):
        for index, value in enumerate(part):
            if isinstance(value, str | int):
                return
            yield from _texts(value, (*path, index))


def _at(data: Any, path: Path) -> Any:
    for step in path:
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, tuple) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data
