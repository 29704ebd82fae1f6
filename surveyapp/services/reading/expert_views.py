"""What an expert is shown of earlier rounds: the same for pages, commands and programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.protocol.model import Feedback
from surveyapp.delphi.showing import ExpertView, PanelView, show_release
from surveyapp.errors import NotFound, Refused, Sentence
from surveyapp.models import Panellist, Participation, Release, Round, Study
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.panel import find_by_address
from surveyapp.services.reading.discussion import Talk, read_talk
from surveyapp.services.reading.earlier import own_answers
from surveyapp.services.reading.earlier_rounds import EarlierRounds, read_earlier_rounds
from surveyapp.services.reading.releases import get_release_content
from surveyapp.services.reading.seats import given_of, read_sheet
from surveyapp.services.rounds import get_round

_ORDERS = 4
"""Reasons stand in so many different orders, so that no order favours one reason, and pages can be kept."""


def show_panel(
    instrument: Instrument,
    content: ReleaseContent,
    plan: RoundPlan,
    feedback: Feedback,
    *,
    group: str,
    viewer: str,
    seed: str,
    blind: frozenset[int] = frozenset(),
) -> PanelView:
    """What a release shows beside the questions of one questionnaire version."""
    questionnaire = instrument.questionnaire
    kinds = {
        number: questionnaire.questions_by_id[spec.key.question].kind
        for number in instrument.numbers_asked
        if not (spec := instrument.spec(number)).key.part
    }
    return show_release(
        content,
        feedback,
        cells={
            number: _in_release(instrument, content.cells_by_number, number)
            for number, kind in kinds.items()
            if kind == "rating"
        },
        combinations={number: number for number, kind in kinds.items() if kind == "combination"},
        items={instrument.spec(number).key.item for number, kind in kinds.items() if kind == "rating"},
        group=group,
        shows_settled=plan.settled_results == "in the next round",
        blind=blind,
        viewer=viewer,
        seed=seed,
    )


def viewer_of(panellist_id: int) -> str:
    """The order of reasons that somebody sees, always the same for one person."""
    return f"order {panellist_id % _ORDERS}"


def _in_release(instrument: Instrument, shown: Mapping[int, object], number: int) -> int:
    """The cell of the release that stands for a cell of this round; 0 where there is none, or several."""
    if number in shown:
        return number
    before = [each for each in instrument.earlier_of.get(number, ()) if each in shown]
    return before[0] if len(before) == 1 else 0


@dataclass(frozen=True, slots=True)
class SeenRound:
    """One round as one expert sees it."""

    number: int
    pseudonym: str
    """'' where the expert was looked for by address: that and a pseudonym never stand side by side."""
    has_started: bool
    instrument: Instrument
    cells: tuple[int, ...]
    """What the expert is asked, in the order of the pages."""
    view: ExpertView
    hides_own: bool = False
    """Whether own answers are left out, because the expert was looked for by address."""
    talk: Talk | None = None
    """Own marks, and replies to reasons, without the own with `hides_own`; None where nothing may be said."""


@dataclass(frozen=True, slots=True)
class _Participant:
    """A seat's key and its earlier rounds, as `read_sheet` wants them."""

    study_id: int
    round: int
    panellist_id: int
    earlier: EarlierRounds


def read_expert_view(session: Session, *, study: Study, expert: str, number: int | None = None) -> SeenRound:
    """What the panellist with this pseudonym or e-mail address sees in round `number`, or in the latest.

    A release draft is not in it. Unless the study's answers are attributed, whoever is looked for by address
    is shown without own answers: a name and answers never come together. Raises NotFound, and Refused for a
    round that shows no feedback.
    """
    held = get_round(session, study_id=study.id, number=number)
    panellist = _get_panellist(session, study_id=study.id, expert=expert)
    hides_own = "@" in expert and study.anonymity != "attributed"
    plan = RoundPlan.from_canonical(held.plan)
    seat = session.get(Participation, (study.id, held.number, panellist.id))
    variant = seat.variant if seat is not None else ""
    feedback = plan.feedback_for(variant)
    if feedback is None:
        raise Refused(
            Sentence(
                "Round {number} shows no feedback: its experts see nothing of an earlier round.",
                number=held.number,
            )
        )
    instrument = get_instrument(session, study_id=study.id, number=held.questionnaire_number)
    panel = None
    release = _find_release(session, held)
    if release is not None:
        content = get_release_content(
            session,
            study_id=study.id,
            round_=release.round,
            number=release.number,
            sha256=release.content_sha256,
        )
        panel = show_panel(
            instrument,
            content,
            plan,
            feedback,
            group=seat.group if seat is not None else panellist.group,
            viewer=viewer_of(panellist.id),
            seed=release.content_sha256,
        )
    participant = _Participant(
        study.id,
        held.number,
        panellist.id,
        EarlierRounds.from_text(seat.earlier_rounds)
        if seat is not None
        else read_earlier_rounds(session, study_id=study.id, panellist_id=panellist.id, before=held.number),
    )
    sheet = read_sheet(session, seat=participant)
    answers = {cell: given_of(stored) for cell, (stored, _) in sheet.now.items()}
    carried = {cell: given_of(stored) for cell, (stored, _) in sheet.earlier.items()}
    way = instrument.way(
        group=panellist.group, tags=tuple(json.loads(panellist.tags)), answers=answers, carried=carried
    )
    talk = None
    if panel is not None and held.shows_round is not None and plan.discussion_for(variant) is not None:
        talk = read_talk(
            session.connection(),
            seat=participant,
            shows_round=held.shows_round,
            public_ids=panel.reasons_by_id,
        )
    shows_own = feedback.own_answer and not hides_own
    own = own_answers(instrument, sheet, way.cells) if shows_own else {}
    return SeenRound(
        number=held.number,
        pseudonym="" if hides_own else panellist.pseudonym,
        has_started=seat is not None,
        instrument=instrument,
        cells=tuple(cell for page in way.route.pages for cell in way.pages[page.key]),
        view=ExpertView(panel, own, plan.reasons, variant),
        hides_own=hides_own,
        talk=talk.without_own() if talk is not None and hides_own else talk,
    )


def _get_panellist(session: Session, *, study_id: int, expert: str) -> Panellist:
    if "@" in expert:
        panellist_id = find_by_address(session, study_id=study_id, email=expert)
        found = None if panellist_id is None else session.get(Panellist, (study_id, panellist_id))
    else:
        found = session.scalars(
            select(Panellist).where(Panellist.study_id == study_id, Panellist.pseudonym == expert)
        ).one_or_none()
    if found is None:
        raise NotFound(
            Sentence(
                "There is no '{expert}' on this panel. Give a pseudonym of the exports, or an address.",
                expert=expert,
            )
        )
    return found


def _find_release(session: Session, shown_in: Round) -> Release | None:
    return session.scalars(
        select(Release)
        .where(
            Release.study_id == shown_in.study_id,
            Release.round == shown_in.shows_round,
            Release.released_at.is_not(None),
        )
        .order_by(Release.number.desc())
        .limit(1)
    ).first()
