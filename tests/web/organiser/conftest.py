"""An organiser at work: a study in its first round, answered and with reasons, and a desk for each role."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from surveyapp.questionnaire.cells import CellKey
from surveyapp.services import accounts
from surveyapp.services.permissions import Role
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.judging import JudgingClient, Page
from tests.support.protocols import set_protocol
from tests.support.second_round import give, open_next
from tests.support.studies import SMALL, Ground, lay_ground, load_text

PASSWORD = "a long enough passphrase"
PASSWORD_HASH = accounts.hash_password(PASSWORD)
PROTOCOL = """
format: 1
id: small-protocol
version: "1"
title: Three rounds on fruit
questionnaire: small
rounds:
  - {number: 1, asks: all items}
  - {number: 2, asks: only open, days_open: 7}
  - {number: 3, asks: only open}
consensus:
  - {id: agreed, for: {criterion: effect}, rule: "agree >= 70% in every context"}
stability: {for: {criterion: effect}, minimum_pairs: 3}
decisions:
  - {propose: accept, when: agreed is consensus}
counting: {minimum_n: 3}
anonymity: {k: 3, k_reasons: 3, unanimity: show}
"""
GROUPS = ("both",) * 6


def rating(item: str, context: str) -> CellKey:
    """A rating of the small study."""
    return CellKey("fruit", item, context, "effect")


def reason_on(item: str, context: str) -> CellKey:
    """What is written beside it."""
    return CellKey("fruit", item, context, part="reason")


def answers_of(member: int) -> dict[CellKey, str]:
    """Apples are agreed on everywhere, pears are not; everybody says why, one of them nothing."""
    pears = "3" if member % 2 else "1"
    return {
        CellKey("consent"): "1",
        CellKey("word"): "fruit",
        rating("apples", "north"): "3",
        rating("apples", "south"): "3",
        rating("pears", "north"): pears,
        rating("pears", "south"): pears,
        reason_on("apples", "north"): "none" if member == 0 else f"Apples keep, as Dr {member} knows.",
        reason_on("pears", "north"): f"Pears are {'sweet' if member % 2 else 'soft'}, says {member}.",
    }


def lay(database: Database, folder: Path, *, slug: str = "fruit", groups: tuple[str, ...] = GROUPS) -> Ground:
    """A study with a locked protocol whose first round is open and answered by everybody."""
    ground = lay_ground(database, load_text(SMALL, folder), slug=slug, groups=groups, is_open=False)
    set_protocol(ground, PROTOCOL)
    opened = open_next(ground)
    for member in range(len(groups)):
        give(opened, member, answers_of(member))
    return opened


def join(ground: Ground, role: str, email: str = "") -> str:
    """Somebody who works on the study in this role; returns the address."""
    email = email or f"{role}@example.org"
    if role != Role.OWNER:
        # A study has an owner before anybody else.
        join(ground, Role.OWNER, "first@example.org")
    with ground.database.verb() as session:
        now = read_now(session)
        if not accounts.has_organiser(session, email=email):
            accounts.add_organiser(
                session, email=email, password=PASSWORD, password_hash=PASSWORD_HASH, now=now, actor="test"
            )
        study = get_study(session, slug=ground.slug)
        accounts.grant(session, email=email, study=study, role=role, now=now, actor="test")
    return email


SignIn = Callable[[str], None]


@pytest.fixture
def sign_in(client: JudgingClient) -> SignIn:
    """Sign in with an address."""

    def enter(email: str) -> None:
        # A browser of one's own: nobody else is signed in there.
        client.http = client.app.test_client()
        client.get("/organiser/sign-in")
        client.submit({"email": email, "password": PASSWORD})

    return enter


def chosen(page: Page, name: str) -> list[str]:
    """The values of the boxes called `name` that are ticked."""
    boxes = page.find_all("input", name=name)
    return [box.get("value", "") for box in boxes if box.get("checked") is not None]


@pytest.fixture
def answered(database: Database, tmp_path: Path) -> Ground:
    """The study with its first round open and answered."""
    return lay(database, tmp_path)


@pytest.fixture
def desk(answered: Ground, client: JudgingClient, sign_in: SignIn) -> str:
    """The owner of that study, signed in; the study's address."""
    sign_in(join(answered, Role.OWNER))
    return f"/organiser/s/{answered.slug}"
