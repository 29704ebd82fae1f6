"""Settings: read from environment and file, checked all together, never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from config import Config, own_secret
from surveyapp.errors import ConfigError

KEY = "an ordinary key of ordinary length, 0123"


def read(**settings: str) -> Config:
    """The settings of an environment, names without their prefix."""
    return Config.from_environment({f"SURVEYAPP_{name}": value for name, value in settings.items()})


def complain(**settings: str) -> list[str]:
    """The problems of an environment."""
    with pytest.raises(ConfigError) as caught:
        read(**settings)
    return str(caught.value).splitlines()


def test_secret_key_alone_is_enough() -> None:
    config = read(SECRET_KEY=KEY)
    assert config.is_production
    assert config.database_url == "sqlite:///var/surveyapp.sqlite3"
    assert len(config.link_key) == 64


def test_sec_91_missing_secret_key_is_refused() -> None:
    (problem,) = complain()
    assert problem.startswith("SURVEYAPP_SECRET_KEY: a key is needed")


@pytest.mark.parametrize("key", ["changeme", "x" * 40, "short", "please-replace-this-with-a-real-secret-key"])
def test_sec_91_weak_key_is_refused_and_not_repeated(key: str) -> None:
    for name in ("SECRET_KEY", "LINK_KEY"):
        (problem,) = complain(**{"SECRET_KEY": KEY, name: key})
        assert problem.startswith(f"SURVEYAPP_{name}: ")
        assert key not in problem


def test_all_problems_come_at_once() -> None:
    problems = complain(
        PORT="99999", THREADS="many", PROXIES="-1", DATABASE_URL="mysql://x/y", BASE_URL="delphi.example.org",
        ENVIRONMENT="staging", BASEURL="x", HOST="a b",
    )  # fmt: skip
    named = {problem.split(":")[0] for problem in problems}
    assert named == {
        f"SURVEYAPP_{name}"
        for name in (
            "PORT", "THREADS", "PROXIES", "DATABASE_URL", "BASE_URL", "ENVIRONMENT", "BASEURL", "HOST",
            "SECRET_KEY",
        )
    }  # fmt: skip
    assert any("nearest is SURVEYAPP_BASE_URL" in problem for problem in problems)


def test_file_gives_settings_and_environment_wins(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f'secret_key = "{KEY}"\nport = 9000\nthreads = 3\n', encoding="utf-8")
    config = read(CONFIG=str(path), PORT="9001")
    assert (config.port, config.threads) == (9001, 3)
    assert Config.from_environment({}, path).port == 9000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("port = 9000\nprot = 1", "prot: there is no such setting (the nearest is SURVEYAPP_PORT)"),
        ("port = 1.5", "port: write a text in quotes or a whole number"),
        ("port = true", "port: write a text in quotes or a whole number"),
        ("port = 0", "port: '0' is not a whole number from 1"),
        ("port 9000", "this is not TOML"),
        ("PORT = 9000", "PORT: there is no such setting"),
    ],
)
def test_problems_in_the_file_are_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    (found,) = complain(CONFIG=str(path), SECRET_KEY=KEY)
    assert found.startswith(f"{path}: ")
    assert problem in found


def test_missing_file_is_named(tmp_path: Path) -> None:
    (problem,) = complain(CONFIG=str(tmp_path / "none.toml"), SECRET_KEY=KEY)
    assert "none.toml: the settings file cannot be read" in problem


@pytest.mark.parametrize("address", ["http://delphi.example.org", "http://10.0.0.4:8000"])
def test_production_refuses_unencrypted_addresses(address: str) -> None:
    assert "unencrypted" in complain(SECRET_KEY=KEY, BASE_URL=address)[0]
    assert read(SECRET_KEY=KEY, BASE_URL=address, ENVIRONMENT="test").base_url == address


@pytest.mark.parametrize(
    "address", ["https://delphi.example.org", "http://localhost:8000", "http://[::1]:8000"]
)
def test_production_takes_tls_and_this_machine(address: str) -> None:
    assert read(SECRET_KEY=KEY, BASE_URL=address + "/").base_url == address


def test_sec_91_production_refuses_debugging() -> None:
    with pytest.raises(ConfigError, match="FLASK_DEBUG"):
        Config.from_environment({"SURVEYAPP_SECRET_KEY": KEY, "FLASK_DEBUG": "1"})


def test_links_lead_to_the_port_that_was_chosen() -> None:
    assert read(SECRET_KEY=KEY, PORT="8080").base_url == "http://127.0.0.1:8080"
    address = "https://delphi.example.org"
    assert read(SECRET_KEY=KEY, PORT="8080", BASE_URL=address).base_url == address


@pytest.mark.parametrize(
    "address", ["ftp://x", "https://", "https://a/b", "https://a?x=1", "https://u:p@a", "https://a:x"]
)
def test_base_url_is_scheme_host_and_port(address: str) -> None:
    assert complain(SECRET_KEY=KEY, BASE_URL=address)[0].startswith("SURVEYAPP_BASE_URL: ")


def test_nothing_secret_shows() -> None:
    config = read(SECRET_KEY=KEY, LINK_KEY=KEY + "4", DATABASE_URL="postgresql://me:hush@127.0.0.1/db")
    for secret in (KEY, config.link_key, "hush"):
        assert secret not in repr(config)


def test_link_key_is_derived_once_and_can_be_set_apart() -> None:
    assert (
        read(SECRET_KEY=KEY).link_key == read(SECRET_KEY=KEY).link_key != read(SECRET_KEY=KEY + "4").link_key
    )
    assert read(SECRET_KEY=KEY, LINK_KEY=KEY + "5").link_key == KEY + "5"


def test_development_makes_its_own_key_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = read(ENVIRONMENT="development", DATA_DIR=str(data))
    again = read(ENVIRONMENT="development", DATA_DIR=str(data))
    assert first.secret_key == again.secret_key
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in data.iterdir()] == ["secret.key"]


def test_spoiled_own_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("x", encoding="ascii")
    with pytest.raises(ConfigError, match=r"secret\.key"):
        own_secret(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "imaps://mail.example.org/INBOX",
        "imap://ada:sesame-seeds@mail.example.org",
        "https://ada:sesame-seeds@mail.example.org",
        "imaps://ada:sesame-seeds@mail.example.org:x",
    ],
)
def test_a_mailbox_is_named_whole_encrypted_and_never_repeated(url: str) -> None:
    (problem,) = complain(SECRET_KEY=KEY, MAILBOX_URL=url)
    assert problem.startswith("SURVEYAPP_MAILBOX_URL: ")
    assert "sesame" not in problem
    good = read(SECRET_KEY=KEY, MAILBOX_URL="imaps://ada%40example.org:sesame@mail.example.org/INBOX")
    assert "sesame" not in repr(good)
