"""What was decided about items so far, round by round, and how each item of a cohort stands after it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Decided, Detail, Fate, Outcome, begin, fold, put_right
from surveyapp.errors import Refused, Sentence
from surveyapp.models import Decision, Round, WordingCorrection
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.wordings import Correction, corrected
from surveyapp.services.instruments import Instrument, get_instrument

FIRST_QUESTIONNAIRE: Final = 1
"""The number of the version that a study begins with, and every cohort of it."""


def read_decisions(session: Session, *, study_id: int, number: int) -> dict[str, Decided]:
    """Item → what was decided about it after round `number`."""
    rows = session.scalars(
        select(Decision)
        .where(Decision.study_id == study_id, Decision.round == number)
        .order_by(Decision.item)
    )
    return {row.item: as_decided(row) for row in rows}


def as_decided(row: Decision) -> Decided:
    """A stored decision as what was decided."""
    detail = Detail.model_validate(json.loads(row.detail), strict=False)
    return Decided(row.item, Outcome(row.outcome), row.reason, detail)


def read_all_decisions(
    session: Session, *, study_id: int, cohort: str, before: int | None = None
) -> dict[int, dict[str, Decided]]:
    """Round → item → what was decided about it after that round.

    Of all rounds of `cohort`, or those before round `before`.
    """
    rows = (
        select(Decision)
        .join(Round, (Round.study_id == Decision.study_id) & (Round.number == Decision.round))
        .where(Decision.study_id == study_id, Round.cohort == cohort)
        .order_by(Decision.round, Decision.item)
    )
    found: dict[int, dict[str, Decided]] = {}
    for row in session.scalars(rows if before is None else rows.where(Decision.round < before)):
        found.setdefault(row.round, {})[row.item] = as_decided(row)
    return found


def read_fates(
    session: Session, *, study_id: int, cohort: str, before: int | None = None
) -> tuple[Fate, ...]:
    """Every item that `cohort` ever had, as it stands after its rounds, or after those before round `before`.

    With `before`, items are worded as that round asked for them. Overlapping cohorts each have a history of
    their own: what was decided on the answers of one never changes what another is asked.
    """
    return replay(
        read_first(session, study_id=study_id),
        read_all_decisions(session, study_id=study_id, cohort=cohort, before=before),
        read_corrections(session, study_id=study_id, cohort=cohort, up_to=before),
    )


def replay(
    first: Questionnaire,
    decided: Mapping[int, Mapping[str, Decided]],
    corrections: Mapping[int, Sequence[Correction]],
) -> tuple[Fate, ...]:
    """Every item after all that was put right in its wording, and decided about it, round by round."""
    fates = begin(first)
    for number in sorted({*decided, *corrections}):
        # A text is put right while the round is open, and decided about after that.
        fates = put_right(fates, corrections.get(number, ()))
        fates = fold(fates, decided.get(number, {}), number=number)
    return fates


def known_items(session: Session, *, study_id: int, rounds: Collection[int]) -> tuple[str, ...]:
    """The ids of all items that there ever were for the cohorts of these rounds, in their order."""
    cohorts = session.scalars(
        select(Round.cohort)
        .where(Round.study_id == study_id, Round.number.in_(rounds))
        .distinct()
        .order_by(Round.cohort)
    ).all()
    fates = [fate for cohort in cohorts for fate in read_fates(session, study_id=study_id, cohort=cohort)]
    return tuple(dict.fromkeys(fate.item.id for fate in fates))


def read_first(session: Session, *, study_id: int) -> Questionnaire:
    """The questionnaire as the study began with it."""
    return get_instrument(session, study_id=study_id, number=FIRST_QUESTIONNAIRE).questionnaire


def read_first_put_right(session: Session, *, study_id: int, cohort: str) -> Questionnaire:
    """The same with every text of it that was put right while `cohort` was asked."""
    corrections = read_corrections(session, study_id=study_id, cohort=cohort)
    first = read_first(session, study_id=study_id)
    return corrected(first, [each for number in sorted(corrections) for each in corrections[number]])


def read_corrections(
    session: Session, *, study_id: int, cohort: str | None = None, up_to: int | None = None
) -> dict[int, list[Correction]]:
    """Round → what was put right in its wording, of all rounds (of `cohort`), or of those up to `up_to`."""
    rows = (
        select(WordingCorrection)
        .join(
            Round,
            (Round.study_id == WordingCorrection.study_id) & (Round.number == WordingCorrection.round),
        )
        .where(WordingCorrection.study_id == study_id)
        .order_by(WordingCorrection.round, WordingCorrection.number)
    )
    if cohort is not None:
        rows = rows.where(Round.cohort == cohort)
    found: dict[int, list[Correction]] = {}
    for row in session.scalars(rows if up_to is None else rows.where(WordingCorrection.round <= up_to)):
        found.setdefault(row.round, []).append(Correction(row.path, row.before, row.after))
    return found


def list_all_items(session: Session, *, study_id: int) -> tuple[str, ...]:
    """The items that the study began with, then those that are new, in an order that stays when more come."""
    first = [item.id for item in read_first(session, study_id=study_id).items]
    new = session.execute(
        select(Decision.round, Decision.item)
        .where(Decision.study_id == study_id, Decision.outcome == Outcome.NEW)
        .order_by(Decision.round)
    ).all()
    return (*first, *(row.item for row in sorted(new, key=lambda row: (row.round, row.item))))


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
            Sentence(
                "After round {number} these items have no decision yet: {named}. The next round "
                "cannot know what to ask. Decide them, or confirm what the protocol proposes: "
                "surveyapp decide STUDY --as-proposed",
                number=number,
                named=named,
            )
        )
