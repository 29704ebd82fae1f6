"""A study once more: what it asks, how it goes on, what it writes; perhaps its people, never an answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, insert, select
from sqlalchemy.orm import Session

from surveyapp.exchange.panel_file import PanelRow
from surveyapp.models import (
    Identity,
    LetterSetting,
    LetterText,
    LetterWish,
    Panellist,
    ProtocolVersion,
    QuestionnaireVersion,
    ReminderRule,
    Study,
)
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.wordings import corrected
from surveyapp.services import accounts
from surveyapp.services.audit import record
from surveyapp.services.item_history import FIRST_QUESTIONNAIRE, read_corrections
from surveyapp.services.panel import import_panel
from surveyapp.services.protocols import set_protocol
from surveyapp.services.studies import MAX_SLUG, create_study

_PROTOCOL = "protocol.yaml"


@dataclass(frozen=True, slots=True)
class Copied:
    """The study that was made."""

    study: Study
    people: int
    left_out: int
    """Panellists who declined, withdrew, were the wrong person, or want no letters: nobody writes to them."""


def copy_study(
    session: Session,
    *,
    study: Study,
    title: str,
    slug: str | None,
    link_key: bytes,
    with_panel: bool = False,
    owner: str = "",
    now: datetime,
    actor: str,
) -> Copied:
    """Make another study of the same kind: questionnaire, protocol as a draft, settings, letters, reminders.

    The questionnaire is the one that the study began with, its mistakes put right. With the panel, everybody
    who still takes part gets a new seat, with a pseudonym and a link of its own; answers, decisions and
    results stay where they are. `owner` is the address of an account. Raises InputError with everything that
    is wrong with the names.
    """
    made = copy_design(session, study=study, title=title, slug=slug, now=now, actor=actor)
    if owner:
        accounts.grant(session, email=owner, study=made, role="owner", now=now, actor=actor)
    _copy_letters(session, study.id, made.id, now, actor)
    people = left_out = 0
    if with_panel:
        rows, left_out = _read_panel(session, study_id=study.id)
        people = len(rows)
        if rows:  # an import of nobody is refused
            import_panel(
                session,
                study=made,
                questionnaire=read_first(session, study_id=study.id)[0],
                rows=rows,
                now=now,
                actor=actor,
                link_key=link_key,
                is_synthetic=study.is_synthetic,
            )
    detail = {"copy": made.slug, "people": people}
    record(session, study_id=study.id, now=now, actor=actor, act="study.copy", detail=detail)
    session.flush()
    return Copied(made, people, left_out)


def copy_design(
    session: Session,
    *,
    study: Study,
    title: str,
    slug: str | None,
    now: datetime,
    actor: str,
    rehearsal_of: int | None = None,
) -> Study:
    """A study with the questionnaire, the settings and the protocol of another one, and nobody in it."""
    questionnaire, source = read_first(session, study_id=study.id)
    made = create_study(
        session,
        questionnaire=questionnaire,
        source=source,
        title=title,
        slug=slug,
        now=now,
        actor=actor,
        organisation=study.organisation,
        contact_email=study.contact_email,
        time_zone=study.time_zone,
        planned_rounds=study.planned_rounds,
        is_synthetic=study.is_synthetic or rehearsal_of is not None,
        rehearsal_of=rehearsal_of,
    )
    made.smallest_group = study.smallest_group
    made.time_grain = study.time_grain
    made.anonymity = study.anonymity
    session.flush()
    version = session.get(ProtocolVersion, (study.id, study.protocol_number))
    if version is not None:
        set_protocol(
            session, study=made, file=_PROTOCOL, content=version.source.encode(), now=now, actor=actor
        )
    return made


def find_free_slug(session: Session, *, wanted: str) -> str:
    """`wanted`, or where a study is called so, the first of ``wanted-2``, ``wanted-3`` … that is free."""
    taken = set(session.scalars(select(Study.slug).where(Study.slug.startswith(wanted[: MAX_SLUG - 4]))))
    number = 1
    slug = wanted[:MAX_SLUG].rstrip("-")
    while slug in taken:
        number += 1
        slug = f"{wanted[: MAX_SLUG - 4].rstrip('-')}-{number}"
    return slug


def read_first(session: Session, *, study_id: int) -> tuple[Questionnaire, str]:
    """The questionnaire that a study began with, mistakes put right, and its file as its author wrote it."""
    version = session.get_one(QuestionnaireVersion, (study_id, FIRST_QUESTIONNAIRE))
    corrections = read_corrections(session, study_id=study_id)
    every = [each for number in sorted(corrections) for each in corrections[number]]
    return corrected(Questionnaire.from_canonical(version.canonical), every), version.source


def _copy_letters(session: Session, study_id: int, made_id: int, now: datetime, actor: str) -> None:
    newest = (
        select(
            LetterText.kind,
            LetterText.number,
            LetterText.language,
            func.max(LetterText.version).label("version"),
        )
        .where(LetterText.study_id == study_id)
        .group_by(LetterText.kind, LetterText.number, LetterText.language)
        .subquery()
    )
    texts = session.execute(
        select(LetterText.kind, LetterText.number, LetterText.language, LetterText.subject, LetterText.body)
        .join(
            newest,
            and_(
                LetterText.kind == newest.c.kind,
                LetterText.number == newest.c.number,
                LetterText.language == newest.c.language,
                LetterText.version == newest.c.version,
            ),
        )
        .where(LetterText.study_id == study_id, LetterText.subject != "")
    ).all()
    saved = {"study_id": made_id, "version": 1, "saved_at": now, "saved_by": actor}
    _insert(session, LetterText, [row._asdict() | saved for row in texts])
    for table in (LetterSetting, ReminderRule):
        columns = [column for column in table.__table__.c if column.name != "study_id"]
        rows = session.execute(select(*columns).where(table.study_id == study_id)).all()
        _insert(session, table, [row._asdict() | {"study_id": made_id} for row in rows])


def _insert(
    session: Session,
    table: type[LetterText | LetterSetting | ReminderRule],
    rows: Sequence[dict[str, object]],
) -> None:
    if rows:
        session.execute(insert(table), list(rows))


def _read_panel(session: Session, *, study_id: int) -> tuple[list[PanelRow], int]:
    """Everybody who still takes part and may be written to, by address; and how many others there are."""
    everybody = session.execute(
        select(
            Identity.name,
            Identity.email,
            Panellist.group,
            Panellist.tags,
            Panellist.language,
            Panellist.state,
            LetterWish.wish,
        )
        .join(
            Panellist,
            and_(Panellist.study_id == Identity.study_id, Panellist.id == Identity.panellist_id),
        )
        .outerjoin(
            LetterWish,
            and_(LetterWish.study_id == Identity.study_id, LetterWish.panellist_id == Identity.panellist_id),
        )
        .where(Identity.study_id == study_id)
        .order_by(Identity.email_key)
    ).all()
    rows = [
        PanelRow(
            row=number,
            name=each.name,
            email=each.email,
            group=each.group,
            tags=tuple(json.loads(each.tags)),
            language=each.language,
        )
        for number, each in enumerate(everybody, start=2)
        if each.state == "invited" and each.wish != "none"
    ]
    return rows, len(everybody) - len(rows)
