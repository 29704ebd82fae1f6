"""The settings of an installation, read once at the start and checked all together.

Every setting is an environment variable. `SURVEYAPP_CONFIG` may name a TOML file with the same settings in
lower case and without the prefix (``database_url = "…"``); the environment wins over the file.

| Setting                | Default                     | Meaning                                             |
| ---------------------- | --------------------------- | --------------------------------------------------- |
| SURVEYAPP_DATABASE_URL | in the data folder          | sqlite:///FILE or postgresql://USER:PASS@HOST/NAME  |
| SURVEYAPP_BASE_URL     | http://127.0.0.1:8000       | what links in letters begin with                    |
| SURVEYAPP_SECRET_KEY   | none                        | signs cookies and forms; 32 characters or more      |
| SURVEYAPP_LINK_KEY     | derived from the secret key | what personal links come from; also 32 or more      |
| SURVEYAPP_DATA_DIR     | var                         | folder for what the installation keeps in files     |
| SURVEYAPP_PROXIES      | 0                           | reverse proxies in front that are trusted           |
| SURVEYAPP_PROCESSES    | 2                           | web processes                                       |
| SURVEYAPP_THREADS      | 4                           | threads in each web process                         |
| SURVEYAPP_HOST         | 127.0.0.1                   | address to listen on                                |
| SURVEYAPP_PORT         | 8000                        | port to listen on                                   |
| SURVEYAPP_SMTP_HOST    | none                        | mail server that takes letters; without: files      |
| SURVEYAPP_SMTP_PORT    | 587                         | its port                                            |
| SURVEYAPP_SMTP_SECURITY | starttls                   | starttls, tls, or none                              |
| SURVEYAPP_SMTP_USER    | none                        | account at the mail server                          |
| SURVEYAPP_SMTP_PASSWORD | none                       | its password                                        |
| SURVEYAPP_MAIL_FROM    | none                        | address that letters come from                      |
| SURVEYAPP_MAIL_PER_MINUTE | 300                      | letters handed over in a minute; 0 for no limit     |
| SURVEYAPP_MAILBOX_URL  | none                        | imaps://USER:PASS@HOST/FOLDER for returned letters  |
| SURVEYAPP_DELETION_DAYS | 14                        | days in which the deletion of a study can be undone |
| SURVEYAPP_ENVIRONMENT  | production                  | production, development or test                     |
| SURVEYAPP_CONFIG       | none                        | path of a TOML file with these settings             |

The same table stands, with more words, in docs/operators.md; a test compares the two with the code.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from surveyapp.errors import ConfigError

PREFIX = "SURVEYAPP_"
SETTINGS = (
    "DATABASE_URL", "BASE_URL", "SECRET_KEY", "LINK_KEY", "DATA_DIR", "PROXIES", "PROCESSES", "THREADS",
    "HOST", "PORT", "SMTP_HOST", "SMTP_PORT", "SMTP_SECURITY", "SMTP_USER", "SMTP_PASSWORD", "MAIL_FROM",
    "MAIL_PER_MINUTE", "MAILBOX_URL", "DELETION_DAYS", "ENVIRONMENT", "CONFIG",
)  # fmt: skip
SHORTEST_KEY = 32
# Keys that stand in tutorials, examples and templates: whoever uses one has not set a key.
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "example",
    "replace",
    "your-secret",
    "insecure",
)

Environment = Literal["production", "development", "test"]
Security = Literal["starttls", "tls", "none"]
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One installation's settings.

    Keys, passwords and the database's address, which may hold one, never show in `repr`.
    """

    database_url: str = field(repr=False)
    base_url: str
    secret_key: str = field(repr=False)
    link_key: str = field(repr=False)
    data_dir: Path
    proxies: int = 0
    processes: int = 2
    threads: int = 4
    host: str = "127.0.0.1"
    port: int = 8000
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: Security = "starttls"
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_from: str = ""
    mail_per_minute: int = 300
    mailbox_url: str = field(default="", repr=False)
    deletion_days: int = 14
    environment: Environment = "production"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], file: Path | None = None) -> Config:
        """The settings that `environ`, and `file` or the file it names, add up to.

        In the development environment a missing secret key is made once and kept in the data folder.
        Raises ConfigError with every problem, one per line.
        """
        reading = _Reading(environ, file)
        environment = reading.take("ENVIRONMENT", "production", _environment)
        data_dir = reading.take("DATA_DIR", "var", _folder)
        database_url = reading.take(
            "DATABASE_URL", f"sqlite:///{data_dir / 'surveyapp.sqlite3'}", _database_url
        )
        port = reading.take("PORT", "8000", _whole_number(1, 65_535))
        # On one's own machine links lead to where it listens, also where only the port was chosen.
        base_url = reading.take("BASE_URL", f"http://127.0.0.1:{port}", _base_url)
        proxies = reading.take("PROXIES", "0", _whole_number(0, 10))
        processes = reading.take("PROCESSES", "2", _whole_number(1, 64))
        threads = reading.take("THREADS", "4", _whole_number(1, 64))
        host = reading.take("HOST", "127.0.0.1", _host)
        smtp_host = reading.take("SMTP_HOST", "", _host)
        smtp_port = reading.take("SMTP_PORT", "587", _whole_number(1, 65_535))
        smtp_security = reading.take("SMTP_SECURITY", "starttls", _security)
        smtp_user = reading.take("SMTP_USER", "", str)
        smtp_password = reading.take("SMTP_PASSWORD", "", str)
        mail_from = reading.take("MAIL_FROM", "", _address)
        mail_per_minute = reading.take("MAIL_PER_MINUTE", "300", _whole_number(0, 60_000))
        mailbox_url = reading.take("MAILBOX_URL", "", _mailbox_url)
        deletion_days = reading.take("DELETION_DAYS", "14", _whole_number(1, 365))
        reading.check_mail(smtp_host, smtp_security, smtp_user, smtp_password, mail_from)
        if environment == "production":
            reading.check_production(base_url)
        if environment == "development" and not reading.is_set("SECRET_KEY") and not reading.problems:
            secret_key = own_secret(data_dir)
        else:
            secret_key = reading.take_key("SECRET_KEY")
        link_key = reading.take_key("LINK_KEY", _derive_link_key(secret_key))
        reading.finish()
        return cls(
            database_url=database_url,
            base_url=base_url,
            secret_key=secret_key,
            link_key=link_key,
            data_dir=data_dir,
            proxies=proxies,
            processes=processes,
            threads=threads,
            host=host,
            port=port,
            smtp_host=smtp_host,
            smtp_port=smtp_port,
            smtp_security=smtp_security,
            smtp_user=smtp_user,
            smtp_password=smtp_password,
            mail_from=mail_from,
            mail_per_minute=mail_per_minute,
            mailbox_url=mailbox_url,
            deletion_days=deletion_days,
            environment=environment,
        )

    @property
    def is_production(self) -> bool:
        """Whether real experts may be at the other end."""
        return self.environment == "production"

    @property
    def is_https(self) -> bool:
        """Whether experts reach the installation over TLS; only then can cookies be marked secure."""
        return self.base_url.startswith("https://")


