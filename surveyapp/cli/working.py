"""``surveyapp worker``: the queue's work, alone or started by ``surveyapp serve``."""

from __future__ import annotations

import os
import signal
from threading import Event

import click

from surveyapp.cli.frame import Installation, installation
from surveyapp.jobs import run_worker
from surveyapp.services import erasure_list
from surveyapp.services.letters.office import make_office

# Set by the server for the worker it starts: the server's process number.
SERVER_VARIABLE = "_SURVEYAPP_SERVER"


@click.command()
@installation
def worker(here: Installation) -> None:
    """Do the queue's work alone, for hosts where 'serve' runs elsewhere: closes rounds, sends letters.

    \b
    Example:
      surveyapp worker
    """
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.environ.get(SERVER_VARIABLE, "")

    def is_orphan() -> bool:
        # The server was killed without being able to say so: end with it.
        return bool(parent) and os.getppid() != int(parent)

    erasure_list.settle(here.database, folder=here.config.data_dir)
    run_worker(here.database, stop=stop, is_orphan=is_orphan, office=make_office(here.config))
