"""Releasing the panel's view: a draft after the close, reviewed by a person, frozen when it is released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent, ShownCell
from surveyapp.delphi.rounds import RoundAct, RoundState, next_state
from surveyapp.errors import Conflict, NotFound, Refused, Sentence
from surveyapp.models import Decision, Release, Round, Study
from surveyapp.services.audit import record
from surveyapp.services.figures import RoundFigures, read_figures
from surveyapp.services.ledgers import Line, write_lines
from surveyapp.services.letters.occasions import letters_of_release
from surveyapp.services.proposals.gathering import gather_proposals_in_parts
from surveyapp.services.reasons.covering import check_covered
from surveyapp.services.reasons.gathering import gather_in_parts
from surveyapp.services.reasons.marks import lines_of_marks
from surveyapp.services.refreshing import find_latest_release
from surveyapp.services.release_drafts import build_content, figures_published, read_input, with_texts
from surveyapp.services.release_stamps import read_stamp
from surveyapp.services.renewing import renew_cells
from surveyapp.services.stopping import Standings, facts_for_record, find_standings
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from surveyapp.version import __version__


def settle_round(database: Database, *, study_id: int, number: int, actor: str) -> None:
    """What follows from a close: reasons and proposals are gathered, a release is drafted.

    Twice changes nothing.
    """
    with database.reading() as session:
        held = session.get(Round, (study_id, number))
        if held is None or held.state != RoundState.CLOSED:
            # It was opened again, or released, before this job had its turn.
            return
    gather_in_parts(database, study_id=study_id, round_number=number, actor=actor)
    gather_proposals_in_parts(database, study_id=study_id, round_number=number, actor=actor)
    draft_release(database, study_id=study_id, number=number)


def draft_release(database: Database, *, study_id: int, number: int) -> ReleaseContent:
    """Draft the release of a closed round from its answers as they stand; an earlier draft gives way.

    All is read from one instant and worked out without holding anybody up; only storing it takes a turn.
    Raises RoundClosed while the round is open, Refused when it is released already.
    """
    with database.snapshot() as session:
        _refuse_released(session, study_id=study_id, number=number)
        figures = read_figures(session, study_id=study_id, number=number)
        study = session.get_one(Study, study_id)
        sha256, submissions = read_input(session, study_id=study_id, number=number)
        earlier = find_latest_release(session, study_id=study_id, number=number)
        content = build_content(
            session,
            figures,
            study=study,
            number=(earlier.number if earlier is not None else 0) + 1,
            submissions=submissions,
            cells=_cells_after(session, figures, study=study, earlier=earlier),
        )
        standings = find_standings(session, figures, study_id=study_id)
    with database.verb() as session:
        held = _hold(session, study_id=study_id, number=number)
        if (
            held.state != RoundState.CLOSED
            or read_input(session, study_id=study_id, number=number)[0] != sha256
        ):
            raise Refused(
                Sentence(
                    "Round {number} changed while its release was drafted. Draft it again once it is closed.",
                    number=number,
                )
            )
        _store(
            session,
            content,
            standings,
            study_id=study_id,
            input_sha256=sha256,
            now=read_now(session),
        )
    return content


def preview_release(database: Database, *, slug: str, number: int | None = None) -> ReleaseContent:
    """What would be released now: the draft, with reasons, summaries and decisions as they stand.

    Raises what `release_round` raises, except for what is missing.
    """
    study_id, number = _find_ready(database, slug=slug, number=number, actor="system")
    with database.snapshot() as session:
        return _prepare(session, study_id=study_id, number=number).content


def look_at_release(
    session: Session, *, study: Study, number: int, figures: RoundFigures
) -> ReleaseContent | None:
    """What `preview_release` gives, without writing anything: None while a new draft has to be made first.

    `figures` are those of the round as it stands.
    """
    draft = _find_fresh_draft(session, study_id=study.id, number=number)
    if draft is None:
        return None
    return with_texts(session, ReleaseContent.from_canonical(draft.content), figures, study=study)


def rehearse_release(
    session: Session, *, study: Study, number: int, content: ReleaseContent, now: datetime
) -> None:
    """Put a closed round into the state of a released one: for a transaction that is never kept."""
    held = _hold(session, study_id=study.id, number=number)
    if held.state != RoundState.RELEASED:
        state = next_state(RoundState(held.state), RoundAct.RELEASE, number=number)
        _release(session, held, state, content, None, now=now, actor="rehearsal")


def release_round(
    database: Database,
    *,
    slug: str,
    actor: str,
    number: int | None = None,
    figures_first: bool = False,
    note: str = "",
    reviewed: str = "",
) -> Release:
    """Release a closed round's feedback: from now on nothing of it changes, and the next round may show it.

    `note` is what the organisers say to the panel; `reviewed` the stamp of what a person looked at
    (`release_stamps`). Raises Refused while the round is not closed, reasons are not accounted for, or items
    have no decision; `figures_first` lets those two come later, and what is missing then stands in the
    record. Raises Conflict when it is no longer what was reviewed. All is worked out beforehand; the
    transaction that releases only looks whether anything changed meanwhile.
    """
    study_id, number = _find_ready(database, slug=slug, number=number, actor=actor)
    with database.snapshot() as session:
        prepared = _prepare(session, study_id=study_id, number=number)
        missing = _find_missing(session, prepared.figures, study_id=study_id, figures_first=figures_first)
    if reviewed and prepared.stamp != reviewed:
        raise Conflict(
            Sentence(
                "What round {number} would release is not what you looked at: answers, reasons "
                "or decisions have changed since. Look at it again, then release it.",
                number=number,
            )
        )
    content = prepared.content.model_copy(update={"note": note.strip(), "missing": missing})
    with database.verb() as session:
        held = _hold(session, study_id=study_id, number=number)
        state = next_state(RoundState(held.state), RoundAct.RELEASE, number=number)
        if read_stamp(session, study_id=study_id, number=number) != prepared.stamp:
            raise Refused(
                Sentence(
                    "Something of round {number} changed in this moment. Release it again.", number=number
                )
            )
        return _release(session, held, state, content, prepared.standings, now=read_now(session), actor=actor)


@dataclass(frozen=True)
class _Prepared:
    """A release as it would be, and the stamp of all that it is made from."""

    figures: RoundFigures
    content: ReleaseContent
    standings: Standings | None
    stamp: str


def _find_ready(database: Database, *, slug: str, number: int | None, actor: str) -> tuple[int, int]:
    """Study and number of a closed round whose draft is made from the answers as they stand."""
    with database.reading() as session:
        study_id = get_study(session, slug=slug).id
        number = _find_releasable(session, study_id=study_id) if number is None else number
        held = session.get(Round, (study_id, number))
        if held is None:
            raise NotFound(Sentence("This study has no round {number}.", number=number))
        next_state(RoundState(held.state), RoundAct.RELEASE, number=number)
        is_fresh = _find_fresh_draft(session, study_id=study_id, number=number) is not None
    if not is_fresh:
        settle_round(database, study_id=study_id, number=number, actor=actor)
    return study_id, number


def _prepare(session: Session, *, study_id: int, number: int) -> _Prepared:
    draft = _find_fresh_draft(session, study_id=study_id, number=number)
    if draft is None:
        raise Refused(
            Sentence("Answers of round {number} changed in this moment. Try it again.", number=number)
        )
    figures = read_figures(session, study_id=study_id, number=number)
    content = ReleaseContent.from_canonical(draft.content)
    return _Prepared(
        figures,
        with_texts(session, content, figures, study=session.get_one(Study, study_id)),
        find_standings(session, figures, study_id=study_id),
        read_stamp(session, study_id=study_id, number=number),
    )


def _release(
    session: Session,
    held: Round,
    state: RoundState,
    content: ReleaseContent,
    standings: Standings | None,
    *,
    now: datetime,
    actor: str,
) -> Release:
    release = _find_draft(session, study_id=held.study_id, number=held.number)
    assert release is not None
    release.content = content.canonical()
    release.content_sha256 = content.sha256()
    if standings is not None:
        release.standings = standings.canonical()
    release.released_at = now
    release.released_by = actor
    held.state = state
    held.released_at = now
    # Whose answers these are can be worked out: the round is closed, and shown for the last time.
    lines = [Line(*each) for each in figures_published(content)]
    lines += lines_of_marks(session, content, study_id=held.study_id)
    write_lines(session, lines, study_id=held.study_id, number=held.number, release=release.number)
    record(
        session,
        study_id=held.study_id,
        now=now,
        actor=actor,
        act="round.release",
        detail={
            "round": held.number,
            "release": release.number,
            "sha256": release.content_sha256,
            "input_sha256": release.input_sha256,
            "missing": list(content.missing),
            **facts_for_record(session, held, standings),
        },
    )
    letters_of_release(session, released=held, now=now, actor=actor)
    session.flush()
    return release


def find_release(session: Session, *, study_id: int, number: int) -> Release | None:
    """The latest release of a round; the draft, where nothing is released yet; None without either."""
    return session.scalars(
        select(Release)
        .where(Release.study_id == study_id, Release.round == number)
        .order_by(Release.released_at.is_(None), Release.number.desc())
        .limit(1)
    ).first()


def _find_missing(
    session: Session, figures: RoundFigures, *, study_id: int, figures_first: bool
) -> tuple[str, ...]:
    """What is not accounted for. Raises Refused unless the figures may go first."""
    coverage = check_covered(
        session, study_id=study_id, round_number=figures.number, figures_first=figures_first
    )
    missing: list[str] = list(coverage.problems)
    undecided = find_undecided(session, figures, study_id=study_id)
    if undecided and not figures_first:
        named = ", ".join(undecided[:8]) + (" …" if len(undecided) > 8 else "")
        raise Refused(
            Sentence(
                "Round {number} cannot be released while items have no decision: {named}. "
                "Decide them, or confirm what the protocol proposes: surveyapp decide STUDY "
                "--as-proposed",
                number=figures.number,
                named=named,
            )
        )
    if undecided:
        missing.append(f"No decision yet on: {', '.join(undecided)}.")
    return tuple(missing)


def find_undecided(session: Session, figures: RoundFigures, *, study_id: int) -> list[str]:
    """Items that were rated in the round and have no decision; a study without a protocol decides nothing."""
    if figures.protocol is None:
        return []
    decided = set(
        session.scalars(
            select(Decision.item).where(Decision.study_id == study_id, Decision.round == figures.number)
        )
    )
    instrument = figures.instrument
    rated = dict.fromkeys(
        key.item for key in instrument.number_of if key.item and key.criterion and not key.part
    )
    return [item for item in rated if item not in decided]


def _store(
    session: Session,
    content: ReleaseContent,
    standings: Standings | None,
    *,
    study_id: int,
    input_sha256: str,
    now: datetime,
) -> None:
    session.execute(
        delete(Release).where(
            Release.study_id == study_id, Release.round == content.round, Release.released_at.is_(None)
        )
    )
    session.add(
        Release(
            study_id=study_id,
            round=content.round,
            number=content.number,
            content=content.canonical(),
            content_sha256=content.sha256(),
            input_sha256=input_sha256,
            submissions=content.submissions,
            code_version=__version__,
            created_at=now,
            standings=standings.canonical() if standings is not None else "",
        )
    )
    session.flush()


def _find_draft(session: Session, *, study_id: int, number: int) -> Release | None:
    return session.scalars(
        select(Release)
        .where(Release.study_id == study_id, Release.round == number, Release.released_at.is_(None))
        .order_by(Release.number.desc())
        .limit(1)
    ).first()


def _find_fresh_draft(session: Session, *, study_id: int, number: int) -> Release | None:
    """The draft, if it was made from what counts now."""
    draft = _find_draft(session, study_id=study_id, number=number)
    if draft is None or draft.input_sha256 != read_input(session, study_id=study_id, number=number)[0]:
        return None
    return draft


def _cells_after(
    session: Session, figures: RoundFigures, *, study: Study, earlier: Release | None
) -> tuple[ShownCell, ...] | None:
    """The figures at the end of a round that was shown in real time; None for any other round.

    All that may be renewed is renewed now; where the last view and the end would together tell of a few
    people, the last view stays.
    """
    if earlier is None:
        return None
    content = ReleaseContent.from_canonical(earlier.content)
    return renew_cells(session, figures, study=study, earlier=content, is_due=bool).cells


def _find_releasable(session: Session, *, study_id: int) -> int:
    """The latest closed round, or the latest one, whose state then says why it cannot be released."""
    closed = session.scalars(
        select(Round.number)
        .where(Round.study_id == study_id, Round.state == RoundState.CLOSED)
        .order_by(Round.number.desc())
        .limit(1)
    ).first()
    if closed is not None:
        return closed
    latest = session.scalar(
        select(func.max(Round.number)).where(Round.study_id == study_id, Round.state != RoundState.CANCELLED)
    )
    if latest is None:
        raise Refused(Sentence("This study has no round yet. Open one first: surveyapp round open STUDY"))
    return latest


def _refuse_released(session: Session, *, study_id: int, number: int) -> None:
    held = session.get(Round, (study_id, number))
    if held is None:
        raise NotFound(Sentence("This study has no round {number}.", number=number))
    if held.state == RoundState.RELEASED:
        raise Refused(
            Sentence(
                "The feedback of round {number} is released, and nothing of it changes any more.",
                number=number,
            )
        )


def _hold(session: Session, *, study_id: int, number: int) -> Round:
    return session.scalars(
        select(Round)
        .where(Round.study_id == study_id, Round.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
