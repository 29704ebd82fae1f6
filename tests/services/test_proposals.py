"""What experts proposed: gathered once, grouped, made into items, covered, set aside, and freed again."""

from __future__ import annotations

import json
from random import Random

import pytest
from sqlalchemy import select, update

from surveyapp.delphi.lineage import Detail
from surveyapp.errors import Conflict, InputError, NotFound, Refused, RoundClosed
from surveyapp.models import AuditEntry, Decision, Panellist, Proposal, Study
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Group, Item, Text
from surveyapp.services import deciding, doors, gathered, item_history
from surveyapp.services.gathered import Gathered
from surveyapp.services.instruments import get_instrument
from surveyapp.services.proposals import gathering, handling
from surveyapp.services.reading.proposals import read_proposed_lines, read_waiting, suggest
from surveyapp.services.unit import Database, read_now
from tests.support.proposing import (
    EXAMPLE,
    PROTOCOL,
    close,
    gather,
    lay_proposing,
    make_item,
    name,
    open_round,
    propose,
    read,
    reopen,
)
from tests.support.protocols import set_protocol
from tests.support.speaking import at_work
from tests.support.studies import Ground, lay_ground


@pytest.fixture
def ground(database: Database) -> Ground:
    other = lay_proposing(database, slug="noise", people=1)
    propose(other, 0, "From another study", "Higher dikes")
    close(other)
    return lay_proposing(database)


@pytest.fixture
def three(ground: Ground) -> Ground:
    """Three people, four proposals, two of which say the same."""
    propose(ground, 0, "Higher dikes", "Sandbags")
    propose(ground, 1, "Raise the dikes")
    propose(ground, 2, "Fewer people")
    close(ground)
    return ground


def audit(ground: Ground, act: str) -> list[AuditEntry]:
    with ground.database.reading() as session:
        return list(
            session.scalars(
                select(AuditEntry)
                .where(AuditEntry.study_id == ground.study_id, AuditEntry.act == act)
                .order_by(AuditEntry.id)
            )
        )


def states(ground: Ground) -> dict[str, tuple[str, str]]:
    return {text: (each.state, each.item) for text, each in read(ground).items()}


def group(ground: Ground, lead: str, *others: str) -> int:
    with at_work(ground) as (session, key):
        return handling.group_proposals(
            session, lead=name(ground, lead), others=[name(ground, each) for each in others], **key
        )


def take_back(ground: Ground, item: str) -> None:
    with ground.database.verb() as session:
        deciding.take_back(
            session,
            study=session.get_one(Study, ground.study_id),
            number=0,
            item=item,
            reason="too early",
            now=read_now(session),
            actor="test",
        )


def tied(ground: Ground, item: str) -> list[str]:
    """The proposals that the decision about an item names."""
    with ground.database.reading() as session:
        row = session.get_one(Decision, (ground.study_id, 0, item))
    return list(json.loads(row.detail).get("proposals", []))


def leave(ground: Ground, member: int, *, keep_answers: bool = False) -> None:
    seat = ground.sit_down(member)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=keep_answers, now=read_now(session))


def test_each_line_is_a_proposal_without_its_author(ground: Ground) -> None:
    propose(ground, 0, "Higher dikes", "Sandbags")
    propose(ground, 1, "Sandbags")
    propose(ground, 2, "Begun only", submit=False)
    propose(ground, 3)
    assert close(ground) == Gathered(added=3, changed=0, gone=0, unchanged=0)
    found = read(ground)
    assert set(found) == {"Higher dikes", "Sandbags"}
    each = found["Higher dikes"]
    assert (each.question, each.context, each.state, each.people) == ("measures", "", "unread", 1)
    assert not set(each.__slots__) & {"panellist_id", "pseudonym", "name", "cell", "position"}
    with ground.database.reading() as session:
        rows = session.scalars(select(Proposal).where(Proposal.study_id == ground.study_id)).all()
    assert len({row.public_id for row in rows}) == 3
    assert all(row.public_id.startswith("N-") and len(row.public_id) == 9 for row in rows)
    assert gather(ground) == Gathered(added=0, changed=0, gone=0, unchanged=3)
    assert len(audit(ground, "proposals.gather")) == 1
    assert "dikes" not in audit(ground, "proposals.gather")[0].detail


