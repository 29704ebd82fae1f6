"""Random histories of a study beside a model: what is refused, what counts, what is frozen, what is asked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.errors import InputError, NotFound, Refused, SurveyappError
from surveyapp.models import Panellist, Release, Round, Study
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.services import admitting, answering, doors, item_history, releasing, rounds
from surveyapp.services.instruments import get_instrument
from surveyapp.services.unit import Database, read_now
from tests.support.history import PlayedRound, Rated
from tests.support.played_history import PlayedHistory, rated
from tests.support.studies import SMALL, load_text
from tests.support.watched_history import GROUPS, ITEMS

Wish: TypeAlias = tuple[int | str | None, bool]
"""A rating, None for "don't know", or what else somebody does; and whether it is to count."""
_serial = itertools.count(1)

members = st.integers(0, len(GROUPS) - 1)
picks = st.integers(0, 7)
ratings = st.lists(st.tuples(picks, st.sampled_from([1, 2, 3, None])), min_size=1, max_size=4)
outcomes = st.sampled_from(
    ["keep", "keep", "keep", "revise", "revise-alike", "revise-alike", "accept", "drop"]
)
wishes = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, None, "keep", "keep", "stay away", "withdraw"]),
        st.sampled_from([True, True, False]),
    ),
    min_size=len(GROUPS),
    max_size=len(GROUPS),
)
over = st.tuples(wishes, wishes, st.tuples(outcomes, outcomes))
reasons = st.sampled_from(["as discussed", "as discussed", "as discussed", " "])


class Histories(PlayedHistory):
    """Every rule may be tried at any time; the model knows what comes of it."""

    @initialize(played=st.integers(0, 2).flatmap(lambda many: st.lists(over, min_size=many, max_size=many)))
    def begin(self, played: list[tuple[list[Wish], list[Wish], tuple[str, str]]]) -> None:
        """Some rounds are over when it begins: chance alone would hardly ever get so far."""
        self.open_next()
        for first, then, outcomes in played:
            self.everybody_answers(first)
            self.everybody_answers(then)
            self.go_on(outcomes)
            self.open_next()
        for member in range(len(GROUPS)):
            self.sit_down(member)

    @rule(member=members)
    def sit_down(self, member: int) -> None:
        played = self.history.current
        takes = played is not None and (played.state == "open" or member in played.sittings)
        if not takes or member in self.history.withdrawn:
            with self.refused(Refused):
                self.ground.sit_down(member)
            return
        assert played is not None
        with self.database.verb() as session:
            started = doors.start(session, token=self.ground.panel[member].token, now=read_now(session))
        self.cookies[member, played.number] = doors.hash_cookie(started.cookie)
        seat = self.look(member, played.number)
        sitting = self.history.sit(member, played)
        assert seat.earlier.numbers == sitting.earlier
        before = self.before(played)
        assert seat.shows_round == (before.number if before else None)
        if not seat.revision and not sitting.earlier:
            texts = {self.ground.number("consent"): "1", self.ground.number("word"): "law"}
            self.save(seat, {cell: self.ground.given(cell, text) for cell, text in texts.items()})

    @rule(sat=picks, given=ratings)
    def rate(self, sat: int, given: list[tuple[int, int | None]]) -> None:
        if (chosen := self.choose(sat)) is not None:
            member, played = chosen
            places = self.history.places(member, played)
            self.give(member, played, {places[pick % len(places)]: rated(value) for pick, value in given})

    @rule(wishes=wishes)
    def everybody_answers(self, wishes: list[Wish]) -> None:
        """All rate everything, or keep what they can, but for those who stay away; most submit it."""
        played = self.history.current
        if played is None or played.state != "open":
            return
        for member, (wish, submits) in enumerate(wishes):
            if wish == "stay away" or member in self.history.withdrawn:
                continue
            if member not in played.sittings:
                self.sit_down(member)
            if wish == "withdraw":
                self.leave(member, played, keeps_answers=submits)
                continue
            answers = {}
            for place in self.history.places(member, played):
                found = self.history.last_given(member, played.sittings[member], place)
                if not isinstance(wish, str):
                    answers[place] = rated(wish)
                elif found is not None and found[1].is_rating:
                    answers[place] = Rated(Status.KEPT, found[1].value)
            self.give(member, played, answers)
            if submits:
                self.hand_in(member, played)

    @rule(outcomes=st.tuples(outcomes, outcomes))
    def go_on(self, outcomes: tuple[str, str]) -> None:
        """Whatever is due next: open a round, or close it, decide about all that is left, and release it."""
        played = self.history.current
        if played is None or played.state == "released":
            self.open_next()
            return
        if played.state == "open":
            self.close()
        for item, outcome in zip(ITEMS, outcomes, strict=True):
            if item in played.undecided:
                self.decide_about(played, item, outcome)
        self.release(figures_first=False)

    @rule(sat=picks, pick=picks)
    def keep(self, sat: int, pick: int) -> None:
        if (chosen := self.choose(sat)) is None:
            return
        member, played = chosen
        places = self.history.places(member, played)
        place = places[pick % len(places)]
        sitting = played.sittings[member]
        found = self.history.last_given(member, sitting, place)
        if found is not None and found[1].is_rating:
            self.give(member, played, {place: Rated(Status.KEPT, found[1].value)})
        elif played.state == "open" and member not in self.history.withdrawn:
            changes = {self.cell(self.instrument_of(played), place): Given(Status.KEPT)}
            with self.refused(InputError):
                self.save(self.look(member, played.number), changes)

    @precondition(lambda self: self.last_save is not None)
    @rule()
    def send_the_last_save_again(self) -> None:
        assert self.last_save is not None
        seat, request_id, changes = self.last_save
        before = self.count_rows()
        with self.database.verb() as session:
            assert answering.save(session, seat=seat, request_id=request_id, base=0, changes=changes).repeated
        assert self.count_rows() == before

    @rule(sat=picks)
    def submit(self, sat: int) -> None:
        if (chosen := self.choose(sat)) is not None:
            self.hand_in(*chosen)

    @rule(sat=picks, keeps_answers=st.booleans())
    def withdraw(self, sat: int, keeps_answers: bool) -> None:
        if (chosen := self.choose(sat)) is not None and chosen[0] not in self.history.withdrawn:
            self.leave(*chosen, keeps_answers=keeps_answers)

    @rule()
    def open_next(self) -> None:
        planned = self.history.plan_next()
        is_open = any(each.state == "open" for each in self.history.rounds)

        def open_next() -> Round:
            with self.database.verb() as session:
                study = session.get_one(Study, self.study_id)
                return rounds.open_round(session, study=study, now=read_now(session), actor="test")

        if planned is None or is_open:
            with self.refused(Refused):
                open_next()
            return
        self.history.open(planned)
        opened = open_next()
        assert opened.number == planned.number
        with self.database.reading() as session:
            instrument = get_instrument(session, study_id=self.study_id, number=opened.questionnaire_number)
        assert {item: instrument.item_versions[item] for item in item_history.asked_items(instrument)} == (
            planned.versions
        )

    @rule()
    def close(self) -> None:
        played = self.history.current
        if played is None or played.state != "open":
            with self.refused(Refused):
                self.ground.close()
            return
        self.ground.close()
        played.state = "closed"

    @rule(pick=picks, reason=reasons)
    def reopen(self, pick: int, reason: str) -> None:
        def may(played: PlayedRound) -> bool:
            return played.state == "closed" and not any(each.state == "open" for each in self.history.rounds)

        if self.move(pick, reason, may, rounds.reopen_round, "round.reopen"):
            self.pick(pick).state = "open"

    @rule(pick=picks, reason=reasons)
    def cancel(self, pick: int, reason: str) -> None:
        if self.move(
            pick, reason, lambda played: played.state == "open", rounds.cancel_round, "round.cancel"
        ):
            self.pick(pick).state = "cancelled"

    @rule(pick=picks, reason=reasons, days=st.integers(-1, 3))
    def extend(self, pick: int, reason: str, days: int) -> None:
        if not self.history.rounds:
            return
        with self.database.reading() as session:
            now = read_now(session)
            closes_at = session.get_one(Round, (self.study_id, self.pick(pick).number)).closes_at
        later = (closes_at or now + timedelta(days=90)) + timedelta(days=days)

        def may(played: PlayedRound) -> bool:
            return played.state == "open" and (closes_at is None or days >= 0)

        self.move(pick, reason, may, rounds.extend_round, "round.extend", closes_at=later)

    @rule()
    def settle(self) -> None:
        """The job that a close has asked for; it may come late, and more than once."""
        for played in self.history.rounds:
            releasing.settle_round(self.database, study_id=self.study_id, number=played.number, actor="test")

    @rule(pick=picks, which=st.integers(0, 2), outcome=outcomes)
    def decide(self, pick: int, which: int, outcome: str) -> None:
        if not self.history.rounds:
            return
        played = self.pick(pick)
        self.decide_about(played, (*ITEMS, "plums")[which], outcome)

    @rule(figures_first=st.booleans())
    def release(self, figures_first: bool) -> None:
        played = self.history.current

        def release() -> Release:
            return releasing.release_round(
                self.database, slug=self.ground.slug, actor="test", figures_first=figures_first
            )

        if played is None or played.state != "closed" or (played.undecided and not figures_first):
            # A draft may be made on the way.
            with self.refused(Refused, besides="release"):
                release()
            return
        released = release()
        played.state, played.released = "released", released.content
        content = ReleaseContent.from_canonical(released.content)
        assert content.submissions == len(played.counting)
        assert bool(content.missing) == bool(played.undecided)
        assert {each.item: each.outcome for each in content.items if each.outcome} == {
            item: outcome.partition("-")[0]
            for item, outcome in played.decided.items()
            if item in played.versions
        }
        self.check_figures(played, content)

    @rule(pick=picks, member=members)
    def admit(self, pick: int, member: int) -> None:
        if not self.history.rounds:
            return
        played = self.pick(pick)
        with self.database.reading() as session:
            key = (self.study_id, self.ground.panel[member].panellist_id)
            pseudonym = session.get_one(Panellist, key).pseudonym

        def admit() -> answering.Submitted:
            with self.database.verb() as session:
                return admitting.admit_late(
                    session,
                    study=session.get_one(Study, self.study_id),
                    number=played.number,
                    pseudonym=pseudonym,
                    reason="the mail server was down",
                    now=read_now(session),
                    actor="test",
                )

        sitting = played.sittings.get(member)
        late = sitting.late[sitting.late_since :] if sitting else []
        expected: type[SurveyappError] | None = None
        if played.state != "closed":
            expected = Refused
        elif sitting is None:
            expected = NotFound
        elif member in self.history.withdrawn or not (late or sitting.has_more_than_counts):
            expected = Refused
        if expected is not None:
            with self.refused(expected):
                admit()
            return
        assert sitting is not None
        for answers in late:
            sitting.standing |= answers
        sitting.submit()
        assert admit().number == sitting.submissions


# On PostgreSQL every act takes longer, and what differs there is the database, not the history.
@pytest.mark.parametrize(
    ("database_engine", "examples"), [("sqlite", 14), ("postgresql", 8)], indirect=["database_engine"]
)
def test_no_history_comes_apart(
    database: Database, tmp_path: Path, examples: int, trials: Callable[[int], int]
) -> None:
    questionnaire = load_text(SMALL, tmp_path)

    def begin() -> Histories:
        return Histories(database, questionnaire)

    run_state_machine_as_test(
        begin,  # type: ignore[arg-type]  # it calls whatever makes a machine
        settings=settings(max_examples=trials(examples), stateful_step_count=30, deadline=None),
    )
