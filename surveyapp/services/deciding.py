"""What becomes of items between rounds: the protocol proposes, a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.decision_checks import find_misfits, find_problems
from surveyapp.delphi.lineage import (
    Decided,
    Fate,
    Outcome,
    items_of,
    let_go,
    with_decision,
)
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.models import Decision, Round, Study
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.audit import record
from surveyapp.services.figures import RoundFigures, read_figures
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.item_history import (
    as_decided,
    asked_items,
    read_decisions,
    read_fates,
    read_first_put_right,
)
from surveyapp.services.judging import judge
from surveyapp.services.proposals.becoming import tie, untie, with_proposals

_STATE_FOR_DECIDING = (RoundState.CLOSED, RoundState.RELEASED)


@dataclass(frozen=True, slots=True)
class ItemOnTable:
    """One item after a round: what the protocol proposes and why, and what was decided."""

    item: str
    title: str
    version: int
    verdict: str
    """In words; where several rules are for the item, that of each with its name."""
    verdicts: Mapping[str, str]
    """Rule → its verdict."""
    stability: str
    proposed: str
    because: str
    decided: str
    reason: str
    actor: str


def list_items(
    session: Session, *, study: Study, number: int, figures: RoundFigures | None = None
) -> tuple[ItemOnTable, ...]:
    """Every item that the closed round rated, with proposal and decision, in the questionnaire's order.

    New items that were decided after the round come last; `figures` where the round is counted already.
    Raises RoundClosed while the round is open.
    """
    if figures is None:
        figures = read_figures(session, study_id=study.id, number=number)
    judged = judge(figures)
    rows = {
        each.item: each
        for each in session.scalars(
            select(Decision)
            .where(Decision.study_id == study.id, Decision.round == number)
            .order_by(Decision.item)
        )
    }
    decisions = {item: as_decided(row) for item, row in rows.items()}
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
                verdicts=judgement.by_rule if judgement else {},
                stability=judgement.stability.verdict if judgement and judgement.stability else "",
                proposed=judgement.proposed.outcome if judgement else "",
                because=judgement.proposed.because if judgement else "",
                decided=decided.outcome if decided else "",
                reason=decided.reason if decided else "",
                actor=row.actor if row else "",
            )
        )
    for item, decided in decisions.items():
        new = decided.detail.item
        if decided.outcome is Outcome.NEW and new is not None:
            table.append(
                ItemOnTable(
                    item=item,
                    title=new.title.get(language),
                    version=0,
                    verdict="",
                    verdicts={},
                    stability="",
                    proposed="",
                    because="",
                    decided=decided.outcome,
                    reason=decided.reason,
                    actor=rows[item].actor,
                )
            )
    return tuple(table)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What decisions after one round stand on; read once, held until the transaction ends."""

    study: Study
    held: Round
    instrument: Instrument
    first: Questionnaire
    fates: tuple[Fate, ...]
    decisions: Mapping[str, Decided]


def _hold_ground(session: Session, *, study: Study, number: int) -> _Ground:
    held = _get_decidable(session, study=study, number=number)
    return _Ground(
        study=study,
        held=held,
        instrument=get_instrument(session, study_id=study.id, number=held.questionnaire_number),
        first=read_first_put_right(session, study_id=study.id, cohort=held.cohort),
        fates=read_fates(session, study_id=study.id, cohort=held.cohort, before=number),
        decisions=read_decisions(session, study_id=study.id, number=number),
    )


