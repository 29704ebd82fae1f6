"""Nothing vanishes silently: what is left over is named, and what is shown tells nobody's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from surveyapp.delphi.privacy.rules import PrivacyRules
from surveyapp.errors import Refused, RoundClosed
from surveyapp.services.reasons.covering import Coverage, check_covered, find_coverage, uncovered
from surveyapp.services.reasons.handling import (
    merge_reasons,
    put_back,
    redact_reason,
    release_reasons,
    set_aside_reasons,
)
from surveyapp.services.reasons.showing import shown_reasons, shown_summaries
from surveyapp.services.reasons.summarising import DraftSentence, write_summary
from surveyapp.services.unit import Database
from tests.support.speaking import Said, at_work, gather, lay_noise, lay_talk, names, read, speak
from tests.support.studies import Ground

APPLES, PEARS = ("apples", "north"), ("pears", "north")
RULES = PrivacyRules(k=5, k_reasons=8)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    lay_noise(database, tmp_path)
    ground = lay_talk(database, tmp_path)
    speak(ground, 0, {APPLES: ("3", "They keep"), PEARS: ("3", "Sweet")})
    speak(ground, 1, {APPLES: ("3", "They keep, too"), PEARS: ("2", "")})
    speak(ground, 2, {APPLES: ("1", "They rot"), PEARS: ("2", "")}, remarks="A good study")
    speak(ground, 3, {APPLES: ("1", "No"), PEARS: ("2", "")})
    speak(ground, 4, {APPLES: ("2", ""), PEARS: ("2", "")})
    ground.close()
    return ground


def look(ground: Ground) -> Coverage:
    with ground.database.reading() as session:
        return find_coverage(session, study_id=ground.study_id, round_number=1)


@contextmanager
def reading(ground: Ground) -> Iterator[tuple[Session, dict[str, Any]]]:
    with ground.database.reading() as session:
        yield session, {"study_id": ground.study_id, "round_number": 1}


def test_what_was_not_gathered_is_not_accounted_for(ground: Ground) -> None:
    before = look(ground)
    assert (before.reasons, before.not_gathered, before.is_complete) == (0, 6, False)
    assert "6 reasons have not been gathered" in before.problems[0]
    gather(ground)
    assert look(ground).not_gathered == 0


def test_a_release_waits_until_every_reason_is_accounted_for(ground: Ground) -> None:
    gather(ground)
    keep, too, rot, no, sweet, remark = names(
        ground, "They keep", "They keep, too", "They rot", "No", "Sweet", "A good study"
    )
    with reading(ground) as (session, key):
        assert [(each.item, each.title, len(each.public_ids)) for each in uncovered(session, **key)] == [
            ("apples", "Apples", 4),
            ("pears", "Pears", 1),
            ("", "no item", 1),
        ]
        with pytest.raises(Refused) as caught:
            check_covered(session, **key)
        told = str(caught.value)
        assert "Apples: 4 reasons have not been dealt with" in told
        assert f"Pears: 1 reason has not been dealt with ({sweet})" in told
        assert "no item: 1 reason" in told
        # Figures may go out first; what is missing then stands in the record.
        coverage = check_covered(session, **key, figures_first=True)
        assert len(coverage.problems) == 3
    with at_work(ground) as (session, acts):
        release_reasons(session, public_ids=[keep], **acts)
        merge_reasons(session, public_ids=[too], into=keep, **acts)
        sentences = [DraftSentence(1, "One says they rot.", (rot,))]
        write_summary(session, round_number=1, item="apples", sentences=sentences, **acts)
        set_aside_reasons(session, public_ids=[no, remark], because="No reason given", **acts)
    assert [each.public_ids for each in look(ground).uncovered] == [(sweet,)]
    with at_work(ground) as (session, acts):
        release_reasons(session, public_ids=[sweet], **acts)
        assert check_covered(session, study_id=ground.study_id, round_number=1).problems == ()
    # Putting one back opens it again, and what was merged into it stays merged.
    with at_work(ground) as (session, acts):
        put_back(session, public_ids=[keep], **acts)
    assert [each.public_ids for each in look(ground).uncovered] == [(keep,)]


def test_a_side_that_nobody_would_read_is_told(ground: Ground) -> None:
    gather(ground)
    keep, too, rot, sweet = names(ground, "They keep", "They keep, too", "They rot", "Sweet")
    with at_work(ground) as (session, acts):
        release_reasons(session, public_ids=[keep, sweet], **acts)
        set_aside_reasons(session, public_ids=[rot], because="Off the point", **acts)
    # "No" says nothing and is not counted as a reason of that side.
    (warning,) = look(ground).warnings
    assert warning == "Apples: the side against has given 1 reason, and the panel would read none of it."
    with at_work(ground) as (session, acts):
        put_back(session, public_ids=[rot], **acts)
        # Merged into one from the other side it would be as silent.
        merge_reasons(session, public_ids=[rot], into=keep, **acts)
    assert len(look(ground).warnings) == 1
    with at_work(ground) as (session, acts):
        put_back(session, public_ids=[rot], **acts)
        sentences = [DraftSentence(1, "One says they rot.", (rot,))]
        write_summary(session, round_number=1, item="apples", sentences=sentences, **acts)
    assert look(ground).warnings == ()
    assert too


def test_shown_reasons_hold_no_more_than_they_may(ground: Ground) -> None:
    gather(ground)
    keep, too, rot, sweet, remark = names(
        ground, "They keep", "They keep, too", "They rot", "Sweet", "A good study"
    )
    with at_work(ground) as (session, acts):
        redact_reason(session, public_id=keep, released_text="They keep for weeks", **acts)
        release_reasons(session, public_ids=[keep, rot, sweet, remark], **acts)
        merge_reasons(session, public_ids=[too], into=keep, **acts)
    with reading(ground) as (session, key):
        shown = shown_reasons(session, **key, rules=RULES, with_groups=True)
        assert shown == shown_reasons(session, **key, with_groups=True)
        assert shown_reasons(session, **key, rules=PrivacyRules(k=6, k_reasons=8)) == ()
    told = {each.text: (each.item, each.context, each.band, each.group, each.also) for each in shown}
    # Five rated, so the band may be told; of eight nobody can be named by group.
    assert told == {
        "They keep for weeks": ("apples", "north", "agree", "", 1),
        "They rot": ("apples", "north", "disagree", "", 0),
        "Sweet": ("pears", "north", "agree", "", 0),
        "A good study": ("", "", "", "", 0),
    }
    assert [each.id for each in shown if each.item == "apples"] == sorted([keep, rot])


def test_a_band_stands_on_k_ratings(database: Database, tmp_path: Path) -> None:
    ground = lay_talk(database, tmp_path)
    said: Said = {APPLES: ("3", "They keep")}
    speak(ground, 0, {**said, PEARS: ("1", "Sour")})
    for member in range(1, 5):
        speak(ground, member, {APPLES: ("3", "")})
    ground.close()
    gather(ground)
    with at_work(ground) as (session, acts):
        release_reasons(session, public_ids=names(ground, "They keep", "Sour"), **acts)
    with reading(ground) as (session, key):
        bands = {each.text: each.band for each in shown_reasons(session, **key)}
    assert bands == {"They keep": "agree", "Sour": ""}


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("groups", "named"),
    [
        (("both",) * 8, {"both"}),
        (("both",) * 8 + ("north",) * 8, {"both", "north"}),
        # The few who are not named would be known by the missing name.
        (("both",) * 8 + ("north",) * 2, set()),
        (("both",) * 7, set()),
    ],
)
def test_r7_groups_are_named_from_eight_people_on(
    database: Database, tmp_path: Path, groups: tuple[str, ...], named: set[str]
) -> None:
    ground = lay_talk(database, tmp_path, groups=groups)
    for number, _group in enumerate(groups):
        speak(ground, number, {APPLES: ("3", f"They keep, says {number}")})
    ground.close()
    gather(ground)
    with at_work(ground) as (session, acts):
        release_reasons(session, public_ids=[each.public_id for each in read(ground).values()], **acts)
    with reading(ground) as (session, key):
        shown = shown_reasons(session, **key, with_groups=True)
        assert {each.group for each in shown_reasons(session, **key)} == {""}
    assert len(shown) == len(groups)
    assert {each.group for each in shown} - {""} == named


def test_summaries_are_shown_with_their_sources(ground: Ground) -> None:
    gather(ground)
    keep, too, sweet = names(ground, "They keep", "They keep, too", "Sweet")
    with at_work(ground) as (session, acts):
        sentences = [
            DraftSentence(4, "Two say they keep.", (too, keep)),
            DraftSentence(2, "One does.", (keep,)),
        ]
        write_summary(session, round_number=1, item="apples", sentences=sentences, **acts)
        write_summary(
            session, round_number=1, item="pears", sentences=[DraftSentence(1, "Sweet.", (sweet,))], **acts
        )
    with reading(ground) as (session, key):
        apples, pears = shown_summaries(session, **key)
    assert (apples.item, pears.item) == ("apples", "pears")
    assert [(each.text, each.sources) for each in apples.sentences] == [
        ("One does.", (keep,)),
        ("Two say they keep.", tuple(sorted([too, keep]))),
    ]


def test_an_open_round_shows_nothing(database: Database, tmp_path: Path) -> None:
    ground = lay_talk(database, tmp_path)
    speak(ground, 0, {APPLES: ("3", "They keep")})
    for function in (find_coverage, shown_reasons, shown_summaries):
        with pytest.raises(RoundClosed), reading(ground) as (session, key):
            function(session, **key)
