"""Mistakes in the wording of an open round are put right: on record, for all, and nobody answers again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import select, update

from surveyapp.delphi.lineage import Detail, Outcome, Wording
from surveyapp.delphi.receipts import find_faults
from surveyapp.errors import Conflict, InputError, NotFound, Refused
from surveyapp.models import (
    Answer,
    AuditEntry,
    ItemVersion,
    LateDraft,
    QuestionnaireVersion,
    Round,
    Study,
    WordingCorrection,
)
from surveyapp.questionnaire.cells import CellKey, Given, Status
from surveyapp.questionnaire.model import Text
from surveyapp.services import admitting, answering, rounds
from surveyapp.services.copying import copy_design
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.deviations import list_deviations
from surveyapp.services.reading.seats import Seat
from surveyapp.services.reading.wordings import list_corrections
from surveyapp.services.receipts import receipt
from surveyapp.services.unit import Database, read_now
from surveyapp.tally.counts import RoundTally
from surveyapp.tally.sql import count_round
from tests.support.answering import answer, save, submit
from tests.support.between_rounds import decide, instrument_of, open_next, release
from tests.support.correcting import TITLE, correct
from tests.support.protocols import set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3)


def asked(ground: Ground, number: int = 1) -> Instrument:
    with ground.database.reading() as session:
        held = session.get_one(Round, (ground.study_id, number))
        return get_instrument(session, study_id=ground.study_id, number=held.questionnaire_number)


def saw(ground: Ground, seat: Seat) -> dict[int, int]:
    """Cell → the correction that its answer saw."""
    with ground.database.reading() as session:
        rows = session.execute(
            select(Answer.cell, Answer.correction).where(Answer.panellist_id == seat.panellist_id)
        )
        return dict(rows.all())


def count(ground: Ground) -> RoundTally:
    with ground.database.reading() as session:
        return count_round(session, study_id=ground.study_id, number=1)


def rate(ground: Ground, seat: Seat, cell: int, text: str, *, request_id: str, on: int | None) -> None:
    with ground.database.verb() as session:
        answering.save(
            session,
            seat=seat,
            request_id=request_id,
            base=1_000,
            changes={cell: ground.given(cell, text)},
            correction=on,
        )


def test_the_round_reads_so_from_then_on_in_the_same_cells(ground: Ground) -> None:
    before = asked(ground)
    answer(ground, 0, {ground.number("fruit", "apples", "north", "effect"): "3"})
    counts = count(ground)
    done = correct(ground, "Ripe apples")
    assert (done.number, done.before, done.after) == (1, "Apples", "Ripe apples")
    after = asked(ground)
    assert after.number != before.number
    assert after.questionnaire.items_by_id["apples"].title.get("en") == "Ripe apples"
    assert after.number_of == before.number_of
    assert [replace(each, labels={}) for each in after.specs] == [
        replace(each, labels={}) for each in before.specs
    ]
    assert after.item_versions == before.item_versions
    assert count(ground) == counts
    assert ground.sit_down(0).correction == 1
    with ground.database.reading() as session:
        assert session.scalars(select(ItemVersion.version)).all() == [1, 1]
        [kept] = session.scalars(select(WordingCorrection)).all()
        assert (kept.path, kept.item, kept.item_version, kept.reason) == (TITLE, "apples", 1, "a slip")
        assert (kept.questionnaire_before, kept.questionnaire_after) == (before.number, after.number)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "round.correct")).one()
        assert (entry.actor, entry.reason) == ("ann@example.org", "a slip")
        assert json.loads(entry.detail)["text"] == TITLE
        assert session.get_one(Study, ground.study_id).questionnaire_number == after.number


def test_each_answer_keeps_the_wording_that_it_saw(ground: Ground) -> None:
    north, south, pears = (
        ground.number("fruit", item, context, "effect")
        for item, context in (("apples", "north"), ("apples", "south"), ("pears", "north"))
    )
    opened_before = ground.sit_down(0)
    save(ground, opened_before, {ground.number("consent"): "1", ground.number("word"): "law"})
    rate(ground, opened_before, north, "3", request_id="in good time", on=0)
    correct(ground, "Ripe apples")
    # Begun before the correction, or from a page that was opened before it: the old wording.
    rate(ground, opened_before, south, "3", request_id="was under way", on=None)
    now = ground.sit_down(0)
    rate(ground, now, pears, "2", request_id="from an open page", on=0)
    assert saw(ground, now) | {ground.number("consent"): 0, ground.number("word"): 0} == saw(ground, now)
    assert [saw(ground, now)[cell] for cell in (north, south, pears)] == [0, 0, 0]
    # Said again from a page with the new wording: unchanged is no new answer, changed is one.
    rate(ground, now, north, "3", request_id="the same again", on=1)
    rate(ground, now, south, "1", request_id="thought again", on=1)
    # Nobody can have seen a correction that is not there yet.
    rate(ground, now, pears, "1", request_id="from the future", on=7)
    assert [saw(ground, now)[cell] for cell in (north, south, pears)] == [0, 1, 1]
    submit(ground, now)
    blank = ground.number("fruit", "pears", "south", "effect")
    assert saw(ground, now)[blank] == 1


def test_receipts_tell_it_and_hold_as_before(ground: Ground) -> None:
    north = ground.number("fruit", "apples", "north", "effect")
    first = answer(ground, 0, {north: "3"})
    with ground.database.reading() as session:
        old = receipt(session, seat=ground.sit_down(0))
    assert not any("correction" in entry["answer"] for entry in old["answers"])
    correct(ground, "Ripe apples")
    seat = ground.sit_down(0)
    south = ground.number("fruit", "apples", "south", "effect")
    rate(ground, seat, south, "1", request_id="after reading", on=1)
    submit(ground, ground.sit_down(0))
    with ground.database.reading() as session:
        new = receipt(session, seat=ground.sit_down(0))
    assert find_faults(old) == []
    assert find_faults(new) == []
    told = {
        (entry["answer"]["item"], entry["answer"]["context"]): entry["answer"].get("correction", 0)
        for entry in new["answers"]
        if entry["answer"]["criterion"]
    }
    assert (told["apples", "north"], told["apples", "south"]) == (0, 1)
    assert first.panellist_id == seat.panellist_id


def test_what_comes_too_late_keeps_its_wording_and_so_does_what_is_let_in(ground: Ground) -> None:
    north, south = (ground.number("fruit", "apples", each, "effect") for each in ("north", "south"))
    answer(ground, 0, {})
    correct(ground, "Ripe apples")
    seat = ground.sit_down(0)
    ground.close()
    for cell, request_id, on in ((north, "from an old page", 0), (south, "from a new page", 1)):
        with ground.database.verb() as session:
            answering.keep_late_draft(
                session,
                seat=seat,
                request_id=request_id,
                changes={cell: ground.given(cell, "3")},
                now=read_now(session),
                correction=on,
            )
    with ground.database.verb() as session:
        drafts = session.execute(select(LateDraft.request_id, LateDraft.correction)).all()
        assert dict(drafts) == {"from an old page": 0, "from a new page": 1}
        admitting.admit_late(
            session,
            study=session.get_one(Study, ground.study_id),
            number=1,
            pseudonym=seat.pseudonym,
            reason="a broken train",
            now=read_now(session),
            actor="test",
        )
    assert [saw(ground, seat)[cell] for cell in (north, south)] == [0, 1]


def test_the_next_round_begins_with_the_corrected_text(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3, is_open=False)
    set_protocol(ground)
    open_next(ground)
    north = ground.number("fruit", "apples", "north", "effect")
    answer(ground, 0, {north: "3"})
    correct(ground, "Apple", path=TITLE)
    correct(ground, "Apples, all kinds")
    correct(ground, "Rate them", path="pages.rate.title")
    correct(ground, "One more fruit.", path="items.pears.definition")
    ground.close()
    decide(ground, "apples", Outcome.KEEP)
    decide(ground, "pears", Outcome.REVISE, Detail(wording=Wording(title=Text({"*": "Ripe pears"}))))
    release(ground)
    opened = open_next(ground)
    second = instrument_of(ground, opened)
    items = second.questionnaire.items_by_id
    assert items["apples"].title.get("en") == "Apples, all kinds"
    assert second.questionnaire.pages[2].title.get("en") == "Rate them"
    # What was decided about says what was decided; the rest of it reads as corrected.
    assert items["pears"].title.get("en") == "Ripe pears"
    assert items["pears"].definition is not None
    assert items["pears"].definition.get("en") == "One more fruit."
    # The kept item is the same wording in the same cells: the own earlier answer can be kept.
    assert second.item_versions == {"apples": 1, "pears": 2}
    assert second.number_of[CellKey("fruit", "apples", "north", "effect")] == north
    assert opened.correction == 0
    seat = ground.sit_down(0)
    save(ground, seat, {north: Given(Status.KEPT)})
    correct(ground, "Apples of all kinds", number=2)
    with ground.database.reading() as session:
        assert [
            (each.round, each.number) for each in list_corrections(session, study_id=ground.study_id)
        ] == [
            (1, 1),
            (1, 2),
            (1, 3),
            (1, 4),
            (2, 1),
        ]
        held = session.get_one(Round, (ground.study_id, 2))
        version = session.get_one(QuestionnaireVersion, (ground.study_id, held.questionnaire_number))
        assert version.corrects == opened.questionnaire_number


def test_nothing_decided_means_the_next_round_asks_the_corrected_version(ground: Ground) -> None:
    answer(ground, 0, {})
    correct(ground, "Ripe apples")
    version = asked(ground).number
    ground.close()
    assert open_next(ground).questionnaire_number == version
    assert asked(ground, 2).number_of == ground.instrument.number_of


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_kept(ground: Ground) -> None:
    with pytest.raises(InputError) as refused:
        correct(ground, " ", reason=" ")
    assert [problem.where for problem in refused.value.problems] == ["to", "reason"]
    with pytest.raises(InputError, match="no text “items"):
        correct(ground, "Plums", path="items.plums.title")
    # Neither ids nor what is asked can be reached.
    for path in ("items.apples.id", "pages.rate.show_if", "scales.agreement.points.1.value"):
        with pytest.raises(InputError, match="no text"):
            correct(ground, "2", path=path)
    with pytest.raises(NotFound, match="no round 7"):
        correct(ground, "Ripe apples", number=7)
    assert asked(ground).number == 1


def test_whoever_has_not_seen_the_latest_correction_of_a_text_overwrites_nothing(ground: Ground) -> None:
    correct(ground, "Ripe apples", base=0)
    correct(ground, "Ripe pears", path="items.pears.title", base=0)
    with pytest.raises(Conflict, match="has corrected this text"):
        correct(ground, "Sweet apples", base=0)
    assert correct(ground, "Sweet apples", base=2).before == "Ripe apples"


def test_only_an_open_round_can_be_corrected(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3)

    def refused(words: str) -> None:
        with pytest.raises(Refused, match=words):
            correct(ground, "Ripe apples")

    for state, words in (
        ("draft", "not open yet"),
        ("scheduled", "not open yet"),
        ("closed", "is closed"),
        ("released", "is released"),
        ("cancelled", "was cancelled"),
    ):
        with database.verb() as session:
            session.execute(update(Round).values(state=state))
        refused(words)
    with database.verb() as session:
        session.execute(update(Round).values(state="open", closes_at=read_now(session)))
    refused("deadline")
    with database.verb() as session:
        session.execute(update(Round).values(closes_at=None))
        session.execute(update(Study).values(archived_at=read_now(session)))
    refused("archived")


def test_rounds_of_other_cohorts_go_on_as_they_were(ground: Ground) -> None:
    """The corrected version stands after another cohort's new wording, and keeps the cells of its own."""
    first = asked(ground)
    with ground.database.verb() as session:
        version = session.get_one(QuestionnaireVersion, (ground.study_id, 1))
        session.add(
            QuestionnaireVersion(
                study_id=ground.study_id,
                number=2,
                canonical=version.canonical.replace("Apples", "Other apples"),
                sha256="0" * 64,
                source="",
                created_at=version.created_at,
            )
        )
        session.add(
            ItemVersion(
                study_id=ground.study_id, item="apples", version=2, content="{}", questionnaire_number=2
            )
        )
    correct(ground, "Ripe apples")
    after = asked(ground)
    assert after.number == 3
    assert after.item_versions == first.item_versions
    assert after.number_of == first.number_of


