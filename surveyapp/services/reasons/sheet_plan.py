"""What a spreadsheet of reasons would change: compared row by row with what stands here now.

A row that nobody edited in the file changes nothing, whatever has happened here since. A row that somebody
edited is taken if nothing was changed here since it was exported; else it is a conflict, unless both say
the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from surveyapp.errors import Problem, Sentence
from surveyapp.exchange.reason_file import ReasonFile, ReasonRow, SentenceRow, ThemeRow
from surveyapp.services.reasons.coding import NO_THEME, problems_of_theme, unknown_theme
from surveyapp.services.reasons.handling import MAX_BECAUSE, MAX_RELEASED_TEXT
from surveyapp.services.reasons.summarising import DraftSentence, problems_of_sentences
from surveyapp.services.reasons.to_sheet import (
    SEPARATOR,
    STATE_WORDS,
    split,
    stamp_of_handling,
    stamp_of_summary,
    stamp_of_theme,
    stamp_of_themes,
)

_STATE_OF_WORD = {word: state for state, word in STATE_WORDS.items()} | {
    "": "unread",
    "set_aside": "set_aside",
}
_FROM_SENTENCES = {"unread", "summarised"}


@dataclass(frozen=True, slots=True)
class Handling:
    """What is to become of a reason."""

    state: str
    released_text: str
    merged_into: str
    because: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an import changes, in words."""

    row: int
    """The row in its sheet; 0 for what follows from several."""
    name: str
    what: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.name}: {self.what}" if self.row else f"{self.name}: {self.what}"


