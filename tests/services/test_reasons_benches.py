"""The bench: counted without reading a text, and shown in pages with as many of each side."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.models import Reason, Study
from surveyapp.services import rounds
from surveyapp.services.reading.benches import MOST_OF_A_SIDE, ItemBench, get_bench, get_item_bench
from surveyapp.services.reasons.covering import find_coverage
from surveyapp.services.reasons.handling import merge_reasons, release_reasons, set_aside_empty
from surveyapp.services.reasons.summarising import DraftSentence, write_summary
from surveyapp.services.unit import Database, read_now
from tests.support.speaking import at_work, gather, lay_noise, lay_talk, names, speak
from tests.support.studies import Ground

APPLES, PEARS = ("apples", "north"), ("pears", "north")
FOR = MOST_OF_A_SIDE + 3
AGAINST = 2


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """So many for apples that they fill a page and some, few against, and one who has nothing to say."""
    lay_noise(database, tmp_path)
    ground = lay_talk(database, tmp_path, groups=("both",) * (FOR + AGAINST + 1))
    for member in range(FOR):
        speak(ground, member, {APPLES: ("3", f"They keep, says {member}")})
    for member in range(FOR, FOR + AGAINST):
        speak(ground, member, {APPLES: ("1", f"They rot, says {member}"), PEARS: ("1", "Too soft")})
    speak(ground, FOR + AGAINST, {APPLES: ("2", "none")})
    ground.close()
    gather(ground)
    return ground


def look(
    ground: Ground, item: str = "apples", *, state: str = "", page: int = 1, reason: str = ""
) -> ItemBench:
    with ground.database.reading() as session:
        return get_item_bench(
            session,
            study_id=ground.study_id,
            number=1,
            item=item,
            state=state,
            page=page,
            reason=reason,
        )


def test_each_page_has_as_many_of_each_side(ground: Ground) -> None:
    first, second = look(ground), look(ground, page=2)
    assert (first.page, first.last, second.page) == (1, 2, 2)
    assert first.sides == {"agree": FOR, "disagree": AGAINST, "": 1}
    assert [each.band for each in second.reasons] == ["agree"] * 3
    assert len(first.reasons) == MOST_OF_A_SIDE + AGAINST + 1
    shown = [each.public_id for page in (first, second) for each in page.reasons]
    assert len(set(shown)) == len(shown) == FOR + AGAINST + 1
    assert look(ground, page=99).page == 2
    # Whoever follows a name comes to the page that it is on.
    assert look(ground, reason=second.reasons[0].public_id).page == 2
    assert look(ground, reason="R-NOBODY").page == 1
    assert first.after == "pears"


def test_only_what_is_asked_for_is_shown(ground: Ground) -> None:
    (rot,) = names(ground, f"They rot, says {FOR}")
    with at_work(ground) as (session, acts):
        release_reasons(session, public_ids=[rot], **acts)
        set_aside_empty(session, round_number=1, **acts)
    found = look(ground, state="released")
    assert [each.public_id for each in found.reasons] == [rot]
    assert (found.last, dict(found.sides)) == (1, {"disagree": 1})
    assert found.states == {"unread": FOR + AGAINST - 1, "released": 1, "set_aside": 1}


def test_the_overview_counts_what_was_done(ground: Ground) -> None:
    keep, too, rot = names(ground, "They keep, says 0", "They keep, says 1", f"They rot, says {FOR}")
    with ground.database.reading() as session:
        before = get_bench(session, study_id=ground.study_id, number=1)
    assert (before.says_nothing, before.examples) == (1, ("none",))
    assert len(before.coverage.silent_sides) == 3
    with at_work(ground) as (session, acts):
        merge_reasons(session, public_ids=[too], into=keep, **acts)
        sentences = [DraftSentence(1, "Two say they keep, one that they rot.", (keep, too, rot))]
        write_summary(session, round_number=1, item="apples", sentences=sentences, **acts)
    with ground.database.reading() as session:
        bench = get_bench(session, study_id=ground.study_id, number=1)
        whole = find_coverage(session, study_id=ground.study_id, round_number=1)
        part = get_bench(session, study_id=ground.study_id, number=1, left_only=True, first=1, most=1)
    apples, pears = bench.items
    assert (apples.item, apples.reasons, apples.agreeing, apples.disagreeing) == (
        "apples",
        FOR + AGAINST + 1,
        FOR,
        AGAINST,
    )
    assert apples.states == {"unread": FOR + AGAINST + 1 - 3, "summarised": 2, "merged": 1}
    assert (apples.sentences, pears.sentences) == (1, 0)
    # Both sides of apples are heard now: what was merged stands in the summary as well.
    assert [(each.item, each.side) for each in bench.coverage.silent_sides] == [("pears", "disagree")]
    # The names aside, it says what is said where every reason is named.
    assert [(each.item, each.reasons) for each in bench.coverage.uncovered] == [
        (each.item, len(each.public_ids)) for each in whole.uncovered
    ]
    assert bench.coverage.silent_sides == whole.silent_sides
    assert (part.count, [each.item for each in part.items]) == (2, ["pears"])


def test_a_reason_goes_to_the_side_of_the_rating_that_counts(ground: Ground) -> None:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.reopen_round(session, study=study, reason="late", now=read_now(session), actor="test")
    # The same words, and the other side.
    speak(ground, 0, {APPLES: ("1", "They keep, says 0")})
    ground.close()
    with ground.database.reading() as session:
        assert get_bench(session, study_id=ground.study_id, number=1).coverage.waiting == 1
    assert gather(ground).changed == 0
    with ground.database.reading() as session:
        bench = get_bench(session, study_id=ground.study_id, number=1)
        row = session.scalars(select(Reason).where(Reason.text == "They keep, says 0")).one()
    assert (bench.coverage.waiting, bench.items[0].agreeing, row.band) == (0, FOR - 1, "disagree")
