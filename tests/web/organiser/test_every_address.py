"""Who may go where: every address of the URL map, every role, the own study and a foreign one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from surveyapp.services.permissions import Right, Role, rights_of
from surveyapp.services.reading.panellists import seat_of
from surveyapp.services.unit import Database
from surveyapp.web.organiser.permissions import CONFIRMED, IN_STUDY, OPEN, SIGNED_IN
from tests.support.addresses import Address, organiser_addresses
from tests.support.judging import JudgingClient
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import SignIn, join

if TYPE_CHECKING:
    from flask import Flask

# One person may do all of this in one study and nothing in another.
_REFUSED = {403, 404}
# A signed-in person without the right to the overview goes on to what is theirs.
_HOME = "study"


@pytest.fixture
def two(database: Database, tmp_path: Path) -> tuple[Ground, Ground]:
    """The own study and a foreign one, each with an open round."""
    questionnaire = load_text(SMALL, tmp_path)
    return lay_ground(database, questionnaire, slug="own"), lay_ground(
        database, questionnaire, slug="foreign"
    )


def test_every_address_has_its_right(app: Flask) -> None:
    names = {address.name for address in organiser_addresses(app, slug="fruit")}
    assert names == {*OPEN, *SIGNED_IN, *IN_STUDY}


# One walk on PostgreSQL: every page's questions are understood there too.
@pytest.mark.parametrize(
    ("role", "database_engine"),
    [*((role, "sqlite") for role in Role), (Role.OWNER, "postgresql")],
    indirect=["database_engine"],
)
def test_sec_30_every_role_goes_where_it_may(
    app: Flask, client: JudgingClient, sign_in: SignIn, two: tuple[Ground, Ground], role: Role
) -> None:
    own, foreign = two
    sign_in(join(own, role))
    rights = rights_of(role, is_blind=False)
    walked = 0
    for address in addresses_of_studies(app, own, with_names=Right.IDENTITIES in rights):
        walked += 1
        status = knock(client, address)
        if IN_STUDY[address.name] in rights:
            # Some acts ask first for a fresh confirmation (403), as test_access has it.
            is_let_in = status not in _REFUSED or is_about_nothing(address) or address.name in CONFIRMED
            assert is_let_in, f"{role} {address}: {status}"
        elif address.name == _HOME and rights:
            assert status == 303, f"{role} {address}: {status}"
        else:
            assert status == 403, f"{role} {address}: {status}"
    for address in addresses_of_studies(app, foreign):
        assert knock(client, address) == 404, f"{role} {address} of a foreign study"
    assert walked > 40


@pytest.mark.parametrize("role", [Role.OWNER, Role.ORGANISER, Role.MODERATOR, Role.ANALYST])
def test_sec_36_who_is_blind_sees_no_names_and_who_sees_names_no_answers(role: Role) -> None:
    rights = rights_of(role, is_blind=True)
    assert Right.IDENTITIES not in rights
    assert not rights_of(Role.CUSTODIAN, is_blind=True) & {Right.RESULTS, Right.REASONS, Right.EXPORT}


def addresses_of_studies(app: Flask, ground: Ground, *, with_names: bool = False) -> list[Address]:
    """Every address of one study, a panellist named as those do who see names, or as the others do."""
    panellist_id = ground.panel[0].panellist_id
    pseudonym = f"P-{panellist_id:X}"
    seat = seat_of(panellist_id) if with_names else pseudonym
    found = organiser_addresses(app, slug=ground.slug, pseudonym=pseudonym, seat=seat)
    return [address for address in found if address.name in IN_STUDY]


def is_about_nothing(address: Address) -> bool:
    """Whether the address names something that this study has not, such as a job or a protocol version."""
    return any(part in address.url for part in ("/jobs/", "/protocol/", "/release/as"))


def knock(client: JudgingClient, address: Address) -> int:
    """The status that the address answers with, as a browser would ask for it."""
    token = csrf_token(client) if address.method == "POST" else ""
    response = client.http.open(
        address.url,
        method=address.method,
        base_url=client.base_url,
        data={"csrf_token": token} if token else None,
        headers={"Origin": client.base_url},
    )
    status = response.status_code
    response.close()
    return status


def csrf_token(client: JudgingClient) -> str:
    """The token of the session, as it stands on a page."""
    page = client.get("/organiser/")
    return page.find_all("input", name="csrf_token")[0].get("value", "")
