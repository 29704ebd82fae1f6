"""The served installations that the journeys share, and the experts who walk through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from surveyapp.services.unit import Database
from tests.journeys.house import House, load_questionnaire, open_study
from tests.journeys.walking import Expert
from tests.support.browser import OpenPage
from tests.support.databases import Databases, Engine
from tests.support.serving import LiveServer
from tests.support.studies import Ground

SLUG = "systemic-ai-mitigations"

Houses = Callable[[Engine], House]


@pytest.fixture(scope="session")
def houses(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Houses]:
    """One installation per database engine, started when the first journey asks for it."""
    with ExitStack() as stack:
        built: dict[Engine, House] = {}

        def get_house(engine: Engine) -> House:
            if engine not in built:
                url = stack.enter_context(databases.fresh(engine))
                database = Database(url)
                stack.callback(database.close)
                server = LiveServer(url, tmp_path_factory.mktemp("house"))
                stack.callback(server.stop)
                ground = open_study(database, load_questionnaire(), slug=SLUG, groups=("cbrn",))
                built[engine] = House(database, server, ground)
            return built[engine]

        yield get_house


@pytest.fixture(scope="session")
def house(houses: Houses) -> House:
    """The installation that most journeys share."""
    return houses("sqlite")


@pytest.fixture
def invite(house: House, page: OpenPage) -> Callable[..., Expert]:
    """`invite("cbrn", viewport=PHONE)`: a new expert with a browser of their own, nothing opened yet."""

    def make(group: str = "cbrn", *, ground: Ground | None = None, **options: Any) -> Expert:
        member = house.invite(group, ground=ground)
        return Expert(house, member, page(**options), ground or house.ground)

    return make
