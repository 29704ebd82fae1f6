"""The protocol as a form: it writes the file, shows every problem at its field, and says what it means."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.delphi.protocol.loading import load_text as load_protocol
from surveyapp.models import ProtocolVersion
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient, Page
from tests.support.protocols import set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL, SignIn, join

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path), slug="fruit", groups=("both",), is_open=False)


@pytest.fixture
def form(ground: Ground, sign_in: SignIn) -> str:
    sign_in(join(ground, Role.ORGANISER))
    return "/organiser/s/fruit/protocol/form"


def stored(ground: Ground) -> list[ProtocolVersion]:
    with ground.database.reading() as session:
        return list(
            session.scalars(
                select(ProtocolVersion)
                .where(ProtocolVersion.study_id == ground.study_id)
                .order_by(ProtocolVersion.number)
            )
        )


def send(client: JudgingClient, go: str, expect: int = 200, **changes: str) -> Page:
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return client.submit(named, action="/protocol/form", button=("go", go), expect=expect)


def test_a_protocol_is_written_without_a_file(client: JudgingClient, ground: Ground, form: str) -> None:
    page = client.get("/organiser/s/fruit/protocol")
    assert "Write it with the form" in page.words
    client.get(form)
    send(client, "add.rounds", title="Fruit, asked twice")
    send(client, "add.decisions")
    shown = send(
        client,
        "summary",
        consensus__0__id="agreed",
        consensus__0__rule__values="80%",
        decisions__0__when="agreed is consensus",
        decisions__2__propose="drop",
        decisions__2__when="agreed is no consensus and round >= 2",
    )
    told = shown.words_of(shown.find("div", id="summary"))
    assert "“agreed” says “consensus” when" in told
    assert "It is proposed to accept an item when" in told
    assert "It is proposed to drop an item when" in told
    assert not stored(ground)
    send(client, "keep", 303)
    [version] = stored(ground)
    protocol = load_protocol("stored.yaml", version.source.encode(), ground.instrument.questionnaire)
    assert [each.number for each in protocol.rounds] == [1, 2, 3]
    assert protocol.consensus[0].rule == "percentage-agreement(80%) in every context"
    # What was stored comes back into its fields, and without a change it stays what it is.
    again = client.get(form)
    assert again.find("input", name="consensus.0.rule.values").get("value") == "80%"
    send(client, "keep", 303)
    assert [each.sha256 for each in stored(ground)] == [version.sha256]


def test_every_problem_stands_at_its_field_and_nothing_typed_is_lost(
    client: JudgingClient, ground: Ground, form: str
) -> None:
    client.get(form)
    wrong = send(
        client,
        "keep",
        422,
        anonymity__k="2",
        rounds__1__days_open="ten",
        consensus__0__rule__kind="own",
        consensus__0__rule__own="agre >= 70%",
    )
    for name in ("anonymity.k", "rounds.1.days_open"):
        field = wrong.find("input", name=name)
        assert field.get("aria-invalid") == "true"
        error = (field.get("aria-describedby") or "").split()[0]
        assert wrong.words_of(wrong.find("span", id=error))
    assert wrong.find("input", name="rounds.1.days_open").get("value") == "ten"
    ways = [each.get("href", "")[1:] for each in wrong.find("div", id="wrong").iter("a")]
    assert {"f-anonymity-k", "f-rounds-1-days_open", "f-consensus-0-rule"} <= set(ways)
    for way in ways:
        assert [each for each in wrong.tree.iter() if each.get("id") == way]
    assert not stored(ground)
    # A script gets the same while somebody types.
    data = {"csrf_token": wrong.find_all("input", name="csrf_token")[0].get("value", ""), "title": ""}
    reply = client.http.post(
        f"{form}/summary", base_url=client.base_url, data=data, headers={"Origin": client.base_url}
    )
    assert "to be put right before it can be told" in reply.get_data(as_text=True)


def test_a_locked_protocol_is_amended_with_its_reason(
    client: JudgingClient, ground: Ground, form: str
) -> None:
    set_protocol(ground, PROTOCOL)
    client.get(form)
    wrong = send(client, "keep", 422, rounds__1__days_open="9")
    assert "write why the protocol is amended" in wrong.words.lower()
    send(client, "keep", 303, reason="More time for everybody")
    first, second = stored(ground)
    assert (first.amended_because, second.amended_because) == ("", "More time for everybody")
    assert "More time for everybody" in client.get("/organiser/s/fruit/protocol").words


def test_what_the_form_cannot_say_stays_with_its_file(
    client: JudgingClient, ground: Ground, form: str
) -> None:
    two = PROTOCOL.replace("title: Three rounds on fruit", "title: {en: Three rounds, de: Drei Runden}")
    set_protocol(ground, two, is_locked=False)
    assert "This protocol says more than the form can" in client.get(form).words