def own_secret(data_dir: Path) -> str:
    """The installation's own secret key, made at the first call and kept in the data folder.

    Only the folder's owner can read it. For the demo and for development; in production the operator gives
    the key and keeps it elsewhere than the data.
    """
    path = data_dir / "secret.key"
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = data_dir / f".secret.{secrets.token_hex(8)}"
    if not path.exists():
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
        try:
            # A link appears whole or not at all, and of two first starts only one wins.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SHORTEST_KEY:
        raise ConfigError(
            f"{path}: the key in it is too short. Delete the file; the next start makes a new one."
        )
    return key


class _Reading:
    """The environment over the file, and the problems found on the way."""

    def __init__(self, environ: Mapping[str, str], file: Path | None) -> None:
        self.problems: list[str] = []
        self._environ = environ
        named = environ.get(PREFIX + "CONFIG", "").strip()
        self._file = file or (Path(named) if named else None)
        self._from_file = self._read_file(self._file) if self._file else {}
        for name in sorted(environ):
            if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in SETTINGS:
                self.problems.append(f"{name}: there is no such setting{_nearest(name[len(PREFIX) :])}.")

    def is_set(self, name: str) -> bool:
        """Whether somebody gave this setting a value that is not empty."""
        return bool(self._find(name)[0])

    def take(self, name: str, default: str, parse: Callable[[str], _Value]) -> _Value:
        """The parsed value of a setting; for a wrong one, which is noted, the default stands in."""
        text, where = self._find(name)
        try:
            return parse(text or default)
        except ValueError as error:
            self.problems.append(f"{where}: {error}.")
            return parse(default)

    def take_key(self, name: str, default: str = "") -> str:
        """A key that is long enough and nobody's example; a wrong one is noted and gives ''."""
        text, where = self._find(name)
        try:
            return _key(text) if text or not default else default
        except ValueError as error:
            self.problems.append(f"{where}: {error}.")
            return ""

    def check_production(self, base_url: str) -> None:
        """Refuse what must never face real experts."""
        parts = urlsplit(base_url)
        if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            self.problems.append(
                f"{PREFIX}BASE_URL: {base_url} would send experts' links and answers unencrypted. Put "
                "a reverse proxy with TLS in front and write https://… (docs/operators.md has an example)."
            )
        if self._environ.get("FLASK_DEBUG", "").strip().lower() not in {"", "0", "false", "no"}:
            self.problems.append(
                "FLASK_DEBUG: debugging lets visitors run code on this machine. Remove the variable, or set "
                f"{PREFIX}ENVIRONMENT=development on a machine that nobody else reaches."
            )

    def check_mail(self, host: str, security: Security, user: str, password: str, sender: str) -> None:
        """Refuse settings of a mail server that do not fit together."""
        if not host:
            named = [name for name in ("SMTP_USER", "SMTP_PASSWORD") if self.is_set(name)]
            self.problems.extend(
                f"{PREFIX}{name}: there is no mail server that it belongs to; set {PREFIX}SMTP_HOST."
                for name in named
            )
            return
        if not sender and not self.is_set("MAIL_FROM"):
            self.problems.append(
                f"{PREFIX}MAIL_FROM: letters need an address that they come from; write name@example.org."
            )
        if bool(user) != bool(password):
            missing = "SMTP_PASSWORD" if user else "SMTP_USER"
            self.problems.append(
                f"{PREFIX}{missing}: the mail server's account needs a user and a password; one is missing."
            )
        if security == "none" and user and not _is_loopback(host):
            self.problems.append(
                f"{PREFIX}SMTP_SECURITY: without encryption the password of the account would be readable on "
                "its way. Write starttls or tls."
            )

    def finish(self) -> None:
        """Raise ConfigError if anything was wrong."""
        if self.problems:
            raise ConfigError("\n".join(self.problems))

    def _find(self, name: str) -> tuple[str, str]:
        """A setting's text ('' when nobody gave one) and the place where it stands."""
        text = self._environ.get(PREFIX + name, "").strip()
        if not text and self._from_file.get(name, "").strip():
            return self._from_file[name].strip(), f"{self._file}: {name.lower()}"
        return text, PREFIX + name

    def _read_file(self, path: Path) -> dict[str, str]:
        try:
            content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            self.problems.append(f"{path}: the settings file cannot be read ({error.strerror}).")
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.problems.append(f"{path}: this is not TOML: {error}.")
            return {}
        found: dict[str, str] = {}
        for key, value in content.items():
            name = key.upper()
            if name not in SETTINGS or name == "CONFIG" or key != key.lower():
                self.problems.append(f"{path}: {key}: there is no such setting{_nearest(name)}.")
            elif isinstance(value, bool) or not isinstance(value, str | int):
                self.problems.append(f"{path}: {key}: write a text in quotes or a whole number.")
            else:
                found[name] = str(value)
        return found


