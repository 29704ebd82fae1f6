"""Letters that follow from what happens: put into the outbox in the same transaction as the event.

Each is one statement, because some events are the acts of an expert who waits for the page.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from surveyapp.mail.kinds import RULES, Kind
from surveyapp.models import LetterSetting, Participation, Reason, Round, UtcDateTime
from surveyapp.services.audit import record
from surveyapp.services.letters.audience import NO_ROUND, Occasion, find_waiting
from surveyapp.services.letters.outbox import put_in

REPLIES_WAIT = timedelta(hours=1)
"""Several replies within this time make one letter, and nobody learns the minute in which one was written."""

_ONE = text(
    "INSERT INTO outbox_message (study_id, panellist_id, round, kind, number, state, state_at, due_at,"
    " attempts, answer, text_language, text_version, queued_at, queued_by)"
    " SELECT i.study_id, i.panellist_id, :round, :kind,"
    " (SELECT coalesce(max(m.number), 0) + 1 FROM outbox_message m WHERE m.study_id = i.study_id"
    " AND m.panellist_id = i.panellist_id AND m.round = :round AND m.kind = :kind AND :repeats = 1),"
    " 'queued', :now, :due_at, 0, '', '', 0, :now, 'system'"
    " FROM identity i LEFT JOIN letter_setting s ON s.study_id = i.study_id AND s.kind = :kind"
    " WHERE i.study_id = :study_id AND i.panellist_id = :panellist_id"
    " AND CASE WHEN s.is_automatic IS NULL THEN :usual = 1 ELSE s.is_automatic END"
    # What waits already will say it too.
    " AND NOT EXISTS (SELECT 1 FROM outbox_message w WHERE w.study_id = i.study_id"
    " AND w.panellist_id = i.panellist_id AND w.round = :round AND w.kind = :kind AND w.state = 'queued')"
    " ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=UtcDateTime()), bindparam("due_at", type_=UtcDateTime()))


def is_automatic(session: Session, *, study_id: int, kind: Kind) -> bool:
    """Whether letters of this kind go by themselves in this study."""
    setting = session.get(LetterSetting, (study_id, str(kind)))
    return RULES[kind].is_automatic if setting is None else setting.is_automatic


def list_automatic(session: Session, *, study_id: int) -> frozenset[Kind]:
    """All kinds of letters that go by themselves in this study."""
    settings = session.execute(
        select(LetterSetting.kind, LetterSetting.is_automatic).where(LetterSetting.study_id == study_id)
    )
    own: dict[str, bool] = dict(settings.all())
    return frozenset(kind for kind in Kind if own.get(str(kind), RULES[kind].is_automatic))


def letters_of_opening(session: Session, *, opened: Round, now: datetime, actor: str) -> int:
    """A round opened: invitations to a first round, or the letter about a new one; returns how many."""
    kind = kind_of_opening(session, opened=opened)
    return _to_everybody(session, Occasion(opened.study_id, opened.number, kind), now=now, actor=actor)


def kind_of_opening(session: Session, *, opened: Round) -> Kind:
    """Which letter a round's panel gets: the invitation to its first, else the one about a new round."""
    is_first = (
        session.scalars(
            select(Round.number)
            .where(
                Round.study_id == opened.study_id,
                Round.number < opened.number,
                Round.cohort == opened.cohort,
                Round.state != "cancelled",
            )
            .limit(1)
        ).first()
        is None
    )
    return Kind.INVITATION if is_first else Kind.NEW_ROUND


def letters_of_release(session: Session, *, released: Round, now: datetime, actor: str) -> int:
    """A round's feedback was released: the panel's view is ready; returns how many letters."""
    occasion = Occasion(released.study_id, released.number, Kind.PANEL_VIEW)
    return _to_everybody(session, occasion, now=now, actor=actor)


def _to_everybody(session: Session, occasion: Occasion, *, now: datetime, actor: str) -> int:
    if not is_automatic(session, study_id=occasion.study_id, kind=occasion.kind):
        return 0
    session.flush()
    waiting = find_waiting(session, occasion=occasion, now=now)
    count = put_in(session, occasion=occasion, panellists=waiting, now=now, actor=actor)
    if count:
        detail = {"kind": str(occasion.kind), "letters": count, "round": occasion.round}
        record(session, study_id=occasion.study_id, now=now, actor=actor, act="letters.send", detail=detail)
    return count


def letter_of_submission(
    session: Session, *, study_id: int, round_number: int, panellist_id: int, now: datetime
) -> None:
    """Somebody submitted for the first time in a round: thanks, where the study sends them."""
    _to_one(session, Occasion(study_id, round_number, Kind.THANKS), panellist_id, now=now, due_at=now)


def letter_of_withdrawal(session: Session, *, study_id: int, panellist_id: int, now: datetime) -> None:
    """Somebody left the study: that it is done stands in a letter."""
    _to_one(session, Occasion(study_id, NO_ROUND, Kind.WITHDRAWAL), panellist_id, now=now, due_at=now)


def letter_of_reply(
    session: Session, *, study_id: int, round_number: int, public_id: str, now: datetime
) -> None:
    """A reply to a reason can be read: its author is told, and not by whom, nor in which minute."""
    author = session.scalar(
        select(Reason.panellist_id)
        .join(
            Participation,
            (Participation.study_id == Reason.study_id)
            & (Participation.round == Reason.round)
            & (Participation.panellist_id == Reason.panellist_id),
        )
        .where(
            Reason.study_id == study_id, Reason.public_id == public_id, Participation.withdrawn_at.is_(None)
        )
    )
    if author is not None:
        occasion = Occasion(study_id, round_number, Kind.REPLY)
        _to_one(session, occasion, author, now=now, due_at=now + REPLIES_WAIT, repeats=True)


def _to_one(
    session: Session,
    occasion: Occasion,
    panellist_id: int,
    *,
    now: datetime,
    due_at: datetime,
    repeats: bool = False,
) -> None:
    session.flush()
    session.execute(
        _ONE,
        {
            "study_id": occasion.study_id,
            "panellist_id": panellist_id,
            "round": occasion.round,
            "kind": str(occasion.kind),
            "usual": int(RULES[occasion.kind].is_automatic),
            "repeats": int(repeats),
            "now": now,
            "due_at": due_at,
        },
    )
