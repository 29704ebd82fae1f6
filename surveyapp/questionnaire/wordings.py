"""The texts that experts read in a questionnaire, put right without changing what is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from surveyapp.errors import Problem, Sentence
from surveyapp.questionnaire.checking import check
from surveyapp.questionnaire.model import ANY_LANGUAGE, Item, Point, Questionnaire, Text

LONGEST_WORDING: Final = 20_000
# What analysts and authors read, and no expert.
_UNREAD: Final = frozenset({"taxonomies", "categories", "notes"})
_CONTEXT: Final = "{context}"
_Place: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ReadText:
    """One text in one language: ``items.audits.title``, or ``items.audits.title.de``."""

    path: str
    language: str
    """'' for a text that serves every language."""
    words: str
    place: _Place
    """Where it stands in the canonical form."""

    @property
    def steps(self) -> tuple[str, ...]:
        """The path without its language, step by step."""
        steps = tuple(self.path.split("."))
        return steps[:-1] if self.language else steps


@dataclass(frozen=True, slots=True)
class Correction:
    """One text put right: what it said, and what it says since then."""

    path: str
    before: str
    after: str


def list_texts(questionnaire: Questionnaire) -> tuple[ReadText, ...]:
    """Every text that experts read, in the order of the file."""
    return tuple(_texts(questionnaire, (), ()))


def find_text(questionnaire: Questionnaire, path: str) -> ReadText | None:
    """The text at `path`, if there is one."""
    return next((text for text in list_texts(questionnaire) if text.path == path), None)


def fit(before: str, after: str) -> str:
    """`after` as it is kept: without what is blank around it, and ending the way the text before ended."""
    return after.strip() + before[len(before.rstrip()) :]


def find_problems(questionnaire: Questionnaire, correction: Correction) -> Iterator[Problem]:
    """Everything that is wrong with a correction of a text that stands in `questionnaire`."""
    before, after = correction.before, correction.after
    if not after.strip():
        yield _problem(Sentence("it is empty; write the text as it should read."))
        return
    if after == before:
        yield _problem(Sentence("this is what the text says already; change it, or leave it as it is."))
        return
    if len(after) > LONGEST_WORDING:
        yield _problem(
            Sentence(
                "it has {count} characters; at most {most} are possible.",
                count=len(after),
                most=LONGEST_WORDING,
            )
        )
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in after):
        yield _problem(Sentence("it holds characters that cannot be shown; type it anew."))
    if _CONTEXT in before and _CONTEXT not in after:
        yield _problem(Sentence("“{name}” is missing: experts read their context there.", name=_CONTEXT))
    known = {(finding.path, finding.what) for finding in check(questionnaire)}
    for finding in check(corrected(questionnaire, [correction])):
        if (finding.path, finding.what) not in known:
            yield _problem(finding.what)


def corrected(questionnaire: Questionnaire, corrections: Sequence[Correction]) -> Questionnaire:
    """The questionnaire with these texts put right, in their order; the same cells, and the same way through.

    A text that says something else by now than what was corrected stays as it is.
    """
    data = _with_corrections(questionnaire, (), corrections)
    return questionnaire if data is None else Questionnaire.from_canonical(json.dumps(data))


def corrected_item(item: Item, corrections: Sequence[Correction]) -> Item:
    """The same for one item alone."""
    data = _with_corrections(item, ("items", item.id), corrections)
    return item if data is None else Item.model_validate_json(json.dumps(data))


def _problem(what: str) -> Problem:
    return Problem("to", what)


def _with_corrections(
    part: Questionnaire | Item, steps: tuple[str, ...], corrections: Sequence[Correction]
) -> Any:
    """The canonical form of `part` with its texts put right; None where none of them is meant."""
    texts = {text.path: text for text in _texts(part, steps, ())} if corrections else {}
    words: dict[str, str] = {}
    for each in corrections:
        text = texts.get(each.path)
        if text is not None and words.get(each.path, text.words) == each.before:
            words[each.path] = each.after
    if not words:
        return None
    data = json.loads(part.model_dump_json(exclude_defaults=True))
    for path, after in words.items():
        *way, last = texts[path].place
        holder = data
        for step in way:
            holder = holder[step]
        holder[last] = after
    return data


def _texts(part: Any, steps: tuple[str, ...], place: _Place) -> Iterator[ReadText]:
    if isinstance(part, Text):
        for code, words in part.root.items():
            language = "" if code == ANY_LANGUAGE else code
            path = ".".join((*steps, language) if language else steps)
            yield ReadText(path, language, words, (*place, code))
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            if name not in _UNREAD:
                yield from _texts(getattr(part, name), (*steps, name), (*place, name))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from _texts(value, (*steps, key), (*place, key))
    elif isinstance(part, tuple):
        for index, value in enumerate(part):
            # Positions change when items come and go; names do not.
            name = str(value.value) if isinstance(value, Point) else getattr(value, "id", "")
            if name:
                yield from _texts(value, (*steps, name), (*place, index))
