"""Rounds in real time: figures are renewed while the round is open, in batches of people."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.privacy.batches import is_due
from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Release, Round, Study
from surveyapp.services import queue
from surveyapp.services.figures import count_figures
from surveyapp.services.ledgers import write_lines
from surveyapp.services.release_drafts import frame_content, privacy_rules, read_input
from surveyapp.services.renewing import renew_cells
from surveyapp.services.rounds import REFRESH_EVERY, REFRESH_JOB
from surveyapp.services.unit import Database, read_now
from surveyapp.version import __version__


def refresh_round(database: Database, *, study_id: int, number: int, actor: str) -> Release | None:
    """Renew the figures of an open round in real time; None when there is nothing new that may be shown.

    A cell is renewed when at least as many people as the protocol says changed their answers in it, and
    what was shown of it before does not give anybody away together with the new figure. Running it again
    changes nothing.
    """
    with database.snapshot() as session:
        held = session.get(Round, (study_id, number))
        batch = _batch_of(held)
        if held is None or batch is None:
            return None
        latest = find_latest_release(session, study_id=study_id, number=number)
        input_sha256, _ = read_input(session, study_id=study_id, number=number)
        if latest is not None and latest.input_sha256 == input_sha256:
            return None
        study = session.get_one(Study, study_id)
        figures = count_figures(session, held)
        k = privacy_rules(figures, study=study).k

        def is_due_here(changed: Collection[int]) -> bool:
            return is_due(changed, k=k, batch=batch)

        earlier = ReleaseContent.from_canonical(latest.content) if latest is not None else None
        renewed = renew_cells(session, figures, study=study, earlier=earlier, is_due=is_due_here)
        if not renewed.lines:
            return None
        content = frame_content(
            figures,
            study=study,
            number=(latest.number if latest is not None else 0) + 1,
            # How many have submitted would be a counter of single people; this moves in batches.
            submissions=max(line.n for line in renewed.lines),
            cells=renewed.cells,
            kind="real_time",
        )
    with database.verb() as session:
        now = read_now(session)
        held = session.scalars(
            select(Round)
            .where(Round.study_id == study_id, Round.number == number)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one_or_none()
        again = find_latest_release(session, study_id=study_id, number=number)
        if _batch_of(held) is None or (again.number if again is not None else 0) != content.number - 1:
            # It was closed, or another worker was quicker: the next turn sees what is new.
            return None
        release = Release(
            study_id=study_id,
            round=number,
            number=content.number,
            content=content.canonical(),
            content_sha256=content.sha256(),
            input_sha256=input_sha256,
            submissions=content.submissions,
            code_version=__version__,
            created_at=now,
            released_at=now,
            released_by=actor,
        )
        session.add(release)
        write_lines(session, renewed.lines, study_id=study_id, number=number, release=content.number)
        return release


def ask_for_refresh(session: Session, *, study_id: int, number: int, now: datetime) -> None:
    """Ask for the next refresh, as long as the round is open in real time; asking twice makes one job."""
    held = session.get(Round, (study_id, number))
    if _batch_of(held) is None:
        return
    seconds = int(REFRESH_EVERY / timedelta(seconds=1))
    run_at = now + timedelta(seconds=seconds - now.second % seconds, microseconds=-now.microsecond)
    queue.enqueue(
        session,
        key=f"{REFRESH_JOB}:{study_id}:{number}:{run_at.isoformat()}",
        kind=REFRESH_JOB,
        study_id=study_id,
        payload={"round": number},
        run_at=run_at,
    )


def find_latest_release(session: Session, *, study_id: int, number: int) -> Release | None:
    """The round's latest release that is out, or None."""
    return session.scalars(
        select(Release)
        .where(Release.study_id == study_id, Release.round == number, Release.released_at.is_not(None))
        .order_by(Release.number.desc())
        .limit(1)
    ).first()


def _batch_of(held: Round | None) -> int | None:
    """How many people renew a figure; None for a round that is not open, or not in real time."""
    if held is None or held.state != RoundState.OPEN:
        return None
    return RoundPlan.from_canonical(held.plan).batch
