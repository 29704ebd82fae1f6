"""What the clients of a fault test sent and saw acknowledged, kept apart from what is stored."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import select

from surveyapp.models import Answer, Participation, SaveReceipt
from tests.support.studies import Ground

FIRST_REQUEST = "prepare-this-seat"
"""The save that gave consent, before the faults began."""


@dataclass(frozen=True)
class Sent:
    """One save: the `order`-th of its panellist, with one value that no other save has."""

    panellist_id: int
    order: int
    cell: int
    value: str


@dataclass
class Ledger:
    """Written before a save is sent and after its reply was read; a reply that never came leaves it open."""

    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)
    broken: int = 0
    """How many requests were under way when something was killed."""
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def note_sent(self, request_id: str, save: Sent) -> None:
        """Before the request leaves."""
        with self._changed:
            self.sent[request_id] = save

    def note_acknowledged(self, request_id: str, revision: int) -> None:
        """After the reply was read whole."""
        with self._changed:
            self.acknowledged[request_id] = revision
            self._changed.notify_all()

    def note_broken(self) -> None:
        """A request was sent and its reply did not come."""
        with self._changed:
            self.broken += 1

    def wait_for(self, more: int, *, seconds: float = 120) -> None:
        """Wait until so many more saves were acknowledged."""
        with self._changed:
            goal = len(self.acknowledged) + more
            if not self._changed.wait_for(lambda: len(self.acknowledged) >= goal, seconds):
                raise AssertionError(f"only {len(self.acknowledged)} of {goal} saves were acknowledged")

    def find_faults(self, ground: Ground) -> list[str]:
        """What the database does not hold though it was acknowledged, or holds though nobody sent it."""
        # The ledger first: what is acknowledged by now must be there when the database is read afterwards.
        with self._changed:
            acknowledged = dict(self.acknowledged)
        with ground.database.snapshot() as session:
            of_study = SaveReceipt.study_id == ground.study_id
            receipts = session.execute(
                select(SaveReceipt.panellist_id, SaveReceipt.request_id, SaveReceipt.revision).where(
                    of_study, SaveReceipt.request_id != FIRST_REQUEST
                )
            ).all()
            answers = session.execute(
                select(Answer.panellist_id, Answer.cell, Answer.text).where(
                    Answer.study_id == ground.study_id, Answer.text.is_not(None)
                )
            ).all()
            revisions = dict(
                session.execute(
                    select(Participation.panellist_id, Participation.revision).where(
                        Participation.study_id == ground.study_id
                    )
                ).all()
            )
        with self._changed:
            sent = dict(self.sent)
        faults = [
            f"acknowledged and not stored: {request_id}"
            for request_id in acknowledged.keys() - {receipt.request_id for receipt in receipts}
        ]
        saves: dict[int, int] = defaultdict(int)
        last: dict[tuple[int, int], int] = {}
        for panellist_id, request_id, revision in receipts:
            saves[panellist_id] += 1
            save = sent.get(request_id)
            if save is None:
                faults.append(f"stored and never sent: {request_id}")
                continue
            if acknowledged.get(request_id, revision) != revision:
                faults.append(f"acknowledged as another revision: {request_id}")
            cell = (save.panellist_id, save.cell)
            last[cell] = max(last.get(cell, 0), save.order)
        stored = {(panellist_id, cell): text for panellist_id, cell, text in answers}
        expected = {
            (save.panellist_id, save.cell): save.value
            for save in sent.values()
            if last.get((save.panellist_id, save.cell)) == save.order
        }
        if stored != expected:
            faults.append(f"other answers than those of the last saves: {stored.items() ^ expected.items()}")
        # One for the consent, one for each save: a save done twice would have raised it twice.
        faults += [
            f"{revisions[panellist_id]} revisions after {number} saves"
            for panellist_id, number in saves.items()
            if revisions[panellist_id] != number + 1
        ]
        return faults
