"""What lies before whoever releases a round: what is missing, what warns, what the panel would be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Panellist, Study
from surveyapp.services.kept_figures import get_figures
from surveyapp.services.protocols import find_protocol
from surveyapp.services.reading.proposals import read_waiting
from surveyapp.services.reading.reasons import get_closed_round
from surveyapp.services.reasons.covering import Coverage, find_coverage
from surveyapp.services.releasing import find_release, find_undecided, look_at_release

_EXAMPLES = 60


@dataclass(frozen=True, slots=True)
class Released:
    """A release that is out."""

    number: int
    released_at: datetime
    released_by: str
    sha256: str
    input_sha256: str


@dataclass(frozen=True, slots=True)
class ReleaseDesk:
    """One closed round on its way to the panel, or there already."""

    number: int
    state: str
    time_zone: str
    content: ReleaseContent | None
    """What would be released, or what was; None while a draft has to be made first."""
    coverage: Coverage
    undecided: tuple[str, ...]
    """Titles of the items that nothing was decided about."""
    unread: Mapping[int, int]
    """Round → how many of its proposals have found no place yet, up to this one."""
    released: Released | None
    is_last: bool
    """Whether no round is planned after it."""
    panellists: tuple[tuple[str, str], ...]
    """Some pseudonyms, each with its group: as whom to look at the next round."""


def get_release_desk(session: Session, *, study: Study, number: int) -> ReleaseDesk:
    """The release of round `number`. Reads only. Raises NotFound, or RoundClosed while it is open."""
    held = get_closed_round(session, study_id=study.id, round_number=number)
    figures = get_figures(session, study_id=study.id, number=number)
    items, language = figures.questionnaire.items_by_id, figures.questionnaire.language
    released, content = None, None
    if held.state == RoundState.RELEASED:
        row = find_release(session, study_id=study.id, number=number)
        if row is not None and row.released_at is not None:
            content = ReleaseContent.from_canonical(row.content)
            released = Released(
                row.number, row.released_at, row.released_by or "", row.content_sha256, row.input_sha256
            )
    else:
        content = look_at_release(session, study=study, number=number, figures=figures)
    return ReleaseDesk(
        number=number,
        state=held.state,
        time_zone=study.time_zone,
        content=content,
        coverage=find_coverage(session, study_id=study.id, round_number=number),
        undecided=tuple(
            items[item].title.get(language) for item in find_undecided(session, figures, study_id=study.id)
        ),
        unread={
            each: count for each, count in read_waiting(session, study_id=study.id).items() if each <= number
        },
        released=released,
        is_last=figures.planned >= _find_last_planned(session, study=study),
        panellists=_some_panellists(session, study_id=study.id),
    )


def _find_last_planned(session: Session, *, study: Study) -> int:
    """The number of the last round that is planned: by the protocol in force, where there is one."""
    protocol = find_protocol(session, study=study)
    return max(each.number for each in protocol.rounds) if protocol else study.planned_rounds


def _some_panellists(session: Session, *, study_id: int) -> tuple[tuple[str, str], ...]:
    rows = session.execute(
        select(Panellist.pseudonym, Panellist.group)
        .where(Panellist.study_id == study_id, Panellist.state == "invited")
        .order_by(Panellist.pseudonym)
        .limit(_EXAMPLES)
    )
    return tuple((pseudonym, group) for pseudonym, group in rows)
