"""Rehearsal: an invented panel that answers plausibly, through the same verbs as people.

Whatever is simulated is labelled synthetic for good: the study says so on every page and in every file.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.rounds import OpenTo
from surveyapp.errors import InputError, Problem, Refused, RoundClosed
from surveyapp.exchange.panel_file import PanelRow
from surveyapp.mail.links import derive_token
from surveyapp.models import Identity, Invitation, Panellist, Participation, Round, Study
from surveyapp.questionnaire.cells import CellSpec, Given, Status
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.model import Rating
from surveyapp.questionnaire.routing import RoutedPage
from surveyapp.services import answering, doors
from surveyapp.services.addresses import fold_address
from surveyapp.services.audit import record
from surveyapp.services.figures import scale_of
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.item_history import list_all_items
from surveyapp.services.personas import Mood, Persona, draw_persona, plant_moods
from surveyapp.services.reading.earlier import find_earlier_answer
from surveyapp.services.reading.releases import find_content_shown
from surveyapp.services.reading.seats import Seat, Sheet, find_seat, given_of, read_sheet
from surveyapp.services.rounds import get_current_round
from surveyapp.services.simulating_discussion import discuss
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now

# Of those who do not submit: so many leave half-way, so many decline, the rest never open their link.
_LEAVE = 0.5
_DECLINE = 0.25
# Of those who move towards the panel, so many do at each rating; of the others, so many keep their answer.
_MOVES = 0.7
_KEEPS = 0.85


@dataclass(frozen=True, slots=True)
class Simulated:
    """How many invented panellists did what."""

    submitted: int = 0
    in_progress: int = 0
    declined: int = 0
    not_started: int = 0

    @property
    def total(self) -> int:
        """Everybody who was simulated."""
        return self.submitted + self.in_progress + self.declined + self.not_started


@dataclass(frozen=True, slots=True)
class _Actor:
    email_key: str
    token: str
    round: int
    is_for_all: bool
    """Whether the round is open to everybody who was invited."""


def synthetic_panel(count: int, *, groups: Sequence[str], seed: int = 1) -> list[PanelRow]:
    """Plainly invented panellists ("Synthetic Expert 07", @example.org) in groups of about the same size."""
    chance = _chance(seed, "panel")
    width = max(2, len(str(count)))
    order = [groups[index % len(groups)] if groups else "" for index in range(count)]
    chance.shuffle(order)
    return [
        PanelRow(
            row=number + 1,
            name=f"Synthetic Expert {number:0{width}}",
            email=f"synthetic-expert-{number:0{width}}@example.org",
            group=group,
            tags=("synthetic",),
        )
        for number, group in enumerate(order, start=1)
    ]


def simulate(
    database: Database,
    *,
    slug: str,
    link_key: bytes,
    actor: str,
    seed: int = 1,
    share: float = 0.9,
    limit: int | None = None,
    spare: Collection[str] = (),
    only: Collection[str] | None = None,
    with_personas: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Simulated:
    """Let the panellists who have not started yet answer the open round; the same seed answers the same.

    `share` of them submit; of the others some leave half-way, some decline, some never come. `limit` is
    how many are simulated at most, in the order of their addresses; nobody whose address is in `spare` is,
    and where `only` is given, nobody else than those in it.
    `progress` hears after each one. With `with_personas` each has planted habits (`services.personas`):
    camps, people who move towards the panel, who answer everything alike, or who leave after a round.
    Raises Refused when no round is open, or when people have answered already.
    """
    if not 0 <= share <= 1:
        raise InputError([Problem("share", f"{share} is no share; write a number from 0 to 1, such as 0.9.")])
    with database.verb() as session:
        actors = _cast(session, study=get_study(session, slug=slug), link_key=link_key, actor=actor)
    spared = {fold_address(address) for address in spare}
    actors = [each for each in actors if each.email_key not in spared]
    if only is not None:
        actors = [each for each in actors if each.email_key in only]
    if limit is not None:
        actors = actors[: max(limit, 0)]
    done: dict[str, int] = {}
    for each in actors:
        try:
            outcome = _act(database, each, seed=seed, share=share, with_personas=with_personas)
        except RoundClosed:
            # The round ends for invented panellists as for all others.
            break
        done[outcome] = done.get(outcome, 0) + 1
        if progress is not None:
            progress(1)
    return Simulated(**done)


def count_waiting(session: Session, *, study: Study, spare: Collection[str] = ()) -> int:
    """How many panellists could be simulated: those who still take part and have not started."""
    current = get_current_round(session, study_id=study.id)
    if current is None:
        return 0
    spared = {fold_address(address) for address in spare}
    rows = session.execute(_waiting(study, current.number))
    return sum(email_key not in spared for email_key, _, _ in rows)


def list_waiting(session: Session, *, study: Study, after: str, most: int) -> tuple[str, ...]:
    """Folded addresses of those who could be simulated, the next `most` after the address `after`."""
    current = get_current_round(session, study_id=study.id)
    if current is None:
        return ()
    rows = session.execute(_waiting(study, current.number).where(Identity.email_key > after).limit(most))
    return tuple(email_key for email_key, _, _ in rows)


def _waiting(study: Study, number: int) -> Select[str, int, int]:
    return (
        select(Identity.email_key, Invitation.panellist_id, Invitation.number)
        .join(
            Invitation,
            and_(Invitation.study_id == Identity.study_id, Invitation.panellist_id == Identity.panellist_id),
        )
        .join(
            Panellist,
            and_(Panellist.study_id == Identity.study_id, Panellist.id == Identity.panellist_id),
        )
        .outerjoin(
            Participation,
            and_(
                Participation.study_id == Panellist.study_id,
                Participation.panellist_id == Panellist.id,
                Participation.round == number,
            ),
        )
        .where(
            Identity.study_id == study.id,
            Panellist.state == "invited",
            Invitation.revoked_at.is_(None),
            Participation.panellist_id.is_(None),
        )
        .order_by(Identity.email_key)
    )


def _cast(session: Session, *, study: Study, link_key: bytes, actor: str) -> list[_Actor]:
    """Who will act; labels the study and its panel as synthetic first."""
    current = get_current_round(session, study_id=study.id)
    if current is None or current.state != "open":
        raise Refused(
            f"No round of '{study.slug}' is open, so nobody can answer. "
            f"Open one with 'round open {study.slug}'."
        )
    if not study.is_synthetic:
        _label(session, study=study, current=current, actor=actor)
    rows = session.execute(_waiting(study, current.number))
    return [
        _Actor(
            email_key,
            derive_token(link_key, slug=study.slug, panellist_id=panellist_id, number=number),
            current.number,
            current.open_to == OpenTo.INVITED,
        )
        for email_key, panellist_id, number in rows
    ]


def _label(session: Session, *, study: Study, current: Round, actor: str) -> None:
    people = session.execute(
        select(func.count()).select_from(Participation).where(Participation.study_id == study.id)
    ).scalar_one()
    if people:
        raise Refused(
            f"{people} panellists of '{study.slug}' have answered themselves. Invented answers are never "
            "mixed with theirs: make a second study from the same questionnaire to rehearse."
        )
    study.is_synthetic = True
    session.execute(update(Panellist).where(Panellist.study_id == study.id).values(is_synthetic=True))
    record(
        session,
        study_id=study.id,
        now=read_now(session),
        actor=actor,
        act="study.simulate",
        detail={"round": current.number},
    )
    session.flush()


def _may_come(database: Database, actor: _Actor) -> bool:
    """Whether the protocol lets this panellist take part in the round."""
    with database.reading() as session:
        invited = doors.find_invited(session, token=actor.token)
    return invited is not None and invited.may_take_part


def _act(database: Database, actor: _Actor, *, seed: int, share: float, with_personas: bool) -> str:
    # A round 0 comes before the first, so it may not draw as the first does.
    later = "" if actor.round == 1 else f":{actor.round}"
    chance = _chance(seed, actor.email_key + later)
    persona = draw_persona(seed, actor.email_key) if with_personas else None
    if persona is not None and not persona.comes_to(actor.round):
        return "not_started"
    if not actor.is_for_all and not _may_come(database, actor):
        return "not_started"
    draw = chance.random()
    rest = (draw - share) / (1 - share) if share < 1 else 0.0
    if draw >= share and rest >= _LEAVE:
        if rest < _LEAVE + _DECLINE:
            with database.verb() as session:
                doors.decline(session, token=actor.token, now=read_now(session))
            return "declined"
        return "not_started"
    with database.verb() as session:
        started = doors.start(session, token=actor.token, now=read_now(session))
    id_hash = doors.hash_cookie(started.cookie)
    stays = draw < share
    _answer_pages(database, id_hash=id_hash, chance=chance, stays=stays, persona=persona)
    if stays:
        with database.verb() as session:
            # By a chance of its own: whether reasons are discussed changes no answer.
            talk = _chance(seed, f"{actor.email_key}:{actor.round}:talk")
            discuss(session, seat=_get_seat(session, id_hash), chance=talk)
        with database.verb() as session:
            seat = _get_seat(session, id_hash)
            answering.submit(session, seat=seat, request_id=_request_id(chance))
    with database.verb() as session:
        doors.leave(session, id_hash=id_hash)
    return "submitted" if stays else "in_progress"


def _answer_pages(
    database: Database, *, id_hash: str, chance: Random, stays: bool, persona: Persona | None
) -> None:
    leaning = max(-1.0, min(1.0, chance.gauss(0.15, 0.35)))
    answers: dict[int, Given] = {}
    visited: set[str] = set()
    while True:
        with database.verb() as session:
            seat = _get_seat(session, id_hash)
            instrument = get_instrument(
                session,
                study_id=seat.study_id,
                number=seat.questionnaire_number,
                sha256=seat.questionnaire_sha256,
            )
            sheet = read_sheet(session, seat=seat)
            answers = {cell: given_of(stored) for cell, (stored, _) in sheet.now.items()}
            carried = {cell: given_of(stored) for cell, (stored, _) in sheet.earlier.items()}
            route = instrument.route(group=seat.group, tags=seat.tags, answers=answers, carried=carried)
            # What is asked depends on what was answered, so the way is looked up anew after each page.
            page = next((each for each in route.pages if each.key not in visited), None)
            if page is None:
                return
            if not stays and len(visited) >= len(route.pages) // 2:
                return
            visited.add(page.key)
            answering.save(
                session,
                seat=seat,
                request_id=_request_id(chance),
                base=seat.revision,
                changes=_answers_of(
                    instrument, page, chance, leaning, habits=_habits(session, seat, sheet, persona)
                ),
                place=page.key,
            )


@dataclass(frozen=True, slots=True)
class _Habits:
    """What a persona goes by on a page: how items are received, the own earlier answers, the panel's view."""

    persona: Persona
    moods: Mapping[str, Mood]
    sheet: Sheet
    content: ReleaseContent | None


