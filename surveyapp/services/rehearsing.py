"""A whole protocol rehearsed with an invented panel: open, answer, close, decide, release, round by round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import InputError, Problem, Refused
from surveyapp.models import Identity, Reason
from surveyapp.services import deciding, releasing, rounds
from surveyapp.services.figures import read_figures
from surveyapp.services.item_history import list_all_items
from surveyapp.services.judging import judge, tell_verdicts
from surveyapp.services.personas import Planted, describe, plant_moods
from surveyapp.services.protocols import find_protocol
from surveyapp.services.reasons import handling
from surveyapp.services.reasons.discussing import list_replies_to_moderate, moderate_replies
from surveyapp.services.rehearsing_proposals import take_up_proposals
from surveyapp.services.round_plans import collected_only
from surveyapp.services.simulating import Simulated, list_waiting, simulate
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now

# So many reasons on each item are released as they are; the rest is set aside, as a hurried team would.
_RELEASED_PER_ITEM = 4
_SET_ASIDE = "Rehearsal: invented reasons are not worked on."
_SHARE = 0.95
_DECIDED = "Rehearsal: as the protocol proposes."


@dataclass(frozen=True, slots=True)
class RehearsedRound:
    """One round of a rehearsal."""

    number: int
    simulated: Simulated
    verdicts: Mapping[str, int]
    """Verdict → how many items have it."""
    release: str
    """SHA-256 of what was released; '' where the last round was left open, or only collected items."""
    proposals: int = 0
    """How many items were proposed in it, those that say the same counted once."""
    items_made: int = 0
    """How many of these became items."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What was played, and what had been planted."""

    rounds: tuple[RehearsedRound, ...]
    planted: Planted
    ended: str
    """Why it ended."""


