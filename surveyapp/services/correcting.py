"""Putting the wording of an open round right: mistakes only, on record, and nobody answers again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import Conflict, InputError, NotFound, Problem, Refused, Sentence
from surveyapp.models import QuestionnaireVersion, Round, Study, WordingCorrection
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.wordings import Correction, ReadText, corrected, find_problems, fit, list_texts
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument
from surveyapp.services.questionnaire_versions import store_version


@dataclass(frozen=True, slots=True)
class Corrected:
    """A text that was put right: `number` counts the corrections of the round."""

    round: int
    number: int
    path: str
    before: str
    after: str


def correct_wording(
    session: Session,
    *,
    study: Study,
    number: int,
    path: str,
    to: str,
    reason: str,
    now: datetime,
    actor: str,
    base: int | None = None,
) -> Corrected:
    """Put one text of an open round right, and say why: from the next page view on experts read it so.

    Only the text changes: the same is asked in the same cells, what was answered stands, and each answer goes
    on naming the wording that it saw. `base` is the number of the latest correction that whoever corrects has
    seen. Raises InputError with all that is wrong, Refused unless the round is open, Conflict where somebody
    else has corrected this text since `base`.
    """
    held = _hold_open(session, study=study, number=number, now=now)
    asked = session.get_one(QuestionnaireVersion, (study.id, held.questionnaire_number))
    questionnaire = Questionnaire.from_canonical(asked.canonical)
    text = _get_text(questionnaire, path)
    words = " ".join(reason.split())
    correction = Correction(path, text.words, fit(text.words, to))
    problems = list(find_problems(questionnaire, correction))
    if not words:
        problems.append(
            Problem(
                "reason",
                Sentence("it is empty; write why the text is corrected: experts and reports read it."),
            )
        )
    _refuse_overtaken(session, held=held, path=path, base=base)
    if problems:
        raise InputError(problems)
    after = store_version(
        session,
        study=study,
        questionnaire=corrected(questionnaire, [correction]),
        source=asked.source,
        now=now,
        corrects=asked.corrects or asked.number,
    )
    item = text.steps[1] if text.steps[0] == "items" else ""
    made = WordingCorrection(
        study_id=study.id,
        round=held.number,
        number=held.correction + 1,
        questionnaire_before=asked.number,
        questionnaire_after=after,
        path=path,
        item=item,
        item_version=_version_of(session, held=held, item=item),
        before=correction.before,
        after=correction.after,
        reason=words,
        actor=actor,
        at=now,
    )
    session.add(made)
    held.questionnaire_number = after
    held.correction = made.number
    if study.questionnaire_number == asked.number:
        # Another cohort's round, or one that only collects items, has a version of its own.
        study.questionnaire_number = after
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act="round.correct",
        detail={"round": held.number, "correction": made.number, "text": path, "questionnaire": after},
        reason=words,
    )
    session.flush()
    return Corrected(held.number, made.number, path, correction.before, correction.after)


def _hold_open(session: Session, *, study: Study, number: int, now: datetime) -> Round:
    """The round, locked: saves in flight are finished, and those that come after it find the new texts."""
    held = session.scalars(
        select(Round)
        .where(Round.study_id == study.id, Round.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if held is None:
        raise NotFound(Sentence("This study has no round {number}.", number=number))
    if why := find_refusal(held, study=study, now=now):
        raise Refused(why)
    return held


def find_refusal(held: Round, *, study: Study, now: datetime) -> Sentence | None:
    """Why the wording of a round cannot be corrected now; None where it can."""
    if study.archived_at is not None:
        return Sentence("The study is archived: nothing in it changes any more, its wording neither.")
    match held.state:
        case RoundState.CLOSED:
            return Sentence(
                "Round {number} is closed: what its experts read stands. Its wording could be corrected only "
                "if it were opened again.",
                number=held.number,
            )
        case RoundState.RELEASED:
            return Sentence(
                "The feedback of round {number} is released: what its experts read stands for good. Decide "
                "about items to have them read otherwise in the next round.",
                number=held.number,
            )
        case RoundState.CANCELLED:
            return Sentence("Round {number} was cancelled: nobody reads it any more.", number=held.number)
        case RoundState.DRAFT | RoundState.SCHEDULED:
            return Sentence(
                "Round {number} is not open yet: nobody has read it so far. Its wording is corrected once it "
                "is open.",
                number=held.number,
            )
    if held.closes_at is not None and held.closes_at <= now:
        return Sentence(
            "The deadline of round {number} is over: nobody answers it any more.", number=held.number
        )
    return None


def _get_text(questionnaire: Questionnaire, path: str) -> ReadText:
    texts = list_texts(questionnaire)
    found = next((text for text in texts if text.path == path), None)
    if found is not None:
        return found
    several = [text.path for text in texts if text.language and ".".join(text.steps) == path]
    if several:
        what = Sentence("it is written in several languages; name one: {paths}.", paths=", ".join(several))
    else:
        what = Sentence(
            "the round asks no text “{path}” that experts read; look for it among the texts of the round.",
            path=path,
        )
    raise InputError([Problem("text", what)])


def _refuse_overtaken(session: Session, *, held: Round, path: str, base: int | None) -> None:
    if base is None or base >= held.correction:
        return
    other = session.scalars(
        select(WordingCorrection)
        .where(
            WordingCorrection.study_id == held.study_id,
            WordingCorrection.round == held.number,
            WordingCorrection.path == path,
            WordingCorrection.number > base,
        )
        .order_by(WordingCorrection.number.desc())
        .limit(1)
    ).first()
    if other is not None:
        raise Conflict(
            Sentence(
                "{actor} has corrected this text meanwhile. Nothing was overwritten: read what it says now, "
                "and correct that if it is still needed.",
                actor=other.actor,
            )
        )


def _version_of(session: Session, *, held: Round, item: str) -> int:
    if not item:
        return 0
    instrument = get_instrument(session, study_id=held.study_id, number=held.questionnaire_number)
    return instrument.item_versions[item]
