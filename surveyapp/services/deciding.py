"""What becomes of items between rounds: the protocol proposes, a person decides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import (
    Decided,
    Detail,
    Fate,
    Outcome,
    begin,
    find_problems,
    fold,
)
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import InputError, Problem, Refused
from surveyapp.models import Decision, QuestionnaireVersion, Round, Study
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.audit import record
from surveyapp.services.figures import RoundFigures, read_figures
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.judging import judge

_STATE_FOR_DECIDING = (RoundState.CLOSED, RoundState.RELEASED)


@dataclass(frozen=True, slots=True)
class ItemOnTable:
    """One item after a round: what the protocol proposes and why, and what was decided."""

    item: str
    title: str
    version: int
    verdict: str
    stability: str
    proposed: str
    because: str
    decided: str
    reason: str
    actor: str


def list_items(session: Session, *, study: Study, number: int) -> tuple[ItemOnTable, ...]:
    """Every item that the closed round rated, with proposal and decision, in the questionnaire's order.

    Raises RoundClosed while the round is open.
    """
    figures = read_figures(session, study_id=study.id, number=number)
    judged = judge(figures)
    decisions = read_decisions(session, study_id=study.id, number=number)
    rows = {
        each.item: each
        for each in session.scalars(
            select(Decision).where(Decision.study_id == study.id, Decision.round == number)
        )
    }
    items = figures.questionnaire.items_by_id
    language = figures.questionnaire.language
    table = []
    for item in asked_items(figures.instrument):
        judgement, decided, row = judged.get(item), decisions.get(item), rows.get(item)
        table.append(
            ItemOnTable(
                item=item,
                title=items[item].title.get(language),
                version=figures.instrument.item_versions[item],
                verdict=judgement.verdict if judgement else "",
                stability=judgement.stability.verdict if judgement and judgement.stability else "",
                proposed=judgement.proposed.outcome if judgement else "",
                because=str(judgement.proposed.because) if judgement else "",
                decided=decided.outcome if decided else "",
                reason=decided.reason if decided else "",
                actor=row.actor if row else "",
            )
        )
    return tuple(table)


def decide(
    session: Session,
    *,
    study: Study,
    number: int,
    decided: Decided,
    now: datetime,
    actor: str,
    proposed: str = "",
) -> None:
    """Decide about one item after a closed round; deciding again replaces the decision, both on record.

    A merger is decided for all its partners at once. Raises InputError with all that is missing, Refused when
    the round's feedback is released with a decision on this item: experts have read that one.
    """
    held = _get_decidable(session, study=study, number=number)
    instrument = get_instrument(session, study_id=study.id, number=held.questionnaire_number)
    fates = read_fates(session, study_id=study.id, before=number)
    asked = asked_items(instrument)
    known = {fate.item.id for fate in fates}
    problems = list(find_problems(decided, asked=asked, known=known))
    if problems:
        raise InputError(problems)
    merged = {*decided.detail.partners, decided.item} if decided.outcome is Outcome.MERGE else {decided.item}
    for item in sorted(merged):
        before = session.get(Decision, (study.id, number, item))
        if before is not None and held.state == RoundState.RELEASED:
            raise Refused(
                f"The feedback of round {number} is released, and experts have read what was decided about "
                f"'{item}'. Decide anew after the next round."
            )
        row = before or Decision(study_id=study.id, round=number, item=item)
        row.item_version = instrument.item_versions.get(item, 0)
        row.outcome = decided.outcome
        row.proposed = proposed
        row.reason = " ".join(decided.reason.split())
        row.detail = decided.detail.canonical()
        row.actor = actor
        row.decided_at = now
        session.add(row)
        record(
            session,
            study_id=study.id,
            now=now,
            actor=actor,
            act="item.decide",
            detail={"round": number, "item": item, "outcome": str(decided.outcome), "proposed": proposed},
            reason=row.reason,
        )
    session.flush()


def decide_as_proposed(
    session: Session,
    *,
    study: Study,
    figures: RoundFigures,
    reason: str,
    now: datetime,
    actor: str,
) -> int:
    """Confirm the protocol's proposal for every item that has no decision yet; returns how many that were.

    A person does this, so a person's reason stands with it. Raises Refused where the protocol proposes what
    only a person can word, such as a revision.
    """
    number = figures.number
    decisions = read_decisions(session, study_id=study.id, number=number)
    judged = judge(figures)
    if not judged:
        raise Refused("This study has no protocol, so nothing is proposed. Decide item by item.")
    needing = [
        item
        for item, each in judged.items()
        if item not in decisions and each.proposed.outcome == Outcome.REVISE
    ]
    if needing:
        raise Refused(
            f"The protocol proposes to revise {', '.join(needing)}, and the new wording is yours to write. "
            "Decide these first, one by one."
        )
    done = 0
    for item, judgement in judged.items():
        if item in decisions:
            continue
        outcome = judgement.proposed.outcome
        why = " ".join(reason.split()) or str(judgement.proposed.because)
        decide(
            session,
            study=study,
            number=number,
            decided=Decided(item, Outcome(outcome), why),
            now=now,
            actor=actor,
            proposed=outcome,
        )
        done += 1
    return done


def read_decisions(session: Session, *, study_id: int, number: int) -> dict[str, Decided]:
    """Item → what was decided about it after round `number`."""
    rows = session.scalars(
        select(Decision)
        .where(Decision.study_id == study_id, Decision.round == number)
        .order_by(Decision.item)
    )
    return {
        row.item: Decided(
            row.item,
            Outcome(row.outcome),
            row.reason,
            Detail.model_validate(json.loads(row.detail), strict=False),
        )
        for row in rows
    }


def read_fates(session: Session, *, study_id: int, before: int | None = None) -> tuple[Fate, ...]:
    """Every item there ever was, as it stands after all rounds, or after those before round `before`."""
    fates = begin(read_first(session, study_id=study_id))
    numbers = select(Decision.round).where(Decision.study_id == study_id).distinct().order_by(Decision.round)
    for number in session.scalars(numbers if before is None else numbers.where(Decision.round < before)):
        fates = fold(fates, read_decisions(session, study_id=study_id, number=number), number=number)
    return fates


def read_first(session: Session, *, study_id: int) -> Questionnaire:
    """The questionnaire as the study began with it."""
    version = session.get_one(QuestionnaireVersion, (study_id, 1))
    return Questionnaire.from_canonical(version.canonical)


def asked_items(instrument: Instrument) -> tuple[str, ...]:
    """The items that this version of the questionnaire asks to rate, in its order."""
    rated = {key.item for key in instrument.number_of if key.item and key.criterion and not key.part}
    return tuple(item.id for item in instrument.questionnaire.items if item.id in rated)


def check_all_decided(session: Session, *, study_id: int, number: int) -> None:
    """Raises Refused, naming them, when items of the round have no decision yet."""
    held = session.get_one(Round, (study_id, number))
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    decided = read_decisions(session, study_id=study_id, number=number)
    left = [item for item in asked_items(instrument) if item not in decided]
    if left:
        named = ", ".join(left[:8]) + (" …" if len(left) > 8 else "")
        raise Refused(
            f"After round {number} these items have no decision yet: {named}. The next round cannot know "
            "what to ask. Decide them, or confirm what the protocol proposes: surveyapp decide STUDY "
            "--as-proposed"
        )


def _get_decidable(session: Session, *, study: Study, number: int) -> Round:
    held = session.get(Round, (study.id, number))
    if held is None:
        raise Refused(f"'{study.slug}' has no round {number}.")
    if held.state not in _STATE_FOR_DECIDING:
        raise Refused(
            f"Round {number} is {held.state}: what becomes of items is decided after it is closed, when all "
            "answers are in."
        )
    later = session.scalars(
        select(Round.number)
        .where(Round.study_id == study.id, Round.number > number, Round.cohort == held.cohort)
        .where(Round.state.in_([RoundState.OPEN, RoundState.CLOSED, RoundState.RELEASED]))
    ).first()
    if later is not None:
        raise Refused(
            f"Round {later} was opened on what was decided after round {number}. Decide anew after that one."
        )
    return held


def as_detail(value: Mapping[str, object]) -> Detail:
    """A decision's detail from what a file or form holds. Raises InputError with every problem."""
    try:
        return Detail.model_validate(value, strict=False)
    except ValidationError as error:
        raise InputError(
            [Problem(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
        ) from error
