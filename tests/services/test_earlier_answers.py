"""What an expert submitted in earlier rounds: what counts of it, and what is therefore not asked again."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import event

from surveyapp.delphi.showing import OwnAnswer
from surveyapp.errors import AnswerError
from surveyapp.models import Participation
from surveyapp.questionnaire.cells import BLANK, Given, Status
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.earlier import find_earlier_answer
from surveyapp.services.reading.seats import Seat, given_of, read_sheet
from surveyapp.services.unit import Database
from tests.support.answering import answer, save, submit
from tests.support.between_rounds import open_next
from tests.support.studies import SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A study without a protocol: each round asks the same again."""
    return lay_ground(database, load_text(SMALL, tmp_path), groups=("both", "north"))


def apples(ground: Ground) -> int:
    return ground.number("fruit", "apples", "north", "effect")


def next_round(ground: Ground) -> None:
    ground.close()
    open_next(ground)


def instrument_of(ground: Ground, seat: Seat) -> Instrument:
    with ground.database.reading() as session:
        return get_instrument(session, study_id=ground.study_id, number=seat.questionnaire_number)


def earlier(ground: Ground, seat: Seat, cell: int) -> OwnAnswer | None:
    with ground.database.reading() as session:
        return find_earlier_answer(instrument_of(ground, seat), read_sheet(session, seat=seat), cell)


def pages(ground: Ground, seat: Seat) -> list[str]:
    with ground.database.reading() as session:
        sheet = read_sheet(session, seat=seat)
    carried = {cell: given_of(stored) for cell, (stored, _) in sheet.earlier.items()}
    route = instrument_of(ground, seat).route(group=seat.group, tags=seat.tags, answers={}, carried=carried)
    assert route.is_consented is ("consent" not in [page.key for page in route.pages])
    return [page.key for page in route.pages]


def test_consent_and_background_are_asked_once_and_count_as_given(ground: Ground) -> None:
    answer(ground, 0, {apples(ground): "3"})
    next_round(ground)
    seat = ground.sit_down(0)
    assert pages(ground, seat) == ["rate.north", "rate.south", "choose"]
    save(ground, seat, {apples(ground): "1"})
    with pytest.raises(AnswerError):
        save(ground, seat, {ground.number("years"): "7"})
    assert submit(ground, seat).number == 1
    # Who comes for the first time is asked everything.
    newcomer = ground.sit_down(1)
    assert pages(ground, newcomer) == ["consent", "about", "rate.north", "choose"]
    with pytest.raises(AnswerError):
        save(ground, newcomer, {apples(ground): "1"})


def test_what_was_begun_and_never_submitted_is_asked_again(ground: Ground) -> None:
    save(ground, ground.sit_down(0), {ground.number("consent"): "1"})
    next_round(ground)
    seat = ground.sit_down(0)
    assert seat.earlier.numbers == ()
    assert pages(ground, seat)[:2] == ["consent", "about"]


def test_the_latest_round_counts_and_a_blank_hides_nothing(ground: Ground) -> None:
    pears = ground.number("fruit", "pears", "north", "effect")
    answer(ground, 0, {apples(ground): "3", pears: "dont-know"})
    next_round(ground)
    answer(ground, 0, {apples(ground): "1", pears: BLANK})
    next_round(ground)
    seat = ground.sit_down(0)
    assert seat.earlier.numbers == (1, 2)
    found = earlier(ground, seat, apples(ground))
    assert found is not None
    assert (found.given.number, found.round) == (Decimal(1), 2)
    found = earlier(ground, seat, pears)
    assert found is not None
    assert (found.given.status, found.round) == (Status.DONT_KNOW, 1)
    assert earlier(ground, seat, ground.number("fruit", "pears", "south", "effect")) is None


def test_a_kept_answer_is_the_value_that_was_kept(ground: Ground) -> None:
    answer(ground, 0, {apples(ground): "3"})
    next_round(ground)
    answer(ground, 0, {apples(ground): Given(Status.KEPT)})
    next_round(ground)
    found = earlier(ground, ground.sit_down(0), apples(ground))
    assert found is not None
    assert (found.given.status, found.given.number, found.round) == (Status.VALUE, Decimal(3), 2)


def test_edits_that_were_not_submitted_again_have_no_say(ground: Ground) -> None:
    """Its rows hold the edits, so the round is read from its submission: with one more query."""
    seat = answer(ground, 0, {apples(ground): "3"})
    save(ground, seat, {apples(ground): "1", ground.number("word"): "edited"})
    next_round(ground)
    seat = ground.sit_down(0)
    with ground.database.reading() as session:
        kept = session.get_one(Participation, (ground.study_id, 2, seat.panellist_id)).earlier_rounds
    assert kept == "1*"
    found = earlier(ground, seat, apples(ground))
    assert found is not None
    assert (found.given.number, found.round) == (Decimal(3), 1)
    assert pages(ground, seat) == ["rate.north", "rate.south", "choose"]


def test_now_and_before_come_in_one_query(ground: Ground) -> None:
    for _ in range(2):
        answer(ground, 0, {apples(ground): "3"})
        next_round(ground)
    seat = ground.sit_down(0)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    for engine in ground.database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        with ground.database.reading() as session:
            read_sheet(session, seat=seat, cells=[apples(ground)])
            read_sheet(session, seat=seat)
    finally:
        for engine in ground.database.engines:
            event.remove(engine, "before_cursor_execute", note)
    reading = [each for each in statements if "answer" in each]
    assert len(reading) == 2, statements


def test_what_fell_out_of_the_way_before_submitting_was_never_given(
    database: Database, tmp_path: Path
) -> None:
    """Its row stands beside the submission, which does not hold it."""
    text = SMALL.replace("group == context or group == 'both'", "tasted >= 1").replace(
        "  - id: rate\n",
        "  - id: now\n    title: Now\n    questions:\n"
        "      - {id: tasted, kind: number, text: How many tasted?, min: 0, max: 9}\n  - id: rate\n",
    )
    ground = lay_ground(database, load_text(text, tmp_path), groups=("both",))
    tasted = ground.number("tasted")
    seat = ground.sit_down(0)
    save(ground, seat, {ground.number("consent"): "1", ground.number("word"): "law", tasted: "2"})
    save(ground, seat, {apples(ground): "3"})
    save(ground, seat, {tasted: "0"})
    submit(ground, seat)
    next_round(ground)
    seat = ground.sit_down(0)
    assert earlier(ground, seat, apples(ground)) is None
    save(ground, seat, {tasted: "1"})
    with pytest.raises(AnswerError, match="no earlier rating"):
        save(ground, seat, {apples(ground): Given(Status.KEPT)})
