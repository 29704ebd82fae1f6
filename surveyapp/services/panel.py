"""The panel: bring panellists in from a list, and give out their personal links."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random, SystemRandom

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from surveyapp.errors import PanelError, Problem, Refused, Sentence
from surveyapp.exchange.panel_file import PanelRow
from surveyapp.mail.links import derive_token, hash_token, link
from surveyapp.models import Identity, Invitation, Panellist, Study
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.addresses import fold_address
from surveyapp.services.audit import record
from surveyapp.services.panel_checks import Member, check_rows

# Without letters and digits that look alike: pseudonyms are read aloud and typed.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PSEUDONYM_LETTERS = 5
_CHUNK = 1_000
system_chance = SystemRandom()


@dataclass(frozen=True, slots=True)
class PanelImport:
    """What an import did, or would do."""

    added: int
    by_group: Mapping[str, int]
    warnings: tuple[Problem, ...]
    left_out: int = 0
    """Rows whose address is on the panel already, where that was wished."""


@dataclass(frozen=True, slots=True)
class PersonalLink:
    """One panellist's link, for the organiser's own letters."""

    name: str
    email: str
    link: str


def import_panel(
    session: Session,
    *,
    study: Study,
    questionnaire: Questionnaire,
    rows: Sequence[PanelRow],
    now: datetime,
    actor: str,
    link_key: bytes,
    is_synthetic: bool = False,
    leaves_out_known: bool = False,
    chance: Random = system_chance,
    progress: Callable[[int], None] | None = None,
) -> PanelImport:
    """Add everybody in `rows` to the panel, each with an identity and a personal link.

    Raises PanelError with every bad row, Refused for people in a rehearsal; then nothing was added. Whoever
    only wants to know what would happen calls this in a unit of work that is not committed. With
    `leaves_out_known` rows of people who are on the panel already are passed over. `progress` hears how many
    were added.
    """
    if study.rehearsal_of is not None and not is_synthetic:
        raise Refused(Sentence("This is a rehearsal with an invented panel: nobody else is added to it."))
    known = names_by_address(session, study_id=study.id)
    given = len(rows)
    if leaves_out_known:
        rows = [row for row in rows if not row.email or fold_address(row.email) not in known]
    checked = check_rows(questionnaire, rows, known=known)
    if checked.problems:
        raise PanelError(checked.problems)
    add_members(
        session,
        study=study,
        members=checked.members,
        now=now,
        link_key=link_key,
        is_synthetic=is_synthetic,
        chance=chance,
        progress=progress,
    )
    by_group = Counter(member.group for member in checked.members)
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act="panel.import",
        detail={"added": len(checked.members), "groups": dict(sorted(by_group.items()))},
    )
    session.flush()
    return PanelImport(
        added=len(checked.members),
        by_group=dict(by_group),
        warnings=checked.warnings,
        left_out=given - len(rows),
    )


def add_members(
    session: Session,
    *,
    study: Study,
    members: Sequence[Member],
    now: datetime,
    link_key: bytes,
    is_synthetic: bool = False,
    chance: Random = system_chance,
    progress: Callable[[int], None] | None = None,
) -> list[int]:
    """Give each of these people, whose rows are checked, a seat and a link; returns the seats' ids."""
    pseudonyms = set(session.scalars(select(Panellist.pseudonym).where(Panellist.study_id == study.id)))
    ids = set(session.scalars(select(Panellist.id).where(Panellist.study_id == study.id)))
    seats = [(_new_id(chance, ids), _new_pseudonym(chance, pseudonyms), member) for member in members]
    for start in range(0, len(seats), _CHUNK):
        chunk = seats[start : start + _CHUNK]
        _insert(session, study=study, seats=chunk, now=now, link_key=link_key, is_synthetic=is_synthetic)
        if progress is not None:
            progress(len(chunk))
    return [number for number, _, _ in seats]


def names_by_address(session: Session, *, study_id: int) -> dict[str, str]:
    """Who is on the panel: folded address → name."""
    rows = session.execute(
        select(Identity.email_key, Identity.name).where(Identity.study_id == study_id)
    ).all()
    return {row.email_key: row.name for row in rows}


def find_by_address(session: Session, *, study_id: int, email: str) -> int | None:
    """The panellist that is written to at this address, or None."""
    return session.scalar(
        select(Identity.panellist_id).where(
            Identity.study_id == study_id, Identity.email_key == fold_address(email)
        )
    )


def _new_id(chance: Random, taken: set[int]) -> int:
    while True:
        number = chance.getrandbits(62)
        if number and number not in taken:
            taken.add(number)
            return number


def _new_pseudonym(chance: Random, taken: set[str]) -> str:
    while True:
        pseudonym = "P-" + "".join(chance.choices(_ALPHABET, k=_PSEUDONYM_LETTERS))
        if pseudonym not in taken:
            taken.add(pseudonym)
            return pseudonym


def _insert(
    session: Session,
    *,
    study: Study,
    seats: Sequence[tuple[int, str, Member]],
    now: datetime,
    link_key: bytes,
    is_synthetic: bool,
) -> None:
    # Plain rows in three statements: ten thousand panellists are a matter of a second.
    session.execute(
        insert(Panellist),
        [
            {
                "study_id": study.id,
                "id": number,
                "pseudonym": pseudonym,
                "group": member.group,
                "language": member.language,
                "time_zone": member.time_zone,
                "tags": json.dumps(list(member.tags), ensure_ascii=False),
                "state": "invited",
                "state_at": now,
                "is_synthetic": is_synthetic,
                "created_at": now,
            }
            for number, pseudonym, member in seats
        ],
    )
    session.execute(
        insert(Identity),
        [
            {
                "study_id": study.id,
                "panellist_id": number,
                "name": member.name,
                "email": member.email,
                "email_key": member.email_key,
            }
            for number, _, member in seats
        ],
    )
    session.execute(
        insert(Invitation),
        [
            {
                "study_id": study.id,
                "panellist_id": number,
                "number": 1,
                "token_hash": hash_token(
                    derive_token(link_key, slug=study.slug, panellist_id=number, number=1)
                ),
                "created_at": now,
            }
            for number, _, _ in seats
        ],
    )


def list_links(session: Session, *, study: Study, link_key: bytes, base_url: str) -> Iterator[PersonalLink]:
    """The valid personal link of everybody who still takes part, in the order of their addresses.

    Links are keys: whoever has one can answer in that person's place.
    """
    rows = session.execute(
        select(Identity.name, Identity.email, Invitation.panellist_id, Invitation.number)
        .join(
            Invitation,
            (Invitation.study_id == Identity.study_id) & (Invitation.panellist_id == Identity.panellist_id),
        )
        .join(
            Panellist,
            (Panellist.study_id == Identity.study_id) & (Panellist.id == Identity.panellist_id),
        )
        .where(
            Identity.study_id == study.id,
            Invitation.revoked_at.is_(None),
            Panellist.state == "invited",
        )
        .order_by(Identity.email_key, Invitation.number)
    )
    for name, email, panellist_id, number in rows:
        token = derive_token(link_key, slug=study.slug, panellist_id=panellist_id, number=number)
        yield PersonalLink(name=name, email=email, link=link(base_url, token))


def record_links_taken(session: Session, *, study: Study, now: datetime, actor: str, count: int) -> None:
    """Note that somebody took the list of links: it opens every seat it names."""
    record(session, study_id=study.id, now=now, actor=actor, act="panel.links", detail={"links": count})