def _habits(session: Session, seat: Seat, sheet: Sheet, persona: Persona | None) -> _Habits | None:
    if persona is None:
        return None
    moods = plant_moods(list_all_items(session, study_id=seat.study_id))
    return _Habits(persona, moods, sheet, find_content_shown(session, seat=seat))


def _answers_of(
    instrument: Instrument,
    page: RoutedPage,
    chance: Random,
    leaning: float,
    *,
    habits: _Habits | None,
) -> Mapping[int, Given]:
    questions = {question.id: question for question in page.questions}
    changes = {}
    for spec in page.cells:
        question = questions[spec.key.question]
        kind = KINDS[question.kind]
        number = instrument.number_of[spec.key]
        inclined = leaning
        if habits is not None and isinstance(question, Rating) and not spec.key.part:
            again = _rate_again(instrument, number, chance, habits)
            if again is not None:
                changes[number] = again
                continue
            mood = habits.moods.get(spec.key.item, Mood.UNCLEAR)
            inclined = 0.0 if habits.persona.is_straight_liner else habits.persona.leaning(mood)
        texts = kind.plausible(instrument.questionnaire, question, spec, chance, inclined)
        changes[number] = kind.parse(instrument.questionnaire, question, spec, texts)
        if habits is not None and habits.persona.is_straight_liner and isinstance(question, Rating):
            changes[number] = _straight(instrument, spec, changes[number])
    return changes


