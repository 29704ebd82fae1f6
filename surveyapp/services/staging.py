"""A study's rehearsal: another study with the same questionnaire and protocol, and an invented panel.

It stands apart from the study that it rehearses, so that nothing invented can come among what people said;
it is synthetic for good, and is taken away whole at any moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Refused, Sentence
from surveyapp.mail.kinds import Kind
from surveyapp.models import Job, LetterSetting, Membership, Study
from surveyapp.services import queue
from surveyapp.services.archiving import delete_now
from surveyapp.services.audit import record
from surveyapp.services.copying import copy_design, find_free_slug, read_first
from surveyapp.services.panel import import_panel
from surveyapp.services.protocols import lock_protocol
from surveyapp.services.rehearsing import play_part
from surveyapp.services.simulating import synthetic_panel
from surveyapp.services.unit import Database, read_now

REHEARSE_JOB = "study.rehearse"
FEWEST, MOST, USUAL = 5, 200, 30
_AT_ONCE = 5
"""So many invented people answer in one part: rounds of others close in time between two parts."""


@dataclass(frozen=True, slots=True)
class Staged:
    """The rehearsal of a study, as it stands."""

    slug: str
    created_at: datetime
    is_playing: bool
    has_failed: bool


def stage(
    session: Session,
    *,
    study: Study,
    people: int,
    link_key: bytes,
    now: datetime,
    actor: str,
    seed: int = 1,
    is_asked: bool = True,
) -> Study:
    """Make the rehearsal of a study, with `people` invented panellists, and ask for it to be played.

    Everybody who works on the study works on its rehearsal too, in the same role. Raises InputError for a
    panel of an odd size, Refused where there is a rehearsal already or no protocol to play.
    """
    if not FEWEST <= people <= MOST:
        what = Sentence("write a number from {least} to {most}.", least=FEWEST, most=MOST)
        raise InputError([Problem("people", what)])
    if study.is_synthetic:
        raise Refused(Sentence("This study is synthetic itself, so there is nothing to rehearse."))
    if find_rehearsal(session, study_id=study.id) is not None:
        raise Refused(Sentence("This study has a rehearsal already. Remove it before another one begins."))
    if not study.protocol_number:
        raise Refused(
            Sentence(
                "The study has no protocol yet, so there are no rounds to play. Give it one: "
                "surveyapp protocol set {slug} FILE",
                slug=study.slug,
            )
        )
    made = copy_design(
        session,
        study=study,
        title=study.title,
        slug=find_free_slug(session, wanted=f"{study.slug[:48].rstrip('-')}-rehearsal"),
        now=now,
        actor=actor,
        rehearsal_of=study.id,
    )
    for member in session.scalars(select(Membership).where(Membership.study_id == study.id)).all():
        session.add(Membership(study_id=made.id, organiser_id=member.organiser_id, role=member.role))
    # Letters to nobody would only fill a folder.
    session.add_all(
        LetterSetting(study_id=made.id, kind=str(kind), is_automatic=False, most=0) for kind in Kind
    )
    questionnaire, _source = read_first(session, study_id=study.id)
    import_panel(
        session,
        study=made,
        questionnaire=questionnaire,
        rows=synthetic_panel(people, groups=[each.id for each in questionnaire.groups], seed=seed),
        now=now,
        actor=actor,
        link_key=link_key,
        is_synthetic=True,
    )
    lock_protocol(session, study=made, now=now, actor=actor)
    detail = {"rehearsal": made.slug, "people": people}
    record(session, study_id=study.id, now=now, actor=actor, act="study.rehearse", detail=detail)
    session.flush()
    if is_asked:
        _ask(session, made.id, part=1, after="", seed=seed, now=now)
    return made


def find_rehearsal(session: Session, *, study_id: int) -> Staged | None:
    """The rehearsal of a study, or None where there is none."""
    made = session.scalars(select(Study).where(Study.rehearsal_of == study_id)).first()
    if made is None:
        return None
    waiting = session.execute(
        select(Job.done_at, Job.error)
        .where(Job.study_id == made.id, Job.kind == REHEARSE_JOB)
        .order_by(Job.id.desc())
        .limit(1)
    ).one_or_none()
    is_playing = waiting is not None and waiting.done_at is None
    return Staged(
        slug=made.slug,
        created_at=made.created_at,
        is_playing=is_playing,
        has_failed=waiting is not None and waiting.error is not None,
    )


def remove_rehearsal(session: Session, *, study: Study, now: datetime, actor: str) -> None:
    """Take the rehearsal of a study away, whole and at once. Raises Refused where there is none."""
    made = session.scalars(select(Study).where(Study.rehearsal_of == study.id)).first()
    if made is None:
        raise Refused(Sentence("This study has no rehearsal."))
    delete_now(session, study=made, now=now, actor=actor)
    detail = {"rehearsal": made.slug}
    record(session, study_id=study.id, now=now, actor=actor, act="study.rehearsal_removed", detail=detail)
    session.flush()


def play_on(
    database: Database, *, study_id: int, payload: Mapping[str, Any], link_key: bytes, actor: str
) -> None:
    """Play the next part of a rehearsal, and ask for the one after it."""
    with database.reading() as session:
        slug = session.get_one(Study, study_id).slug
    seed = int(payload["seed"])
    played = play_part(
        database,
        slug=slug,
        link_key=link_key,
        actor=actor,
        after=str(payload["after"]),
        most=_AT_ONCE,
        seed=seed,
    )
    if not played.is_over:
        with database.verb() as session:
            now, part = read_now(session), int(payload["part"]) + 1
            _ask(session, study_id, part=part, after=played.after, seed=seed, now=now)


def _ask(session: Session, study_id: int, *, part: int, after: str, seed: int, now: datetime) -> None:
    queue.enqueue(
        session,
        key=f"{REHEARSE_JOB}:{study_id}:{part}",
        kind=REHEARSE_JOB,
        study_id=study_id,
        # Invented addresses alone: nobody else is on such a panel.
        payload={"part": part, "after": after, "seed": seed},
        run_at=now,
    )
