"""A study's protocol: given, locked before the first round, and only amended afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.errors import InputError, ProtocolError, Refused
from surveyapp.models import AuditEntry, Decision, Round, Study
from surveyapp.services import protocols, rounds
from surveyapp.services.unit import Database, read_now
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path), is_open=False)


def open_round(ground: Ground, cohort: str = "") -> Round:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return rounds.open_round(session, study=study, now=read_now(session), actor="test", cohort=cohort)


def lock(ground: Ground) -> None:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        protocols.lock_protocol(session, study=study, now=read_now(session), actor="test")


def amend(ground: Ground, text: str, reason: str = "the panel asked for it") -> protocols.Amended:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return protocols.amend_protocol(
            session,
            study=study,
            file="protocol.yaml",
            content=text.encode(),
            reason=reason,
            now=read_now(session),
            actor="test",
        )


def release(ground: Ground, number: int) -> None:
    with ground.database.verb() as session:
        session.get_one(Round, (ground.study_id, number)).state = "released"
        for item in ("apples", "pears"):
            session.add(
                Decision(
                    study_id=ground.study_id,
                    round=number,
                    item=item,
                    item_version=1,
                    outcome="keep",
                    reason="still open",
                    actor="test",
                    decided_at=read_now(session),
                )
            )


def test_the_study_goes_by_its_protocol(ground: Ground) -> None:
    set_protocol(ground)
    with ground.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        assert (study.planned_rounds, study.smallest_group, study.anonymity) == (3, 3, "confidential")
        assert protocols.is_locked(session, study=study)
        protocol = protocols.find_protocol(session, study=study)
    assert protocol is not None
    assert protocol.id == "small-protocol"


def test_an_unlocked_protocol_opens_no_round(ground: Ground) -> None:
    set_protocol(ground, is_locked=False)
    with pytest.raises(Refused, match="protocol lock fruit"):
        open_round(ground)


def test_before_locking_it_is_replaced_and_afterwards_amended(ground: Ground) -> None:
    set_protocol(ground, is_locked=False)
    with pytest.raises(Refused, match="not locked yet, so it needs no amendment"):
        amend(ground, PROTOCOL)
    set_protocol(ground, PROTOCOL.replace("70%", "60%"))
    with pytest.raises(Refused, match="locked already"):
        lock(ground)
    with pytest.raises(Refused, match="protocol amend fruit"):
        set_protocol(ground)
    with pytest.raises(InputError, match="write why"):
        amend(ground, PROTOCOL, reason="  ")
    with pytest.raises(Refused, match="nothing to amend"):
        amend(ground, PROTOCOL.replace("70%", "60%"))
    amended = amend(ground, PROTOCOL)
    assert amended.number == 3
    assert any("70%" in change for change in amended.changes)
    with ground.database.reading() as session:
        versions = protocols.list_versions(session, study_id=ground.study_id)
        assert [version.amended_because for version in versions] == ["", "", "the panel asked for it"]
        assert "60%" in versions[1].source
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "protocol.amend")).one()
        assert entry.reason == "the panel asked for it"


def test_giving_the_same_protocol_again_makes_no_version(ground: Ground) -> None:
    set_protocol(ground, is_locked=False)
    set_protocol(ground, "# The same, explained.\n" + PROTOCOL, is_locked=False)
    with ground.database.reading() as session:
        (version,) = protocols.list_versions(session, study_id=ground.study_id)
        acts = session.scalars(select(AuditEntry.act).where(AuditEntry.study_id == ground.study_id)).all()
    # Its author's own words are kept as they stand now.
    assert version.source.startswith("# The same, explained.")
    assert acts.count("protocol.set") == 2
    set_protocol(ground, "# The same, explained.\n" + PROTOCOL)
    with ground.database.reading() as session:
        acts = session.scalars(select(AuditEntry.act).where(AuditEntry.study_id == ground.study_id)).all()
    assert acts.count("protocol.set") == 2


def test_what_does_not_fit_the_questionnaire_is_told_with_its_line(ground: Ground) -> None:
    wrong = PROTOCOL.replace("criterion: effect", "criterion: efect").replace(
        "questionnaire: small", "questionnaire: other"
    )
    with pytest.raises(ProtocolError) as caught:
        set_protocol(ground, wrong)
    told = [str(problem) for problem in caught.value.problems]
    assert any("protocol.yaml:6" in line and "other" in line for line in told)
    assert any("effect" in line for line in told)


def test_locking_nothing_says_what_to_do(ground: Ground) -> None:
    with pytest.raises(Refused, match="protocol set fruit"):
        lock(ground)


def test_what_experts_were_promised_is_not_taken_back(ground: Ground) -> None:
    set_protocol(ground, PROTOCOL.replace("{k: 3, k_reasons: 3}", "{level: organiser-blind, k: 5}"))
    open_round(ground)
    ground.sit_down(0)
    with pytest.raises(ProtocolError) as caught:
        amend(ground, PROTOCOL + "feedback: {of_groups: own group}\n")
    told = "\n".join(str(problem) for problem in caught.value.problems)
    assert "k can only be raised" in told
    assert "promises less" in told
    assert "second breakdown" in told
    amend(ground, PROTOCOL.replace("{k: 3, k_reasons: 3}", "{level: organiser-blind, k: 7}"))


def test_the_next_round_waits_for_the_release_of_the_one_before(ground: Ground) -> None:
    set_protocol(ground)
    first = open_round(ground)
    assert (first.number, first.shows_round, first.open_to) == (1, None, "invited")
    ground.close()
    with pytest.raises(Refused, match="round release fruit"):
        open_round(ground)
    release(ground, 1)
    second = open_round(ground)
    assert (second.number, second.shows_round) == (2, 1)
    ground.close()
    release(ground, 2)
    assert open_round(ground).number == 3
    ground.close()
    release(ground, 3)
    with pytest.raises(Refused, match="amend the protocol"):
        open_round(ground)


def test_a_round_zero_is_planned_only_where_experts_can_propose(ground: Ground) -> None:
    text = PROTOCOL.replace("rounds:\n", "rounds:\n  - {number: 0, asks: proposals}\n")
    with pytest.raises(ProtocolError, match="no question of the kind proposals"):
        set_protocol(ground, text)


def test_cohorts_overlap_only_where_the_protocol_lets_them(ground: Ground) -> None:
    set_protocol(ground)
    with pytest.raises(InputError, match="cohorts overlap"):
        open_round(ground, cohort="early")


def test_overlapping_cohorts_have_rounds_of_their_own(ground: Ground) -> None:
    set_protocol(ground, PROTOCOL + "cohorts: overlapping\n")
    early = open_round(ground, cohort="early")
    late = open_round(ground, cohort="late")
    assert [(each.number, each.cohort) for each in (early, late)] == [(1, "early"), (2, "late")]
    with pytest.raises(Refused, match="Round 1 is open already"):
        open_round(ground, cohort="early")
    with pytest.raises(Refused, match="say which one"):
        ground.close()
    rounds.close_round(ground.database, slug="fruit", actor="test", number=1)
    release(ground, 1)
    again = open_round(ground, cohort="early")
    assert (again.number, again.shows_round) == (3, 1)
