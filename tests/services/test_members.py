"""Who works on a study: invited, changed, removed; always an owner; and what custodians may look up."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.models import AuditEntry, Identity, Membership, OneTimeSecret, Organiser, Panellist, Study
from surveyapp.services import accounts, anonymity, lookups, members, rounds
from surveyapp.services.lookups import FoundPerson
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.accounts import PASSWORD, add_organiser, password_hash
from tests.support.studies import SMALL, Ground, lay_ground, load_text

OWNER = "owner@example.org"
ACTOR = "test"


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A study with one owner, beside another one."""
    questionnaire = load_text(SMALL, tmp_path)
    other = lay_ground(database, questionnaire, slug="foreign", is_open=False)
    ground = lay_ground(database, questionnaire, slug="own", is_open=False)
    add_organiser(database, "stranger@example.org", study_id=other.study_id)
    add_organiser(database, OWNER, study_id=ground.study_id)
    return ground


def invite(ground: Ground, email: str, role: str = "analyst") -> str:
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        return members.invite(
            session, study=study, email=email, role=role, now=read_now(session), actor=OWNER
        )


def join(ground: Ground, secret: str, organiser_id: int) -> str:
    with ground.database.verb() as session:
        return members.accept(session, secret=secret, organiser_id=organiser_id, now=read_now(session))


def roles(ground: Ground) -> dict[str, str]:
    with ground.database.reading() as session:
        return {each.email: each.role for each in members.list_members(session, study_id=ground.study_id)}


def number_of(ground: Ground, email: str) -> int:
    with ground.database.reading() as session:
        return session.execute(select(Organiser.id).where(Organiser.email == email)).scalar_one()


def change(ground: Ground, email: str, role: str) -> None:
    with ground.database.verb() as session:
        members.change_role(
            session,
            study=get_study(session, slug=ground.slug),
            organiser_id=number_of(ground, email),
            role=role,
            now=read_now(session),
            actor=ACTOR,
        )


def remove(ground: Ground, email: str) -> None:
    with ground.database.verb() as session:
        members.remove(
            session,
            study=get_study(session, slug=ground.slug),
            organiser_id=number_of(ground, email),
            now=read_now(session),
            actor=ACTOR,
        )


def acts(ground: Ground) -> list[str]:
    with ground.database.reading() as session:
        return [
            entry.act
            for entry in session.scalars(
                select(AuditEntry).where(AuditEntry.study_id == ground.study_id).order_by(AuditEntry.id)
            )
        ]


def test_an_invitation_makes_a_member_with_or_without_an_account(ground: Ground) -> None:
    secret = invite(ground, "new@example.org", "moderator")
    with ground.database.reading() as session:
        offered = members.find_invitation(session, secret=secret)
        assert offered is not None
        assert (offered.study_title, offered.role, offered.has_account) == (
            "A small study",
            "moderator",
            False,
        )
        [waiting] = members.list_invitations(session, study_id=ground.study_id, now=read_now(session))
        assert secret not in waiting.name
    with ground.database.verb() as session:
        members.accept_with_new_account(
            session,
            secret=secret,
            password=PASSWORD,
            password_hash=password_hash(),
            now=read_now(session),
        )
    there = add_organiser(ground.database, "there@example.org")
    assert join(ground, invite(ground, "There@Example.org"), there) == "own"
    assert roles(ground) == {OWNER: "owner", "new@example.org": "moderator", "there@example.org": "analyst"}
    assert acts(ground)[-4:] == ["member.invite", "member.join", "member.invite", "member.join"]


def test_sec_39_an_invitation_is_for_one_person_once(ground: Ground) -> None:
    secret = invite(ground, "new@example.org", "owner")
    with pytest.raises(Refused, match="signed in as stranger"):
        join(ground, secret, number_of(ground, "stranger@example.org"))
    new = add_organiser(ground.database, "new@example.org")
    with pytest.raises(Refused), ground.database.verb() as session:
        members.accept_with_new_account(
            session,
            secret=secret,
            password=PASSWORD,
            password_hash=password_hash(),
            now=read_now(session),
        )
    join(ground, secret, new)
    with pytest.raises(NotFound):
        join(ground, secret, new)
    with pytest.raises(Refused, match="already"):
        invite(ground, "NEW@example.org")


def test_a_newer_invitation_takes_the_older_ones_place(ground: Ground) -> None:
    new = add_organiser(ground.database, "new@example.org")
    older, newer = invite(ground, "new@example.org", "owner"), invite(ground, "new@example.org", "observer")
    with pytest.raises(NotFound):
        join(ground, older, new)
    with ground.database.verb() as session:
        now = read_now(session)
        study = get_study(session, slug=ground.slug)
        [waiting] = members.list_invitations(session, study_id=ground.study_id, now=now)
        foreign = get_study(session, slug="foreign")
        with pytest.raises(NotFound):
            members.withdraw_invitation(session, study=foreign, name=waiting.name, now=now, actor=ACTOR)
        members.withdraw_invitation(session, study=study, name=waiting.name, now=now, actor=ACTOR)
    with pytest.raises(NotFound):
        join(ground, newer, new)


