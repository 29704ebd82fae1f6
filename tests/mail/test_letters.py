"""Rendering: both parts say the same, headers cannot be slipped into, unknown variables are told at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from surveyapp.mail.kinds import RULES, Kind
from surveyapp.mail.letters import Letter, Recipient, Sender, compose, message_id, write_body
from surveyapp.mail.texts import Text, built_in, built_in_languages, find_problems, words
from tests.support.mailing import read

NOON = datetime(2026, 12, 12, 12, tzinfo=UTC)
LINK = "https://delphi.example.org/l/fruit.secret"
OFF = "https://delphi.example.org/l/letters/fruit.1.proof"
VALUES = {
    "name": "Ada Lovelace",
    "study": "Fruit & <b>more</b>",
    "organisation": "The team",
    "contact": "team@example.org",
    "round": "1",
    "rounds": "2",
    "closes": "Sat 12 Dec 2026, 18:00 CET",
    "link": LINK,
    "letters_link": OFF,
}


def write(text: Text, *, name: str = "Ada Lovelace", email: str = "ada@example.org") -> Letter:
    body = write_body(text, {**VALUES, "name": name}, words=words("en"), letters_link=OFF)
    return compose(
        body,
        sender=Sender("The team", "delphi@example.org", "team@example.org"),
        recipient=Recipient(name, email),
        message_id="<abc@delphi.example.org>",
        letters_link=OFF,
        language="en",
        now=NOON,
    )


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("language", built_in_languages())
def test_every_text_that_comes_along_is_in_order_in_every_language(kind: Kind, language: str) -> None:
    for number in range(1, RULES[kind].texts + 1):
        assert find_problems(kind, built_in(kind, number, language)) == []


def test_sec_73_both_parts_carry_the_same_one_link_and_what_is_written_is_escaped() -> None:
    message = read(write(built_in(Kind.INVITATION, 1, "en")).content)
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert plain.get_content().count(LINK) == page.get_content().count(LINK) == 1
    assert "Fruit &amp; &lt;b&gt;more&lt;/b&gt;" in page.get_content()
    assert "<img" not in page.get_content()
    assert message["List-Unsubscribe"] == f"<{OFF}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Reply-To"] == "team@example.org"


def test_sec_70_a_name_begins_no_header_and_adds_no_recipient() -> None:
    name = "Ada\r\nBcc: eve@example.org, eve@example.org <eve@example.org>"
    message = read(write(Text("To {name}", "Hello {name}"), name=name).content)
    assert message["Bcc"] is None
    assert [each.addr_spec for each in message["To"].addresses] == ["ada@example.org"]
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize("email", ["ada", "ada@x y", "a@b, c@d", "ada@example.org\nBcc: x@y", "@example.org"])
def test_what_is_no_address_gets_no_letter(email: str) -> None:
    with pytest.raises(ValueError, match="no letter can go"):
        write(Text("s", "b"), email=email)


def test_sec_44_nothing_in_a_text_is_run() -> None:
    text = Text("{{7*7}} {name}", "{{config}} %(x)s ${7*7} {0.__class__} {name}")
    message = read(write(text).content)
    assert message["Subject"] == "{{7*7}} Ada Lovelace"
    plain = message.get_body(("plain",))
    assert plain is not None
    assert "{{config}} %(x)s ${7*7} {0.__class__} Ada Lovelace" in plain.get_content()


def test_a_value_is_never_filled_in_again() -> None:
    message = read(write(Text("{name}", "b"), name="{link}").content)
    assert message["Subject"] == "{link}"


def test_all_that_is_wrong_with_a_text_is_told_at_once() -> None:
    found = find_problems(Kind.INVITATION, Text("", "Dear {nmae}, {wishes}"))
    told = "\n".join(map(str, found))
    assert "subject: it is empty" in told
    assert "there is no variable {nmae}; did you mean {name}?" in told
    assert "there is no variable {wishes}" in told
    assert "the personal link is missing" in told


def test_a_letter_is_the_same_to_the_byte_and_its_name_depends_on_the_key() -> None:
    text = built_in(Kind.REMINDER, 2, "de")
    assert write(text).content == write(text).content
    one = message_id(b"key", host="h", about="a")
    assert one == message_id(b"key", host="h", about="a")
    assert len({one, message_id(b"other", host="h", about="a"), message_id(b"key", host="h", about="b")}) == 3
