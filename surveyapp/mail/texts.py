"""Texts of letters: those that come with the program, what is wrong with one, and putting values in.

A text is plain: paragraphs with variables in braces. Nothing in it is ever run, whatever is written.
"""

from __future__ import annotations

import functools
import itertools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from surveyapp.errors import Problem, Sentence
from surveyapp.mail.kinds import RULES, VARIABLES, Kind

FALLBACK = "en"
LONGEST_SUBJECT = 200
LONGEST_BODY = 20_000
_FOLDER = Path(__file__).parent / "built_in"
_BRACED = re.compile(r"\{([^{}\n]*)\}")
# What no line of a letter may hold: they would begin a new header, or hide what is written.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Text:
    """What one letter says, with variables in braces."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Words:
    """The small words around a letter, in its language."""

    unlimited: str
    """What stands for a deadline where there is none."""
    footer: str
    switch_off: str
    open_link: str
    reply_to: str


def built_in_languages() -> tuple[str, ...]:
    """The languages in which the program brings letters along."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def built_in_language(language: str) -> str:
    """The language of the text that comes with the program for readers of `language`."""
    known = built_in_languages()
    short = language.split("-", maxsplit=1)[0]
    return language if language in known else short if short in known else FALLBACK


def built_in(kind: Kind, number: int, language: str) -> Text:
    """The text that comes with the program; `number` tells reminders apart."""
    name = f"{kind}_{number}" if RULES[kind].texts > 1 and number > 1 else str(kind)
    found = _read(built_in_language(language))[name]
    return Text(found["subject"], reflow(found["body"]))


def words(language: str) -> Words:
    """The small words around a letter."""
    return Words(**_read(built_in_language(language))["words"])


@functools.cache
def _read(language: str) -> Mapping[str, Mapping[str, str]]:
    content: Mapping[str, Mapping[str, str]] = tomllib.loads(
        (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    )
    return content


def reflow(text: str) -> str:
    """Long lines broken only for the file become whole paragraphs; short last lines stay apart."""
    paragraphs = []
    for block in text.strip().split("\n\n"):
        lines = block.split("\n")
        joined = lines[0]
        for before, line in itertools.pairwise(lines):
            # A line that ends long before the edge was ended on purpose.
            joined += ("\n" if len(before) < 80 else " ") + line
        paragraphs.append(joined)
    return "\n\n".join(paragraphs)


def tidy(text: Text) -> Text:
    """The text as it is stored: one kind of line end, nothing around it."""
    body = text.body.replace("\r\n", "\n").replace("\r", "\n").strip()
    return Text(text.subject.strip(), body)


def find_problems(kind: Kind, text: Text) -> list[Problem]:
    """All that is wrong with a text, each with where it stands and what to write instead."""
    found = [*_problems_of_subject(text.subject), *_problems_of_body(text.body)]
    rules = RULES[kind]
    for where, part in (("subject", text.subject), ("text", text.body)):
        for name in dict.fromkeys(_BRACED.findall(part)):
            problem = _problem_of_variable(name, rules.variables)
            if problem is not None:
                found.append(Problem(where, problem))
    if "{link}" in text.subject or "{letters_link}" in text.subject:
        found.append(
            Problem("subject", Sentence("a link in the subject cannot be opened; write it into the text."))
        )
    if rules.needs_link and "{link}" not in text.body:
        found.append(
            Problem(
                "text",
                Sentence("the personal link is missing; write {name} where it belongs.", name="{link}"),
            )
        )
    return found


def _problems_of_subject(subject: str) -> list[Problem]:
    found = []
    if not subject.strip():
        found.append(Problem("subject", Sentence("it is empty; write what the letter is about.")))
    if "\n" in subject or "\r" in subject or _CONTROL.search(subject):
        found.append(
            Problem("subject", Sentence("it holds a line break or an invisible sign; write one plain line."))
        )
    if len(subject) > LONGEST_SUBJECT:
        found.append(
            Problem(
                "subject",
                Sentence(
                    "it has {length} characters; write at most {most}.",
                    length=len(subject),
                    most=LONGEST_SUBJECT,
                ),
            )
        )
    return found


def _problems_of_body(body: str) -> list[Problem]:
    found = []
    if not body.strip():
        found.append(Problem("text", Sentence("it is empty; write what the letter says.")))
    if len(body) > LONGEST_BODY:
        found.append(
            Problem(
                "text",
                Sentence(
                    "it has {length} characters; write at most {most}.", length=len(body), most=LONGEST_BODY
                ),
            )
        )
    if _CONTROL.search(body.replace("\r\n", "\n")):
        found.append(Problem("text", Sentence("it holds an invisible sign that letters cannot hold.")))
    return found


def _problem_of_variable(name: str, allowed: frozenset[str]) -> Sentence | None:
    if name in allowed:
        return None
    if name in VARIABLES:
        return Sentence("{name} does not belong into this letter; take it out.", name=f"{{{name}}}")
    near = get_close_matches(name, sorted(allowed), n=1)
    if near:
        return Sentence(
            "there is no variable {name}; did you mean {near}?", name=f"{{{name}}}", near=f"{{{near[0]}}}"
        )
    return Sentence(
        "there is no variable {name}; there are {known}.",
        name=f"{{{name}}}",
        known=", ".join(f"{{{each}}}" for each in VARIABLES if each in allowed),
    )


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with each known variable replaced by its value, once; anything else stays as it is."""
    return _BRACED.sub(lambda match: values.get(match[1], match[0]), text)


def clean(value: str) -> str:
    """A value as it may stand in one line of a letter: no line breaks, no control signs."""
    return " ".join(_CONTROL.sub(" ", value.replace("\n", " ").replace("\t", " ")).split())
