"""The next round before it is there: released, decided and opened in one transaction that is never kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.lineage import Decided, Outcome
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.rounds import may_take_part
from surveyapp.delphi.showing import ExpertView
from surveyapp.errors import NotFound, Refused, Sentence
from surveyapp.models import Panellist, Participation, Round, Study, WebSession
from surveyapp.services import deciding, releasing
from surveyapp.services.figures import RoundFigures
from surveyapp.services.instruments import Instrument, forget_instrument, get_instrument
from surveyapp.services.judging import judge
from surveyapp.services.kept_figures import get_figures
from surveyapp.services.reading.earlier import own_answers
from surveyapp.services.reading.earlier_rounds import read_earlier_rounds
from surveyapp.services.reading.expert_views import SeenRound, show_panel, viewer_of
from surveyapp.services.reading.seats import Seat, Sheet, find_seat, given_of, read_sheet
from surveyapp.services.release_stamps import read_stamp
from surveyapp.services.rounds import open_round
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now

_ACTOR = "rehearsal"
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The next round as one panellist would find it, were the round before released and it opened now."""

    seat: Seat
    instrument: Instrument
    sheet: Sheet
    content: ReleaseContent | None
    """What the panel would be shown; None in a round without feedback."""
    variants: tuple[str, ...]
    as_proposed: tuple[str, ...]
    """Titles of items that nothing was decided about, and that stand here as the protocol proposes."""


def foresee(database: Database, *, slug: str, number: int, pseudonym: str, variant: str = "") -> Foreseen:
    """What the panellist would see of round `number` in the next one, as everything stands now.

    The release, the decisions that are missing, the opening and the panellist's start are really done, and
    then undone together, so this cannot differ from what will be. Raises NotFound, and Refused with the
    sentence of whatever would refuse it.
    """
    # Counting takes longest, and holds nobody up.
    with database.snapshot() as session:
        ground = _read_ground(session, study=get_study(session, slug=slug), number=number)
    with database.verb(keep=False) as session:
        study = get_study(session, slug=slug)
        if read_stamp(session, study_id=study.id, number=number) != ground.stamp:
            raise Refused(
                Sentence("Something of round {number} changed in this moment. Look once more.", number=number)
            )
        try:
            return _play(session, ground, study=study, pseudonym=pseudonym, variant=variant)
        finally:
            # Before anybody else can store a version under the same number.
            forget_instrument(study_id=study.id, number=study.questionnaire_number)


@dataclass(frozen=True)
class _Ground:
    """A closed round as it stands, what of it would be released, and the stamp of all that."""

    figures: RoundFigures
    content: ReleaseContent
    stamp: str


def _read_ground(session: Session, *, study: Study, number: int) -> _Ground:
    figures = get_figures(session, study_id=study.id, number=number)
    content = releasing.look_at_release(session, study=study, number=number, figures=figures)
    if content is None:
        raise Refused(
            Sentence(
                "The release of round {number} is not drafted from the answers as they stand.", number=number
            )
        )
    return _Ground(figures, content, read_stamp(session, study_id=study.id, number=number))


def _play(session: Session, ground: _Ground, *, study: Study, pseudonym: str, variant: str) -> Foreseen:
    now, number, content = read_now(session), ground.figures.number, ground.content
    panellist = session.scalars(
        select(Panellist).where(Panellist.study_id == study.id, Panellist.pseudonym == pseudonym)
    ).one_or_none()
    if panellist is None:
        raise NotFound(Sentence("There is no '{pseudonym}' on this panel.", pseudonym=pseudonym))
    as_proposed = _decide_the_rest(session, study=study, figures=ground.figures, now=now)
    releasing.rehearse_release(session, study=study, number=number, content=content, now=now)
    cohort = session.get_one(Round, (study.id, number)).cohort
    opened = open_round(session, study=study, now=now, actor=_ACTOR, cohort=cohort)
    plan = RoundPlan.from_canonical(opened.plan)
    variants = tuple(each.id for each in plan.variants)
    seat = _sit_down(
        session,
        study=study,
        opened=opened,
        panellist=panellist,
        variant=variant if variant in variants else "",
        now=now,
    )
    instrument = get_instrument(session, study_id=study.id, number=opened.questionnaire_number)
    return Foreseen(
        seat=seat,
        instrument=instrument,
        sheet=read_sheet(session, seat=seat),
        content=content if opened.shows_round == number else None,
        variants=variants,
        as_proposed=as_proposed,
    )


