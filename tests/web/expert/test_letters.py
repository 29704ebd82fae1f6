"""Switching letters off: no sign-in, one click for mail programs, and looking changes nothing."""

from __future__ import annotations

from sqlalchemy import select

from config import Config
from surveyapp.mail.links import derive_letters_token
from surveyapp.models import LetterWish
from tests.support.judging import JudgingClient
from tests.support.studies import Ground


def address_of(config: Config, ground: Ground, member: int = 0) -> str:
    panellist_id = ground.panel[member].panellist_id
    key = config.link_key.encode()
    return f"/l/letters/{derive_letters_token(key, slug=ground.slug, panellist_id=panellist_id)}"


def wishes_of(ground: Ground) -> list[tuple[int, str]]:
    with ground.database.reading() as session:
        rows = session.execute(select(LetterWish.panellist_id, LetterWish.wish))
        return [(row.panellist_id, row.wish) for row in rows]


def test_sec_05_looking_changes_nothing_and_each_button_does_one_thing(
    client: JudgingClient, ground: Ground, config: Config
) -> None:
    address = address_of(config, ground)
    me = ground.panel[0].panellist_id
    page = client.get(address)
    assert "You get all letters" in page.words
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert wishes_of(ground) == []
    for wish, words, stored in (
        ("no_reminders", "You get no reminders", [(me, "no_reminders")]),
        ("none", "You get no letters", [(me, "none")]),
        ("all", "You get all letters", []),
    ):
        client.post(address, {"wish": wish})
        assert words in client.get(f"{address}?saved=1").words
        assert wishes_of(ground) == stored


def test_one_click_of_a_mail_program_needs_no_cookie_and_no_page(
    client: JudgingClient, ground: Ground, config: Config
) -> None:
    answer = client.http.post(
        address_of(config, ground, 1),
        base_url=config.base_url,
        data={"List-Unsubscribe": "One-Click"},
    )
    assert answer.status_code == 200
    assert wishes_of(ground) == [(ground.panel[1].panellist_id, "none")]


def test_a_forged_link_and_an_unknown_wish_change_nothing(
    client: JudgingClient, ground: Ground, config: Config
) -> None:
    address = address_of(config, ground)
    client.post(address, {"wish": "everything"})
    client.get(f"{address}x", expect=404)
    client.post(f"{address}x", {"wish": "none"}, expect=404)
    client.post(f"/l/letters/{ground.panel[0].token}", {"wish": "none"}, expect=404)
    assert wishes_of(ground) == []
