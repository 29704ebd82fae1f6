"""What lies before those who moderate: the replies of a round, and how reasons were marked in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ShownMarks
from surveyapp.delphi.protocol.model import Discussion
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import NotFound, Sentence
from surveyapp.models import Release, Reply, Round, Study
from surveyapp.services.instruments import get_instrument
from surveyapp.services.item_history import read_fates
from surveyapp.services.kept_figures import hold_rounds
from surveyapp.services.protocols import find_protocol
from surveyapp.services.reading.releases import get_release_content
from surveyapp.services.reasons.discussing import ReplyInView, list_replies_to_moderate
from surveyapp.services.reasons.marks import count_marking

_BEGUN = (RoundState.OPEN, RoundState.CLOSED, RoundState.RELEASED)


@dataclass(frozen=True, slots=True)
class ReplyDesk:
    """One round's replies."""

    number: int
    begun: tuple[int, ...]
    """All rounds that were opened."""
    discussion: Discussion | None
    """None where the protocol allows none any more; what was written is still there."""
    states: Mapping[str, int]
    replies: tuple[ReplyInView, ...]
    is_closed: bool
    marked: tuple[ShownMarks, ...] | None
    """How reasons were marked in this round, as its release tells; None while it is not released."""
    marking: int | None
    """How many marked anything; None while that may not be told."""
    smallest_group: int
    titles: Mapping[str, str]


def find_latest_round(session: Session, *, study_id: int) -> int | None:
    """The round in which experts discuss now, or did last: the latest that was opened."""
    return session.scalar(
        select(func.max(Round.number)).where(Round.study_id == study_id, Round.state.in_(_BEGUN))
    )


def get_reply_desk(session: Session, *, study: Study, number: int, state: str | None) -> ReplyDesk:
    """The replies that were written in round `number`, in a `state` or all of them.

    Replies are read while their round is open, because others wait for them; marks are told by its release,
    and before that, once it is closed, only by how many people. Raises NotFound.
    """
    rounds = [each for each in hold_rounds(session, study_id=study.id) if each.state in _BEGUN]
    held = next((each for each in rounds if each.number == number), None)
    if held is None:
        raise NotFound(Sentence("This study has no round {number} that was opened.", number=number))
    counts = session.execute(
        select(Reply.state, func.count().label("replies"))
        .where(Reply.study_id == study.id, Reply.round == number)
        .group_by(Reply.state)
    )
    protocol = find_protocol(session, study=study)
    return ReplyDesk(
        number=number,
        begun=tuple(each.number for each in rounds),
        discussion=protocol.discussion if protocol is not None else None,
        states=Counter({row.state: row.replies for row in counts}),
        replies=list_replies_to_moderate(session, study_id=study.id, state=state, round_number=number),
        is_closed=held.state != RoundState.OPEN,
        marked=_read_marked(session, study=study, held=held),
        marking=count_marking(session, study_id=study.id, number=number, smallest=study.smallest_group),
        smallest_group=study.smallest_group,
        titles=_read_titles(session, study=study, held=held),
    )


def _read_marked(session: Session, *, study: Study, held: Round) -> tuple[ShownMarks, ...] | None:
    if held.state != RoundState.RELEASED:
        return None
    row = session.execute(
        select(Release.number, Release.content_sha256)
        .where(Release.study_id == study.id, Release.round == held.number, Release.released_at.is_not(None))
        .order_by(Release.number.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    content = get_release_content(
        session, study_id=study.id, round_=held.number, number=row.number, sha256=row.content_sha256
    )
    marks = content.marks_by_item
    return tuple(each for mine in marks.values() for each in mine)


def _read_titles(session: Session, *, study: Study, held: Round) -> Mapping[str, str]:
    language = get_instrument(
        session, study_id=study.id, number=held.questionnaire_number
    ).questionnaire.language
    fates = read_fates(session, study_id=study.id, cohort=held.cohort)
    return {fate.item.id: fate.item.title.get(language) for fate in fates}
