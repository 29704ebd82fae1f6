"""Marks on reasons are counted at the close, told by the release, and never told again."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from surveyapp.delphi.feedback import ReleaseContent, ShownMarks
from surveyapp.delphi.lineage import Decided, Outcome
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.protocol.model import Discussion, Feedback, Variant
from surveyapp.models import Participation, Publication, Reaction, Reason, Release, Round, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.services import deciding, doors, releasing
from surveyapp.services.reasons.discussing import Stance, mark_reason
from surveyapp.services.reasons.marks import list_told, list_waiting
from surveyapp.services.unit import Database, read_now
from tests.support.second_round import Texts, give, lay_second_round, open_next
from tests.support.studies import SMALL, Ground, load_text

PROTOCOL = """
format: 1
id: talking
version: "1"
title: Three rounds with marks
questionnaire: small
rounds:
  - {number: 1, asks: all items}
  - {number: 2, asks: all items}
  - {number: 3, asks: all items}
consensus:
  - {id: agreed, for: {criterion: effect}, rule: "agree >= 70% in every context"}
counting: {minimum_n: 3}
anonymity: {k: 3, k_reasons: 3, unanimity: show}
discussion: {moderated: false}
"""
PANEL = 12


RATINGS = {
    CellKey("fruit", item, context, "effect"): rating
    for item, rating in (("apples", "3"), ("pears", "1"))
    for context in ("north", "south")
}


def answers(member: int) -> Texts:
    """Ratings in the first round; whoever is among the first two says why of apples."""
    texts = {CellKey("consent"): "1", CellKey("word"): "fruit", **RATINGS}
    if member < 2:
        texts[CellKey("fruit", "apples", "north", part="reason")] = f"They keep, says {member}."
    return texts


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """Round 2 is open and shows the reasons of two members."""
    return lay_second_round(
        database,
        load_text(SMALL, tmp_path),
        slug="talking",
        groups=("both",) * PANEL,
        answers=answers,
        protocol=PROTOCOL,
    )


def name_of(ground: Ground, member: int) -> str:
    with ground.database.reading() as session:
        named = (Reason.study_id == ground.study_id, Reason.text.contains(f"says {member}"))
        return session.scalars(select(Reason.public_id).where(*named)).one()


def mark(ground: Ground, members: range, public_id: str, stance: Stance = "for_me") -> None:
    for member in members:
        seat = ground.sit_down(member)
        with ground.database.verb() as session:
            mark_reason(
                session,
                seat=seat,
                public_id=public_id,
                stance=stance,
                discussion=Discussion(),
                now=read_now(session),
            )


def release(ground: Ground) -> Release:
    """Release round 2 as it is, without more work on it."""
    return releasing.release_round(
        ground.database, slug=ground.slug, actor="test", number=2, figures_first=True
    )


def told(found: Release) -> dict[str, ShownMarks]:
    return {each.reason.text: each for each in ReleaseContent.from_canonical(found.content).marks}


def test_a_release_tells_marks_that_may_be_told_and_nothing_tells_them_before(ground: Ground) -> None:
    first, second = name_of(ground, 0), name_of(ground, 1)
    for member in range(11):
        give(ground, member, RATINGS)
    # Of ten readers five, and the last has not submitted: of those who have, six are left, the author too.
    mark(ground, range(2, 5), first)
    mark(ground, range(5, 7), first, "not_for_me")
    mark(ground, range(11, 12), first)
    # Nine of ten: one would be told of.
    mark(ground, range(2, 11), second)
    with ground.database.reading() as session:
        assert list_waiting(session, study_id=ground.study_id, smallest=3) == ()
    ground.close()
    with ground.database.reading() as session:
        # Nine marked something, and two did not.
        assert list_waiting(session, study_id=ground.study_id, smallest=3) == ((2, None),)
        assert list_told(session, study_id=ground.study_id) == ()
    found = told(release(ground))
    assert list(found) == ["They keep, says 0."]
    marks = found["They keep, says 0."]
    assert (marks.n, marks.for_me, marks.not_for_me, marks.of_round) == (5, 3, 2, 1)
    with ground.database.verb() as session:
        lines = session.execute(
            select(Publication.round, Publication.figure, Publication.n).where(
                Publication.figure.startswith("marks:")
            )
        ).all()
        assert [tuple(line) for line in lines] == [(2, f"marks:{first}", 5)]
        # Whoever leaves later changes nothing of what was told.
        session.execute(delete(Reaction))
    with ground.database.reading() as session:
        [(number, (still,))] = list_told(session, study_id=ground.study_id)
    assert (number, still) == (2, marks)


def test_whoever_is_shown_no_reasons_does_not_count_among_the_readers(ground: Ground) -> None:
    for member in range(PANEL):
        give(ground, member, RATINGS)
    mark(ground, range(2, 5), name_of(ground, 0))
    with ground.database.verb() as session:
        # Half of the panel drew a variant without reasons: of six readers three are left, the author too.
        held = session.get_one(Round, (ground.study_id, 2))
        plan = RoundPlan.from_canonical(held.plan)
        quiet = Variant(id="quiet", share="50%", feedback=Feedback(reasons=False))
        held.plan = plan.model_copy(update={"variants": (quiet,)}).canonical()
        members = [member.panellist_id for member in ground.panel[6:]]
        session.execute(
            update(Participation)
            .where(Participation.round == 2, Participation.panellist_id.in_(members))
            .values(variant="quiet")
        )
    ground.close()
    assert told(release(ground)) == {}


def test_marks_go_with_whoever_leaves_before_the_release(ground: Ground) -> None:
    for member in range(PANEL):
        give(ground, member, RATINGS)
    mark(ground, range(2, 5), name_of(ground, 0))
    seat = ground.sit_down(2)
    ground.close()
    preview = releasing.preview_release(ground.database, slug=ground.slug, number=2)
    assert [each.n for each in preview.marks] == [3]
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=False, now=read_now(session))
    assert told(release(ground)) == {}


def test_without_marks_a_release_is_the_text_that_it_always_was(ground: Ground) -> None:
    for member in range(PANEL):
        give(ground, member, RATINGS)
    ground.close()
    found = release(ground)
    assert "marks" not in found.content
    assert ReleaseContent.from_canonical(found.content).sha256() == found.content_sha256


def test_a_reason_that_two_rounds_show_is_told_again_only_where_enough_have_changed(ground: Ground) -> None:
    """Where a cohort's later round shows the same reasons, both figures together tell of the difference."""
    first, second = name_of(ground, 0), name_of(ground, 1)
    for member in range(PANEL):
        give(ground, member, RATINGS)
    for each in (first, second):
        mark(ground, range(2, 6), each)
    ground.close()
    assert len(told(release(ground))) == 2
    with ground.database.verb() as session:
        study, now = session.get_one(Study, ground.study_id), read_now(session)
        for item in ("apples", "pears"):
            kept = Decided(item, Outcome.KEEP, "again")
            deciding.decide(session, study=study, number=2, decided=kept, now=now, actor="test")
    again = open_next(ground)
    with ground.database.verb() as session:
        session.get_one(Round, (ground.study_id, 3)).shows_round = 1
    for member in range(PANEL):
        give(again, member, RATINGS)
    # One more than before; and three fewer, three others.
    mark(again, range(2, 7), first)
    mark(again, range(5, 9), second)
    again.close()
    found = releasing.release_round(
        ground.database, slug=ground.slug, actor="test", number=3, figures_first=True
    )
    assert list(told(found)) == ["They keep, says 1."]
