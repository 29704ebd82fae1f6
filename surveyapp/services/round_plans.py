"""What the next round of a study is: its number, its questionnaire, whom it is for, what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from surveyapp.delphi.collecting import has_something_to_rate, only_collects
from surveyapp.delphi.plan import RoundPlan, plan_round
from surveyapp.delphi.protocol.model import PlannedRound, Protocol
from surveyapp.delphi.rounds import OpenTo, RoundState
from surveyapp.errors import InputError, Problem, Refused, Sentence
from surveyapp.models import QuestionnaireVersion, Round, Study
from surveyapp.services.collecting_questionnaires import collecting_questionnaire
from surveyapp.services.instruments import get_instrument
from surveyapp.services.item_history import FIRST_QUESTIONNAIRE
from surveyapp.services.next_questionnaires import Asks, next_questionnaire
from surveyapp.services.protocols import find_protocol, is_locked

_OPEN_TO = {
    "all invited": OpenTo.INVITED,
    "answered any earlier round": OpenTo.ANY_EARLIER,
    "answered the previous round": OpenTo.PREVIOUS,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The next round, before it is there."""

    number: int
    questionnaire_number: int
    open_to: str = OpenTo.INVITED
    for_pages: str = "{}"
    """What pages need of the protocol in this round: `delphi.plan.RoundPlan` as canonical JSON."""
    shows_round: int | None = None


def plan_next_round(
    session: Session,
    *,
    study: Study,
    now: datetime,
    actor: str,
    cohort: str,
    waiting: Round | None = None,
) -> Plan:
    """Plan the round after the last one of this cohort; what was decided about items is put into force.

    A study without a protocol asks the same questionnaire again and shows no feedback. After a round that
    only collected items there is no feedback to show either, and nobody is kept out for having proposed
    nothing. `waiting` is the round itself where it was scheduled before: it is planned anew, because protocol
    and decisions may have changed since. Raises Refused while the protocol is not locked, the round before is
    not released, there is no item to rate, or the protocol plans no further round.
    """
    rounds = [
        each
        for each in session.scalars(
            select(Round).where(Round.study_id == study.id).order_by(Round.number)
        ).all()
        if each is not waiting
    ]
    protocol = find_protocol(session, study=study)
    free = max((each.number for each in rounds), default=0) + 1 if waiting is None else waiting.number
    if protocol is None:
        _refuse_cohort(cohort)
        return Plan(
            number=free,
            questionnaire_number=_first_questionnaire(session, study=study, rounds=rounds, cohort=cohort),
        )
    if not is_locked(session, study=study):
        raise Refused(
            Sentence(
                "The protocol is not locked yet, and it must be before the first round: what counts "
                "as consensus is fixed before anybody answers. Lock it: surveyapp protocol lock "
                "{slug}",
                slug=study.slug,
            )
        )
    if protocol.cohorts == "one round at a time":
        _refuse_cohort(cohort)
    before = [each for each in rounds if each.cohort == cohort and each.state != RoundState.CANCELLED]
    planned = _planned(protocol, before)
    previous = before[-1] if before else None
    rated = None if previous is None or collected_only(previous) else previous
    shows = rated.number if rated is not None and protocol.feedback_in(planned.number).is_any else None
    if (
        shows is not None
        and planned.real_time is None
        and rated is not None
        and rated.state != RoundState.RELEASED
    ):
        raise Refused(
            Sentence(
                "Round {number} shows what the panel thinks, and the feedback of round {earlier} is "
                "not released yet. Release it first: surveyapp round release {slug}",
                number=planned.number,
                earlier=rated.number,
                slug=study.slug,
            )
        )
    taken = {each.number for each in rounds}
    number = planned.number if planned.number not in taken and waiting is None else free
    if planned.real_time is not None and protocol.feedback_in(planned.number).is_any:
        # Such a round shows what it has found itself so far.
        shows = number
    return Plan(
        number=number,
        questionnaire_number=_questionnaire(
            session,
            study=study,
            rounds=rounds,
            cohort=cohort,
            previous=previous,
            asks=planned.asks,
            now=now,
            actor=actor,
        ),
        open_to=OpenTo.INVITED if rated is None else _OPEN_TO[protocol.later_rounds],
        for_pages=plan_round(protocol, planned.number, shows_feedback=shows is not None).canonical(),
        shows_round=shows,
    )


def collected_only(held: Round) -> bool:
    """Whether a round only collected items, as the protocol planned it when it was opened."""
    return RoundPlan.from_canonical(held.plan).only_collects


def _planned(protocol: Protocol, before: Sequence[Round]) -> PlannedRound:
    if len(before) >= len(protocol.rounds):
        raise Refused(
            Sentence(
                "The protocol plans rounds up to {last_round}, and they are over. To have another "
                "one, amend the protocol and say why.",
                last_round=protocol.last_round,
            )
        )
    return protocol.rounds[len(before)]


def _questionnaire(
    session: Session,
    *,
    study: Study,
    rounds: Sequence[Round],
    cohort: str,
    previous: Round | None,
    asks: Asks,
    now: datetime,
    actor: str,
) -> int:
    if only_collects(asks):
        return collecting_questionnaire(session, study=study, cohort=cohort, now=now)
    if previous is None:
        return _first_questionnaire(session, study=study, rounds=rounds, cohort=cohort)
    return next_questionnaire(session, study=study, after=previous, asks=asks, now=now, actor=actor)


def _first_questionnaire(session: Session, *, study: Study, rounds: Sequence[Round], cohort: str) -> int:
    # Not the one in force: that may have come of what was decided about another cohort's answers.
    instrument = get_instrument(session, study_id=study.id, number=FIRST_QUESTIONNAIRE)
    if not has_something_to_rate(instrument.questionnaire):
        raise Refused(
            Sentence(
                "The questionnaire has no items yet, so there is nothing to rate. Let experts "
                "propose them first, by a protocol that begins with {number: 0, asks: proposals}."
            )
        )
    # A text that was put right for this cohort stays right, also where that round was called off.
    first_or_corrected = session.scalars(
        select(QuestionnaireVersion.number).where(
            QuestionnaireVersion.study_id == study.id,
            or_(
                QuestionnaireVersion.number == FIRST_QUESTIONNAIRE,
                QuestionnaireVersion.corrects == FIRST_QUESTIONNAIRE,
            ),
        )
    ).all()
    asked = [each.questionnaire_number for each in rounds if each.cohort == cohort]
    return max({*asked} & {*first_or_corrected}, default=FIRST_QUESTIONNAIRE)


def _refuse_cohort(cohort: str) -> None:
    if cohort:
        raise InputError(
            [
                Problem(
                    "cohort",
                    Sentence(
                        "rounds for '{cohort}' alone are only possible where the protocol lets cohorts "
                        "overlap (cohorts: overlapping).",
                        cohort=cohort,
                    ),
                )
            ]
        )