@dataclass(slots=True)
class Plan:
    """All that an import would do, and all that keeps it from being done."""

    handling: dict[str, Handling] = field(default_factory=dict)
    codes: dict[str, tuple[str, ...] | None] = field(default_factory=dict)
    """Reason → the coder's themes; None where the coder's finding is taken back."""
    new_themes: list[ThemeRow] = field(default_factory=list)
    changed_themes: list[ThemeRow] = field(default_factory=list)
    summaries: dict[str, tuple[DraftSentence, ...]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    conflicts: list[Problem] = field(default_factory=list)
    unchanged: int = 0


def plan_import(current: ReasonFile, given: ReasonFile) -> Plan:
    """Compare the file `given` with `current`, which holds the themes of the coder who imports."""
    plan = Plan()
    now = {row.id: row for row in current.reasons}
    rows = _take_rows(plan, now, given.reasons)
    _plan_code_book(plan, current.themes, given.themes)
    known = {row.id for row in (*current.themes, *plan.new_themes)}
    for row in rows:
        before = len(plan.changes), len(plan.problems), len(plan.conflicts)
        _plan_handling(plan, now[row.id], row)
        _plan_codes(plan, now[row.id], row, known=known)
        plan.unchanged += before == (len(plan.changes), len(plan.problems), len(plan.conflicts))
    _check_merges(plan, now, rows)
    _plan_summaries(plan, current, given, rows)
    return plan


def _take_rows(plan: Plan, now: Mapping[str, ReasonRow], given: Iterable[ReasonRow]) -> list[ReasonRow]:
    taken: dict[str, ReasonRow] = {}
    for row in given:
        where = _at(row)
        if row.id not in now:
            plan.problems.append(Problem(where, Sentence("this round has no reason '{id}'.", id=row.id)))
        elif row.id in taken:
            plan.problems.append(
                Problem(
                    where, Sentence("{id} stands in row {row} already.", id=row.id, row=taken[row.id].row)
                )
            )
        elif len(row.check.split("-")) != 3:
            what = Sentence("the check is missing or damaged; export again, and leave that column as it is.")
            plan.problems.append(Problem(where, what))
        else:
            taken[row.id] = row
    return list(taken.values())


def _plan_handling(plan: Plan, now: ReasonRow, row: ReasonRow) -> None:
    exported = row.check.split("-")[0]
    if stamp_of_handling(row) == exported:
        return
    standing = _standing(now)
    problems = list(_problems_of_row(now, row))
    wanted = _wanted(now, row)
    if not problems and wanted == standing:
        return
    if stamp_of_handling(now) != exported:
        what = Sentence(
            "{id} was changed here after the export: {here}. The file says: {file}.",
            id=row.id,
            here=_in_words(now, standing),
            file=_in_words(row, wanted),
        )
        plan.conflicts.append(Problem(_at(row), what))
        return
    if problems:
        plan.problems += [Problem(_at(row), _of(row.id, what)) for what in problems]
        return
    plan.handling[row.id] = wanted
    plan.changes.append(Change(row.row, row.id, _difference(standing, wanted)))


def _standing(now: ReasonRow) -> Handling:
    return Handling(
        _STATE_OF_WORD[now.state],
        now.released_text,
        now.merged_into,
        now.because,
        tuple(split(now.sentences)),
    )


def _wanted(now: ReasonRow, row: ReasonRow) -> Handling:
    state = _STATE_OF_WORD.get(row.state.casefold(), "unread")
    sentences = tuple(split(row.sentences))
    if state in _FROM_SENTENCES:
        if row.merged_into:
            state = "merged"
        elif row.because:
            state = "set_aside"
        else:
            state = "summarised" if sentences else "unread"
    released_text = row.released_text
    if state == "released" and not released_text:
        released_text = now.text
    return Handling(state, released_text, row.merged_into, " ".join(row.because.split()), sentences)


def _problems_of_row(now: ReasonRow, row: ReasonRow) -> Iterable[Sentence]:
    if row.text != now.text:
        yield Sentence(
            "the text is what its author submitted and cannot be changed; write into 'released text'."
        )
    if len(row.released_text) > MAX_RELEASED_TEXT:
        yield Sentence(
            "the released text has {length} characters; {most} fit.",
            length=len(row.released_text),
            most=MAX_RELEASED_TEXT,
        )
    if len(row.because) > MAX_BECAUSE:
        yield Sentence(
            "why it is set aside has {length} characters; {most} fit.",
            length=len(row.because),
            most=MAX_BECAUSE,
        )
    for number in split(row.sentences):
        if not _is_number(number):
            yield Sentence(
                "'summary sentence' holds '{number}'; write numbers of sentences, such as 1; 3.",
                number=number,
            )
    yield from _problems_of_state(now, row)


def _problems_of_state(now: ReasonRow, row: ReasonRow) -> Iterable[Sentence]:
    state = _STATE_OF_WORD.get(row.state.casefold())
    if state is None:
        yield Sentence(
            "there is no state '{state}'; write one of: {states}.",
            state=row.state,
            states=", ".join(STATE_WORDS.values()),
        )
    if row.merged_into and row.because:
        yield Sentence("it can be merged or set aside, not both; clear 'merged into' or 'set aside because'.")
    if row.merged_into and state in {"released", "set_aside"}:
        yield Sentence(
            "it is {state} and merged; clear 'merged into', or write the state 'merged'.",
            state=STATE_WORDS[state],
        )
    if row.because and state in {"released", "merged"}:
        yield Sentence(
            "it is {state} and set aside; clear 'set aside because', or write that state.",
            state=STATE_WORDS[state],
        )
    if state == "merged" and not row.merged_into:
        yield Sentence("'merged into' must name the reason that stands for it.")
    if state == "set_aside" and not row.because:
        yield Sentence("'set aside because' must say why.")
    if state == "summarised" and not split(row.sentences) and not now.sentences:
        yield Sentence("a reason is summarised when 'summary sentence' names a sentence.")
    if _wanted(now, row).state == "set_aside" and split(row.sentences):
        yield Sentence(
            "a sentence of the summary stands on it, so it cannot be set aside; clear one of the two."
        )


def _plan_codes(plan: Plan, now: ReasonRow, row: ReasonRow, *, known: Collection[str]) -> None:
    exported = row.check.split("-")[1]
    wanted = split(row.themes)
    if stamp_of_themes(row) == exported or wanted == split(now.themes):
        return
    if stamp_of_themes(now) != exported:
        what = Sentence(
            "{id} was coded here after the export: '{themes}'. The file says: '{file}'.",
            id=row.id,
            themes=now.themes,
            file=row.themes,
        )
        plan.conflicts.append(Problem(_at(row), what))
        return
    for theme in wanted:
        if theme == NO_THEME and len(wanted) > 1:
            what = Sentence(
                "{id}: '{no_theme}' stands beside other themes; keep one or the other.",
                id=row.id,
                no_theme=NO_THEME,
            )
            plan.problems.append(Problem(_at(row), what))
        elif theme != NO_THEME and theme not in known:
            plan.problems.append(Problem(_at(row), _of(row.id, unknown_theme(theme, known))))
    plan.codes[row.id] = tuple(each for each in wanted if each != NO_THEME) if wanted else None
    plan.changes.append(
        Change(
            row.row, row.id, f"themes: {now.themes or 'not coded'} → {SEPARATOR.join(wanted) or 'not coded'}"
        )
    )


def _plan_code_book(plan: Plan, standing: Iterable[ThemeRow], given: Iterable[ThemeRow]) -> None:
    now = {row.id: row for row in standing}
    seen: dict[str, int] = {}
    for row in given:
        where = Sentence("sheet 'code book', row {number}", number=row.row)
        if row.id in seen:
            plan.problems.append(
                Problem(
                    where,
                    Sentence("the theme '{id}' stands in row {seen} already.", id=row.id, seen=seen[row.id]),
                )
            )
            continue
        seen[row.id] = row.row
        found = now.get(row.id)
        said = stamp_of_theme(row)
        if said == row.check or (found is not None and said == stamp_of_theme(found)):
            continue
        if (found is None) == bool(row.check) or (found is not None and stamp_of_theme(found) != row.check):
            what = Sentence(
                "the theme '{id}' was changed, added or removed here after the export.", id=row.id
            )
            plan.conflicts.append(Problem(where, what))
            continue
        problems = problems_of_theme(row.id, row.title, row.definition)
        plan.problems += [Problem(where, _of(problem.where, problem.what)) for problem in problems]
        (plan.new_themes if found is None else plan.changed_themes).append(row)
        plan.changes.append(Change(0, f"theme '{row.id}'", "added" if found is None else "changed"))


def _check_merges(plan: Plan, now: Mapping[str, ReasonRow], rows: Iterable[ReasonRow]) -> None:
    row_of = {row.id: row.row for row in rows}
    for public_id, wanted in plan.handling.items():
        if wanted.state != "merged" or not wanted.merged_into:
            continue
        where = _row(row_of[public_id])
        target = now.get(wanted.merged_into)
        if target is None:
            what = Sentence(
                "{public_id}: this round has no reason '{into}' to be merged into.",
                public_id=public_id,
                into=wanted.merged_into,
            )
        elif target.id == public_id:
            what = Sentence("{public_id} cannot be merged into itself.", public_id=public_id)
        elif target.item != now[public_id].item:
            what = Sentence(
                "{public_id} and {target} are about different items; only reasons on one item are merged.",
                public_id=public_id,
                target=target.id,
            )
        else:
            state = plan.handling.get(target.id, _standing(target)).state
            if state not in {"merged", "set_aside"}:
                continue
            what = Sentence(
                "{public_id}: {target} is {state} itself and cannot stand for others.",
                public_id=public_id,
                target=target.id,
                state=STATE_WORDS[state],
            )
        plan.problems.append(Problem(where, what))


def _plan_summaries(plan: Plan, current: ReasonFile, given: ReasonFile, rows: Collection[ReasonRow]) -> None:
    now = {row.id: row for row in current.reasons}
    exported = {now[row.id].item: row.check.split("-")[2] for row in rows}
    relinked = {
        now[public_id].item
        for public_id, wanted in plan.handling.items()
        if wanted.sentences != tuple(split(now[public_id].sentences))
    }
    for row in given.sentences:
        if row.item not in exported:
            what = Sentence(
                "no reason on the item '{item}' is in the file, so its summary cannot be changed.",
                item=row.item,
            )
            plan.problems.append(Problem(_in_summaries(row), what))
    for item, base in exported.items():
        standing = stamp_of_summary(current.sentences, item=item)
        said = stamp_of_summary(given.sentences, item=item) if given.is_whole else base
        is_rewritten = said not in {base, standing}
        if (is_rewritten or item in relinked) and standing not in {base, said}:
            what = Sentence(
                "the summary of '{item}' was changed here after the export; its numbers may mean others.",
                item=item,
            )
            plan.conflicts.append(Problem(Sentence("sheet 'summaries'"), what))
        elif is_rewritten or item in relinked:
            source = given.sentences if is_rewritten else current.sentences
            _plan_summary(
                plan, item, [each for each in source if each.item == item and each.text], current, rows
            )
            if is_rewritten:
                plan.changes.append(Change(0, f"summary of '{item}'", "rewritten"))


def _plan_summary(
    plan: Plan, item: str, sentences: Collection[SentenceRow], current: ReasonFile, rows: Iterable[ReasonRow]
) -> None:
    wanted = {
        row.id: plan.handling.get(row.id, _standing(row)) for row in current.reasons if row.item == item
    }
    bad = [each for each in sentences if not _is_number(each.number)]
    if bad:
        plan.problems += [
            Problem(
                _in_summaries(each),
                Sentence(
                    "'{number}' is no number; each item's sentences are numbered from 1.", number=each.number
                ),
            )
            for each in bad
        ]
        return
    numbers = {each.number for each in sentences}
    row_of = {row.id: row.row for row in rows}
    for public_id, handling in wanted.items():
        for number in handling.sentences:
            if _is_number(number) and number not in numbers:
                what = Sentence(
                    "{public_id}: the summary of '{item}' has no sentence {number}.",
                    public_id=public_id,
                    item=item,
                    number=number,
                )
                where = _row(row_of[public_id]) if public_id in row_of else ""
                plan.problems.append(Problem(where, what))
    drafts = tuple(
        DraftSentence(
            int(each.number),
            each.text,
            tuple(sorted(name for name, handling in wanted.items() if each.number in handling.sentences)),
        )
        for each in sentences
    )
    states = {name: handling.state for name, handling in wanted.items()}
    plan.problems += problems_of_sentences(drafts, states, where=f"summary of '{item}', sentence")
    plan.summaries[item] = drafts


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= 9_999


def _in_words(row: ReasonRow, handling: Handling) -> str:
    # As the file writes it: whoever reads this has the file before them.
    state = STATE_WORDS[handling.state]
    return Sentence("{state}, with a text of its own", state=state) if row.released_text else state


def _at(row: ReasonRow) -> Sentence:
    return _row(row.row)


def _row(number: int) -> Sentence:
    return Sentence("row {number}", number=number)


def _in_summaries(row: SentenceRow) -> Sentence:
    return Sentence("sheet 'summaries', row {number}", number=row.row)


def _of(name: str, what: str) -> Sentence:
    return Sentence("{name}: {what}", name=name, what=what)


def _difference(standing: Handling, wanted: Handling) -> str:
    told = []
    if standing.state != wanted.state:
        told.append(f"{STATE_WORDS[standing.state]} → {STATE_WORDS[wanted.state]}")
    for name, words in (
        ("released_text", "released text"),
        ("merged_into", "merged into"),
        ("because", "set aside because"),
    ):
        if getattr(standing, name) != getattr(wanted, name):
            told.append(words)
    if standing.sentences != wanted.sentences:
        told.append(f"summary sentence {SEPARATOR.join(wanted.sentences) or 'none'}")
    return ", ".join(told)