def test_a_round_that_was_opened_again_counts_on(ground: Ground) -> None:
    correct(ground, "Ripe apples")
    ground.close()
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.reopen_round(session, study=study, reason="asked for", now=read_now(session), actor="test")
    assert correct(ground, "Sweet apples").number == 2


def test_saves_and_corrections_at_the_same_time_agree_on_what_was_read(ground: Ground) -> None:
    """Whatever comes first: each answer names the correction that its seat saw, and all are made."""
    seat = ground.sit_down(0)
    save(ground, seat, {ground.number("consent"): "1", ground.number("word"): "law"})
    cell = ground.number("fruit", "apples", "north", "effect")
    failed: list[BaseException] = []

    def keep_correcting() -> None:
        try:
            for number in range(1, 6):
                assert correct(ground, f"Apples {number}").number == number
        except BaseException as error:  # noqa: BLE001 - told to the test, whatever it is
            failed.append(error)

    corrector = Thread(target=keep_correcting)
    corrector.start()
    for turn in range(30):
        looked = ground.sit_down(0)
        rate(ground, looked, cell, "13"[turn % 2], request_id=f"at the same time {turn}", on=None)
        assert saw(ground, looked)[cell] == looked.correction
    corrector.join()
    assert not failed
    assert ground.sit_down(0).correction == 5
    assert asked(ground).questionnaire.items_by_id["apples"].title.get("en") == "Apples 5"


def test_it_stands_among_what_departed_from_the_plan_and_a_copy_begins_with_it(ground: Ground) -> None:
    correct(ground, "Ripe apples")
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        [deviation] = list_deviations(session, study=study)
        assert (deviation.kind, deviation.number, deviation.reason) == ("correction", 1, "a slip")
        copied = copy_design(
            session, study=study, title="Again", slug="again", now=read_now(session), actor="test"
        )
        first = get_instrument(session, study_id=copied.id, number=1)
        assert first.questionnaire.items_by_id["apples"].title.get("en") == "Ripe apples"
