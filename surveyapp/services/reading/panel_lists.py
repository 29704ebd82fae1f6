"""Who is on the panel, page by page: with names for those who may see them, with pseudonyms for the others.

Never both at once: what joins a name to a pseudonym is a look-up, with a reason, in the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Identity, Panellist, Participation, Round, Study
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.panellists import seat_of

MOST = 50
Standing = Literal["not_started", "in_progress", "submitted", "declined", "not_me", "withdrawn"]
STANDINGS: tuple[Standing, ...] = (
    "not_started", "in_progress", "submitted", "declined", "not_me", "withdrawn",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """One seat; `name` and `email` are '' for those who work with pseudonyms, and the other way round."""

    seat: str
    """What the address of the seat's own page says."""
    pseudonym: str
    name: str
    email: str
    group: str
    tags: tuple[str, ...]
    language: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class PanelList:
    """One page of the panel."""

    seats: int
    """How many seats there are at all."""
    found: int
    """How many of them the filter leaves."""
    page: int
    rows: tuple[Listed, ...]
    groups: Mapping[str, str]
    """Group → its title."""
    round: int | None
    """The round that a standing is about; None before the first."""


def get_panel_list(
    session: Session,
    *,
    study: Study,
    with_names: bool,
    words: str = "",
    group: str = "",
    standing: str = "",
    page: int = 1,
) -> PanelList:
    """Page `page` of the panel, filtered. `words` are looked for in names and addresses, or in pseudonyms."""
    current = session.scalar(
        select(func.max(Round.number)).where(
            Round.study_id == study.id,
            Round.state.in_((RoundState.OPEN, RoundState.CLOSED, RoundState.RELEASED)),
        )
    )
    statement = _select(study.id, current or 0)
    wanted: list[ColumnElement[bool]] = [*_words(words, with_names=with_names)]
    if group:
        wanted.append(Panellist.group == group)
    if standing in STANDINGS:
        wanted.append(_STANDING.in_((standing,)))
    filtered = statement.where(*wanted)
    seats = session.scalar(select(func.count()).where(Panellist.study_id == study.id)) or 0
    found = session.scalar(select(func.count()).select_from(filtered.subquery())) or 0
    page = min(max(1, page), max(1, -(-found // MOST)))
    # By what is shown, and never by the order in which people came.
    order = (Identity.email_key, Panellist.pseudonym) if with_names else (Panellist.pseudonym,)
    rows = session.execute(filtered.order_by(*order).limit(MOST).offset((page - 1) * MOST))
    instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    language = instrument.questionnaire.language
    groups = {each.id: each.title.get(language) for each in instrument.questionnaire.groups}
    return PanelList(
        seats=seats,
        found=found,
        page=page,
        rows=tuple(
            Listed(
                seat=seat_of(row.id) if with_names else row.pseudonym,
                pseudonym="" if with_names else row.pseudonym,
                name=row.name or "" if with_names else "",
                email=row.email or "" if with_names else "",
                group=groups.get(row.group, row.group),
                tags=tuple(json.loads(row.tags)),
                language=row.language,
                standing=row.standing,
            )
            for row in rows
        ),
        groups=groups,
        round=current,
    )


_STANDING: ColumnElement[str] = case(
    (Panellist.state != "invited", Panellist.state),
    (Participation.submission > 0, "submitted"),
    (Participation.panellist_id.is_not(None), "in_progress"),
    else_="not_started",
)


def _select(study_id: int, number: int) -> Select[Any]:
    columns: list[Any] = [
        Panellist.id,
        Panellist.pseudonym,
        Panellist.group,
        Panellist.tags,
        Panellist.language,
        Identity.name,
        Identity.email,
        _STANDING.label("standing"),
    ]
    mine = and_(
        Participation.study_id == Panellist.study_id,
        Participation.round == number,
        Participation.panellist_id == Panellist.id,
    )
    # Whoever was erased has a seat without a name; it is listed all the same.
    name = and_(Identity.study_id == Panellist.study_id, Identity.panellist_id == Panellist.id)
    statement = select(*columns).outerjoin(Participation, mine).outerjoin(Identity, name)
    return statement.where(Panellist.study_id == study_id)


def _words(words: str, *, with_names: bool) -> Iterator[ColumnElement[bool]]:
    sought = " ".join(words.split())[:200]
    if not sought:
        return
    looked_at = (Identity.name, Identity.email) if with_names else (Panellist.pseudonym,)
    yield or_(*(column.icontains(sought, autoescape=True) for column in looked_at))