def _straight(instrument: Instrument, spec: CellSpec, given: Given) -> Given:
    """The middle of the scale, whatever the item."""
    scale = scale_of(instrument, instrument.number_of[spec.key])
    if scale is None or given.status is not Status.VALUE:
        return given
    return Given(Status.VALUE, number=Decimal(scale.points[len(scale.points) // 2]))


def _rate_again(instrument: Instrument, number: int, chance: Random, habits: _Habits) -> Given | None:
    """What somebody does who rated this before: keep it, or step towards the panel; None: rate anew."""
    earlier = find_earlier_answer(instrument, habits.sheet, number)
    scale = scale_of(instrument, number)
    if earlier is None or scale is None or earlier.given.number is None:
        return None
    figure = habits.content.cells_by_number.get(number) if habits.content else None
    median = figure.total.median if figure is not None and figure.total is not None else None
    if habits.persona.is_mover and median is not None and chance.random() < _MOVES:
        before = int(earlier.given.number)
        place = scale.points.index(before)
        step = 1 if median > before else -1 if median < before else 0
        return Given(Status.VALUE, number=Decimal(scale.points[place + step]))
    return Given(Status.KEPT) if chance.random() < _KEEPS else None


def _get_seat(session: Session, id_hash: str) -> Seat:
    seat = find_seat(session, id_hash=id_hash)
    if seat is None:
        raise Refused("The simulated session was ended from outside.")
    if not seat.takes_answers:
        raise RoundClosed("The round was closed while its panel was simulated.")
    return seat


def _request_id(chance: Random) -> str:
    return f"simulated-{chance.getrandbits(96):024x}"


def _chance(seed: int, name: str) -> Random:
    # Reproducible on purpose, and nothing that must be secret is drawn from it.
    return random.Random(f"{seed}:{name}")  # noqa: S311
