"""A process that saves answers until somebody kills it: `python -m tests.faults.writer URL TOKEN LIFE`.

It writes `sent ID` before each save and `done ID REVISION` after its commit.
"""

from __future__ import annotations

import os
import sys

from surveyapp.mail.links import study_of
from surveyapp.services import answering, doors
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.seats import find_seat
from surveyapp.services.unit import Database, read_now
from tests.faults.seats import make_saves, written_cells
from tests.support.studies import Ground


def main(url: str, token: str, life: str) -> None:
    database = Database(url)
    with database.verb() as session:
        started = doors.start(session, token=token, now=read_now(session))
    with database.reading() as session:
        seat = find_seat(session, id_hash=doors.hash_cookie(started.cookie))
        assert seat is not None
        instrument = get_instrument(session, study_id=seat.study_id, number=seat.questionnaire_number)
    ground = Ground(database, seat.study_id, study_of(token), instrument, ())
    revision = seat.revision
    for request_id, save in make_saves(seat.panellist_id, written_cells(ground), life=int(life)):
        # One write call per line: a kill leaves it whole or away.
        os.write(1, f"sent {request_id}\n".encode())
        with database.verb() as session:
            saved = answering.save(
                session,
                seat=seat,
                request_id=request_id,
                base=revision,
                changes={save.cell: ground.given(save.cell, save.value)},
            )
        revision = saved.revision
        os.write(1, f"done {request_id} {revision}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
