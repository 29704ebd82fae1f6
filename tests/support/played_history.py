"""What people and organisers do in a random history: done in the product, and in the model."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from surveyapp.delphi.lineage import Decided, Detail, Outcome, Wording
from surveyapp.errors import InputError, Refused, RoundClosed, SurveyappError
from surveyapp.models import AuditEntry, Round, Study
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.questionnaire.model import Questionnaire, Text
from surveyapp.services import answering, deciding, doors
from surveyapp.services.reading.seats import Seat, find_seat
from surveyapp.services.unit import Database, read_now
from tests.support.history import Place, PlayedRound, Rated
from tests.support.watched_history import WatchedHistory

_serial = itertools.count(1)


class PlayedHistory(WatchedHistory):
    """Each act knows from the model what must come of it, and whether it must be refused."""

    def __init__(self, database: Database, questionnaire: Questionnaire) -> None:
        super().__init__(database, questionnaire)
        self.last_save: tuple[Seat, str, Mapping[int, Given]] | None = None

    def save(self, seat: Seat, changes: Mapping[int, Given]) -> None:
        request_id = f"save-{next(_serial):08}"
        with self.database.verb() as session:
            answering.save(session, seat=seat, request_id=request_id, base=seat.revision, changes=changes)
        self.last_save = (seat, request_id, changes)

    def give(self, member: int, played: PlayedRound, answers: Mapping[Place, Rated]) -> None:
        """Save as a page does: what comes after the close is kept as a late draft."""
        sitting, seat = played.sittings[member], self.look(member, played.number)
        instrument = self.instrument_of(played)
        changes = {self.cell(instrument, place): given_as(rated) for place, rated in answers.items()}
        if played.state == "open" and member not in self.history.withdrawn:
            self.save(seat, changes)
            sitting.standing |= answers
            sitting.was_edited = True
            return
        with self.refused(RoundClosed if played.state != "open" else Refused):
            self.save(seat, changes)
        if member in self.history.withdrawn:
            return
        request_id = f"late-{next(_serial):08}"
        with self.database.verb() as session:
            answering.keep_late_draft(
                session, seat=seat, request_id=request_id, changes=changes, now=read_now(session)
            )
        sitting.late.append(dict(answers))

    def hand_in(self, member: int, played: PlayedRound) -> None:
        seat = self.look(member, played.number)

        def submit() -> answering.Submitted:
            with self.database.verb() as session:
                return answering.submit(session, seat=seat, request_id=f"submit-{next(_serial):08}")

        if played.state != "open" or member in self.history.withdrawn:
            with self.refused(RoundClosed if played.state != "open" else Refused):
                submit()
            return
        sitting = played.sittings[member]
        sitting.submit()
        assert submit().number == sitting.submissions

    def move(
        self,
        pick: int,
        reason: str,
        may: Callable[[PlayedRound], bool],
        verb: Callable[..., Round],
        act: str,
        **more: Any,
    ) -> bool:
        """Do something to a round that needs a reason; returns whether it was done, and is on record."""
        if not self.history.rounds:
            return False
        played = self.pick(pick)

        def do() -> None:
            with self.database.verb() as session:
                study, now = session.get_one(Study, self.study_id), read_now(session)
                verb(session, study=study, number=played.number, reason=reason, now=now, actor="test", **more)

        if not may(played) or not reason.strip():
            with self.refused(SurveyappError):
                do()
            return False
        do()
        with self.database.reading() as session:
            entries = session.scalars(
                select(AuditEntry)
                .where(AuditEntry.study_id == self.study_id, AuditEntry.act == act)
                .order_by(AuditEntry.at)
            ).all()
        assert {each.reason for each in entries} == {reason}
        return True

    def leave(self, member: int, played: PlayedRound, *, keeps_answers: bool) -> None:
        if member % 2:
            # The others stay to the end, or there would be little left to see.
            return
        seat = self.look(member, played.number)
        with self.database.verb() as session:
            doors.withdraw(session, seat=seat, keep_answers=keeps_answers, now=read_now(session))
        self.history.withdraw(member, keeps_answers=keeps_answers)
        self.last_save = None
        with self.database.reading() as session:
            assert find_seat(session, id_hash=self.cookies[member, played.number]) is None

    def decide_about(self, played: PlayedRound, item: str, outcome: str) -> None:
        detail = Detail()
        if outcome.startswith("revise"):
            wording = Wording(title=Text({"*": f"{item.title()} after round {played.number}"}))
            detail = Detail(wording=wording, is_comparable=outcome == "revise-alike")

        def decide() -> None:
            with self.database.verb() as session:
                deciding.decide(
                    session,
                    study=session.get_one(Study, self.study_id),
                    number=played.number,
                    decided=Decided(item, Outcome(outcome.partition("-")[0]), "as discussed", detail),
                    now=read_now(session),
                    actor="test",
                )

        is_latest = played is self.history.current
        expected: type[SurveyappError] | None = None
        if not played.is_over or not is_latest:
            expected = Refused
        elif item not in played.versions:
            expected = InputError
        elif played.state == "released" and item in played.decided:
            expected = Refused
        if expected is not None:
            with self.refused(expected):
                decide()
            return
        decide()
        played.decided[item] = outcome


def rated(value: int | None) -> Rated:
    return Rated(Status.DONT_KNOW, None) if value is None else Rated(Status.VALUE, value)


def given_as(rated: Rated) -> Given:
    """As a form's text is read: with 'keep' the value is found by the product."""
    match rated.status:
        case Status.KEPT:
            return Given(Status.KEPT)
        case Status.DONT_KNOW:
            return Given(Status.DONT_KNOW, text="dont-know")
        case _:
            return Given(Status.VALUE, number=Decimal(rated.value or 0))
