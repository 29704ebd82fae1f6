"""A protocol for the small study of tests."""

from __future__ import annotations

from sqlalchemy.orm import Session

from surveyapp.models import Study
from surveyapp.services import protocols
from surveyapp.services.unit import read_now
from tests.support.studies import QUESTIONNAIRES, Ground

PROTOCOL = """
format: 1
id: small-protocol
version: "1"
title: Three rounds on fruit
questionnaire: small
rounds:
  - {number: 1, asks: all items}
  - {number: 2, asks: only open}
  - {number: 3, asks: only open}
consensus:
  - {id: agreed, for: {criterion: effect}, rule: "agree >= 70% in every context"}
counting: {minimum_n: 3}
anonymity: {k: 3, k_reasons: 3}
"""


ROUND_ZERO = (QUESTIONNAIRES / "examples" / "protocols" / "round-zero.protocol.yaml").read_text(
    encoding="utf-8"
)
"""For the example questionnaire that has no items yet."""


def give_protocol(session: Session, study: Study, text: str, *, is_locked: bool = True) -> None:
    """Give a study this protocol, in a unit of work that does more."""
    now = read_now(session)
    protocols.set_protocol(
        session, study=study, file="protocol.yaml", content=text.encode(), now=now, actor="test"
    )
    if is_locked:
        protocols.lock_protocol(session, study=study, now=now, actor="test")


def set_protocol(ground: Ground, text: str = PROTOCOL, *, is_locked: bool = True) -> None:
    """Give the study this protocol, locked unless told otherwise."""
    with ground.database.verb() as session:
        give_protocol(session, session.get_one(Study, ground.study_id), text, is_locked=is_locked)
