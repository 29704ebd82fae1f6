"""What happens in a study puts its letters into the outbox, through the verbs that pages call."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.delphi.protocol.model import Discussion
from surveyapp.mail.kinds import Kind
from surveyapp.models import Identity, LetterSetting, OutboxMessage, Reason, Round
from surveyapp.services import releasing, rounds
from surveyapp.services.letters import occasions, reminding
from surveyapp.services.reasons.discussing import moderate_reply, reply_to_reason
from surveyapp.services.reasons.handling import release_reasons
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support import answering
from tests.support.speaking import at_work, gather, lay_talk, names, speak
from tests.support.studies import SMALL, Ground, lay_ground, load_text

APPLES = ("apples", "north")


def give_addresses(ground: Ground, *, on: tuple[Kind, ...] = ()) -> None:
    """Everybody can be written to, and letters of these kinds go by themselves."""
    with ground.database.verb() as session:
        for place, member in enumerate(ground.panel):
            address = f"ann{place}@example.org"
            session.add(
                Identity(
                    study_id=ground.study_id,
                    panellist_id=member.panellist_id,
                    name=f"Ann {place}",
                    email=address,
                    email_key=address,
                )
            )
        for kind in on:
            session.add(LetterSetting(study_id=ground.study_id, kind=str(kind), is_automatic=True))


def list_letters(ground: Ground) -> list[OutboxMessage]:
    with ground.database.reading() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.kind, OutboxMessage.number)))


def open_round(ground: Ground) -> None:
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        rounds.open_round(session, study=study, now=read_now(session), actor="test")


def test_rounds_that_open_and_are_released_write_to_those_they_concern(
    database: Database, tmp_path: Path
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    give_addresses(ground, on=(Kind.INVITATION, Kind.NEW_ROUND, Kind.PANEL_VIEW))
    open_round(ground)
    assert [(each.kind, each.round) for each in list_letters(ground)] == [("invitation", 1)] * 3
    answering.answer(ground, 0, {})
    ground.close()
    releasing.release_round(database, slug=ground.slug, actor="test")
    views = [each.panellist_id for each in list_letters(ground) if each.kind == "panel_view"]
    assert views == [ground.panel[0].panellist_id]
    open_round(ground)
    letters = list_letters(ground)
    assert [each.round for each in letters if each.kind == "new_round"] == [2, 2, 2]
    assert len([each for each in letters if each.kind == "invitation"]) == 3


def test_a_submission_is_thanked_for_in_the_same_act(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    give_addresses(ground, on=(Kind.THANKS,))
    seat = answering.answer(ground, 0, {})
    answering.submit(ground, seat)
    assert [(each.kind, each.panellist_id) for each in list_letters(ground)] == [
        ("thanks", ground.panel[0].panellist_id)
    ]


@pytest.mark.parametrize("moderated", [False, True])
def test_an_author_hears_of_replies_later_and_of_several_once(
    database: Database, tmp_path: Path, moderated: bool
) -> None:
    ground = lay_talk(database, tmp_path, groups=("north",) * 6)
    give_addresses(ground)
    for member in range(6):
        speak(ground, member, {APPLES: ("3", f"They keep, says {member}")})
    ground.close()
    gather(ground)
    with at_work(ground) as (session, key):
        (public_id,) = names(ground, "They keep, says 0")
        release_reasons(session, public_ids=names(ground, *(f"They keep, says {n}" for n in range(6))), **key)
        author = session.scalar(select(Reason.panellist_id).where(Reason.public_id == public_id))
    releasing.release_round(database, slug=ground.slug, actor="test")
    open_round(ground)
    with database.verb() as session:
        session.execute(update(Round).where(Round.number == 2).values(shows_round=1))
    replies = []
    for member in (1, 2):
        seat = ground.sit_down(member)
        with database.verb() as session:
            replies.append(
                reply_to_reason(
                    session,
                    seat=seat,
                    public_id=public_id,
                    text="Why?",
                    discussion=Discussion(moderated=moderated),
                    now=read_now(session),
                )
            )
    if moderated:
        assert list_letters(ground) == []
        for reply_id in replies:
            with at_work(ground) as (session, key):
                moderate_reply(session, reply_id=reply_id, is_shown=True, **key)
    (letter,) = list_letters(ground)
    assert (letter.kind, letter.panellist_id, letter.round) == ("reply", author, 2)
    assert letter.due_at - letter.queued_at == occasions.REPLIES_WAIT
    # When that letter is out, the next reply makes the next one.
    with database.verb() as session:
        session.execute(update(OutboxMessage).values(state="sent"))
        occasions.letter_of_reply(
            session, study_id=ground.study_id, round_number=2, public_id=public_id, now=read_now(session)
        )
    assert [each.number for each in list_letters(ground)] == [1, 2]


def test_rel_34_reminding_goes_through_every_study_and_leaves_the_others_alone(
    database: Database, tmp_path: Path
) -> None:
    questionnaire = load_text(SMALL, tmp_path)
    grounds = [lay_ground(database, questionnaire, slug=slug) for slug in ("fruit", "other", "silent")]
    for ground in grounds:
        give_addresses(ground)
    with database.verb() as session:
        now = read_now(session)
        session.execute(update(Round).values(opened_at=now - timedelta(days=3)))
        moment = now - timedelta(minutes=1)
        rule = reminding.Rule(1, "after_opening", 3, moment.hour * 60 + moment.minute, "not_submitted")
        if moment.date() != now.date():
            rule = reminding.Rule(1, "after_opening", 2, moment.hour * 60 + moment.minute, "not_submitted")
        for ground in grounds[:2]:
            study = get_study(session, slug=ground.slug)
            plan = reminding.ReminderPlan((rule,), 3)
            reminding.set_plan(session, study=study, plan=plan, now=now, actor="test")
    assert reminding.remind_everywhere(database) == 6
    assert reminding.remind_everywhere(database) == 0
    reminded = {each.study_id for each in list_letters(grounds[0])}
    assert reminded == {ground.study_id for ground in grounds[:2]}
