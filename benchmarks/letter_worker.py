"""A worker that does nothing but send letters, as a program of its own, until it is stopped."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.panel_import import LINK_KEY
from surveyapp.mail.transport import Folder, Smtp
from surveyapp.services.letters.office import Office
from surveyapp.services.letters.sending import send_due
from surveyapp.services.unit import Database


def main() -> None:
    """Send what is due, to the mail server behind the port that the command line names."""
    url, port, folder = sys.argv[1:]
    office = Office(
        transport=Smtp("127.0.0.1", int(port), "none"),
        drawer=Folder(Path(folder) / "letters"),
        base_url="https://delphi.example.org",
        link_key=LINK_KEY,
        mail_from="delphi@example.org",
    )
    database = Database(url)
    while send_due(database, office).claimed:
        pass


if __name__ == "__main__":
    main()
