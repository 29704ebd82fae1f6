"""Code reasons with the themes of the code book, each coder for oneself, and see how far coders agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from itertools import combinations

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.models import CodedReason, Reason, ReasonTheme, Theme
from surveyapp.questionnaire.model import is_identifier
from surveyapp.services.audit import record
from surveyapp.services.reasons.handling import hold_reasons
from surveyapp.statistics.coder_agreement import CoderAgreement, agree_on_theme

NO_THEME = "none"
MAX_TITLE = 200
MAX_DEFINITION = 5_000
MAX_CODER = 200


@dataclass(frozen=True, slots=True)
class ThemeInBook:
    """One entry of the code book, and how many reasons each coder found it in."""

    id: str
    title: str
    definition: str
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ThemeAgreement:
    """Two coders on one theme, over the reasons that both have looked at."""

    theme: str
    first: str
    second: str
    agreement: CoderAgreement


def add_theme(
    session: Session,
    *,
    study_id: int,
    theme: str,
    title: str,
    now: datetime,
    actor: str,
    definition: str = "",
) -> None:
    """Put a theme into the code book. Raises InputError with every problem; the id must be new."""
    problems = problems_of_theme(theme, title, definition)
    if session.get(Theme, (study_id, theme)) is not None:
        problems.append(Problem(theme, Sentence("the code book has this theme already; choose another id.")))
    if problems:
        raise InputError(problems)
    session.add(
        Theme(
            study_id=study_id,
            id=theme,
            title=" ".join(title.split()),
            definition=definition.strip(),
            actor=actor,
            created_at=now,
        )
    )
    record(session, study_id=study_id, now=now, actor=actor, act="theme.add", detail={"theme": theme})
    session.flush()


def change_theme(
    session: Session,
    *,
    study_id: int,
    theme: str,
    now: datetime,
    actor: str,
    title: str | None = None,
    definition: str | None = None,
) -> None:
    """Give a theme another title or definition; its id and what is coded with it stay."""
    found = _get_theme(session, study_id=study_id, theme=theme)
    new_title = found.title if title is None else " ".join(title.split())
    new_definition = found.definition if definition is None else definition.strip()
    problems = problems_of_theme(theme, new_title, new_definition)
    if problems:
        raise InputError(problems)
    detail = {
        "theme": theme,
        "title": new_title != found.title,
        "definition": new_definition != found.definition,
    }
    found.title, found.definition = new_title, new_definition
    record(session, study_id=study_id, now=now, actor=actor, act="theme.change", detail=detail)
    session.flush()


def remove_theme(session: Session, *, study_id: int, theme: str, now: datetime, actor: str) -> None:
    """Take a theme that nobody has used out of the code book. Raises Refused for one in use."""
    found = _get_theme(session, study_id=study_id, theme=theme)
    uses = session.scalar(
        select(func.count()).where(ReasonTheme.study_id == study_id, ReasonTheme.theme == theme)
    )
    if uses:
        raise Refused(
            Sentence(
                "'{theme}' is coded in {uses} reasons; take it out of these first.", theme=theme, uses=uses
            )
            if uses > 1
            else Sentence("'{theme}' is coded in one reason; take it out of that first.", theme=theme)
        )
    session.delete(found)
    record(session, study_id=study_id, now=now, actor=actor, act="theme.remove", detail={"theme": theme})
    session.flush()


def list_themes(session: Session, *, study_id: int, with_uses: bool = True) -> tuple[ThemeInBook, ...]:
    """The code book, in the order of the themes' ids; without `with_uses` nobody counts who found them."""
    uses: dict[str, dict[str, int]] = defaultdict(dict)
    if with_uses:
        rows = session.execute(
            select(ReasonTheme.theme, ReasonTheme.coder, func.count())
            .where(ReasonTheme.study_id == study_id)
            .group_by(ReasonTheme.theme, ReasonTheme.coder)
        )
        for theme, coder, count in rows:
            uses[theme][coder] = count
    themes = session.scalars(select(Theme).where(Theme.study_id == study_id))
    found = [ThemeInBook(each.id, each.title, each.definition, uses[each.id]) for each in themes]
    return tuple(sorted(found, key=lambda each: each.id))


def code_reasons(
    session: Session,
    *,
    study_id: int,
    codes: Mapping[str, Collection[str]],
    coder: str,
    now: datetime,
    actor: str,
) -> int:
    """Say which themes `coder` finds in each of these reasons; no theme is a finding too. Returns how many.

    What the same coder had said about them before is replaced; other coders' themes are theirs. Raises
    InputError with every theme that the code book lacks, NotFound with every reason that is not there.
    """
    name = " ".join(coder.split())
    if not name or len(name) > MAX_CODER:
        raise InputError(Sentence("Say who codes, in at most 200 letters: agreement is told by coder."))
    rows = hold_reasons(session, study_id=study_id, public_ids=list(codes))
    problems = problems_of_codes(session, study_id=study_id, codes=codes)
    if problems:
        raise InputError(problems)
    _forget(session, rows, coder=name)
    keys = [
        {
            "study_id": study_id,
            "round": row.round,
            "panellist_id": row.panellist_id,
            "cell": row.cell,
            "coder": name,
        }
        for row in rows
    ]
    themes = [
        {**key, "theme": theme}
        for key, row in zip(keys, rows, strict=True)
        for theme in sorted(set(codes[row.public_id]))
    ]
    if keys:
        session.execute(insert(CodedReason), [{**key, "coded_at": now} for key in keys])
    if themes:
        session.execute(insert(ReasonTheme), themes)
    detail = {"coder": name, "reasons": len(keys), "themes": len(themes)}
    record(session, study_id=study_id, now=now, actor=actor, act="reasons.code", detail=detail)
    session.flush()
    return len(keys)


