"""The protocol of a study: given, locked before the first round, amended with a reason afterwards."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.protocol.differing import differences
from surveyapp.delphi.protocol.loading import load_text
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.errors import InputError, NotFound, Problem, ProtocolError, Refused, Sentence
from surveyapp.models import Participation, ProtocolVersion, Study
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument

ANONYMITY = {"attributed": "attributed", "confidential": "confidential", "organiser-blind": "blind"}
# From what is least promised to what is most.
_PROMISES = ("attributed", "confidential", "blind")
_MOST_KEPT = 32


@dataclass(frozen=True, slots=True)
class Amended:
    """An amendment: its number, and what it changed, sentence by sentence."""

    number: int
    changes: tuple[str, ...]


_kept: OrderedDict[str, Protocol] = OrderedDict()
_kept_lock = threading.Lock()


def find_protocol(session: Session, *, study: Study) -> Protocol | None:
    """The protocol in force, or None for a study without one."""
    return (
        get_protocol(session, study_id=study.id, number=study.protocol_number)
        if study.protocol_number
        else None
    )


def get_protocol(session: Session, *, study_id: int, number: int, sha256: str = "") -> Protocol:
    """Version `number` of the study's protocol; no query when its `sha256` is given and it was read before.

    Raises NotFound.
    """
    with _kept_lock:
        known = _kept.get(sha256)
    if known is not None:
        return known
    version = session.get(ProtocolVersion, (study_id, number))
    if version is None:
        raise NotFound(Sentence("This study has no protocol version {number}.", number=number))
    with _kept_lock:
        kept = _kept.get(version.sha256)
    if kept is None:
        kept = Protocol.from_canonical(version.canonical)
        with _kept_lock:
            _kept[version.sha256] = kept
            while len(_kept) > _MOST_KEPT:
                _kept.popitem(last=False)
    return kept


def is_locked(session: Session, *, study: Study) -> bool:
    """Whether the protocol in force is locked: from then on it is only amended."""
    version = session.get(ProtocolVersion, (study.id, study.protocol_number))
    return version is not None and version.locked_at is not None


def list_versions(session: Session, *, study_id: int) -> Sequence[ProtocolVersion]:
    """Every version of the study's protocol, oldest first; reports show them all."""
    return session.scalars(
        select(ProtocolVersion).where(ProtocolVersion.study_id == study_id).order_by(ProtocolVersion.number)
    ).all()


def set_protocol(
    session: Session, *, study: Study, file: str, content: bytes, now: datetime, actor: str
) -> int:
    """Give the study the protocol in `content`, or another one while it is not locked; returns its number.

    One that says the same as before stays the same version, with its author's words as they are now. Raises
    ProtocolError with everything in the file that is wrong or does not fit the questionnaire, Refused once it
    is locked.
    """
    if is_locked(session, study=study):
        raise Refused(
            Sentence(
                "The protocol is locked, so it is no longer replaced. Amend it, with the "
                "reason: surveyapp protocol amend {slug} FILE --reason TEXT",
                slug=study.slug,
            )
        )
    protocol = _load(session, study=study, file=file, content=content)
    before = session.get(ProtocolVersion, (study.id, study.protocol_number))
    if before is not None and before.sha256 == protocol.sha256():
        number, source = before.number, content.decode("utf-8-sig")
        if before.source == source:
            return number
        before.source = source
    else:
        number = _store(session, study=study, protocol=protocol, content=content, now=now, actor=actor)
    _record(session, study, "protocol.set", number=number, protocol=protocol, now=now, actor=actor)
    return number


def try_protocol(session: Session, *, study: Study, file: str, content: bytes) -> tuple[str, ...]:
    """What the protocol in `content` would change of the one in force, sentence by sentence; nothing is kept.

    Raises ProtocolError with everything that is wrong or would break what experts were promised.
    """
    protocol = _load(session, study=study, file=file, content=content)
    problems = _broken_promises(session, study=study, protocol=protocol)
    if problems:
        raise ProtocolError(problems)
    before = find_protocol(session, study=study)
    return tuple(str(change) for change in differences(before, protocol)) if before is not None else ()


def lock_protocol(session: Session, *, study: Study, now: datetime, actor: str) -> int:
    """Lock the protocol: before round 1, and for good. Raises Refused when there is none, or it is locked."""
    version = session.get(ProtocolVersion, (study.id, study.protocol_number))
    if version is None:
        raise Refused(
            Sentence(
                "'{slug}' has no protocol yet. Give it one first: surveyapp protocol set {slug} FILE",
                slug=study.slug,
            )
        )
    if version.locked_at is not None:
        raise Refused(Sentence("The protocol is locked already."))
    version.locked_at = now
    protocol = get_protocol(session, study_id=study.id, number=version.number)
    _record(session, study, "protocol.lock", number=version.number, protocol=protocol, now=now, actor=actor)
    return version.number


