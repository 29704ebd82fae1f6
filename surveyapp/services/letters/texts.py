"""What letters of a study say: the study's own texts, else those that come with the program."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.mail.kinds import RULES, Kind
from surveyapp.mail.texts import Text, built_in, find_problems, tidy
from surveyapp.models import LetterSetting, LetterText, Study
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument


@dataclass(frozen=True, slots=True)
class TextInForce:
    """What a letter says in one language now."""

    text: Text
    language: str
    version: int
    """Which of the study's own texts; 0 for the one that comes with the program."""


def find_text(session: Session, *, study_id: int, kind: Kind, number: int, language: str) -> TextInForce:
    """The text in force for readers of `language`."""
    number = _text_of(kind, number)
    row = session.scalars(
        select(LetterText)
        .where(
            LetterText.study_id == study_id,
            LetterText.kind == kind,
            LetterText.number == number,
            LetterText.language == language,
        )
        .order_by(LetterText.version.desc())
        .limit(1)
    ).first()
    if row is None or not row.subject:
        return TextInForce(built_in(kind, number, language), language, 0)
    return TextInForce(Text(row.subject, row.body), language, row.version)


def _text_of(kind: Kind, number: int) -> int:
    """Which text the `number`-th letter of this kind has: where there is only one, always that."""
    return number if RULES[kind].texts > 1 else 1


def get_text(
    session: Session, *, study_id: int, kind: Kind, number: int, language: str, version: int
) -> Text:
    """The very text that an earlier attempt used."""
    number = _text_of(kind, number)
    if version == 0:
        return built_in(kind, number, language)
    row = session.get_one(LetterText, (study_id, str(kind), number, language, version))
    return Text(row.subject, row.body)


def languages_of(session: Session, *, study: Study) -> tuple[str, ...]:
    """The languages that the study's letters are written in: those of its questionnaire."""
    found = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    return tuple(found.questionnaire.languages)


def save_text(
    session: Session,
    *,
    study: Study,
    kind: Kind,
    number: int,
    language: str,
    text: Text | None,
    now: datetime,
    actor: str,
) -> int:
    """Let letters say `text` from now on, or again what comes with the program; returns the version.

    Letters that were tried already keep what they said. Raises InputError with every problem.
    """
    problems = []
    if not 1 <= number <= RULES[kind].texts:
        problems.append(Problem("number", Sentence("There is no such letter of this kind.")))
    known = languages_of(session, study=study)
    if language not in known:
        sentence = Sentence(
            "the study is not written in this language; it has {known}.", known=", ".join(known)
        )
        problems.append(Problem("language", sentence))
    tidied = None if text is None else tidy(text)
    if tidied is not None:
        problems += find_problems(kind, tidied)
    if problems:
        raise InputError(problems)
    # Two who save at once take turns: each text has a version of its own.
    session.execute(select(Study.id).where(Study.id == study.id).with_for_update(key_share=True))
    newest = session.scalar(
        select(LetterText.version)
        .where(
            LetterText.study_id == study.id,
            LetterText.kind == kind,
            LetterText.number == number,
            LetterText.language == language,
        )
        .order_by(LetterText.version.desc())
        .limit(1)
    )
    version = (newest or 0) + 1
    session.add(
        LetterText(
            study_id=study.id,
            kind=str(kind),
            number=number,
            language=language,
            version=version,
            subject="" if tidied is None else tidied.subject,
            body="" if tidied is None else tidied.body,
            saved_at=now,
            saved_by=actor,
        )
    )
    detail = {"kind": str(kind), "number": number, "language": language, "version": version}
    record(session, study_id=study.id, now=now, actor=actor, act="letters.text", detail=detail)
    session.flush()
    return version


def set_automatic(
    session: Session, *, study: Study, kind: Kind, is_on: bool, now: datetime, actor: str
) -> None:
    """Let letters of this kind go by themselves, or not."""
    if not RULES[kind].event:
        raise InputError([Problem("kind", Sentence("Nothing that happens sends this letter by itself."))])
    row = session.get(LetterSetting, (study.id, str(kind)))
    if row is None:
        session.add(LetterSetting(study_id=study.id, kind=str(kind), is_automatic=is_on, most=0))
    else:
        row.is_automatic = is_on
    detail = {"kind": str(kind), "automatic": is_on}
    record(session, study_id=study.id, now=now, actor=actor, act="letters.setting", detail=detail)
    session.flush()


def list_own(session: Session, *, study_id: int) -> frozenset[tuple[str, int, str]]:
    """Which letters say the study's own words: kind, number, language."""
    newest: dict[tuple[str, int, str], bool] = {}
    rows = session.execute(
        select(LetterText.kind, LetterText.number, LetterText.language, LetterText.subject)
        .where(LetterText.study_id == study_id)
        .order_by(LetterText.version)
    )
    for kind, number, language, subject in rows:
        newest[kind, number, language] = bool(subject)
    return frozenset(key for key, is_own in newest.items() if is_own)