def _nearest(name: str) -> str:
    """The name somebody probably meant, as an end of the sentence."""
    near = difflib.get_close_matches(name.upper(), SETTINGS, n=1)
    return f" (the nearest is {PREFIX}{near[0]})" if near else ""


def _derive_link_key(secret_key: str) -> str:
    """A key of its own for personal links, so that neither use of the secret key can speak for the other."""
    return hmac.new(secret_key.encode(), b"surveyapp: personal links, 1", hashlib.sha256).hexdigest()


def _key(text: str) -> str:
    advice = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    if not text:
        raise ValueError(f"a key is needed and none is set; {advice}")
    if any(placeholder in text.lower() for placeholder in PLACEHOLDERS) or len(set(text)) < 8:
        raise ValueError(f"this is a placeholder, not a key; {advice}")
    if len(text) < SHORTEST_KEY:
        raise ValueError(f"the key has {len(text)} characters, at least {SHORTEST_KEY} are needed; {advice}")
    return text


def _environment(text: str) -> Environment:
    known: dict[str, Environment] = {
        "production": "production",
        "development": "development",
        "test": "test",
    }
    if text not in known:
        raise ValueError(f"{text!r} is not an environment; write production, development or test")
    return known[text]


def _security(text: str) -> Security:
    known: dict[str, Security] = {"starttls": "starttls", "tls": "tls", "none": "none"}
    if text.lower() not in known:
        raise ValueError(f"{text!r} is no kind of encryption; write starttls, tls or none")
    return known[text.lower()]