def decide(
    session: Session,
    *,
    study: Study,
    number: int,
    decided: Decided,
    now: datetime,
    actor: str,
    proposed: str = "",
) -> tuple[str, ...]:
    """Decide about one item after a closed round; deciding again replaces the decision, both on record.

    A merger is decided for all its partners at once; a new item takes all proposals in that say the same as
    those it names, and where it has no wording yet, it gets theirs. Returns the items that are undecided now,
    because this breaks up a merger that they belonged to. Raises InputError with all that is missing or that
    would not fit together, Refused when the round's feedback is released with a decision on this item:
    experts have read that one.
    """
    ground = _hold_ground(session, study=study, number=number)
    languages = ground.first.languages
    decided = with_proposals(session, study_id=study.id, decided=decided, languages=languages)
    problems = list(
        find_problems(
            decided,
            fates=ground.fates,
            decisions=ground.decisions,
            asked=asked_items(ground.instrument),
        )
    )
    after = with_decision(ground.decisions, decided)
    if problems:
        raise InputError(problems)
    _check_fitting(ground, after)
    left = let_go(ground.decisions, decided)
    for item in (*items_of(decided), *left):
        _refuse_read(ground, item)
    for item in left:
        _delete(session, ground, item, now=now, actor=actor, reason=f"'{decided.item}' was decided anew")
    for item in items_of(decided):
        _write(session, ground, after[item], now=now, actor=actor, proposed=proposed)
    tie(session, study_id=study.id, decided=decided, now=now, actor=actor)
    session.flush()
    return left


def take_back(
    session: Session, *, study: Study, number: int, item: str, reason: str, now: datetime, actor: str
) -> tuple[str, ...]:
    """Take a decision back, so that the item is undecided, or the new item is none; returns what is undone.

    Proposals that the new item came from, or that it covered, are to be read again. A merger is taken back
    for all its partners. Raises NotFound when nothing was decided about the item, InputError without a
    reason, Refused when experts have read the decision.
    """
    ground = _hold_ground(session, study=study, number=number)
    decided = ground.decisions.get(item)
    if decided is None:
        raise NotFound(
            Sentence("Nothing was decided about '{item}' after round {number}.", item=item, number=number)
        )
    if not reason.strip():
        raise InputError([Problem(item, Sentence("the reason is empty; write why, it stays on record."))])
    for each in items_of(decided):
        _refuse_read(ground, each)
    for each in items_of(decided):
        _delete(session, ground, each, now=now, actor=actor, reason=" ".join(reason.split()))
    session.flush()
    return items_of(decided)


def _check_fitting(ground: _Ground, after: Mapping[str, Decided]) -> None:
    """Raises InputError where the questionnaire would not fit together because of what is decided now."""
    found = list(find_misfits(ground.first, ground.fates, after, number=ground.held.number))
    if found:
        before = find_misfits(ground.first, ground.fates, ground.decisions, number=ground.held.number)
        known = {problem.what for problem in before}
        if fresh := [problem for problem in found if problem.what not in known]:
            raise InputError(fresh)


def _refuse_read(ground: _Ground, item: str) -> None:
    if item in ground.decisions and ground.held.state == RoundState.RELEASED:
        raise Refused(
            Sentence(
                "The feedback of round {number} is released, and experts have read what was decided "
                "about '{item}'. Decide anew after the next round.",
                number=ground.held.number,
                item=item,
            )
        )


def _write(
    session: Session, ground: _Ground, decided: Decided, *, now: datetime, actor: str, proposed: str
) -> None:
    number, item = ground.held.number, decided.item
    row = session.get(Decision, (ground.study.id, number, item)) or Decision(
        study_id=ground.study.id, round=number, item=item
    )
    row.item_version = ground.instrument.item_versions.get(item, 0)
    row.outcome = decided.outcome
    row.proposed = proposed
    row.reason = " ".join(decided.reason.split())
    row.detail = decided.detail.canonical()
    row.actor = actor
    row.decided_at = now
    session.add(row)
    record(
        session,
        study_id=ground.study.id,
        now=now,
        actor=actor,
        act="item.decide",
        detail={"round": number, "item": item, "outcome": str(decided.outcome), "proposed": proposed}
        | ({"proposals": list(decided.detail.proposals)} if decided.detail.proposals else {}),
        reason=row.reason,
    )


