"""In an organiser-blind study nobody sees both names and answers: not today, and not one after the other."""

from __future__ import annotations

import json

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveyapp.errors import Refused, Sentence
from surveyapp.models import AuditEntry, Participation, Study
from surveyapp.services.permissions import RIGHTS, Right, Role

# The acts by which somebody got a role.
_ACTS = ("organiser.grant", "member.join", "member.role")
_ANSWERS = frozenset({Right.RESULTS, Right.REASONS, Right.EXPORT})


def keep_apart(session: Session, *, study: Study, organiser_id: int, role: str) -> None:
    """Refuse `role` to somebody whose earlier role in this study saw the other half.

    Whoever once was a custodian has seen names, and whoever once was anything that sees answers has seen
    answers, so the record of all roles decides, not only the present one. Raises Refused.
    """
    if study.anonymity != "blind":
        return
    had = _list_roles(session, study_id=study.id, organiser_id=organiser_id)
    has_answers = session.scalar(select(exists().where(Participation.study_id == study.id)))
    # Before the first answer there was nothing to see yet; names are there from the panel's import on.
    if _is_custodian(role) and has_answers and any(_sees_answers(each) for each in had):
        raise _refusal()
    if _sees_answers(role) and any(_is_custodian(each) for each in had):
        raise _refusal()


def _list_roles(session: Session, *, study_id: int, organiser_id: int) -> set[str]:
    details = session.scalars(
        select(AuditEntry.detail).where(AuditEntry.study_id == study_id, AuditEntry.act.in_(_ACTS))
    )
    found = [json.loads(detail) for detail in details]
    return {each["role"] for each in found if each.get("id") == organiser_id}


def _is_custodian(role: str) -> bool:
    return role == Role.CUSTODIAN


def _sees_answers(role: str) -> bool:
    return role != Role.CUSTODIAN and bool(RIGHTS[Role(role)] & _ANSWERS)


def _refusal() -> Refused:
    return Refused(
        Sentence(
            "In an organiser-blind study nobody sees both names and answers: whoever was a custodian "
            "cannot become somebody who sees answers, nor the other way round. Let another person do it."
        )
    )
