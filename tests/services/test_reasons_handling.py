"""Reasons are redacted, released, merged, set aside and coded; each act can be undone and is on record."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.errors import AnswerError, Conflict, InputError, NotFound, Refused
from surveyapp.models import AuditEntry
from surveyapp.services.reasons.coding import (
    add_theme,
    change_theme,
    code_reasons,
    coder_agreement,
    forget_codes,
    list_themes,
    remove_theme,
)
from surveyapp.services.reasons.handling import (
    SAYS_NOTHING,
    find_empty,
    merge_reasons,
    put_back,
    redact_reason,
    release_reasons,
    set_aside_empty,
    set_aside_reasons,
)
from surveyapp.services.reasons.summarising import DraftSentence, write_summary
from surveyapp.services.unit import Database
from tests.support.speaking import at_work, gather, lay_noise, lay_talk, names, read, speak
from tests.support.studies import Ground

APPLES, PEARS = ("apples", "north"), ("pears", "north")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    lay_noise(database, tmp_path)
    ground = lay_talk(database, tmp_path)
    speak(ground, 0, {APPLES: ("3", "I, as head of X, say they keep"), PEARS: ("1", "n/a")})
    speak(ground, 1, {APPLES: ("3", "They keep"), PEARS: ("1", "-")})
    speak(ground, 2, {APPLES: ("1", "They do not keep"), PEARS: ("3", "Sweet")})
    ground.close()
    gather(ground)
    return ground


def audit(ground: Ground, act: str) -> list[AuditEntry]:
    with ground.database.reading() as session:
        mine = (AuditEntry.study_id == ground.study_id, AuditEntry.act == act)
        return list(session.scalars(select(AuditEntry).where(*mine).order_by(AuditEntry.id)))


def test_redacting_keeps_what_was_written_and_the_audit_keeps_hashes(ground: Ground) -> None:
    (head,) = names(ground, "I, as head of X, say they keep")
    with at_work(ground) as (session, key):
        redact_reason(session, public_id=head, released_text="  They keep, says one. ", **key)
    found = read(ground)["I, as head of X, say they keep"]
    assert (found.state, found.released_text) == ("unread", "They keep, says one.")
    with at_work(ground) as (session, key):
        assert release_reasons(session, public_ids=[head], **key) == 1
    found = read(ground)["I, as head of X, say they keep"]
    assert (found.state, found.released_text, found.handled_by) == (
        "released",
        "They keep, says one.",
        "test",
    )
    (entry,) = audit(ground, "reason.redact")
    assert set(json.loads(entry.detail)) == {"reason", "text", "released_text"}
    assert "head" not in entry.detail


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_a_redaction_must_be_readable(ground: Ground) -> None:
    (head,) = names(ground, "They keep")
    for text in ("", " \n", "x" * 20_001, "nul \0 in it"):
        with pytest.raises((InputError, AnswerError), match=head), at_work(ground) as (session, key):
            redact_reason(session, public_id=head, released_text=text, **key)


def test_two_who_redact_at_once_do_not_overwrite_each_other(ground: Ground) -> None:
    (head,) = names(ground, "They keep")
    with at_work(ground) as (session, key):
        redact_reason(session, public_id=head, released_text="One", seen="", **key)
    with pytest.raises(Conflict, match="Somebody else"), at_work(ground) as (session, key):
        redact_reason(session, public_id=head, released_text="Two", seen="", **key)
    assert read(ground)["They keep"].released_text == "One"


def test_releasing_as_it_is_and_putting_back(ground: Ground) -> None:
    keep, sweet = names(ground, "They keep", "Sweet")
    with at_work(ground) as (session, key):
        assert release_reasons(session, public_ids=[keep, sweet, keep], **key) == 2
    assert read(ground)["Sweet"].released_text == "Sweet"
    with at_work(ground) as (session, key):
        put_back(session, public_ids=[sweet], **key)
    back = read(ground)["Sweet"]
    assert (back.state, back.handled_by, back.handled_at) == ("unread", "", None)


def test_unknown_names_are_told_all_at_once(ground: Ground) -> None:
    (keep,) = names(ground, "They keep")
    with pytest.raises(NotFound, match="R-NONE1, R-NONE2"), at_work(ground) as (session, key):
        release_reasons(session, public_ids=[keep, "R-NONE1", "R-NONE2"], **key)
    assert read(ground)["They keep"].state == "unread"


def test_reasons_of_another_study_are_not_there(ground: Ground, database: Database) -> None:
    with database.reading() as session:
        from surveyapp.models import Reason

        foreign = session.scalars(select(Reason.public_id).where(Reason.study_id != ground.study_id)).one()
    with pytest.raises(NotFound), at_work(ground) as (session, key):
        release_reasons(session, public_ids=[foreign], **key)


def test_merging_goes_to_the_one_that_stands_for_all(ground: Ground) -> None:
    head, keep, against = names(ground, "I, as head of X, say they keep", "They keep", "They do not keep")
    with at_work(ground) as (session, key):
        merge_reasons(session, public_ids=[head], into=keep, **key)
        merge_reasons(session, public_ids=[keep], into=against, **key)
    found = read(ground)
    assert {each.merged_into for each in found.values() if each.state == "merged"} == {against}
    with at_work(ground) as (session, key):
        # Into one that is merged itself: goes on to the one that stands for it.
        put_back(session, public_ids=[head], **key)
        merge_reasons(session, public_ids=[head], into=keep, **key)
        # And the other way round: what was merged now stands for the others.
        merge_reasons(session, public_ids=[against], into=keep, **key)
    found = read(ground)
    assert found["They keep"].state == "unread"
    assert {each.public_id for each in found.values() if each.merged_into == keep} == {head, against}


def test_what_cannot_be_merged_says_why(ground: Ground) -> None:
    keep, sweet, against = names(ground, "They keep", "Sweet", "They do not keep")
    with pytest.raises(Refused, match="not about the same item"), at_work(ground) as (session, key):
        merge_reasons(session, public_ids=[sweet], into=keep, **key)
    with pytest.raises(Refused, match="into itself"), at_work(ground) as (session, key):
        merge_reasons(session, public_ids=[keep], into=keep, **key)
    with at_work(ground) as (session, key):
        set_aside_reasons(session, public_ids=[against], because="Off the point.", **key)
    with pytest.raises(Refused, match="was set aside"), at_work(ground) as (session, key):
        merge_reasons(session, public_ids=[keep], into=against, **key)


def test_setting_aside_says_why(ground: Ground) -> None:
    keep, against = names(ground, "They keep", "They do not keep")
    with pytest.raises(InputError, match="Say why"), at_work(ground) as (session, key):
        set_aside_reasons(session, public_ids=[keep], because=" ", **key)
    with at_work(ground) as (session, key):
        set_aside_reasons(session, public_ids=[keep], because="About  another fruit", **key)
        sentences = [DraftSentence(1, "One is against.", (against,))]
        write_summary(session, round_number=1, item="apples", sentences=sentences, **key)
    assert read(ground)["They keep"].because == "About another fruit"
    with pytest.raises(Refused, match=f"stands on {against}"), at_work(ground) as (session, key):
        set_aside_reasons(session, public_ids=[against], because="Off the point", **key)
    assert audit(ground, "reason.set_aside")[0].reason == "About another fruit"


def test_words_that_say_nothing_are_set_aside_in_one_act(ground: Ground) -> None:
    with ground.database.reading() as session:
        empty = find_empty(session, study_id=ground.study_id, round_number=1)
    assert sorted(empty.values()) == ["-", "n/a"]
    with at_work(ground) as (session, key):
        assert set(set_aside_empty(session, round_number=1, **key)) == set(empty)
        assert set_aside_empty(session, round_number=1, **key) == ()
    found = read(ground)
    assert {each.text for each in found.values() if each.because == SAYS_NOTHING} == {"-", "n/a"}


def test_summary_links_each_sentence_to_its_reasons(ground: Ground) -> None:
    head, keep, against = names(ground, "I, as head of X, say they keep", "They keep", "They do not keep")
    with at_work(ground) as (session, key):
        release_reasons(session, public_ids=[keep], **key)
        sentences = [
            DraftSentence(1, " Most say they keep. ", (keep, head, head)),
            DraftSentence(2, "One not.", (against,)),
        ]
        write_summary(session, round_number=1, item="apples", sentences=sentences, seen="", **key)
    found = read(ground)
    assert (found["They keep"].state, found["They keep"].sentences) == ("released", (1,))
    assert (found["They do not keep"].state, found["They do not keep"].sentences) == ("summarised", (2,))
    with pytest.raises(Conflict), at_work(ground) as (session, key):
        write_summary(session, round_number=1, item="apples", sentences=[], seen="", **key)
    with at_work(ground) as (session, key):
        put_back(session, public_ids=[keep], **key)
        write_summary(session, round_number=1, item="apples", sentences=sentences[:1], **key)
    found = read(ground)
    # Put back, it is still what a sentence stands on; what none stands on any more is unread again.
    assert found["They keep"].state == "summarised"
    assert found["They do not keep"].state == "unread"
    with at_work(ground) as (session, key):
        write_summary(session, round_number=1, item="apples", sentences=[], **key)
    assert {each.state for each in read(ground).values()} == {"unread"}


def test_a_summary_with_problems_tells_all_of_them(ground: Ground) -> None:
    keep, sweet, against = names(ground, "They keep", "Sweet", "They do not keep")
    with at_work(ground) as (session, key):
        set_aside_reasons(session, public_ids=[against], because="Off the point", **key)
    bad = [
        DraftSentence(1, " ", (keep,)),
        DraftSentence(2, "On nothing.", ()),
        DraftSentence(2, "x" * 2_001, (sweet, against)),
    ]
    with pytest.raises(InputError) as caught, at_work(ground) as (session, key):
        write_summary(session, round_number=1, item="apples", sentences=bad, **key)
    told = str(caught.value)
    for sentence in (
        "is empty",
        "at least one",
        "each number once",
        "more than 2,000",
        f"{sweet} is no reason on",
        f"{against} was set aside",
    ):
        assert sentence in told


def test_code_book_is_kept_and_used(ground: Ground) -> None:
    (keep,) = names(ground, "They keep")
    with at_work(ground) as (session, key):
        add_theme(session, theme="storage", title="How long they keep", definition="Weeks, not taste.", **key)
        add_theme(session, theme="taste", title="Taste", **key)
        change_theme(session, theme="storage", title="Storage", **key)
        code_reasons(session, codes={keep: ["storage", "storage"]}, coder=" Ann ", **key)
    with ground.database.reading() as session:
        storage, taste = list_themes(session, study_id=ground.study_id)
    assert (storage.id, storage.title, storage.definition, storage.reasons) == (
        "storage", "Storage", "Weeks, not taste.", {"Ann": 1},
    )  # fmt: skip
    assert taste.reasons == {}
    with pytest.raises(Refused, match="coded in one reason"), at_work(ground) as (session, key):
        remove_theme(session, theme="storage", **key)
    with at_work(ground) as (session, key):
        forget_codes(session, public_ids=[keep], coder="Ann", **key)
        remove_theme(session, theme="storage", **key)
    assert read(ground)["They keep"].themes == {}
    with pytest.raises(NotFound, match="no theme 'storage'"), at_work(ground) as (session, key):
        change_theme(session, theme="storage", title="X", **key)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_bad_entries_of_the_code_book(ground: Ground) -> None:
    with at_work(ground) as (session, key):
        add_theme(session, theme="taste", title="Taste", **key)
    for theme, title, told in (
        ("Not an id", "T", "lower-case"),
        ("none", "T", "there is no theme"),
        ("ok", " ", "needs a title"),
        ("taste", "T", "already"),
    ):
        with pytest.raises(InputError, match=told), at_work(ground) as (session, key):
            add_theme(session, theme=theme, title=title, **key)


def test_unknown_themes_are_told_with_the_nearest(ground: Ground) -> None:
    (keep,) = names(ground, "They keep")
    with at_work(ground) as (session, key):
        add_theme(session, theme="storage", title="Storage", **key)
    with pytest.raises(InputError, match="Did you mean 'storage'"), at_work(ground) as (session, key):
        code_reasons(session, codes={keep: ["storrage"]}, coder="Ann", **key)
    with pytest.raises(InputError, match="Say who codes"), at_work(ground) as (session, key):
        code_reasons(session, codes={keep: []}, coder=" ", **key)


def test_agreement_stands_on_what_both_coders_looked_at(ground: Ground) -> None:
    head, keep, against, sweet = names(
        ground, "I, as head of X, say they keep", "They keep", "They do not keep", "Sweet"
    )
    with at_work(ground) as (session, key):
        add_theme(session, theme="storage", title="Storage", **key)
        add_theme(session, theme="taste", title="Taste", **key)
        ann = {head: ["storage"], keep: ["storage"], against: [], sweet: ["taste"]}
        ben: dict[str, list[str]] = {head: ["storage"], keep: [], against: []}
        code_reasons(session, codes=ann, coder="Ann", **key)
        code_reasons(session, codes=ben, coder="Ben", **key)
    with ground.database.reading() as session:
        found = coder_agreement(session, study_id=ground.study_id, round_number=1)
        assert found == coder_agreement(session, study_id=ground.study_id)
    # Sweet is not among what both looked at, so taste says nothing.
    assert [(each.theme, each.first, each.second) for each in found] == [("storage", "Ann", "Ben")]
    assert found[0].agreement.share.value == Fraction(2, 3)
    # po 2/3, pe (2·1 + 1·2)/9: kappa (2/3 - 4/9) / (5/9).
    assert found[0].agreement.kappa.value == Fraction(2, 5)
