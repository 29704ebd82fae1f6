"""A study's questionnaire as an expert will find it in the first round, before there is any round."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from surveyapp.delphi.plan import RoundPlan, plan_round
from surveyapp.errors import Refused, Sentence
from surveyapp.models import Study
from surveyapp.services.collecting_questionnaires import collecting_questionnaire
from surveyapp.services.instruments import Instrument, forget_instrument, get_instrument
from surveyapp.services.item_history import FIRST_QUESTIONNAIRE
from surveyapp.services.protocols import find_protocol
from surveyapp.services.reading.earlier_rounds import EarlierRounds
from surveyapp.services.reading.seats import Seat
from surveyapp.services.rounds import list_rounds
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now


@dataclass(frozen=True, slots=True)
class AsWhom:
    """With whose eyes one looks."""

    group: str = ""
    language: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Previewed:
    """The first round's questionnaire, and a seat that nobody sits on."""

    seat: Seat
    instrument: Instrument


def preview(database: Database, *, slug: str, whom: AsWhom) -> Previewed:
    """The questionnaire as somebody like that will find it; nothing is stored.

    An unknown group or language gives the first one that there is. Raises NotFound for the study, Refused
    once a round was opened: from then on the questionnaire is what experts see themselves.
    """
    with database.reading() as session:
        study = get_study(session, slug=slug)
        if any(each.opened_at is not None for each in list_rounds(session, study_id=study.id)):
            raise Refused(Sentence("The first round was opened already; this is for the time before it."))
        plan = _plan(session, study)
        if not plan.only_collects:
            return _look(session, study, plan, whom, number=FIRST_QUESTIONNAIRE)
    # A round that only collects items asks a part of the questionnaire, which is made when it is opened.
    with database.verb(keep=False) as session:
        study = get_study(session, slug=slug)
        number = collecting_questionnaire(session, study=study, cohort="", now=read_now(session))
        session.flush()
        try:
            return _look(session, study, plan, whom, number=number)
        finally:
            forget_instrument(study_id=study.id, number=number)


def _plan(session: Session, study: Study) -> RoundPlan:
    protocol = find_protocol(session, study=study)
    if protocol is None:
        return RoundPlan()
    return plan_round(protocol, protocol.rounds[0].number, shows_feedback=False)


def _look(session: Session, study: Study, plan: RoundPlan, whom: AsWhom, *, number: int) -> Previewed:
    instrument = get_instrument(session, study_id=study.id, number=number)
    asked = instrument.questionnaire
    groups = [each.id for each in asked.groups] or [""]
    seat = Seat(
        study_id=study.id,
        slug=study.slug,
        title=study.title,
        organisation=study.organisation,
        contact_email=study.contact_email,
        time_zone=study.time_zone,
        is_synthetic=study.is_synthetic,
        smallest_group=study.smallest_group,
        planned_rounds=study.planned_rounds,
        panellist_id=0,
        pseudonym="",
        group=whom.group if whom.group in groups else groups[0],
        language=whom.language if whom.language in asked.languages else asked.language,
        tags=whom.tags,
        panellist_state="invited",
        round=plan.number,
        round_state="open",
        takes_answers=True,
        closes_at=None,
        closed_at=None,
        questionnaire_number=number,
        questionnaire_sha256=instrument.sha256,
        plan=plan,
        shows_round=None,
        release=0,
        release_sha256="",
        correction=0,
        earlier=EarlierRounds(),
        variant="",
        revision=0,
        submitted_revision=0,
        place="",
        submission=0,
        submitted_at=None,
        csrf_secret="",
        now=read_now(session),
    )
    return Previewed(seat, instrument)
