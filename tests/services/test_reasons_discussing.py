"""Experts mark and answer one another's released reasons, where the protocol lets them, and stay unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.protocol.model import Discussion
from surveyapp.errors import AnswerError, NotFound, Refused, RoundClosed
from surveyapp.models import Reaction, Release, Reply, Round, Study
from surveyapp.services import doors, rounds
from surveyapp.services.reading.seats import Seat
from surveyapp.services.reasons.discussing import (
    MOST_REPLIES_IN_A_ROUND,
    MOST_REPLIES_TO_ONE,
    Stance,
    list_own_marks,
    list_replies,
    list_replies_to_moderate,
    mark_reason,
    moderate_reply,
    reply_to_reason,
    take_reply_back,
)
from surveyapp.services.reasons.handling import release_reasons
from surveyapp.services.reasons.showing import shown_reasons, shown_summaries
from surveyapp.services.reasons.summarising import DraftSentence, write_summary
from surveyapp.services.unit import Database, read_now
from tests.support.speaking import at_work, gather, lay_talk, names, speak
from tests.support.studies import Ground

APPLES, PEARS = ("apples", "north"), ("pears", "north")
MODERATED, FREE = Discussion(), Discussion(moderated=False)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A study whose second round shows the released reasons of the first."""
    ground = lay_talk(database, tmp_path, groups=("north",) * 6)
    for member in range(6):
        speak(
            ground, member, {APPLES: ("3", f"They keep, says {member}"), PEARS: ("1", f"Sour, says {member}")}
        )
    ground.close()
    gather(ground)
    shown, summed = names(ground, "They keep, says 0", "Sour, says 0")
    with at_work(ground) as (session, key):
        release_reasons(session, public_ids=[shown, *names(ground, "They keep, says 1")], **key)
        sentences = [DraftSentence(1, "Sour.", (summed,))]
        write_summary(session, round_number=1, item="pears", sentences=sentences, **key)
        content = ReleaseContent(
            study="talk",
            round=1,
            number=1,
            questionnaire=1,
            smallest_group=5,
            submissions=6,
            reasons=shown_reasons(session, study_id=ground.study_id, round_number=1),
            summaries=shown_summaries(session, study_id=ground.study_id, round_number=1),
        )
        session.add(
            Release(
                study_id=ground.study_id,
                round=1,
                number=1,
                content=content.canonical(),
                content_sha256=content.sha256(),
                input_sha256="",
                submissions=6,
                code_version="",
                created_at=key["now"],
                released_at=key["now"],
                released_by="test",
            )
        )
        session.execute(update(Round).values(state="released", released_at=key["now"]))
        study = session.get_one(Study, ground.study_id)
        rounds.open_round(session, study=study, now=key["now"], actor="test").shows_round = 1
    return ground


@pytest.fixture
def seats(ground: Ground) -> list[Seat]:
    return [ground.sit_down(member) for member in range(6)]


def mark(
    ground: Ground,
    seat: Seat,
    public_id: str,
    stance: Stance | None,
    discussion: Discussion | None = MODERATED,
) -> None:
    with ground.database.verb() as session:
        now = read_now(session)
        mark_reason(session, seat=seat, public_id=public_id, stance=stance, discussion=discussion, now=now)


def reply(
    ground: Ground, seat: Seat, public_id: str, text: str, discussion: Discussion | None = MODERATED
) -> str:
    with ground.database.verb() as session:
        now = read_now(session)
        return reply_to_reason(
            session, seat=seat, public_id=public_id, text=text, discussion=discussion, now=now
        )


def seen(ground: Ground, seat: Seat) -> list[tuple[str, str, bool]]:
    with ground.database.reading() as session:
        return [(each.text, each.state, each.is_own) for each in list_replies(session, seat=seat)]


def test_a_mark_can_be_taken_back(ground: Ground, seats: list[Seat]) -> None:
    (reason,) = names(ground, "They keep, says 0")
    mark(ground, seats[1], reason, None)
    mark(ground, seats[1], reason, "for_me")
    mark(ground, seats[1], reason, "not_for_me")
    with ground.database.reading() as session:
        assert list_own_marks(session, seat=seats[1]) == {reason: "not_for_me"}
        assert list_own_marks(session, seat=seats[0]) == {}
    mark(ground, seats[1], reason, None)
    with ground.database.reading() as session:
        assert list_own_marks(session, seat=seats[1]) == {}


def test_what_may_not_be_marked_or_replied_to(ground: Ground, seats: list[Seat]) -> None:
    shown, unreleased, summed = names(ground, "They keep, says 0", "They keep, says 3", "Sour, says 0")
    for public_id in (unreleased, summed, "R-NOTHERE", '%"', ""):
        with pytest.raises(NotFound, match="not shown in this round"):
            mark(ground, seats[1], public_id, "for_me")
    with pytest.raises(Refused, match="your own"):
        mark(ground, seats[0], shown, "for_me")
    with pytest.raises(Refused, match="your own"):
        reply(ground, seats[0], shown, "Hear, hear")
    # Whether a reason that is not shown is one's own is not told either.
    with pytest.raises(NotFound):
        mark(ground, seats[3], unreleased, "for_me")
    for forbidden in (None, Discussion(marks=False, replies=False)):
        with pytest.raises(Refused, match="not marked"):
            mark(ground, seats[1], shown, "for_me", forbidden)
        with pytest.raises(Refused, match="not replied to"):
            reply(ground, seats[1], shown, "Yes", forbidden)


