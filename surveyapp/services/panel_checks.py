"""What a list of panellists means in one study, and everything that is wrong with it, all at once."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from surveyapp.errors import Problem
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
    find_group = _group_finder(questionnaire)
    find_language = _language_finder(questionnaire)
    problems: list[Problem] = []
    members: list[Member] = []
    first_row: dict[str, int] = {}
    for row in rows:
        wrong: list[str] = [*_problems_of_texts(row)]
        key = fold_address(row.email)
        if not row.email:
            wrong.append("the e-mail address is missing; each panellist needs one of their own.")
        elif reason := find_problem(row.email):
            wrong.append(f"'{row.email[:100]}' is not an e-mail address ({reason}).")
        elif key in known:
            wrong.append(f"{row.email} is on the panel already; take the row out.")
        elif key in first_row:
            wrong.append(f"{row.email} stands in row {first_row[key]} too; keep one of the two.")
        else:
            first_row[key] = row.row
        group, group_problem = find_group(row.group)
        language, language_problem = find_language(row.language)
        wrong.extend(problem for problem in (group_problem, language_problem) if problem)
        problems.extend(Problem(f"row {row.row}", what) for what in wrong)
        members.append(
            Member(row.row, row.name, row.email, key, group, tuple(dict.fromkeys(row.tags)), language)
        )
    warnings = [*_same_names(members, known), *_near_addresses(members, known)]
    return Checked(tuple(members), tuple(problems), tuple(warnings))


def _problems_of_texts(row: PanelRow) -> Iterator[str]:
    if len(row.name) > MAX_NAME:
        yield f"the name has {len(row.name)} characters, at most {MAX_NAME} are possible."
    for text in (row.name, row.email, *row.tags):
        # Such characters break letters, and some databases refuse them; format marks of scripts may stay.
        if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
            yield "a cell holds a control character; type its text again."
    if len(row.tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in row.tags):
        yield f"the tags are too many or too long; at most {MAX_TAGS} of {MAX_TAG} characters are possible."


def _group_finder(questionnaire: Questionnaire) -> Callable[[str], tuple[str, str | None]]:
    ids: dict[str, str] = {}
    for group in questionnaire.groups:
        for text in (*group.title.root.values(), group.id):
            ids[fold(text)] = group.id
    names = ", ".join(group.id for group in questionnaire.groups)

    def find(written: str) -> tuple[str, str | None]:
        if not questionnaire.groups:
            if written:
                return (
                    "",
                    f"the questionnaire has no groups, so '{written[:60]}' cannot be one; leave it empty.",
                )
            return "", None
        if not written:
            return "", f"the group is missing; write one of: {names}."
        folded = fold(written)
        if folded in ids:
            return ids[folded], None
        nearest = get_close_matches(folded, ids, n=1, cutoff=0.5)
        hint = f"did you mean '{ids[nearest[0]]}'?" if nearest else f"write one of: {names}."
        return "", f"there is no group '{written[:60]}'; {hint}"

    return find


def _language_finder(questionnaire: Questionnaire) -> Callable[[str], tuple[str, str | None]]:
    codes = {code.casefold(): code for code in questionnaire.languages}
    names = ", ".join(questionnaire.languages)

    def find(written: str) -> tuple[str, str | None]:
        if not written:
            return questionnaire.language, None
        code = _LANGUAGE_NAMES.get(fold(written), written.casefold().replace("_", "-"))
        # en-GB is served by a questionnaire in en.
        found = codes.get(code) or codes.get(code.partition("-")[0])
        if found is not None:
            return found, None
        return "", f"the questionnaire has no language '{written[:60]}'; write one of: {names}."

    return find


def _same_names(members: Sequence[Member], known: Mapping[str, str]) -> Iterator[Problem]:
    holders: dict[str, list[str]] = defaultdict(list)
    for email_key, name in known.items():
        if name:
            holders[_name_key(name)].append(email_key)
    for member in members:
        if not member.name:
            continue
        others = holders[_name_key(member.name)]
        different = [other for other in others if other != member.email_key]
        if different:
            yield Problem(
                f"row {member.row}",
                f"{member.name} <{member.email}> has the same name as <{different[0]}>: one person twice?",
            )
        others.append(member.email_key)


def _name_key(name: str) -> str:
    # "Doe, Jane" and "Jane Doe" are one name.
    return " ".join(sorted(fold(word) for word in name.replace(",", " ").split()))


def _near_addresses(members: Sequence[Member], known: Mapping[str, str]) -> Iterator[Problem]:
    rows = {member.email_key: member for member in members}
    for address, other in find_near(rows, known):
        member = rows[address]
        yield Problem(
            f"row {member.row}", f"<{member.email}> is one letter away from <{other}>: one person twice?"
        )