def rehearse(
    database: Database,
    *,
    slug: str,
    link_key: bytes,
    actor: str,
    count: int,
    seed: int = 1,
    share: float = _SHARE,
    spare: Collection[str] = (),
    leave_last_open: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Rehearsal:
    """Play `count` rounds of the study's protocol with an invented panel, through the verbs of people.

    Items are decided as the protocol proposes, some reasons are released and the others set aside; what was
    proposed becomes items, each thought once, as long as there is a round left to rate them in. With
    `leave_last_open` the last round is answered and left open. The same seed plays the same. Raises Refused
    when people have answered, or the study has no locked protocol.
    """
    if not 1 <= count <= 20:
        raise InputError([Problem("rounds", f"{count} rounds cannot be played; write 1 to 20.")])
    _refuse_without_protocol(database, slug=slug)
    played = []
    ended = f"{count} rounds were played."
    for index in range(count):
        try:
            number, is_closed = _open(database, slug=slug, actor=actor)
        except Refused as refused:
            ended = str(refused)
            break
        if is_closed:
            played.append(_finish(database, slug=slug, number=number, actor=actor, done=Simulated()))
            continue
        done = simulate(
            database,
            slug=slug,
            link_key=link_key,
            actor=actor,
            seed=seed,
            share=share,
            spare=spare,
            with_personas=True,
            progress=progress,
        )
        if leave_last_open and index == count - 1:
            played.append(RehearsedRound(number, done, {}, ""))
            break
        played.append(_finish(database, slug=slug, number=number, actor=actor, done=done))
    return Rehearsal(tuple(played), _read_planted(database, slug=slug, seed=seed), ended)


@dataclass(frozen=True, slots=True)
class Part:
    """How far a rehearsal that is played part by part has got."""

    after: str = ""
    """The folded address that answered last in the open round; '' where its first one is next."""
    is_over: bool = False


def play_part(
    database: Database, *, slug: str, link_key: bytes, actor: str, after: str, most: int, seed: int = 1
) -> Part:
    """Play the next part of a whole protocol: some people answer, or a round is finished and the next opened.

    For a worker that has other things to do as well. A part that was played half-way is played again without
    harm. It is over when the protocol plans no further round, or nothing is left to rate.
    """
    try:
        number, is_closed = _open(database, slug=slug, actor=actor)
    except Refused:
        return Part(is_over=True)
    with database.reading() as session:
        study = get_study(session, slug=slug)
        waiting = () if is_closed else list_waiting(session, study=study, after=after, most=most)
    if waiting:
        simulate(
            database,
            slug=slug,
            link_key=link_key,
            actor=actor,
            seed=seed,
            share=_SHARE,
            only=waiting,
            with_personas=True,
        )
        return Part(after=waiting[-1])
    _finish(database, slug=slug, number=number, actor=actor, done=Simulated())
    return Part()


def _refuse_without_protocol(database: Database, *, slug: str) -> None:
    with database.reading() as session:
        study = get_study(session, slug=slug)
        if find_protocol(session, study=study) is None:
            raise Refused(
                f"'{slug}' has no protocol, so there are no rounds to play. Give it one: "
                f"surveyapp protocol set {slug} FILE"
            )


def _read_planted(database: Database, *, slug: str, seed: int) -> Planted:
    with database.reading() as session:
        study = get_study(session, slug=slug)
        items = list_all_items(session, study_id=study.id)
        names = session.scalars(
            select(Identity.email_key).where(Identity.study_id == study.id).order_by(Identity.email_key)
        ).all()
    return describe(seed, names, plant_moods(items))


def _open(database: Database, *, slug: str, actor: str) -> tuple[int, bool]:
    """The round to play, and whether it is closed already: one that was left half-way goes on from there."""
    with database.reading() as session:
        study_id = get_study(session, slug=slug).id
        current = rounds.get_current_round(session, study_id=study_id)
        number, state = (current.number, current.state) if current is not None else (0, "")
        has_collected = current is not None and collected_only(current)
    if state == RoundState.OPEN or (state == RoundState.CLOSED and not has_collected):
        return number, state == RoundState.CLOSED
    if state == RoundState.CLOSED:
        # It needs no release; what is left of its proposals is taken up, and the next one follows.
        releasing.settle_round(database, study_id=study_id, number=number, actor=actor)
        take_up_proposals(database, study_id=study_id, number=number, actor=actor)
    with database.verb() as session:
        study = get_study(session, slug=slug)
        opened = rounds.open_round(session, study=study, now=read_now(session), actor=actor)
        return opened.number, False


def _finish(database: Database, *, slug: str, number: int, actor: str, done: Simulated) -> RehearsedRound:
    with database.reading() as session:
        study_id = get_study(session, slug=slug).id
        is_open = rounds.get_round(session, study_id=study_id, number=number).state == RoundState.OPEN
    if is_open:
        rounds.close_round(database, slug=slug, actor=actor, number=number)
    releasing.settle_round(database, study_id=study_id, number=number, actor=actor)
    _handle_reasons(database, study_id=study_id, number=number, actor=actor)
    proposals, made = take_up_proposals(database, study_id=study_id, number=number, actor=actor)
    with database.reading() as session:
        if collected_only(rounds.get_round(session, study_id=study_id, number=number)):
            return RehearsedRound(number, done, {}, "", proposals, made)
    with database.verb() as session:
        study = get_study(session, slug=slug)
        figures = read_figures(session, study_id=study_id, number=number)
        verdicts = Counter(told for each in judge(figures).values() for told in tell_verdicts(each.by_rule))
        if verdicts:
            deciding.decide_as_proposed(
                session, study=study, figures=figures, reason=_DECIDED, now=read_now(session), actor=actor
            )
    released = releasing.release_round(database, slug=slug, actor=actor, number=number)
    return RehearsedRound(number, done, dict(verdicts), released.content_sha256, proposals, made)


def _handle_reasons(database: Database, *, study_id: int, number: int, actor: str) -> None:
    with database.verb() as session:
        now = read_now(session)
        handling.set_aside_empty(session, study_id=study_id, round_number=number, now=now, actor=actor)
        rows = session.execute(
            select(Reason.public_id, Reason.item, Reason.text, Identity.email_key)
            .join(
                Identity,
                (Identity.study_id == Reason.study_id) & (Identity.panellist_id == Reason.panellist_id),
            )
            .where(Reason.study_id == study_id, Reason.round == number, Reason.state == "unread")
        ).all()
        taken: Counter[str] = Counter()
        released: list[str] = []
        others: list[str] = []
        # By texts and invented addresses, since public names are random: the same seed releases the same.
        for public_id, item, *_ in sorted(rows, key=lambda row: (row.item, row.text, row.email_key)):
            taken[item] += 1
            (released if taken[item] <= _RELEASED_PER_ITEM else others).append(public_id)
        if released:
            handling.release_reasons(session, study_id=study_id, public_ids=released, now=now, actor=actor)
        if others:
            handling.set_aside_reasons(
                session, study_id=study_id, public_ids=others, because=_SET_ASIDE, now=now, actor=actor
            )
        waiting = list_replies_to_moderate(session, study_id=study_id, round_number=number)
        moderate_replies(
            session,
            study_id=study_id,
            reply_ids=[each.reply_id for each in waiting],
            is_shown=True,
            now=now,
            actor=actor,
        )