def test_an_invitation_expires(ground: Ground) -> None:
    new = add_organiser(ground.database, "new@example.org")
    secret = invite(ground, "new@example.org")
    with ground.database.verb() as session:
        session.execute(update(OneTimeSecret).values(expires_at=read_now(session)))
    with pytest.raises(NotFound):
        join(ground, secret, new)
    with ground.database.reading() as session:
        assert members.find_invitation(session, secret=secret) is None


def test_bad_invitations_are_refused_with_every_problem(ground: Ground) -> None:
    with pytest.raises(InputError) as caught:
        invite(ground, "nobody", "king")
    assert [problem.where for problem in caught.value.problems] == ["email", "role"]
    with pytest.raises(InputError):
        change(ground, OWNER, "king")


@pytest.mark.parametrize(
    "act", [lambda ground: change(ground, OWNER, "organiser"), lambda g: remove(g, OWNER)]
)
def test_sec_39_the_last_owner_stays(ground: Ground, act: Callable[[Ground], None]) -> None:
    add_organiser(ground.database, "second@example.org", study_id=ground.study_id, role="organiser")
    with pytest.raises(Refused, match="must have an owner"):
        act(ground)
    assert roles(ground)[OWNER] == "owner"
    change(ground, "second@example.org", "owner")
    act(ground)
    assert "owner" in roles(ground).values()


def test_an_owner_who_cannot_sign_in_is_none(ground: Ground) -> None:
    add_organiser(ground.database, "second@example.org", study_id=ground.study_id, role="owner")
    with ground.database.verb() as session:
        accounts.disable(session, email="second@example.org", now=read_now(session), actor=ACTOR)
        assert accounts.list_studies_without_owner(session, email="second@example.org") == []
    with pytest.raises(Refused):
        remove(ground, OWNER)
    with ground.database.verb() as session:
        accounts.enable(session, email="second@example.org", now=read_now(session), actor=ACTOR)
    remove(ground, OWNER)


@pytest.mark.parametrize("times", range(3))
def test_sec_39_two_owners_who_remove_each_other_at_once(ground: Ground, times: int) -> None:
    add_organiser(ground.database, "second@example.org", study_id=ground.study_id, role="owner")
    numbers = [number_of(ground, OWNER), number_of(ground, "second@example.org")]

    def take_out(organiser_id: int) -> bool:
        try:
            with ground.database.verb() as session:
                study = get_study(session, slug=ground.slug)
                members.remove(
                    session, study=study, organiser_id=organiser_id, now=read_now(session), actor=ACTOR
                )
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(take_out, numbers)) == [False, True]
    assert list(roles(ground).values()) == ["owner"]


@pytest.mark.parametrize("database_engine", ["postgresql"], indirect=True)
def test_sec_39_one_act_waits_for_the_other(ground: Ground) -> None:
    """Not by luck: the first holds the study until the second is seen waiting for it."""
    add_organiser(ground.database, "second@example.org", study_id=ground.study_id, role="owner")
    number_of_owner = number_of(ground, OWNER)
    with ThreadPoolExecutor(1) as pool:
        with ground.database.verb() as session:
            study = get_study(session, slug=ground.slug)
            members.remove(
                session, study=study, organiser_id=number_of_owner, now=read_now(session), actor=ACTOR
            )
            other = pool.submit(remove, ground, "second@example.org")
            while not is_somebody_waiting(ground):
                assert not other.done(), "the second did not wait"
        with pytest.raises(Refused):
            other.result(timeout=30)
    assert roles(ground) == {"second@example.org": "owner"}


def is_somebody_waiting(ground: Ground) -> bool:
    with ground.database.reading() as session:
        waiting = session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        )
    return bool(waiting)


def test_the_first_in_a_study_owns_it(database: Database, ground: Ground) -> None:
    with database.verb() as session:
        session.query(Membership).filter_by(study_id=ground.study_id).delete()
        study = get_study(session, slug=ground.slug)
        now = read_now(session)
        given = accounts.grant(session, email=OWNER, study=study, role="observer", now=now, actor=ACTOR)
        assert given == "owner"
        with pytest.raises(Refused):
            accounts.grant(session, email=OWNER, study=study, role="observer", now=now, actor=ACTOR)


def test_members_of_another_study_are_out_of_reach(ground: Ground) -> None:
    with pytest.raises(NotFound):
        change(ground, "stranger@example.org", "owner")
    with pytest.raises(NotFound):
        remove(ground, "stranger@example.org")


