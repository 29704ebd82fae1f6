"""Whose answers a figure stands on, and in which version: what the publication ledger needs to know."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.privacy.rules import PrivacyRules
from surveyapp.models import Submission
from surveyapp.questionnaire.cells import Status
from surveyapp.tally.sql import iterate_answers

_RATED = frozenset({Status.VALUE.value, Status.KEPT.value})


@dataclass(frozen=True, slots=True)
class StandingAnswers:
    """The answers that count in a round, cell by cell, and the groups of those who gave them."""

    versions: Mapping[int, Mapping[int, int]]
    """Cell → panellist → a number for what was answered: the same answer again has the same number."""
    groups: Mapping[int, str]


def read_standing_answers(
    session: Session, *, study_id: int, number: int, cells: Collection[int], rules: PrivacyRules
) -> StandingAnswers:
    """The answers to `cells` that count in the round, as far as they count towards k.

    Their numbers tell nothing of the answers: they are hashed with a secret of each panellist's first
    submission, which goes when the panellist leaves and takes all answers along.
    """
    secrets = dict(
        session.execute(
            select(Submission.panellist_id, Submission.salt_seed).where(
                Submission.study_id == study_id, Submission.round == number, Submission.number == 1
            )
        ).all()
    )
    counting = _RATED | {Status.DONT_KNOW.value} if rules.counts_dont_know else _RATED
    versions: dict[int, dict[int, int]] = defaultdict(dict)
    groups: dict[int, str] = {}
    for each in iterate_answers(session, study_id=study_id, number=number, cells=sorted(cells)):
        if each.status not in counting:
            continue
        answer = each.value if each.status in _RATED else "dont_know"
        versions[each.cell][each.rater] = _version(secrets[each.rater], each.cell, answer)
        groups[each.rater] = each.group
    return StandingAnswers(versions, {rater: group for rater, group in groups.items() if group})


def _version(secret: str, cell: int, answer: float | str | None) -> int:
    digest = hashlib.sha256(f"{secret}:{cell}:{answer}".encode()).digest()
    return int.from_bytes(digest[:6])
