"""The outbox: letters are put in with the act that needs them, each once, and called back, or sent again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, CursorResult, bindparam, select, text, update
from sqlalchemy.orm import Session

from surveyapp.errors import Conflict, InputError, Problem, Refused, Sentence
from surveyapp.mail.kinds import RULES, Kind
from surveyapp.mail.transport import say_without_addresses
from surveyapp.models import OutboxMessage, Panellist, Round, Study, UtcDateTime
from surveyapp.services.audit import record
from surveyapp.services.letters.audience import NO_ROUND, Audience, Occasion, find_waiting

PERSONAL = frozenset({Kind.REPLY, Kind.WITHDRAWAL, Kind.THANKS})
"""Letters about what one expert did."""
SETTLED = ("sent", "refused", "unknown", "bounced", "cancelled", "dropped")
NUMBERED = "#"
"""What the name of a seat begins with that is told by its number."""
AGAIN_FROM = ("refused", "unknown", "bounced", "cancelled")
"""States from which a letter can be sent again."""
_COLUMNS = (
    "study_id, panellist_id, round, kind, number, state, state_at, due_at, attempts, answer, text_language,"
    " text_version, queued_at, queued_by"
)
# One statement for both databases: of two acts that ask for the same letter at once, neither fails.
_PUT_IN = text(
    f"INSERT INTO outbox_message ({_COLUMNS}) VALUES"  # noqa: S608 - the names of columns stand above
    " (:study_id, :panellist_id, :round, :kind, :number, 'queued', :now, :due_at, 0, '', '', 0, :now, :by)"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcDateTime()), bindparam("due_at", type_=UtcDateTime()))


@dataclass(frozen=True, slots=True)
class MessageKey:
    """Which letter: whose, and what the letter is about."""

    pseudonym: str
    """The panellist's pseudonym; on pages with names a cross and the seat's number, which tells none."""
    round: int
    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.pseudonym}.{self.kind}.{self.round}.{self.number}"

    @classmethod
    def from_text(cls, written: str) -> MessageKey:
        """Read what `str` wrote. Raises InputError."""
        try:
            pseudonym, kind, round_number, number = written.rsplit(".", 3)
            return cls(pseudonym, int(round_number), str(Kind(kind)), int(number))
        except ValueError:
            raise InputError(
                [
                    Problem(
                        "letter",
                        Sentence(
                            "'{written}' names no letter; the outbox shows how they are called.",
                            written=written[:80],
                        ),
                    )
                ]
            ) from None


def put_in(
    session: Session,
    *,
    occasion: Occasion,
    panellists: Sequence[int],
    now: datetime,
    due_at: datetime | None = None,
    actor: str,
) -> int:
    """Put one letter for each of `panellists` into the outbox; whoever has it already gets no second one.

    Returns how many were put in.
    """
    if not panellists:
        return 0
    session.flush()
    common = {
        "study_id": occasion.study_id,
        "round": occasion.round,
        "kind": str(occasion.kind),
        "number": occasion.number,
        "now": now,
        "due_at": due_at or now,
        "by": actor,
    }
    result = session.execute(_PUT_IN, [{**common, "panellist_id": each} for each in panellists])
    assert isinstance(result, CursorResult)
    return len(panellists) if result.rowcount < 0 else result.rowcount


def find_occasion(
    session: Session, *, study: Study, kind: Kind, number: int = 1, round_number: int | None = None
) -> Occasion:
    """What a letter of this kind would be about now. Raises Refused or InputError where it makes no sense."""
    rules = RULES[kind]
    if not 1 <= number <= rules.texts:
        raise InputError(
            [
                Problem(
                    "number",
                    Sentence(
                        "there are {texts} letters of this kind; {number} is none of them.",
                        texts=rules.texts,
                        number=number,
                    ),
                )
            ]
        )
    if kind in PERSONAL:
        raise Refused(
            Sentence("This letter answers what one expert does; it goes by itself and to nobody else.")
        )
    return _latest(session, study=study, kind=kind, number=number, round_number=round_number)


def occasion_to_look_at(
    session: Session, *, study: Study, kind: Kind, number: int = 1, round_number: int | None = None
) -> Occasion:
    """What a letter could be about that is only looked at: also one that nobody can send, or not yet."""
    try:
        return _latest(session, study=study, kind=kind, number=number, round_number=round_number)
    except Refused:
        return Occasion(study.id, NO_ROUND, kind, number)


def _latest(session: Session, *, study: Study, kind: Kind, number: int, round_number: int | None) -> Occasion:
    if round_number is not None:
        held = session.get(Round, (study.id, round_number))
        if held is None:
            raise Refused(Sentence("This study has no round {number}.", number=round_number))
        return Occasion(study.id, round_number, kind, number)
    latest = session.scalars(
        select(Round)
        .where(Round.study_id == study.id, Round.state != "cancelled")
        .order_by(Round.number.desc())
        .limit(1)
    ).first()
    if latest is None and kind is not Kind.INVITATION:
        raise Refused(Sentence("This study has no round yet, so there is nothing to write about."))
    return Occasion(study.id, NO_ROUND if latest is None else latest.number, kind, number)


def fingerprint(panellists: Sequence[int]) -> str:
    """What stands for a list of recipients: another list has another fingerprint."""
    return hashlib.sha256(",".join(map(str, sorted(panellists))).encode()).hexdigest()[:32]


def send_letters(
    session: Session,
    *,
    study: Study,
    occasion: Occasion,
    now: datetime,
    actor: str,
    audience: Audience = "not_submitted",
    due_at: datetime | None = None,
    reviewed: str = "",
) -> int:
    """Put a letter to everybody who should get it and has none yet into the outbox; returns how many.

    `reviewed` is the fingerprint of the recipients that a person looked at. Raises Refused when nobody is
    left to write to, Conflict when these are not the people who were looked at.
    """
    # Two who press the button at once take turns: the second finds nobody left.
    session.execute(select(Study.id).where(Study.id == study.id).with_for_update(key_share=True))
    if study.archived_at is not None:
        raise Refused(Sentence("This study is archived: no letters are sent any more."))
    waiting = find_waiting(session, occasion=occasion, now=now, audience=audience)
    if not waiting:
        raise Refused(
            Sentence(
                "Nobody is left to send this letter to: everybody whom it is for has it already, or has none "
                "of it to do any more."
            )
        )
    if reviewed and reviewed != fingerprint(waiting):
        raise Conflict(
            Sentence(
                "The recipients are not the ones you looked at: somebody has submitted, left or joined "
                "since. Look at the list again, then send."
            )
        )
    count = put_in(session, occasion=occasion, panellists=waiting, now=now, due_at=due_at, actor=actor)
    _note(session, occasion, "letters.send", now=now, actor=actor, letters=count)
    return count


def _note(
    session: Session,
    occasion: Occasion,
    act: str,
    *,
    now: datetime,
    actor: str,
    letters: int,
    reason: str = "",
) -> None:
    detail: dict[str, Any] = {"kind": str(occasion.kind), "letters": letters}
    if occasion.round != NO_ROUND:
        detail["round"] = occasion.round
    if RULES[occasion.kind].texts > 1:
        detail["number"] = occasion.number
    record(session, study_id=occasion.study_id, now=now, actor=actor, act=act, detail=detail, reason=reason)
    session.flush()


Act = Literal["retry", "cancel", "bounced"]


def change_letters(
    session: Session,
    *,
    study: Study,
    keys: Sequence[MessageKey],
    act: Act,
    now: datetime,
    actor: str,
    words: str = "",
) -> int:
    """Send letters again, call waiting ones back, or note that they came back; returns how many changed.

    Letters in a state in which that makes no sense are left alone. A letter that is sent again is the same
    letter: the same text, the same Message-ID. `words` is what the returned letter says.
    """
    changed = 0
    for key in keys:
        message = _hold(session, study_id=study.id, key=key)
        if message is not None and _change(message, act=act, now=now, actor=actor, words=words):
            changed += 1
    if changed:
        act_name = {"retry": "letters.retry", "cancel": "letters.cancel", "bounced": "letters.bounced"}[act]
        detail = {"letters": changed}
        record(session, study_id=study.id, now=now, actor=actor, act=act_name, detail=detail)
    session.flush()
    return changed


def _hold(session: Session, *, study_id: int, key: MessageKey) -> OutboxMessage | None:
    return session.scalars(
        select(OutboxMessage)
        .join(
            Panellist,
            (Panellist.study_id == OutboxMessage.study_id) & (Panellist.id == OutboxMessage.panellist_id),
        )
        .where(
            Panellist.study_id == study_id,
            _is_seat(key.pseudonym),
            OutboxMessage.round == key.round,
            OutboxMessage.kind == key.kind,
            OutboxMessage.number == key.number,
        )
        .with_for_update(of=OutboxMessage)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _is_seat(named: str) -> ColumnElement[bool]:
    if not named.startswith(NUMBERED):
        return Panellist.pseudonym == named
    number = named.removeprefix(NUMBERED)
    is_number = number.isascii() and number.isalnum() and len(number) <= 16
    try:
        return Panellist.id == (int(number, 16) if is_number else -1)
    except ValueError:
        return Panellist.id == -1


def _change(message: OutboxMessage, *, act: Act, now: datetime, actor: str, words: str) -> bool:
    if act == "retry" and message.state in AGAIN_FROM:
        message.state, message.state_at = "queued", now
        message.due_at = message.queued_at = now
        message.queued_by, message.sent_at = actor, None
        return True
    if act == "cancel" and message.state == "queued":
        message.state, message.state_at = "cancelled", now
        return True
    if act == "bounced" and message.state in {"sent", "unknown"}:
        message.state, message.state_at = "bounced", now
        message.answer = say_without_addresses(words)
        return True
    return False


def cancel_waiting(session: Session, *, study: Study, kind: Kind | None, now: datetime, actor: str) -> int:
    """Call back every letter that still waits, or those of one kind; returns how many."""
    of_kind = () if kind is None else (OutboxMessage.kind == kind,)
    gone = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.study_id == study.id, OutboxMessage.state == "queued", *of_kind)
        .values(state="cancelled", state_at=now)
        .returning(OutboxMessage.panellist_id)
    ).all()
    if gone:
        detail = {"letters": len(gone), **({"kind": str(kind)} if kind else {})}
        record(session, study_id=study.id, now=now, actor=actor, act="letters.cancel", detail=detail)
        session.flush()
    return len(gone)


def retry_all(session: Session, *, study: Study, state: str, now: datetime, actor: str) -> int:
    """Send every letter again that is in this state; returns how many. Raises InputError for others."""
    if state not in AGAIN_FROM:
        raise InputError(
            [
                Problem(
                    "state",
                    Sentence(
                        "letters that are {state} are not sent again; {states} are.",
                        state=state,
                        states=", ".join(AGAIN_FROM),
                    ),
                )
            ]
        )
    again = session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.study_id == study.id, OutboxMessage.state == state)
        .values(state="queued", state_at=now, due_at=now, queued_at=now, queued_by=actor, sent_at=None)
        .returning(OutboxMessage.panellist_id)
    ).all()
    if again:
        detail = {"letters": len(again), "state": state}
        record(session, study_id=study.id, now=now, actor=actor, act="letters.retry", detail=detail)
        session.flush()
    return len(again)
