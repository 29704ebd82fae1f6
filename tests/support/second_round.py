"""A study in its second round: a first one answered, decided and released through the verbs of people."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select

from surveyapp.delphi.lineage import Decided
from surveyapp.models import Reason, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services import answering, deciding, releasing, rounds
from surveyapp.services.figures import read_figures
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reasons import handling, summarising
from surveyapp.services.unit import Database, read_now
from tests.support.protocols import set_protocol
from tests.support.studies import Ground, lay_ground

Texts = Mapping[CellKey, str | Sequence[str]]
"""Cell → what a form sends for it."""
_serial = itertools.count(1)

EVERY_KIND_PROTOCOL = """
format: 1
id: every-kind
version: "1"
title: Two rounds on every kind
questionnaire: every-kind
rounds:
  - {number: 1, asks: all items}
  - {number: 2, asks: all items}
consensus:
  - {id: agreed, for: {criterion: effect}, rule: "agree >= 70% in every context"}
counting: {minimum_n: 3}
anonymity: {k: 3, k_reasons: 3, unanimity: show}
feedback: {of_groups: own group}
reasons: {ask: outside the middle half, step: 1}
"""


def give(ground: Ground, member: int, texts: Texts) -> None:
    """Let a member save all this and submit."""
    seat = ground.sit_down(member)
    changes = {}
    for key, values in texts.items():
        number = ground.instrument.number_of[key]
        changes[number] = ground.given(number, *([values] if isinstance(values, str) else values))
    with ground.database.verb() as session:
        answering.save(
            session, seat=seat, request_id=f"first-round-{next(_serial)}", base=10_000, changes=changes
        )
    with ground.database.verb() as session:
        answering.submit(session, seat=seat, request_id=f"first-round-{next(_serial)}")


def release_first_round(
    ground: Ground,
    *,
    decided: Sequence[Decided] = (),
    summaries: Mapping[str, str] | None = None,
    note: str = "",
) -> None:
    """Close round 1, release every reason, decide (the rest as proposed), and release."""
    ground.close()
    database, study_id = ground.database, ground.study_id
    releasing.settle_round(database, study_id=study_id, number=1, actor="test")
    with database.verb() as session:
        now = read_now(session)
        names = session.scalars(select(Reason.public_id).where(Reason.study_id == study_id)).all()
        if names:
            handling.release_reasons(session, study_id=study_id, public_ids=names, now=now, actor="test")
        for item, text in (summaries or {}).items():
            sources = session.scalars(
                select(Reason.public_id).where(Reason.study_id == study_id, Reason.item == item)
            ).all()
            summarising.write_summary(
                session,
                study_id=study_id,
                round_number=1,
                item=item,
                sentences=[summarising.DraftSentence(1, text, tuple(sources[:1]))],
                now=now,
                actor="test",
            )
    with database.verb() as session:
        study, now = session.get_one(Study, study_id), read_now(session)
        for each in decided:
            deciding.decide(session, study=study, number=1, decided=each, now=now, actor="test")
        deciding.decide_as_proposed(
            session,
            study=study,
            figures=read_figures(session, study_id=study_id, number=1),
            reason="",
            now=now,
            actor="test",
        )
    releasing.release_round(database, slug=ground.slug, actor="test", number=1, note=note)


def open_next(ground: Ground) -> Ground:
    """Open the next round; the ground as it is then."""
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        opened = rounds.open_round(session, study=study, now=read_now(session), actor="test")
        instrument = get_instrument(session, study_id=study.id, number=opened.questionnaire_number)
    return replace(ground, instrument=instrument)


def lay_second_round(
    database: Database,
    questionnaire: Questionnaire,
    *,
    slug: str,
    groups: tuple[str, ...],
    answers: Callable[[int], Texts],
    protocol: str = EVERY_KIND_PROTOCOL,
    decided: Sequence[Decided] = (),
    summaries: Mapping[str, str] | None = None,
    note: str = "",
) -> Ground:
    """A study whose panel gave `answers` (by member) in round 1, with round 2 open."""
    ground = lay_ground(database, questionnaire, slug=slug, groups=groups, is_open=False)
    set_protocol(ground, protocol)
    first = open_next(ground)
    for member in range(len(groups)):
        texts = answers(member)
        if texts:
            give(first, member, texts)
    release_first_round(first, decided=decided, summaries=summaries, note=note)
    return open_next(first)