def _decide_the_rest(
    session: Session, *, study: Study, figures: RoundFigures, now: datetime
) -> tuple[str, ...]:
    """Decide what is left as proposed; what would need words is kept as it is."""
    left: Sequence[str] = releasing.find_undecided(session, figures, study_id=study.id)
    judged = judge(figures)
    if left:
        proposed = {item: judged[item].proposed.outcome if item in judged else Outcome.KEEP for item in left}
        decided = tuple(
            Decided(item, Outcome.KEEP if each == Outcome.REVISE else Outcome(each), "as proposed")
            for item, each in proposed.items()
        )
        deciding.decide_several(
            session, study=study, number=figures.number, decided=decided, now=now, actor=_ACTOR
        )
    items, language = figures.questionnaire.items_by_id, figures.questionnaire.language
    return tuple(items[item].title.get(language) for item in left)


def _sit_down(
    session: Session, *, study: Study, opened: Round, panellist: Panellist, variant: str, now: datetime
) -> Seat:
    earlier = read_earlier_rounds(session, study_id=study.id, panellist_id=panellist.id, before=opened.number)
    previous = opened.shows_round if opened.shows_round not in {None, opened.number} else opened.number - 1
    assert previous is not None
    if not may_take_part(opened.open_to, earlier_rounds=earlier.numbers, previous=previous):
        raise Refused(
            Sentence(
                "{pseudonym} did not answer the earlier round, and the next one is for those who "
                "did. Choose somebody else.",
                pseudonym=panellist.pseudonym,
            )
        )
    session.add(
        Participation(
            study_id=study.id,
            round=opened.number,
            panellist_id=panellist.id,
            group=panellist.group,
            earlier_rounds=earlier.as_text(),
            variant=variant,
            started_at=now,
            revision=0,
            submitted_revision=0,
            place="",
            submission=0,
        )
    )
    session.flush()
    id_hash = secrets.token_hex(32)
    session.add(
        WebSession(
            id_hash=id_hash,
            study_id=study.id,
            panellist_id=panellist.id,
            round=opened.number,
            csrf_secret="",
            created_at=now,
            expires_at=now + _MINUTE,
        )
    )
    session.flush()
    seat = find_seat(session, id_hash=id_hash)
    assert seat is not None
    return seat


def as_seen(found: Foreseen) -> SeenRound:
    """What was foreseen, in the form in which commands tell what an expert sees."""
    seat, instrument, sheet = found.seat, found.instrument, found.sheet
    feedback = seat.plan.feedback_for(seat.variant)
    carried = {cell: given_of(stored) for cell, (stored, _) in sheet.earlier.items()}
    way = instrument.way(group=seat.group, tags=seat.tags, answers={}, carried=carried)
    panel = None
    if feedback is not None and found.content is not None:
        panel = show_panel(
            instrument,
            found.content,
            seat.plan,
            feedback,
            group=seat.group if feedback.of_groups != "none" else "",
            viewer=viewer_of(seat.panellist_id),
            seed=found.content.sha256(),
        )
    shows_own = feedback is not None and feedback.own_answer
    own = own_answers(instrument, sheet, way.cells) if shows_own else {}
    return SeenRound(
        number=seat.round,
        pseudonym=seat.pseudonym,
        has_started=False,
        instrument=instrument,
        cells=tuple(cell for page in way.route.pages for cell in way.pages[page.key]),
        view=ExpertView(panel, own, seat.plan.reasons, seat.variant),
    )