def test_gathering_in_parts_gives_the_same(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    for member in range(5):
        propose(ground, member, f"Idea {member}", "Higher dikes")
    ground.close()
    monkeypatch.setattr(gathered, "_PART", 2)
    for expected in (Gathered(10, 0, 0, 0), Gathered(0, 0, 0, 10)):
        assert expected == gathering.gather_proposals_in_parts(
            ground.database, study_id=ground.study_id, round_number=0, actor="test"
        )
    assert gather(ground) == Gathered(0, 0, 0, 10)


def test_names_are_drawn_again_when_they_are_taken(ground: Ground) -> None:
    propose(ground, 0, "Higher dikes")
    propose(ground, 1, "Sandbags")
    ground.close()
    for member in range(2):
        with at_work(ground) as (session, key):
            only = [ground.panel[member].panellist_id]
            gathering.gather_proposals(session, round_number=0, only=only, chance=Random(1), **key)
    assert len({each.public_id for each in read(ground).values()}) == 2


def test_nothing_is_read_while_the_round_takes_answers(ground: Ground) -> None:
    propose(ground, 0, "Higher dikes")
    for look in (gather, read):
        with pytest.raises(RoundClosed, match="Round 0 is open"):
            look(ground)
    close(ground)
    known = name(ground, "Higher dikes")
    reopen(ground)
    with pytest.raises(RoundClosed), at_work(ground) as (session, key):
        handling.set_aside_proposals(session, names=[known], because="no", **key)
    with pytest.raises(NotFound, match="no round 7"):
        read(ground, 7)


def test_a_line_that_moves_stays_and_one_that_is_rewritten_is_another(ground: Ground) -> None:
    propose(ground, 0, "Higher dikes", "Sandbags", "Alarms")
    propose(ground, 1, "Raise the dikes")
    close(ground)
    before = read(ground)
    group(ground, "Higher dikes", "Raise the dikes")
    make_item(ground, "alarms", before["Alarms"].public_id)
    reopen(ground)
    propose(ground, 0, "Dams", "sandbags")
    assert close(ground) == Gathered(added=1, changed=1, gone=2, unchanged=1)
    after = read(ground)
    assert set(after) == {"sandbags", "Raise the dikes", "Dams"}
    assert after["sandbags"].public_id == before["Sandbags"].public_id
    assert after["Dams"].public_id not in {each.public_id for each in before.values()}
    # The one that stood for it is gone; the item that was decided stays, and names no source any more.
    assert (after["Raise the dikes"].grouped_as, after["Raise the dikes"].people) == ("", 1)
    assert tied(ground, "alarms") == []


def test_those_that_say_the_same_share_what_becomes_of_them(three: Ground) -> None:
    assert group(three, "Higher dikes", "Raise the dikes") == 1
    lead, other = read(three)["Higher dikes"], read(three)["Raise the dikes"]
    assert (lead.says_the_same, lead.people) == ((other.public_id,), 2)
    assert (other.grouped_as, other.says_the_same) == (lead.public_id, ())
    with three.database.reading() as session:
        assert read_waiting(session, study_id=three.study_id) == {0: 3}
    with at_work(three) as (session, key):
        done = handling.set_aside_proposals(
            session, names=[other.public_id.lower()], because="  built  already ", **key
        )
    assert done == 2
    assert [read(three)[text].because for text in ("Higher dikes", "Raise the dikes")] == [
        "built already",
        "built already",
    ]
    with pytest.raises(Refused, match="covered or set aside, so none joins"):
        group(three, "Higher dikes", "Sandbags")
    with at_work(three) as (session, key):
        assert handling.put_back_proposals(session, names=[lead.public_id], **key) == 2
        assert handling.ungroup_proposals(session, names=[other.public_id], **key) == 1
    assert states(three) == dict.fromkeys(
        ("Higher dikes", "Raise the dikes", "Sandbags", "Fewer people"), ("unread", "")
    )
    assert read(three)["Higher dikes"].says_the_same == ()
    acts = ("group", "set_aside", "put_back", "ungroup")
    assert [len(audit(three, f"proposal.{act}")) for act in acts] == [1, 1, 1, 1]
    assert audit(three, "proposal.set_aside")[0].reason == "built already"


def test_who_stood_for_others_brings_them_along(three: Ground) -> None:
    group(three, "Higher dikes", "Raise the dikes")
    assert group(three, "Sandbags", "Higher dikes") == 2
    assert len(read(three)["Sandbags"].says_the_same) == 2
    # One of the others may take the lead.
    assert group(three, "Raise the dikes", "Sandbags") == 2
    found = read(three)
    assert found["Sandbags"].grouped_as == found["Raise the dikes"].public_id
    # Two of the three are one person's.
    assert found["Raise the dikes"].people == 2
    with at_work(three) as (session, key):
        assert handling.ungroup_proposals(session, names=[found["Raise the dikes"].public_id], **key) == 2
    with pytest.raises(Refused, match="In no group"), at_work(three) as (session, key):
        handling.ungroup_proposals(session, names=[found["Sandbags"].public_id], **key)
    with pytest.raises(Refused, match="alone makes no group"):
        group(three, "Sandbags", "Sandbags")
    with pytest.raises(NotFound, match="no proposal N-NOBODY, N-NOONE"), at_work(three) as (session, key):
        handling.group_proposals(session, lead="N-NOBODY", others=["N-NOONE"], **key)


def test_a_decision_takes_in_a_whole_group_in_its_words(three: Ground) -> None:
    group(three, "Higher dikes", "Raise the dikes")
    names = sorted(name(three, text) for text in ("Higher dikes", "Raise the dikes"))
    make_item(three, "dikes", name(three, "Raise the dikes"))
    assert tied(three, "dikes") == names
    with three.database.reading() as session:
        fates = item_history.read_fates(session, study_id=three.study_id, cohort="")
    assert [(each.item.id, each.item.title.get("en")) for each in fates] == [("dikes", "Higher dikes")]
    assert states(three)["Raise the dikes"] == ("item", "dikes")
    with pytest.raises(InputError, match="has become the item 'dikes' already"):
        make_item(three, "dams", name(three, "Higher dikes"), name(three, "Sandbags"))
    assert states(three)["Sandbags"] == ("unread", "")
    with pytest.raises(Refused, match=r"These have become items: N-\w+ \('dikes'\)"):
        group(three, "Sandbags", "Higher dikes")
    # Deciding again names others: what it let go of is to be read again.
    item = Detail(item=Item(id="dikes", title=Text({"*": "Dikes and walls"})))
    make_item(three, "dikes", name(three, "Sandbags"), detail=item)
    assert states(three)["Higher dikes"] == ("unread", "")
    assert states(three)["Sandbags"] == ("item", "dikes")
    take_back(three, "dikes")
    assert set(states(three).values()) == {("unread", "")}
    with pytest.raises(NotFound, match="no proposal N-7777777"):
        make_item(three, "dams", "N-7777777")


def test_what_is_set_aside_or_covered_becomes_no_item(three: Ground) -> None:
    make_item(three, "dikes", name(three, "Higher dikes"))
    with at_work(three) as (session, key):
        handling.cover_proposals(session, names=[name(three, "Raise the dikes")], item="dikes", **key)
        handling.set_aside_proposals(session, names=[name(three, "Fewer people")], because="no", **key)
    assert states(three)["Raise the dikes"] == ("covered", "dikes")
    with pytest.raises(InputError) as caught:
        make_item(three, "more", name(three, "Raise the dikes"), name(three, "Fewer people"))
    assert len(caught.value.problems) == 2
    with (
        pytest.raises(InputError, match="no item 'dike'; did you mean “dikes”"),
        at_work(three) as (session, key),
    ):
        handling.cover_proposals(session, names=[name(three, "Sandbags")], item="dike", **key)
    with pytest.raises(InputError, match="Say why"), at_work(three) as (session, key):
        handling.set_aside_proposals(session, names=[name(three, "Sandbags")], because=" ", **key)
    # What an item covered is free with it.
    take_back(three, "dikes")
    assert states(three)["Raise the dikes"] == ("unread", "")
    assert states(three)["Fewer people"] == ("set_aside", "")


def test_a_redacted_text_is_what_is_passed_on(three: Ground) -> None:
    known = name(three, "Sandbags")
    with at_work(three) as (session, key):
        handling.redact_proposal(session, name=known, released_text=" Bags \n of sand ", seen="", **key)
    found = read(three)["Sandbags"]
    assert (found.text, found.released_text, found.words) == ("Sandbags", "Bags of sand", "Bags of sand")
    with pytest.raises(Conflict, match="in the meantime"), at_work(three) as (session, key):
        handling.redact_proposal(session, name=known, released_text="Other", seen="", **key)
    with pytest.raises(InputError, match="nothing would be left"), at_work(three) as (session, key):
        handling.redact_proposal(session, name=known, released_text="  ", **key)
    (entry,) = audit(three, "proposal.redact")
    assert "bags" not in entry.detail.casefold()
    make_item(three, "bags", known)
    with three.database.reading() as session:
        (fate,) = item_history.read_fates(session, study_id=three.study_id, cohort="")
    assert fate.item.title.get("en") == "Bags of sand"


def test_who_leaves_with_all_answers_takes_the_own_proposals_along(three: Ground) -> None:
    group(three, "Higher dikes", "Raise the dikes")
    make_item(three, "dikes", name(three, "Higher dikes"))
    names = sorted(name(three, text) for text in ("Higher dikes", "Raise the dikes"))
    open_round(three)
    leave(three, 0)
    found = read(three)
    # Another stands for those that said the same, and the item stays, with a name that leads to nobody.
    assert set(found) == {"Raise the dikes", "Fewer people"}
    assert (found["Raise the dikes"].grouped_as, found["Raise the dikes"].item) == ("", "dikes")
    assert tied(three, "dikes") == names
    with three.database.reading() as session:
        lines = read_proposed_lines(session, study_id=three.study_id, rounds=[0])
        instrument = get_instrument(session, study_id=three.study_id, number=3)
    (bare,) = [each for each in lines if not each.text]
    assert (bare.proposal in names, bare.state, bare.item, bare.round) == (True, "item", "dikes", None)
    assert instrument.proposed == {"dikes"}
    (entry,) = audit(three, "proposals.erase")
    assert [len(each) for each in json.loads(entry.detail)["sha256"]] == [64, 64]
    with three.database.reading() as session:
        kept = session.scalars(select(AuditEntry.detail).where(AuditEntry.study_id == three.study_id)).all()
        rows = session.scalars(
            select(Proposal).where(Proposal.panellist_id == three.panel[0].panellist_id)
        ).all()
    assert not any("Higher" in detail or "Sandbags" in detail for detail in kept)
    assert rows == []
    assert gather(three) == Gathered(added=0, changed=0, gone=0, unchanged=2)


def test_an_item_of_somebody_who_left_is_taken_back_as_any_other(three: Ground) -> None:
    make_item(three, "bags", name(three, "Sandbags"))
    reopen(three)
    leave(three, 0)
    close(three)
    assert set(states(three)) == {"Raise the dikes", "Fewer people"}
    take_back(three, "bags")
    assert set(states(three).values()) == {("unread", "")}


def test_who_leaves_the_answers_leaves_the_proposals(three: Ground) -> None:
    open_items = states(three)
    make_item(three, "dikes", name(three, "Raise the dikes"))
    open_round(three)
    leave(three, 0, keep_answers=True)
    assert set(states(three)) == set(open_items)
    assert gather(three).unchanged == 4


def test_what_is_worded_alike_is_suggested(ground: Ground) -> None:
    propose(ground, 0, "A public register of incidents", "Bigger dams")
    propose(ground, 1, "Public incident register")
    propose(ground, 2, "a bigger dam")
    close(ground)
    make_item(ground, "dams", name(ground, "Bigger dams"))
    with ground.database.reading() as session:
        found = suggest(session, study=session.get_one(Study, ground.study_id), round_number=0)
    assert [set(each) for each in found.groups] == [
        {name(ground, "A public register of incidents"), name(ground, "Public incident register")}
    ]
    assert [(each.public_id, each.item) for each in found.like_items] == [
        (name(ground, "a bigger dam"), "dams")
    ]


def test_a_study_of_several_languages_asks_for_the_others(database: Database) -> None:
    """What one expert wrote in one language is no title that everybody can read."""
    questionnaire = load(EXAMPLE).model_copy(update={"languages": ("en", "de")})
    ground = lay_ground(database, questionnaire, slug="floods", groups=("",), is_open=False)
    with database.verb() as session:
        session.execute(update(Panellist).values(language="de"))
    set_protocol(ground, PROTOCOL)
    open_round(ground)
    propose(ground, 0, "Sandsäcke")
    close(ground)
    with pytest.raises(InputError, match="this text is missing in en; add it"):
        make_item(ground, "bags", name(ground, "Sandsäcke"))
    assert (read(ground)["Sandsäcke"].language, states(ground)) == ("de", {"Sandsäcke": ("unread", "")})
    both = Item(id="bags", title=Text({"de": "Sandsäcke", "en": "Sandbags"}))
    make_item(ground, "bags", name(ground, "Sandsäcke"), detail=Detail(item=both))
    assert states(ground) == {"Sandsäcke": ("item", "bags")}


def test_groups_are_named_where_enough_of_them_answered(database: Database) -> None:
    groups = tuple(Group(id=each, title=Text({"*": each})) for each in ("coast", "hills"))
    questionnaire = load(EXAMPLE).model_copy(update={"groups": groups})
    members = ("coast", "coast", "coast", "hills", "hills")
    ground = lay_ground(database, questionnaire, slug="floods", groups=members, is_open=False)
    set_protocol(ground, PROTOCOL)
    open_round(ground)
    propose(ground, 0, "Dams")
    propose(ground, 1)
    propose(ground, 2, "A dam")
    propose(ground, 3, "Sandbags")
    propose(ground, 4)
    close(ground)
    group(ground, "Dams", "A dam", "Sandbags")
    found = read(ground)
    # Of the hills two answered, and k is three: the name of their group would tell too much.
    assert (found["Dams"].people, found["Dams"].groups) == (3, ("coast",))
