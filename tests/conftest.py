"""What every test stands on: a closed network, fresh databases, the app, a judging client, a browser."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from config import Config
from surveyapp.services.unit import Database
from tests.support import network, postgres, sparing
from tests.support.browser import axe, browser, live_server, page, serve
from tests.support.databases import Databases, Engine, open_databases
from tests.support.judging import JudgingClient
from tests.support.scheduling import BROWSER_TESTS, OneBrowser, needs_browser

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["axe", "browser", "live_server", "page", "serve"]

# `make verify` asks for more: this many times as many trials and examples, and both databases everywhere.
TRIALS = int(os.environ.get("TRIALS", "1"))
ENGINES: tuple[Engine, ...] = ("sqlite", "postgresql")
# Pages and commands say what services found, and those are tested on both databases.
ON_ONE_DATABASE = ("cli", "journeys", "web")

hypothesis.settings.register_profile(
    "surveyapp",
    # No limits on time: a busy machine is no fault of the code.
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    max_examples=60 * TRIALS,
    print_blob=True,
)
hypothesis.settings.load_profile("surveyapp")


def pytest_configure(config: pytest.Config) -> None:
    network.close_network()
    sparing.spare_processor_time()
    if not hasattr(config, "workerinput"):
        # Workers are started by this process and inherit both.
        folder = Path(tempfile.mkdtemp(prefix="surveyapp-tests-"))
        folder.chmod(0o711)  # the database's user must be able to walk through
        os.environ["TEST_RUN_FOLDER"] = str(folder)
        os.environ["TEST_RUN_OWNER"] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and "TEST_RUN_FOLDER" in os.environ:
        folder = Path(os.environ.pop("TEST_RUN_FOLDER"))
        postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on both databases, or on the one that its mark or its place asks for."""
    if "database_engine" not in metafunc.fixturenames:
        return
    marks = metafunc.definition.iter_markers("parametrize")
    if any("database_engine" in (mark.args[0] if mark.args else mark.kwargs["argnames"]) for mark in marks):
        return
    part = metafunc.definition.path.relative_to(Path(__file__).parent).parts[0]
    is_on_both = (
        TRIALS > 1 or part not in ON_ONE_DATABASE or metafunc.definition.get_closest_marker("both_databases")
    )
    metafunc.parametrize("database_engine", ENGINES if is_on_both else ENGINES[:1], indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneBrowser:
    """Who runs what, where several workers share the tests."""
    return OneBrowser(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("browser") and not needs_browser(item.nodeid):
            raise pytest.UsageError(f"{item.nodeid}: tests with a browser lie in {BROWSER_TESTS[0]}.")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In continuous integration a skipped test is a failure: what is not tested must not look green."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if os.environ.get("CI") == "true" and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _closed_network() -> Iterator[None]:
    network.take_attempts()
    yield
    attempts = network.take_attempts()
    assert not attempts, f"the network is closed in tests; something reached for {', '.join(attempts)}"


@pytest.fixture(scope="session")
def trials() -> Callable[[int], int]:
    """`trials(60)`: how often to try what depends on chance; `make verify` multiplies it."""
    return lambda usual: usual * TRIALS


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """This worker's source of fresh databases."""
    source = open_databases(tmp_path_factory.mktemp("databases"))
    yield source
    source.close()


@pytest.fixture
def database_engine(request: pytest.FixtureRequest) -> Engine:
    """Both databases, one after the other; for pages and commands SQLite (`pytest_generate_tests`).

    `@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)` narrows a test to one of them,
    `@pytest.mark.both_databases` lets a test of pages or commands run on both.
    """
    engine: Engine = request.param
    return engine


@pytest.fixture
def database_url(databases: Databases, database_engine: Engine) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    with databases.fresh(database_engine) as url:
        yield url


@pytest.fixture
def empty_database_url(databases: Databases, database_engine: Engine) -> Iterator[str]:
    """The address of a database without any table: for migrations."""
    with databases.fresh(database_engine, migrated=False) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database, opened."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """The settings of an installation for one test."""
    return Config(
        database_url=database_url,
        base_url="http://127.0.0.1:8000",
        secret_key="only tests sign with this key: tKq3-vW9x_",
        link_key="only tests derive links from this: p2Lm-Rz7",
        data_dir=tmp_path / "var",
        environment="test",
    )


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The whole application on a fresh database."""
    from surveyapp import create_app

    made = create_app(config)
    sparing.keep_compiled(made)
    yield made
    made.extensions["surveyapp.database"].close()


@pytest.fixture
def client(app: Flask, config: Config) -> JudgingClient:
    """A visitor without JavaScript who refuses any page that is not in order."""
    return JudgingClient(app, config.base_url)
