"""A study whose history is played at random, watched after every step: what must never come apart."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant
from sqlalchemy import and_, func, literal, select, union_all
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.receipts import build_receipt, find_faults
from surveyapp.errors import SurveyappError
from surveyapp.models import Answer, Base, LateDraft, Participation, Release, Round, Submission
from surveyapp.questionnaire.cells import CellKey, Status
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.answering import find_way
from surveyapp.services.figures import count_figures
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.counted import read_counted
from surveyapp.services.reading.earlier import find_earlier_answer
from surveyapp.services.reading.seats import Seat, read_sheet
from surveyapp.services.release_drafts import read_input
from surveyapp.services.unit import Database
from tests.support.history import History, Place, PlayedRound, Rated, Sitting
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import lay_ground

GROUPS = ("both", "both", "both", "north", "both")
ITEMS = ("apples", "pears")
K = 3
SHOWS_ALL = PROTOCOL.replace("k_reasons: 3}", "k_reasons: 3, unanimity: show}")
_serial = itertools.count(1)


class WatchedHistory(RuleBasedStateMachine):
    """One study of five people and three planned rounds, with the model of its history beside it."""

    def __init__(self, database: Database, questionnaire: Questionnaire) -> None:
        super().__init__()
        self.database = database
        self.ground = lay_ground(
            database, questionnaire, slug=f"history-{next(_serial)}", groups=GROUPS, is_open=False
        )
        set_protocol(self.ground, SHOWS_ALL)
        self.history = History(GROUPS, ITEMS)
        self.study_id = self.ground.study_id
        self.seats: dict[tuple[int, int], Seat] = {}
        """Member and round → the seat as it was last looked at."""
        self.cookies: dict[tuple[int, int], str] = {}
        self.receipts: set[tuple[int, int, int]] = set()

    @invariant()
    def rounds_are_where_they_should_be(self) -> None:
        with self.database.reading() as session:
            stored = session.execute(
                select(Round.number, Round.state)
                .where(Round.study_id == self.study_id)
                .order_by(Round.number)
            ).all()
        assert [tuple(row) for row in stored] == [
            (each.number, each.state) for each in sorted(self.history.rounds, key=lambda each: each.number)
        ]

    @invariant()
    def what_stands_is_what_was_given(self) -> None:
        with self.database.reading() as session:
            rows = session.execute(
                select(Answer.round, Answer.panellist_id, Answer.cell, Answer.status, Answer.value).where(
                    Answer.study_id == self.study_id,
                    Answer.status.in_([Status.VALUE, Status.KEPT, Status.DONT_KNOW]),
                )
            ).all()
            late = session.execute(
                select(LateDraft.round, LateDraft.panellist_id, func.count())
                .where(LateDraft.study_id == self.study_id)
                .group_by(LateDraft.round, LateDraft.panellist_id)
            ).all()
        stored: dict[tuple[int, int], dict[Place, Rated]] = defaultdict(dict)
        for number, panellist_id, cell, status, value in rows:
            place = self.place_of(self.instrument_of(self.history.get(number)), cell)
            if place is not None:
                rated = Rated(Status(status), None if value is None else int(value))
                stored[number, panellist_id][place] = rated
        sittings = self.sittings()
        assert stored == {key: each.standing for key, each in sittings.items() if each.standing}
        assert {(number, panellist_id): times for number, panellist_id, times in late} == {
            key: len(each.late) for key, each in sittings.items() if each.late
        }

    @invariant()
    def what_counts_is_the_latest_submission(self) -> None:
        for played in self.history.rounds:
            expected = {self.panellist_id(member): dict(each) for member, each in played.counting.items()}
            instrument = self.instrument_of(played)
            with self.database.reading() as session:
                submitted = self.read_submissions(session, instrument, played)
                cells = [cell for cell in instrument.numbers_asked if self.place_of(instrument, cell)]
                counted = read_counted(
                    session, instrument=instrument, round_number=played.number, cells=cells
                )
                figures = count_figures(session, session.get_one(Round, (self.study_id, played.number)))
                count = read_input(session, study_id=self.study_id, number=played.number)[1]
            assert submitted == expected
            assert {
                panellist_id: {
                    place: Rated(Status(stored[0]), None if stored[1] is None else int(stored[1]))
                    for cell, stored in answers.items()
                    if (place := self.place_of(instrument, cell)) is not None
                }
                for panellist_id, answers in counted.items()
            } == {panellist_id: answers for panellist_id, answers in expected.items() if answers}
            assert figures.tally.people == count == len(expected)
            for cell in cells:
                place = self.place_of(instrument, cell)
                assert place is not None
                counts = figures.counts(cell) or figures.nobody(cell)
                assert (counts.of, counts.dont_know) == played.count(place)

    @invariant()
    def a_release_never_changes(self) -> None:
        with self.database.reading() as session:
            stored = session.scalars(
                select(Release).where(Release.study_id == self.study_id, Release.released_at.is_not(None))
            ).all()
        assert {each.round: each.content for each in stored} == {
            each.number: each.released for each in self.history.rounds if each.released
        }
        for each in stored:
            assert ReleaseContent.from_canonical(each.content).sha256() == each.content_sha256

    @invariant()
    def earlier_answers_are_the_last_given(self) -> None:
        played = self.history.current
        if played is None:
            return
        instrument = self.instrument_of(played)
        for member, sitting in played.sittings.items():
            if member in self.history.withdrawn or not sitting.earlier:
                continue
            seat = self.look(member, played.number)
            with self.database.reading() as session:
                sheet = read_sheet(session, seat=seat)
            way = find_way(instrument, seat=seat, sheet=sheet, changes={})
            asked = {place for cell in way.cells if (place := self.place_of(instrument, cell))}
            assert asked == set(self.history.places(member, played))
            for place in asked:
                own = find_earlier_answer(instrument, sheet, self.cell(instrument, place))
                found = self.history.last_given(member, sitting, place)
                if found is None:
                    assert own is None
                    continue
                number, rated, is_of_earlier_wording = found
                status = Status.VALUE if rated.is_rating else Status.DONT_KNOW
                assert own is not None
                assert (own.round, own.is_of_earlier_wording) == (number, is_of_earlier_wording)
                assert (own.given.status, own.given.number) == (status, rated.value)

    @invariant()
    def every_receipt_verifies(self) -> None:
        with self.database.reading() as session:
            rows = session.scalars(select(Submission).where(Submission.study_id == self.study_id)).all()
        for row in rows:
            key = (row.round, row.panellist_id, row.number)
            if key not in self.receipts:
                content = json.loads(row.content)
                receipt = build_receipt(content["head"], row.salt_seed, content["answers"])
                assert find_faults(receipt) == []
                assert receipt["sha256"] == row.sha256
                self.receipts.add(key)

    def choose(self, sat: int) -> tuple[int, PlayedRound] | None:
        """Somebody who has sat down, and in which round."""
        seats = list(self.cookies)
        if not seats:
            return None
        member, number = seats[-1 - sat % len(seats)]
        return member, self.history.get(number)

    def pick(self, pick: int) -> PlayedRound:
        """A round, mostly the current one."""
        current = self.history.current
        return (
            current
            if current is not None and pick > 1
            else self.history.rounds[pick % len(self.history.rounds)]
        )

    def before(self, played: PlayedRound) -> PlayedRound | None:
        """The round before, of those that were not cancelled."""
        earlier = [each for each in self.history.valid if each.number < played.number]
        return earlier[-1] if earlier else None

    def look(self, member: int, number: int) -> Seat:
        """The seat as it is now; of somebody who left, as it was when last looked at."""
        if member not in self.history.withdrawn:
            self.seats[member, number] = self.ground.look(self.cookies[member, number])
        return self.seats[member, number]

    def instrument_of(self, played: PlayedRound) -> Instrument:
        with self.database.reading() as session:
            number = session.get_one(Round, (self.study_id, played.number)).questionnaire_number
            return get_instrument(session, study_id=self.study_id, number=number)

    def cell(self, instrument: Instrument, place: Place) -> int:
        return instrument.number_of[CellKey("fruit", place.item, place.context, "effect")]

    def place_of(self, instrument: Instrument, cell: int) -> Place | None:
        key = instrument.spec(cell).key
        if not key.criterion or key.part:
            return None
        return Place(key.item, instrument.cell_versions[cell - 1], key.context)

    def panellist_id(self, member: int) -> int:
        return self.ground.panel[member].panellist_id

    def sittings(self) -> dict[tuple[int, int], Sitting]:
        """Round and panellist → the sitting."""
        return {
            (played.number, self.panellist_id(member)): sitting
            for played in self.history.rounds
            for member, sitting in played.sittings.items()
        }

    def read_submissions(
        self, session: Session, instrument: Instrument, played: PlayedRound
    ) -> dict[int, dict[Place, Rated]]:
        """Panellist → what the latest submission says, read from its own text."""
        rows = session.execute(
            select(Participation.panellist_id, Submission.content)
            .join(
                Submission,
                and_(
                    Submission.study_id == Participation.study_id,
                    Submission.round == Participation.round,
                    Submission.panellist_id == Participation.panellist_id,
                    Submission.number == Participation.submission,
                ),
            )
            .where(Participation.study_id == self.study_id, Participation.round == played.number)
        ).all()
        found: dict[int, dict[Place, Rated]] = {}
        for panellist_id, content in rows:
            found[panellist_id] = {
                Place(each["item"], each["item_version"], each["context"]): Rated(
                    Status[each["status"].upper()], each.get("value")
                )
                for each in json.loads(content)["answers"]
                if each["criterion"] and not each["part"] and each["status"] != "blank"
            }
        return found

    def check_figures(self, played: PlayedRound, content: ReleaseContent) -> None:
        """What the release shows is what counts, and nothing of fewer than k people."""
        instrument = self.instrument_of(played)
        places = {place for member in range(len(GROUPS)) for place in self.history.places(member, played)}
        assert {self.place_of(instrument, each.cell) for each in content.cells} == places
        for each in content.cells:
            place = self.place_of(instrument, each.cell)
            assert place is not None
            counts, dont_know = played.count(place)
            if sum(counts) + dont_know < K:
                assert each.total is None
                assert each.hidden
                continue
            assert each.total is not None
            assert (each.total.counts, each.total.dont_know) == (counts, dont_know)
            assert (each.total.n, each.total.agree) == (sum(counts), counts[-1])

    def count_rows(self) -> dict[str, int]:
        """Table → how many rows it has."""
        counts = [
            select(literal(name), func.count()).select_from(table)
            for name, table in Base.metadata.tables.items()
        ]
        with self.database.reading() as session:
            return dict(session.execute(union_all(*counts)).all())

    @contextmanager
    def refused(self, error: type[SurveyappError], *, besides: str = "") -> Iterator[None]:
        """What happens here is refused and leaves nothing behind, besides rows of one table."""
        before = self.count_rows()
        with pytest.raises(error):
            yield
        assert {**self.count_rows(), besides: 0} == {**before, besides: 0}