def _address(text: str) -> str:
    pattern = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+"
    if text and not re.fullmatch(pattern, text):
        raise ValueError(f"{text!r} is not an address; write it like delphi@example.org, without a name")
    return text


def _folder(text: str) -> Path:
    path = Path(text).expanduser()
    if path.exists() and not path.is_dir():
        raise ValueError(f"{text} is not a folder; name one that exists or that can be made")
    return path


def _database_url(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in {"sqlite", "postgresql", "postgresql+psycopg"} or not rest.strip("/"):
        raise ValueError(
            "this is not the address of a database; write sqlite:///path/to/file.sqlite3 or "
            "postgresql://user:password@host/name"
        )
    return text


def _mailbox_url(text: str) -> str:
    # None of these sentences repeats the text: it may hold the password.
    advice = (
        "write it like imaps://delphi%40example.org:password@mail.example.org/INBOX, signs like @ and : in "
        "user and password as %40 and %3A"
    )
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"this is not the address of a mailbox; {advice}") from None
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname or port == 0:
        raise ValueError(f"this is not the address of a mailbox; {advice}")
    if not parts.username or not parts.password:
        raise ValueError(f"a mailbox needs a user and a password; {advice}")
    if parts.scheme == "imap" and not _is_loopback(parts.hostname):
        raise ValueError(
            "without encryption the password of the mailbox would be readable on its way; write imaps://…"
        )
    return text


def _base_url(text: str) -> str:
    advice = "write it like https://delphi.example.org, without a path"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"{text!r} is not a web address; {advice}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(f"{text!r} is not a web address; {advice}")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{text!r} has more than scheme, host and port; {advice}")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _host(text: str) -> str:
    if any(character in text for character in "/ @"):
        raise ValueError(f"{text!r} is not an address to listen on; write 127.0.0.1 or 0.0.0.0")
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not lowest <= int(text[:9]) <= highest:
            raise ValueError(f"{text!r} is not a whole number from {lowest} to {highest}")
        return int(text)

    return parse
