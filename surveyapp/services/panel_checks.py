"""What a list of panellists means in one study, and everything that is wrong with it, all at once."""

from __future__ import annotations

import functools
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from zoneinfo import available_timezones

from surveyapp.errors import Problem, Sentence
from surveyapp.exchange.panel_file import PanelRow, fold
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.addresses import find_near, find_problem, fold_address

MAX_NAME = 200
MAX_TAG = 60
MAX_TAGS = 50
_LANGUAGE_NAMES = {
    "english": "en", "englisch": "en", "german": "de", "deutsch": "de", "french": "fr", "francais": "fr",
    "franzosisch": "fr", "spanish": "es", "espanol": "es", "spanisch": "es",
    "italian": "it", "italiano": "it",
    "italienisch": "it", "dutch": "nl", "nederlands": "nl", "niederlandisch": "nl", "portuguese": "pt",
    "portugues": "pt", "polish": "pl", "polski": "pl",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A row that is understood: ids instead of what people wrote."""

    row: int
    name: str
    email: str
    email_key: str
    group: str
    tags: tuple[str, ...]
    language: str
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a list comes to: its members, what stops it, and what somebody should look at."""

    members: tuple[Member, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check_rows(
    questionnaire: Questionnaire, rows: Sequence[PanelRow], *, known: Mapping[str, str]
) -> Checked:
    """Read `rows` in the terms of `questionnaire`; `known` maps folded address → name on the panel already.

    Every row is looked at, so that one reading shows everything there is to mend.
    """
    find_group = group_finder(questionnaire)
    find_language = language_finder(questionnaire)
    problems: list[Problem] = []
    members: list[Member] = []
    first_row: dict[str, int] = {}
    for row in rows:
        wrong: list[str] = [*problems_of_texts(row.name, row.email, row.tags)]
        key = fold_address(row.email)
        if missing := problem_of_address(row.email):
            wrong.append(missing)
        elif key in known:
            wrong.append(
                Sentence("{email} is on the panel already; take the row out.", email=row.email[:100])
            )
        elif key in first_row:
            wrong.append(
                Sentence(
                    "{email} stands in row {row} too; keep one of the two.",
                    email=row.email[:100],
                    row=first_row[key],
                )
            )
        else:
            first_row[key] = row.row
        group, group_problem = find_group(row.group)
        language, language_problem = find_language(row.language)
        time_zone, zone_problem = find_time_zone(row.time_zone)
        wrong.extend(problem for problem in (group_problem, language_problem, zone_problem) if problem)
        problems.extend(Problem(in_row(row.row), what) for what in wrong)
        tags = tuple(dict.fromkeys(row.tags))
        members.append(Member(row.row, row.name, row.email, key, group, tags, language, time_zone))
    warnings = [*_same_names(members, known), *_near_addresses(members, known)]
    return Checked(tuple(members), tuple(problems), tuple(warnings))


def in_row(number: int) -> Sentence:
    """Where a problem is: the row's number in its own sheet."""
    return Sentence("row {number}", number=number)


def problem_of_address(email: str) -> Sentence | None:
    """Why nobody can be written to at this address, or None."""
    if not email:
        return Sentence("the e-mail address is missing; each panellist needs one of their own.")
    if reason := find_problem(email):
        return Sentence("'{email}' is not an e-mail address ({reason}).", email=email[:100], reason=reason)
    return None


def problems_of_texts(name: str, email: str, tags: Sequence[str]) -> Iterator[Sentence]:
    """What is wrong with the texts themselves, whatever they mean."""
    if len(name) > MAX_NAME:
        yield Sentence(
            "the name has {count} characters, at most {most} are possible.", count=len(name), most=MAX_NAME
        )
    for text in (name, email, *tags):
        # Such characters break letters, and some databases refuse them; format marks of scripts may stay.
        if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
            yield Sentence("a cell holds a control character; type its text again.")
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags):
        yield Sentence(
            "the tags are too many or too long; at most {tags} of {letters} characters are possible.",
            tags=MAX_TAGS,
            letters=MAX_TAG,
        )


def group_finder(questionnaire: Questionnaire) -> Callable[[str], tuple[str, Sentence | None]]:
    """What finds the group that somebody wrote, by its id or by a title of it."""
    ids: dict[str, str] = {}
    for group in questionnaire.groups:
        for text in (*group.title.root.values(), group.id):
            ids[fold(text)] = group.id
    names = ", ".join(group.id for group in questionnaire.groups)

    def find(written: str) -> tuple[str, Sentence | None]:
        if not questionnaire.groups:
            if written:
                return "", Sentence(
                    "the questionnaire has no groups, so '{group}' cannot be one; leave it empty.",
                    group=written[:60],
                )
            return "", None
        if not written:
            return "", Sentence("the group is missing; write one of: {known}.", known=names)
        folded = fold(written)
        if folded in ids:
            return ids[folded], None
        nearest = get_close_matches(folded, ids, n=1, cutoff=0.5)
        if nearest:
            return "", Sentence(
                "there is no group '{group}'; did you mean '{nearest}'?",
                group=written[:60],
                nearest=ids[nearest[0]],
            )
        return "", Sentence(
            "there is no group '{group}'; write one of: {known}.", group=written[:60], known=names
        )

    return find


def language_finder(questionnaire: Questionnaire) -> Callable[[str], tuple[str, Sentence | None]]:
    """What finds the language that somebody wrote, by its code or its name."""
    codes = {code.casefold(): code for code in questionnaire.languages}
    names = ", ".join(questionnaire.languages)

    def find(written: str) -> tuple[str, Sentence | None]:
        if not written:
            return questionnaire.language, None
        code = _LANGUAGE_NAMES.get(fold(written), written.casefold().replace("_", "-"))
        # en-GB is served by a questionnaire in en.
        found = codes.get(code) or codes.get(code.partition("-")[0])
        if found is not None:
            return found, None
        return "", Sentence(
            "the questionnaire has no language '{language}'; write one of: {known}.",
            language=written[:60],
            known=names,
        )

    return find


def find_time_zone(written: str) -> tuple[str, Sentence | None]:
    """The time zone that somebody wrote, '' for the study's own."""
    wanted = written.strip()
    if not wanted:
        return "", None
    zones = _zones()
    found = zones.get(wanted.casefold().replace(" ", "_"))
    if found is not None:
        return found, None
    nearest = get_close_matches(wanted.casefold(), zones, n=1, cutoff=0.6)
    hint = zones[nearest[0]] if nearest else "Europe/Berlin"
    return "", Sentence(
        "there is no time zone '{zone}'; write one such as {hint}.", zone=wanted[:60], hint=hint
    )


@functools.cache
def _zones() -> Mapping[str, str]:
    # Read from the disk once per process.
    return {zone.casefold(): zone for zone in available_timezones()}


def _same_names(members: Sequence[Member], known: Mapping[str, str]) -> Iterator[Problem]:
    holders: dict[str, list[str]] = defaultdict(list)
    for email_key, name in known.items():
        if name:
            holders[name_key(name)].append(email_key)
    for member in members:
        if not member.name:
            continue
        others = holders[name_key(member.name)]
        different = [other for other in others if other != member.email_key]
        if different:
            yield Problem(
                in_row(member.row),
                Sentence(
                    "{name} <{email}> has the same name as <{other}>: one person twice?",
                    name=member.name,
                    email=member.email,
                    other=different[0],
                ),
            )
        others.append(member.email_key)


def name_key(name: str) -> str:
    """The one form of all ways to write the same name: "Doe, Jane" and "Jane Doe"."""
    return " ".join(sorted(fold(word) for word in name.replace(",", " ").split()))


def _near_addresses(members: Sequence[Member], known: Mapping[str, str]) -> Iterator[Problem]:
    rows = {member.email_key: member for member in members}
    for address, other in find_near(rows, known):
        member = rows[address]
        yield Problem(
            in_row(member.row),
            Sentence(
                "<{email}> is one letter away from <{other}>: one person twice?",
                email=member.email,
                other=other,
            ),
        )
