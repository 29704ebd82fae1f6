"""What becomes of a proposal that is made no item: grouped, covered, set aside, redacted, and free again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy.orm import Session

from surveyapp.errors import Conflict, InputError, Problem, Refused, Sentence
from surveyapp.models import Proposal
from surveyapp.questionnaire.kinds.written import read_text
from surveyapp.services.audit import record
from surveyapp.services.item_history import known_items
from surveyapp.services.proposals.holding import hold_groups, hold_proposals, place

MAX_RELEASED_TEXT = 1_000
MAX_BECAUSE = 1_000


def group_proposals(
    session: Session, *, study_id: int, lead: str, others: Sequence[str], now: datetime, actor: str
) -> int:
    """Let `lead` stand for these, which say the same; who stood for others brings them along.

    From then on they share what becomes of it. Returns how many it stands for now. Raises Refused for
    proposals that have found a place already, or for one that would stand for itself.
    """
    groups = hold_groups(session, study_id=study_id, names=[lead, *others])
    rows = {row.public_id: row for group in groups for row in group}
    chosen = rows[lead.strip().upper()]
    _refuse_placed(groups)
    joined = {each.strip().upper() for each in others} - {chosen.public_id}
    if not joined:
        raise Refused(
            Sentence(
                "{public_id} alone makes no group: name another that says the same.",
                public_id=chosen.public_id,
            )
        )
    for row in rows.values():
        row.grouped_as = "" if row is chosen else chosen.public_id
    detail = {"lead": chosen.public_id, "proposals": sorted(joined)}
    record(session, study_id=study_id, now=now, actor=actor, act="proposal.group", detail=detail)
    session.flush()
    return len(rows) - 1


def ungroup_proposals(
    session: Session, *, study_id: int, names: Sequence[str], now: datetime, actor: str
) -> int:
    """Let each of these stand for itself again; of one that stood for others, all of them.

    Returns how many are free now. Raises Refused for proposals that have found a place already, or that stand
    for themselves anyway.
    """
    groups = hold_groups(session, study_id=study_id, names=names)
    _refuse_placed(groups)
    asked = hold_proposals(session, study_id=study_id, names=names)
    leads = {row.public_id for row in asked if not row.grouped_as}
    alone = [group[0].public_id for group in groups if len(group) == 1]
    if alone:
        raise Refused(Sentence("In no group: {alone}.", alone=", ".join(alone)))
    named = {row.public_id for row in asked}
    freed = [
        row
        for group in groups
        for row in group
        if row.grouped_as and (row.public_id in named or row.grouped_as in leads)
    ]
    for row in freed:
        row.grouped_as = ""
    _record(session, study_id, freed, act="proposal.ungroup", now=now, actor=actor)
    return len(freed)


def set_aside_proposals(
    session: Session, *, study_id: int, names: Sequence[str], because: str, now: datetime, actor: str
) -> int:
    """Decide that these become no item, and say why; with each go those that say the same.

    Returns how many. Raises InputError without a reason, Refused for what has become an item.
    """
    why = _read_because(because, is_needed=True)
    groups = hold_groups(session, study_id=study_id, names=names)
    _refuse_items(groups)
    rows = [row for group in groups for row in group]
    place(rows, "set_aside", now=now, actor=actor, because=why)
    _record(session, study_id, rows, act="proposal.set_aside", now=now, actor=actor, because=why)
    return len(rows)


def cover_proposals(
    session: Session,
    *,
    study_id: int,
    names: Sequence[str],
    item: str,
    now: datetime,
    actor: str,
    because: str = "",
) -> int:
    """Say that an item there is covers these; with each go those that say the same.

    Returns how many. Raises InputError for an unknown item, Refused for what has become an item.
    """
    why = _read_because(because, is_needed=False)
    groups = hold_groups(session, study_id=study_id, names=names)
    rows = [row for group in groups for row in group]
    known = known_items(session, study_id=study_id, rounds={row.round for row in rows})
    if item not in known:
        raise InputError([Problem("item", _no_such_item(item, known))])
    _refuse_items(groups)
    place(rows, "covered", now=now, actor=actor, item=item, because=why)
    _record(session, study_id, rows, act="proposal.cover", now=now, actor=actor, because=why, item=item)
    return len(rows)


def put_back_proposals(
    session: Session, *, study_id: int, names: Sequence[str], now: datetime, actor: str
) -> int:
    """Undo a setting aside or a covering: these, and those that say the same, are to be read again.

    What was grouped or redacted stays so. Returns how many. Raises Refused for what has become an item: it
    becomes free by taking the decision back.
    """
    groups = hold_groups(session, study_id=study_id, names=names)
    _refuse_items(groups)
    rows = [row for group in groups for row in group]
    place(rows, "unread", now=now, actor=actor)
    _record(session, study_id, rows, act="proposal.put_back", now=now, actor=actor)
    return len(rows)


def redact_proposal(
    session: Session,
    *,
    study_id: int,
    name: str,
    released_text: str,
    now: datetime,
    actor: str,
    seen: str | None = None,
) -> None:
    """Say how the proposal is passed on: with what identifies its author taken out.

    The text as it was submitted stays beside it; the audit keeps hashes of both. `seen` is the released text
    that the writer had before the eyes: raises Conflict when it has changed since. Raises InputError for an
    empty or too long text.
    """
    (row,) = hold_proposals(session, study_id=study_id, names=[name])
    if seen is not None and seen != row.released_text:
        raise Conflict(
            Sentence(
                "Somebody else has redacted {public_id} in the meantime; look at it again.",
                public_id=row.public_id,
            )
        )
    given = read_text([" ".join(released_text.split())], row.public_id, MAX_RELEASED_TEXT, one_line=True)
    if given.text is None:
        what = Sentence("nothing would be left to read; set the proposal aside instead, and say why.")
        raise InputError([Problem(row.public_id, what)])
    row.released_text = given.text
    detail = {"proposal": row.public_id, "text": _hash(row.text), "released_text": _hash(row.released_text)}
    record(session, study_id=study_id, now=now, actor=actor, act="proposal.redact", detail=detail)
    session.flush()


def _no_such_item(item: str, known: Collection[str]) -> Sentence:
    near = get_close_matches(item, known, n=1, cutoff=0.6)
    if near:
        return Sentence("there is no item '{item}'; did you mean “{near}”?", item=item, near=near[0])
    listed = ", ".join(sorted(known)) or "—"
    return Sentence("there is no item '{item}'; known are: {listed}.", item=item, listed=listed)


def _refuse_placed(groups: Iterable[Sequence[Proposal]]) -> None:
    _refuse_items(groups)
    placed = [group[0].public_id for group in groups if group[0].state != "unread"]
    if placed:
        raise Refused(
            Sentence(
                "{placed}: covered or set aside, so none joins or leaves them. Put them back first.",
                placed=", ".join(placed),
            )
        )


def _refuse_items(groups: Iterable[Sequence[Proposal]]) -> None:
    taken = [f"{group[0].public_id} ('{group[0].item}')" for group in groups if group[0].state == "item"]
    if taken:
        raise Refused(
            Sentence(
                "These have become items: {taken}. Take the decision back first, or let the "
                "item cover what says the same: surveyapp proposals cover STUDY NAME --item "
                "ITEM.",
                taken=", ".join(taken),
            )
        )


def _read_because(because: str, *, is_needed: bool) -> str:
    why = " ".join(because.split())
    if is_needed and not why:
        raise InputError(Sentence("Say why these are set aside: the report will show it."))
    if len(why) > MAX_BECAUSE:
        raise InputError(
            Sentence(
                "Why has {length} characters; at most {most} are kept.", length=len(why), most=MAX_BECAUSE
            )
        )
    return why


def _record(
    session: Session,
    study_id: int,
    rows: Iterable[Proposal],
    *,
    act: str,
    now: datetime,
    actor: str,
    because: str = "",
    item: str = "",
) -> None:
    detail: dict[str, object] = {"proposals": sorted(row.public_id for row in rows)}
    if item:
        detail["item"] = item
    record(session, study_id=study_id, now=now, actor=actor, act=act, detail=detail, reason=because)
    session.flush()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