def _delete(session: Session, ground: _Ground, item: str, *, now: datetime, actor: str, reason: str) -> None:
    if ground.decisions[item].outcome is Outcome.NEW:
        untie(session, study_id=ground.study.id, item=item, now=now, actor=actor)
    session.delete(session.get_one(Decision, (ground.study.id, ground.held.number, item)))
    record(
        session,
        study_id=ground.study.id,
        now=now,
        actor=actor,
        act="item.undecide",
        detail={
            "round": ground.held.number,
            "item": item,
            "outcome": str(ground.decisions[item].outcome),
        },
        reason=reason,
    )


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
    only a person can word, such as a revision, InputError where the questionnaire would not fit together.
    """
    ground = _hold_ground(session, study=study, number=figures.number)
    judged = judge(figures)
    if figures.protocol is None:
        raise Refused(Sentence("This study has no protocol, so nothing is proposed. Decide item by item."))
    if not judged:
        raise Refused(
            Sentence(
                "Nothing was rated in round {number}, so the protocol proposes nothing.",
                number=figures.number,
            )
        )
    left = {item: each.proposed for item, each in judged.items() if item not in ground.decisions}
    needing = [item for item, proposed in left.items() if proposed.outcome == Outcome.REVISE]
    if needing:
        raise Refused(
            Sentence(
                "The protocol proposes to revise {names}, and the new wording is yours to write. "
                "Decide these first, one by one.",
                names=", ".join(needing),
            )
        )
    said = " ".join(reason.split())
    fresh = tuple(
        Decided(item, Outcome(proposed.outcome), said or str(proposed.because))
        for item, proposed in left.items()
    )
    _decide_several(session, ground, fresh, now=now, actor=actor)
    return len(fresh)


def decide_several(
    session: Session, *, study: Study, number: int, decided: tuple[Decided, ...], now: datetime, actor: str
) -> None:
    """Decide at once about several items that have no decision yet and need nothing beside their outcome.

    Raises InputError with all that is missing or would not fit together, Refused as `decide` does.
    """
    ground = _hold_ground(session, study=study, number=number)
    _decide_several(session, ground, decided, now=now, actor=actor)


def _decide_several(
    session: Session, ground: _Ground, fresh: tuple[Decided, ...], *, now: datetime, actor: str
) -> None:
    """Each of these is what the protocol proposes, or stands in for it."""
    asked = asked_items(ground.instrument)
    problems = [
        problem
        for decided in fresh
        for problem in find_problems(decided, fates=ground.fates, decisions=ground.decisions, asked=asked)
    ]
    if problems:
        raise InputError(problems)
    _check_fitting(ground, {**ground.decisions, **{decided.item: decided for decided in fresh}})
    for decided in fresh:
        _write(session, ground, decided, now=now, actor=actor, proposed=decided.outcome)
    session.flush()


def _get_decidable(session: Session, *, study: Study, number: int) -> Round:
    # Held like a release holds it: nothing is decided while the decisions are being frozen.
    held = session.scalars(
        select(Round)
        .where(Round.study_id == study.id, Round.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if held is None:
        raise Refused(Sentence("'{slug}' has no round {number}.", slug=study.slug, number=number))
    if held.state not in _STATE_FOR_DECIDING:
        raise Refused(
            Sentence(
                "Round {number} is {state}: what becomes of items is decided after it is closed, "
                "when all answers are in.",
                number=number,
                state=Sentence(held.state),
            )
        )
    later = session.scalars(
        select(Round.number)
        .where(Round.study_id == study.id, Round.number > number, Round.cohort == held.cohort)
        .where(Round.state.in_([RoundState.OPEN, RoundState.CLOSED, RoundState.RELEASED]))
    ).first()
    if later is not None:
        raise Refused(
            Sentence(
                "Round {later} was opened on what was decided after round {number}. Decide anew "
                "after that one.",
                later=later,
                number=number,
            )
        )
    return held