def forget_codes(
    session: Session, *, study_id: int, public_ids: Sequence[str], coder: str, now: datetime, actor: str
) -> int:
    """Make it as if `coder` had never looked at these reasons; returns how many."""
    rows = hold_reasons(session, study_id=study_id, public_ids=public_ids)
    _forget(session, rows, coder=coder)
    detail = {"coder": coder, "reasons": len(rows)}
    record(session, study_id=study_id, now=now, actor=actor, act="reasons.uncode", detail=detail)
    session.flush()
    return len(rows)


def coder_agreement(
    session: Session, *, study_id: int, round_number: int | None = None
) -> tuple[ThemeAgreement, ...]:
    """How far coders agree, theme by theme and pair by pair, in one round or over all of them.

    Only reasons that both have looked at stand in it. Themes that neither found anywhere are left out.
    """
    looked: dict[str, set[tuple[int, int, int]]] = defaultdict(set)
    found: dict[tuple[str, str], set[tuple[int, int, int]]] = defaultdict(set)
    is_meant = [] if round_number is None else [CodedReason.round == round_number]
    for coder, *key in session.execute(
        select(CodedReason.coder, CodedReason.round, CodedReason.panellist_id, CodedReason.cell).where(
            CodedReason.study_id == study_id, *is_meant
        )
    ):
        looked[coder].add((key[0], key[1], key[2]))
    for coder, theme, *key in session.execute(
        select(
            ReasonTheme.coder,
            ReasonTheme.theme,
            ReasonTheme.round,
            ReasonTheme.panellist_id,
            ReasonTheme.cell,
        ).where(ReasonTheme.study_id == study_id)
    ):
        found[coder, theme].add((key[0], key[1], key[2]))
    agreements = []
    for first, second in combinations(sorted(looked), 2):
        both = looked[first] & looked[second]
        for theme in sorted({theme for coder, theme in found if coder in {first, second}}):
            mine, theirs = found.get((first, theme), set()), found.get((second, theme), set())
            if both & (mine | theirs):
                agreement = agree_on_theme((reason in mine, reason in theirs) for reason in both)
                agreements.append(ThemeAgreement(theme, first, second, agreement))
    return tuple(sorted(agreements, key=lambda each: (each.theme, each.first, each.second)))


def problems_of_theme(theme: str, title: str, definition: str) -> list[Problem]:
    """What keeps an entry out of the code book."""
    problems = []
    if not is_identifier(theme) or len(theme) > 60:
        problems.append(
            Problem(
                theme or "theme",
                Sentence(
                    "the id of a theme is made of lower-case letters and digits, joined by single "
                    "hyphens, such as 'hard-to-enforce'; at most 60."
                ),
            )
        )
    elif theme == NO_THEME:
        problems.append(
            Problem(
                theme, Sentence("'{no_theme}' is how a coder says that there is no theme.", no_theme=NO_THEME)
            )
        )
    if not title.strip():
        problems.append(Problem(theme, Sentence("the theme needs a title.")))
    elif len(title) > MAX_TITLE:
        problems.append(
            Problem(theme, Sentence("the title has more than {max_title} characters.", max_title=MAX_TITLE))
        )
    if len(definition) > MAX_DEFINITION:
        problems.append(
            Problem(
                theme,
                Sentence(
                    "the definition has more than {max_definition} characters.",
                    max_definition=f"{MAX_DEFINITION:,}",
                ),
            )
        )
    return problems


def problems_of_codes(
    session: Session, *, study_id: int, codes: Mapping[str, Collection[str]]
) -> list[Problem]:
    """Each theme in `codes` that the code book does not have, with the nearest that it has."""
    known = set(session.scalars(select(Theme.id).where(Theme.study_id == study_id)))
    return [
        Problem(public_id, unknown_theme(theme, known))
        for public_id, themes in codes.items()
        for theme in sorted(set(themes) - known)
    ]


def unknown_theme(theme: str, known: Collection[str]) -> Sentence:
    """The sentence for a theme that the code book does not have."""
    nearest = get_close_matches(theme, known, n=1, cutoff=0.6)
    if nearest:
        return Sentence(
            "the code book has no theme '{theme}'. Did you mean '{nearest}'?", theme=theme, nearest=nearest[0]
        )
    return Sentence("the code book has no theme '{theme}'. Add it to the code book first.", theme=theme)


def _get_theme(session: Session, *, study_id: int, theme: str) -> Theme:
    found = session.get(Theme, (study_id, theme))
    if found is None:
        known = list(session.scalars(select(Theme.id).where(Theme.study_id == study_id)))
        raise NotFound(Sentence("There is none of this name: {what}", what=unknown_theme(theme, known)))
    return found


def _forget(session: Session, rows: Sequence[Reason], *, coder: str) -> None:
    for row in rows:
        for table in (ReasonTheme, CodedReason):
            session.execute(
                delete(table).where(
                    table.study_id == row.study_id,
                    table.round == row.round,
                    table.panellist_id == row.panellist_id,
                    table.cell == row.cell,
                    table.coder == coder,
                )
            )
