"""What the pages between rounds cost: a handful of queries, whatever the size of the study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from surveyapp.models import Study
from surveyapp.services.deciding import decide_as_proposed
from surveyapp.services.figures import read_figures
from surveyapp.services.permissions import Role
from surveyapp.services.releasing import release_round, settle_round
from surveyapp.services.unit import Database, read_now
from tests.services.test_attrition import lay as lay_second_of
from tests.support.judging import JudgingClient
from tests.support.protocols import set_protocol
from tests.support.second_round import give, open_next
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL, SignIn, answers_of, join, rating, reason_on

# Two of them ask who is there and what may be done.
MOST = 12 + 2
# A release is made from everything: figures, reasons, summaries, decisions, and what is missing of them.
OF_A_RELEASE = 30
# The bench tells also what was not gathered yet, of reasons and of whatever else experts wrote.
OF_THE_BENCH = 16
PAGES = (
    "",
    "rounds",
    "rounds/1/results",
    "rounds/1/results/apples",
    "rounds/1/attrition",
    "rounds/1/reasons",
    "rounds/1/reasons/apples",
    "rounds/1/replies",
    "rounds/1/proposals",
    "rounds/1/proposals/alike",
    "rounds/1/decisions",
    "rounds/1/decisions/apples",
    "rounds/1/new-item",
    "rounds/1/release",
    "protocol",
    "themes",
    "audit",
    "audit.csv",
    "jobs",
)


@contextmanager
def counted(ground: Ground) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    for engine in ground.database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in ground.database.engines:
            event.remove(engine, "before_cursor_execute", note)


def lay_large(database: Database, folder: Path, *, items: int, people: int) -> Ground:
    """A study with so many items and people, its first round closed, everybody with a reason on each item."""
    more = "".join(f"  - {{id: fruit-{number}, title: Fruit {number}}}\n" for number in range(items))
    questionnaire = load_text(SMALL.replace("pages:\n", f"{more}pages:\n", 1), folder)
    ground = lay_ground(database, questionnaire, groups=("both",) * people, is_open=False)
    set_protocol(ground, PROTOCOL)
    opened = open_next(ground)
    for member in range(people):
        answers = answers_of(member)
        for number in range(items):
            answers[rating(f"fruit-{number}", "north")] = "3"
            answers[reason_on(f"fruit-{number}", "south")] = f"Because of {number}, says {member}."
        give(opened, member, answers)
    ground.close()
    settle_round(database, study_id=ground.study_id, number=1, actor="test")
    return ground


@pytest.fixture(params=[(2, 4), (40, 9)], ids=["small", "large"])
def ground(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Ground:
    """A small study and a large one."""
    items, people = request.param
    return lay_large(database, tmp_path, items=items, people=people)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_a_page_costs_a_handful_of_queries(client: JudgingClient, ground: Ground, sign_in: SignIn) -> None:
    sign_in(join(ground, Role.OWNER))
    watched = Ground(
        client.app.extensions["surveyapp.database"], ground.study_id, ground.slug, ground.instrument, ()
    )
    costs = {}
    for page in PAGES:
        url = f"/organiser/s/{ground.slug}/{page}".rstrip("/")
        # What is kept per process is read by the first visit.
        client.get(url).response.close()
        with counted(watched) as statements:
            client.get(url).response.close()
        costs[page] = len(statements)
    assert costs.pop("rounds/1/release") <= OF_A_RELEASE
    assert costs.pop("rounds/1/reasons") <= OF_THE_BENCH
    assert {page: cost for page, cost in costs.items() if cost > MOST} == {}, costs


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("rounds", [2, 3])
def test_watching_costs_the_same_after_three_rounds(
    client: JudgingClient, database: Database, tmp_path: Path, sign_in: SignIn, rounds: int
) -> None:
    ground = lay_second_of(database, tmp_path, leavers=5)
    ground.close()
    if rounds == 3:
        with database.verb() as session:
            study, now = session.get_one(Study, ground.study_id), read_now(session)
            figures = read_figures(session, study_id=study.id, number=2)
            decide_as_proposed(session, study=study, figures=figures, reason="", now=now, actor="test")
        release_round(database, slug=ground.slug, actor="test", number=2, note="")
        ground = open_next(ground)
        ground.close()
    sign_in(join(ground, Role.OWNER))
    watched = Ground(
        client.app.extensions["surveyapp.database"], ground.study_id, ground.slug, ground.instrument, ()
    )
    for page in ("", "/progress", f"/rounds/{rounds}/attrition"):
        url = f"/organiser/s/{ground.slug}{page}"
        client.http.get(url, base_url=client.base_url).close()
        with counted(watched) as statements:
            client.http.get(url, base_url=client.base_url).close()
        assert len(statements) <= MOST, (page, statements)
