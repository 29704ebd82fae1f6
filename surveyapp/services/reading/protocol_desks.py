"""A study's protocol for those who read or change it: in force, before, and what each amendment changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveyapp.delphi.protocol.differing import differences
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.errors import NotFound, Sentence
from surveyapp.models import ProtocolVersion, Round, Study
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.instruments import get_instrument
from surveyapp.services.protocols import list_versions


@dataclass(frozen=True, slots=True)
class VersionOfProtocol:
    """One version, oldest first; an amendment names what it changed."""

    number: int
    sha256: str
    created_at: datetime
    locked_at: datetime | None
    actor: str
    because: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProtocolDesk:
    """The protocol in force, and how it came about."""

    protocol: Protocol | None
    questionnaire: Questionnaire
    source: str
    """The file in force, as its author wrote it."""
    is_locked: bool
    has_rounds: bool
    versions: tuple[VersionOfProtocol, ...]


def get_protocol_desk(session: Session, *, study: Study) -> ProtocolDesk:
    """The protocol of a study, with all its versions."""
    rows = list_versions(session, study_id=study.id)
    instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    versions = []
    before: Protocol | None = None
    current: Protocol | None = None
    source, is_locked = "", False
    for row in rows:
        protocol = Protocol.from_canonical(row.canonical)
        versions.append(
            VersionOfProtocol(
                number=row.number,
                sha256=row.sha256,
                created_at=row.created_at,
                locked_at=row.locked_at,
                actor=row.actor,
                because=row.amended_because,
                changes=tuple(str(each) for each in differences(before, protocol)) if before else (),
            )
        )
        before = protocol
        if row.number == study.protocol_number:
            current, source, is_locked = protocol, row.source, row.locked_at is not None
    return ProtocolDesk(
        protocol=current,
        questionnaire=instrument.questionnaire,
        source=source,
        is_locked=is_locked,
        has_rounds=bool(session.scalar(select(exists().where(Round.study_id == study.id)))),
        versions=tuple(versions),
    )


def get_protocol_source(session: Session, *, study_id: int, number: int) -> str:
    """The file of one version, as its author wrote it. Raises NotFound."""
    row = session.get(ProtocolVersion, (study_id, number))
    if row is None:
        raise NotFound(Sentence("This study has no protocol version {number}.", number=number))
    return row.source