def make_blind(ground: Ground) -> None:
    with ground.database.verb() as session:
        session.execute(update(Study).where(Study.id == ground.study_id).values(anonymity="blind"))


@pytest.mark.parametrize(("first", "then"), [("custodian", "analyst"), ("organiser", "custodian")])
def test_in_a_blind_study_nobody_sees_names_and_answers(ground: Ground, first: str, then: str) -> None:
    make_blind(ground)
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        rounds.open_round(session, study=study, now=read_now(session), actor=ACTOR)
    ground.sit_down()
    person = add_organiser(ground.database, "both@example.org", study_id=ground.study_id, role=first)
    with pytest.raises(Refused, match="nobody sees both"):
        change(ground, "both@example.org", then)
    change(ground, "both@example.org", "observer")
    with pytest.raises(Refused, match="nobody sees both"):
        change(ground, "both@example.org", then)
    remove(ground, "both@example.org")
    secret = invite(ground, "both@example.org", then)
    with pytest.raises(Refused, match="nobody sees both"):
        join(ground, secret, person)
    with pytest.raises(Refused, match="nobody sees both"), ground.database.verb() as session:
        accounts.grant(
            session,
            email="both@example.org",
            study=get_study(session, slug=ground.slug),
            role=then,
            now=read_now(session),
            actor=ACTOR,
        )


def test_before_the_first_answer_there_was_nothing_to_see(ground: Ground) -> None:
    make_blind(ground)
    add_organiser(ground.database, "both@example.org", study_id=ground.study_id, role="organiser")
    change(ground, "both@example.org", "custodian")
    with pytest.raises(Refused):
        change(ground, "both@example.org", "organiser")


def test_elsewhere_roles_may_change_freely(ground: Ground) -> None:
    add_organiser(ground.database, "both@example.org", study_id=ground.study_id, role="custodian")
    change(ground, "both@example.org", "analyst")
    assert roles(ground)["both@example.org"] == "analyst"


@pytest.fixture
def named(ground: Ground) -> Ground:
    """The first panellist has a name."""
    with ground.database.verb() as session:
        for study_id, number, name in (
            (ground.study_id, ground.panel[0].panellist_id, "Ada"),
            (ground.study_id, ground.panel[1].panellist_id, "Bob"),
        ):
            session.add(
                Identity(
                    study_id=study_id,
                    panellist_id=number,
                    name=name,
                    email=f"{name}@example.org",
                    email_key=f"{name.lower()}@example.org",
                )
            )
    return ground


def look_up(ground: Ground, sought: str, reason: str = "asked to see the own answers") -> FoundPerson | None:
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        return lookups.look_up(
            session, study=study, sought=sought, reason=reason, now=read_now(session), actor=OWNER
        )


def test_prv_09_each_look_at_a_name_is_recorded_with_its_reason(named: Ground) -> None:
    with named.database.reading() as session:
        pseudonym = session.scalar(
            select(Panellist.pseudonym).where(Panellist.id == named.panel[0].panellist_id)
        )
    assert pseudonym is not None
    found = look_up(named, pseudonym.lower())
    assert found is not None
    assert (found.name, found.email) == ("Ada", "Ada@example.org")
    by_address = look_up(named, " ADA@example.org ")
    assert by_address == found
    assert look_up(named, "P-NOBODY") is None
    with named.database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.act == "identity.look_up")).all()
    assert [json.loads(entry.detail)["found"] for entry in entries] == [True, True, False]
    assert all(entry.reason == "asked to see the own answers" for entry in entries)
    assert all(entry.actor == OWNER and entry.study_id == named.study_id for entry in entries)
    written = " ".join(entry.detail for entry in entries).casefold()
    assert "ada" not in written


def test_without_a_reason_nothing_is_looked_at(named: Ground) -> None:
    with pytest.raises(InputError) as caught:
        look_up(named, " ", "why not")
    assert [problem.where for problem in caught.value.problems] == ["sought", "reason"]
    assert "identity.look_up" not in acts(named)


def set_level(ground: Ground, level: str) -> None:
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        anonymity.set_anonymity(session, study=study, level=level, now=read_now(session), actor=ACTOR)


def test_the_level_is_fixed_by_the_first_answer(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    with pytest.raises(InputError, match="no level"):
        set_level(ground, "secret")
    set_level(ground, "blind")
    set_level(ground, "confidential")
    ground.sit_down()
    set_level(ground, "confidential")
    for level in ("blind", "attributed"):
        with pytest.raises(Refused, match="begun to answer"):
            set_level(ground, level)
    assert acts(ground).count("study.anonymity") == 2


def test_a_protocol_names_the_level(ground: Ground) -> None:
    with ground.database.verb() as session:
        session.execute(update(Study).where(Study.id == ground.study_id).values(protocol_number=1))
    with pytest.raises(Refused, match="protocol"):
        set_level(ground, "blind")