def amend_protocol(
    session: Session,
    *,
    study: Study,
    file: str,
    content: bytes,
    reason: str,
    now: datetime,
    actor: str,
) -> Amended:
    """Change a locked protocol, and say why. The old text is kept, and every report shows both.

    Rounds that are open or over keep what they were opened under. Raises InputError for a protocol that does
    not fit or breaks what experts were promised, Refused when the protocol is not locked or nothing changes.
    """
    if not is_locked(session, study=study):
        raise Refused(
            Sentence(
                "The protocol is not locked yet, so it needs no amendment: surveyapp protocol "
                "set {slug} FILE",
                slug=study.slug,
            )
        )
    words = " ".join(reason.split())
    if not words:
        raise InputError(
            [
                Problem(
                    "reason",
                    Sentence("it is empty; write why the protocol is amended: every report shows it."),
                )
            ]
        )
    protocol = _load(session, study=study, file=file, content=content)
    before = get_protocol(session, study_id=study.id, number=study.protocol_number)
    if before.canonical() == protocol.canonical():
        raise Refused(
            Sentence("This protocol says just what the one in force says: there is nothing to amend.")
        )
    changes = tuple(str(change) for change in differences(before, protocol))
    number = _store(
        session, study=study, protocol=protocol, content=content, now=now, actor=actor, because=words
    )
    _record(
        session, study, "protocol.amend", number=number, protocol=protocol, now=now, actor=actor, reason=words
    )
    return Amended(number, changes)


def _load(session: Session, *, study: Study, file: str, content: bytes) -> Protocol:
    instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    return load_text(file, content, instrument.questionnaire)


def _store(
    session: Session,
    *,
    study: Study,
    protocol: Protocol,
    content: bytes,
    now: datetime,
    actor: str,
    because: str = "",
) -> int:
    problems = _broken_promises(session, study=study, protocol=protocol)
    if problems:
        raise ProtocolError(problems)
    last = session.scalar(
        select(func.max(ProtocolVersion.number)).where(ProtocolVersion.study_id == study.id)
    )
    number = (last or 0) + 1
    session.add(
        ProtocolVersion(
            study_id=study.id,
            number=number,
            canonical=protocol.canonical(),
            sha256=protocol.sha256(),
            source=content.decode("utf-8-sig"),
            amended_because=because,
            actor=actor,
            created_at=now,
            locked_at=now if because else None,
        )
    )
    study.protocol_number = number
    study.planned_rounds = max(1, len(protocol.rating_rounds))
    study.smallest_group = protocol.anonymity.k
    study.anonymity = ANONYMITY[protocol.anonymity.level]
    session.flush()
    return number


def _broken_promises(session: Session, *, study: Study, protocol: Protocol) -> list[Problem]:
    """What experts were told before they answered cannot be taken back."""
    has_answers = session.scalar(select(exists().where(Participation.study_id == study.id)))
    if not has_answers:
        return []
    problems = []
    if protocol.anonymity.k < study.smallest_group:
        problems.append(
            Problem(
                "anonymity: k",
                Sentence(
                    "experts answered while no figure stood on fewer than {smallest_group} people; "
                    "{k} would break that promise. k can only be raised now.",
                    smallest_group=study.smallest_group,
                    k=protocol.anonymity.k,
                ),
            )
        )
    level = ANONYMITY[protocol.anonymity.level]
    if _PROMISES.index(level) < _PROMISES.index(study.anonymity):
        problems.append(
            Problem(
                "anonymity: level",
                Sentence(
                    "experts answered under '{anonymity}'; '{level}' promises less, and a promise "
                    "that was answered under cannot be taken back.",
                    anonymity=study.anonymity,
                    level=level,
                ),
            )
        )
    before = find_protocol(session, study=study)
    if before is not None and before.feedback.of_groups != protocol.feedback.of_groups:
        problems.append(
            Problem(
                "feedback: of_groups",
                Sentence(
                    "which groups' figures experts see is fixed before the first answer: a second "
                    "breakdown could be set against the first and tell what single people answered."
                ),
            )
        )
    return problems


def _record(
    session: Session,
    study: Study,
    act: str,
    *,
    number: int,
    protocol: Protocol,
    now: datetime,
    actor: str,
    reason: str = "",
) -> None:
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act=act,
        detail={"protocol": number, "sha256": protocol.sha256()},
        reason=reason,
    )
    session.flush()
