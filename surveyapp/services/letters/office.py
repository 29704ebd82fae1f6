"""The post office of an installation: where letters go, from whom, and what their links begin with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from surveyapp.mail.mailbox import Imap, Mailbox
from surveyapp.mail.transport import Folder, Smtp, Transport

if TYPE_CHECKING:
    from config import Config

FOLDER = "letters"
"""Where letters land as files, in the data folder."""


@dataclass(frozen=True, slots=True)
class Office:
    """What it takes to send a letter, apart from the letter."""

    transport: Transport
    drawer: Transport
    """Where letters to invented people go: they never leave the machine."""
    base_url: str
    link_key: bytes = field(repr=False)
    mail_from: str = ""
    per_minute: int = 0
    mailbox: Mailbox | None = None
    """Where letters that cannot be delivered are reported; without one they are noted by hand."""
    place: str = ""
    """The folder that letters land in, where they do not leave the machine."""

    @property
    def host(self) -> str:
        """The name that Message-IDs end with: always the configured one."""
        return urlsplit(self.base_url).hostname or "localhost"

    @property
    def sender(self) -> str:
        """The address that letters come from."""
        return self.mail_from or "surveyapp@localhost.invalid"

    def forget(self, address: str) -> int:
        """Delete the letters to this address that lie on this machine as files; returns how many."""
        places = {each.path for each in (self.transport, self.drawer) if isinstance(each, Folder)}
        return sum(Folder(path).forget(address) for path in places)


def make_office(config: Config) -> Office:
    """The office as the settings describe it."""
    path = config.data_dir / FOLDER
    folder = Folder(path)
    transport: Transport = folder
    if config.smtp_host:
        transport = Smtp(
            config.smtp_host,
            config.smtp_port,
            config.smtp_security,
            config.smtp_user,
            config.smtp_password,
        )
    return Office(
        transport=transport,
        drawer=folder,
        base_url=config.base_url,
        link_key=config.link_key.encode(),
        mail_from=config.mail_from,
        per_minute=config.mail_per_minute if config.smtp_host else 0,
        mailbox=Imap.from_url(config.mailbox_url) if config.mailbox_url else None,
        place="" if config.smtp_host else str(path),
    )