def test_a_draft_of_a_release_shows_nothing_yet(ground: Ground, seats: list[Seat]) -> None:
    (shown,) = names(ground, "They keep, says 0")
    with ground.database.verb() as session:
        session.execute(update(Release).values(released_at=None, released_by=""))
    with pytest.raises(NotFound, match="not shown in this round"):
        mark(ground, seats[1], shown, "for_me")


def test_a_closed_round_takes_neither(ground: Ground, seats: list[Seat]) -> None:
    (shown,) = names(ground, "They keep, says 0")
    answer = reply(ground, seats[1], shown, "Yes")
    ground.close()
    with pytest.raises(RoundClosed):
        mark(ground, seats[1], shown, "for_me")
    with pytest.raises(RoundClosed):
        reply(ground, seats[1], shown, "Too late")
    with pytest.raises(RoundClosed), ground.database.verb() as session:
        take_reply_back(session, seat=seats[1], reply_id=answer, now=read_now(session))
    # A seat from the first round shows nothing that could be marked.
    with pytest.raises(RoundClosed):
        mark(ground, replace(seats[1], round=1), shown, "for_me")


def test_replies_wait_for_a_moderator(ground: Ground, seats: list[Seat]) -> None:
    (shown,) = names(ground, "They keep, says 0")
    first = reply(ground, seats[1], shown, "  In cellars only\r\n")
    assert seen(ground, seats[1]) == [("In cellars only", "waiting", True)]
    assert seen(ground, seats[2]) == []
    with ground.database.reading() as session:
        (waiting,) = list_replies_to_moderate(session, study_id=ground.study_id)
    assert (waiting.reply_id, waiting.public_id) == (first, shown)
    assert not {"panellist_id", "written_at"} & set(waiting.__slots__)
    with at_work(ground) as (session, key):
        moderate_reply(session, reply_id=first, is_shown=True, **key)
    assert seen(ground, seats[2]) == [("In cellars only", "shown", False)]
    with at_work(ground) as (session, key):
        moderate_reply(session, reply_id=first, is_shown=False, because="Names somebody", **key)
    assert seen(ground, seats[2]) == []
    assert seen(ground, seats[1]) == [("In cellars only", "hidden", True)]
    with pytest.raises(NotFound), at_work(ground) as (session, key):
        moderate_reply(session, reply_id="A-NONE", is_shown=True, **key)


def test_without_a_moderator_replies_are_seen_at_once(ground: Ground, seats: list[Seat]) -> None:
    (shown,) = names(ground, "They keep, says 0")
    answer = reply(ground, seats[1], shown, "In cellars only", FREE)
    assert seen(ground, seats[2]) == [("In cellars only", "shown", False)]
    with pytest.raises(NotFound), ground.database.verb() as session:
        take_reply_back(session, seat=seats[2], reply_id=answer, now=read_now(session))
    with ground.database.verb() as session:
        take_reply_back(session, seat=seats[1], reply_id=answer, now=read_now(session))
    assert seen(ground, seats[2]) == []


def test_sec_89_a_seat_cannot_flood_the_discussion(ground: Ground, seats: list[Seat]) -> None:
    first, second = names(ground, "They keep, says 0", "They keep, says 1")
    for number in range(MOST_REPLIES_TO_ONE):
        reply(ground, seats[2], first, f"Reply {number}")
    with pytest.raises(Refused, match="5 times; that is the most"):
        reply(ground, seats[2], first, "One too many")
    reply(ground, seats[2], second, "Another reason has its own")
    reply(ground, seats[3], first, "Another seat has its own")
    now = seats[2].now
    with ground.database.verb() as session:
        key = {"study_id": ground.study_id, "round": 2, "panellist_id": seats[2].panellist_id}
        others = names(ground, *(f"Sour, says {member}" for member in range(6)))
        for number in range(MOST_REPLIES_IN_A_ROUND - 6):
            public_id = others[number % 6]
            session.add(
                Reply(
                    **key,
                    public_id=public_id,
                    reply_id=f"A-{number}",
                    text="x",
                    state="shown",
                    written_at=now,
                )
            )
    with pytest.raises(Refused, match="60 replies in this round"):
        reply(ground, seats[2], second, "One too many in all")


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_replies_that_cannot_be_stored(ground: Ground, seats: list[Seat]) -> None:
    (shown,) = names(ground, "They keep, says 0")
    for text in ("x" * 2_001, "nul \0"):
        with pytest.raises(AnswerError, match="Reply"):
            reply(ground, seats[1], shown, text)
    with pytest.raises(Refused, match="empty"):
        reply(ground, seats[1], shown, " \n ")


def test_who_withdraws_says_nothing_more(ground: Ground, seats: list[Seat]) -> None:
    shown, other = names(ground, "They keep, says 0", "They keep, says 1")
    mark(ground, seats[2], shown, "for_me")
    reply(ground, seats[2], shown, "In cellars only", FREE)
    reply(ground, seats[3], other, "In cellars only", FREE)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seats[2], keep_answers=False, now=read_now(session))
        doors.withdraw(session, seat=seats[1], keep_answers=False, now=read_now(session))
    with pytest.raises(Refused, match="withdrawn"):
        mark(ground, seats[2], shown, "for_me")
    # Its author has left: the release still shows the reason, and it takes no marks any more.
    with pytest.raises(NotFound, match="taken it back"):
        mark(ground, seats[3], other, "for_me")
    with ground.database.reading() as session:
        assert session.scalars(select(Reaction.public_id)).all() == []
        assert session.scalars(select(Reply.text)).all() == []
