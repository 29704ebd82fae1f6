"""The bench of reasons: both sides, every act, the summary with its sources, and nothing that gets lost."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select, update

from surveyapp.models import (
    AuditEntry,
    CodedReason,
    Reason,
    ReasonTheme,
    SummarySentence,
    SummarySource,
    Theme,
    WebSession,
)
from surveyapp.services.permissions import Role
from surveyapp.services.reasons import coding, handling, summarising
from surveyapp.services.unit import read_now
from tests.support.judging import JudgingClient, Page
from tests.support.studies import Ground
from tests.web.organiser.conftest import PASSWORD, SignIn, chosen, join

LONG = 'A long sentence\nabout <pears> & "apples".'
SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def bench(client: JudgingClient, answered: Ground, desk: str) -> str:
    """Round 1 is closed by its button, so its reasons are gathered; the address of the bench."""
    client.get(f"{desk}/rounds")
    client.submit({}, action="/rounds/1/close")
    return f"{desk}/rounds/1/reasons"


def reasons(ground: Ground, item: str) -> list[Reason]:
    with ground.database.reading() as session:
        rows = session.scalars(
            select(Reason)
            .where(Reason.study_id == ground.study_id, Reason.item == item)
            .order_by(Reason.public_id)
        )
        return list(rows)


def names_on(page: Page, side: str) -> list[str]:
    (section,) = page.find_all("section", aria_labelledby=f"side-{side}")
    return [article.get("id", "") for article in section.iter("article")]


def test_for_and_against_stand_side_by_side(client: JudgingClient, answered: Ground, bench: str) -> None:
    page = client.get(f"{bench}/pears")
    by_name = {row.public_id: row.text for row in reasons(answered, "pears")}
    assert len(names_on(page, "agree")) == 3
    assert all("sweet" in by_name[name] for name in names_on(page, "agree"))
    assert all("soft" in by_name[name] for name in names_on(page, "disagree"))
    assert "North · Effect: Disagree" in page.words
    assert "P-" not in page.words
    page = client.get(bench)
    assert "12 reasons" in page.words
    assert "the side for has given" in page.words


def test_what_says_nothing_is_set_aside_in_one_act(
    client: JudgingClient, answered: Ground, bench: str
) -> None:
    page = client.get(bench)
    assert "1 unread reason says nothing" in page.words
    client.submit({}, action="/set-aside-empty")
    (row,) = [row for row in reasons(answered, "apples") if row.state != "unread"]
    assert (row.text, row.state, row.handled_by) == ("none", "set_aside", "owner@example.org")
    assert "says nothing" not in client.get(bench).words


def test_a_reason_is_redacted_and_shown(client: JudgingClient, answered: Ground, bench: str) -> None:
    row = next(row for row in reasons(answered, "apples") if "Dr 3" in row.text)
    client.get(f"{bench}/apples")
    page = client.post(
        f"{bench}/apples/redact", {"reason": row.public_id, "text": " ", "seen": ""}, expect=422
    )
    assert "nothing would be left to read" in page.words
    (form,) = [
        form for form in page.find_all("form") if page.read_form(form).get("reason") == [row.public_id]
    ]
    values = page.read_form(form)
    client.post(f"{bench}/apples/redact", {**values, "text": "Apples keep.", "go": "release"})
    found = next(each for each in reasons(answered, "apples") if each.public_id == row.public_id)
    assert (found.state, found.released_text) == ("released", "Apples keep.")
    assert found.text == row.text
    page = client.get(f"{bench}/apples")
    assert "Experts will read: Apples keep." in page.words
    stale = {**values, "text": "Apples rot.", "seen": ""}
    page = client.post(f"{bench}/apples/redact", stale, expect=409)
    assert "Somebody else has redacted" in page.words
    assert "Apples rot." in page.words


def test_all_that_is_left_is_shown_at_once(client: JudgingClient, answered: Ground, bench: str) -> None:
    first, *_rest = [row.public_id for row in reasons(answered, "pears")]
    client.get(f"{bench}/pears")
    client.post(f"{bench}/pears", {"act": "set-aside", "reasons": [first], "because": "off the point"})
    client.get(f"{bench}/pears")
    client.submit({}, action="/reasons/pears", button=("act", "release-left"))
    assert [row.state for row in reasons(answered, "pears")].count("released") == 5
    assert "still to do" not in client.get(f"{bench}/pears").words


def test_reasons_are_merged_set_aside_and_put_back(
    client: JudgingClient, answered: Ground, bench: str
) -> None:
    first, second, third, *_rest = [row.public_id for row in reasons(answered, "pears")]
    client.get(f"{bench}/pears")
    page = client.post(f"{bench}/pears", {"act": "merge", "reasons": [second]}, expect=422)
    assert "say which reason stands for the others" in page.words
    assert chosen(page, "reasons") == [second]
    client.post(f"{bench}/pears", {"act": "merge", "reasons": [first, second], "into": first})
    page = client.get(f"{bench}/pears")
    page = client.post(f"{bench}/pears", {"act": "set-aside", "reasons": [third], "because": ""}, expect=422)
    assert "Say why these are set aside" in page.words
    client.post(f"{bench}/pears", {"act": "set-aside", "reasons": [third], "because": "off the point"})
    states = {row.public_id: (row.state, row.merged_into, row.because) for row in reasons(answered, "pears")}
    assert states[second] == ("merged", first, "")
    assert states[third] == ("set_aside", "", "off the point")
    client.get(f"{bench}/pears")
    client.post(f"{bench}/pears", {"act": "put-back", "reasons": [second, third]})
    assert {row.state for row in reasons(answered, "pears")} == {"unread"}
    client.get(f"{bench}/pears")
    page = client.post(f"{bench}/pears", {"act": "release"}, expect=422)
    assert "choose at least one" in page.words
    client.post(f"{bench}/pears", {"act": "eat", "reasons": [first]}, expect=400)


def test_reasons_are_coded_with_themes_of_the_code_book(
    client: JudgingClient, answered: Ground, bench: str, desk: str
) -> None:
    client.get(f"{desk}/themes")
    page = client.post(
        f"{desk}/themes", {"act": "add", "title": "", "definition": "Sweet or sour."}, expect=422
    )
    assert "the theme needs a title" in page.words
    assert "Sweet or sour." in page.words
    client.post(f"{desk}/themes", {"act": "add", "title": "Taste", "definition": "Sweet or sour."})
    page = client.get(f"{desk}/themes")
    assert "not used yet" in page.words
    first, second, *_rest = [row.public_id for row in reasons(answered, "pears")]
    client.get(f"{bench}/pears")
    client.post(f"{bench}/pears", {"act": "code", "reasons": [first], "themes": ["taste"]})
    client.get(f"{bench}/pears")
    client.post(f"{bench}/pears", {"act": "code", "reasons": [second]})
    page = client.get(f"{bench}/pears")
    assert "Your themes: Taste" in page.words
    assert "Your themes: none" in page.words
    with answered.database.reading() as session:
        assert len(session.scalars(select(CodedReason)).all()) == 2
        assert session.scalars(select(ReasonTheme.coder)).all() == ["owner@example.org"]
    with answered.database.verb() as session:
        # Somebody else finds the theme in both.
        coding.code_reasons(
            session,
            study_id=answered.study_id,
            codes={first: ["taste"], second: ["taste"]},
            coder="Ann",
            now=read_now(session),
            actor="Ann",
        )
    assert "Ann: Taste" in client.get(f"{bench}/pears").words
    page = client.get(f"{desk}/themes")
    assert "TasteAnn, owner@example.org250 %0" in page.words
    with answered.database.verb() as session:
        coding.forget_codes(
            session,
            study_id=answered.study_id,
            public_ids=[first, second],
            coder="Ann",
            now=read_now(session),
            actor="Ann",
        )
    client.get(f"{desk}/themes")
    page = client.post(f"{desk}/themes", {"act": "remove", "theme": "taste"}, expect=409)
    assert "take it out of that first" in page.words
    client.post(f"{desk}/themes", {"act": "change", "theme": "taste", "title": "Flavour", "definition": ""})
    client.get(f"{bench}/pears")
    client.post(f"{bench}/pears", {"act": "uncode", "reasons": [first, second]})
    client.get(f"{desk}/themes")
    client.post(f"{desk}/themes", {"act": "remove", "theme": "taste"})
    with answered.database.reading() as session:
        assert session.scalars(select(Theme)).all() == []


def test_a_summary_links_each_sentence_to_its_sources(
    client: JudgingClient, answered: Ground, bench: str
) -> None:
    first, second, *_rest = [row.public_id for row in reasons(answered, "pears")]
    client.get(f"{bench}/pears")
    page = client.submit({"text-1": "Pears divide.", "sources-1": ""}, action="/pears/summary", expect=422)
    assert "link it to the reasons that it stands on" in page.words
    page = client.submit(
        {"sources-1": f"{first}, {second}"}, action="/pears/summary", button=("go", "more"), expect=200
    )
    page = client.submit(
        {"text-2": "Some like them.", "sources-2": second}, action="/pears/summary", follow=True
    )
    with answered.database.reading() as session:
        texts = session.scalars(select(SummarySentence.text).order_by(SummarySentence.position)).all()
        assert texts == ["Pears divide.", "Some like them."]
        assert len(session.scalars(select(SummarySource)).all()) == 3
    assert "In the summary: sentence 1 sentence 2" in page.words
    assert {row.public_id for row in reasons(answered, "pears") if row.state == "summarised"} == {
        first,
        second,
    }
    page = client.post(
        f"{bench}/pears", {"act": "set-aside", "reasons": [first], "because": "no"}, expect=409
    )
    assert "The summary stands on" in page.words


def test_nobody_overwrites_anothers_summary_unawares(
    client: JudgingClient, answered: Ground, bench: str
) -> None:
    first, *_rest = [row.public_id for row in reasons(answered, "pears")]
    client.get(f"{bench}/pears")
    with answered.database.verb() as session:
        summarising.write_summary(
            session,
            study_id=answered.study_id,
            round_number=1,
            item="pears",
            sentences=[summarising.DraftSentence(1, "Theirs.", (first,))],
            now=read_now(session),
            actor="somebody",
        )
    page = client.submit({"text-1": "Mine.", "sources-1": first}, action="/pears/summary", expect=409)
    assert "Somebody else has changed this summary" in page.words
    assert "As it is stored now:Theirs." in page.words
    assert page.read_form(page.find_form("/pears/summary"))["text-1"] == ["Mine."]
    client.submit({}, action="/pears/summary")
    with answered.database.reading() as session:
        assert session.scalars(select(SummarySentence.text)).all() == ["Mine."]


def test_a_summary_outlives_the_sign_in(client: JudgingClient, answered: Ground, bench: str) -> None:
    first, *_rest = [row.public_id for row in reasons(answered, "pears")]
    client.get(f"{bench}/pears")
    with answered.database.verb() as session:
        session.execute(update(WebSession).values(expires_at=read_now(session)))
    client.submit({"text-1": LONG, "sources-1": first}, action="/pears/summary", expect=403)
    page = client.submit({"email": "owner@example.org", "password": PASSWORD}, action="/sign-in", expect=200)
    assert page.find_form("/pears/summary")
    with answered.database.reading() as session:
        assert session.scalars(select(SummarySentence)).all() == []
    client.submit({}, action="/pears/summary")
    with answered.database.reading() as session:
        assert session.scalars(select(SummarySentence.text)).all() == [LONG]


def test_a_summary_outlives_a_new_sign_in(
    client: JudgingClient, answered: Ground, bench: str, sign_in: SignIn
) -> None:
    first, *_rest = [row.public_id for row in reasons(answered, "pears")]
    written = client.get(f"{bench}/pears")
    sign_in("owner@example.org")
    # The token in that page is of another session: nothing is done without one more look.
    typed = {"text-1": LONG, "sources-1": first}
    page = client.submit(typed, action="/pears/summary", page=written, expect=400)
    assert "You have signed in anew" in page.words
    assert " ".join(LONG.split()) in page.words
    with answered.database.reading() as session:
        assert session.scalars(select(SummarySentence)).all() == []
    client.submit({}, action="/pears/summary")
    with answered.database.reading() as session:
        assert session.scalars(select(SummarySentence.text)).all() == [LONG]


@SQLITE
def test_nothing_secret_is_shown_back(client: JudgingClient, answered: Ground) -> None:
    sent = {"password": PASSWORD, "csrf_token": "forged-token", "reason": "because of this and that"}
    page = client.post(f"/organiser/s/{answered.slug}/rounds/1/cancel", sent, expect=403)
    assert "because of this and that" in page.text
    assert PASSWORD not in page.text
    assert "forged-token" not in page.text


@SQLITE
def test_a_moderator_works_on_reasons_and_sees_nothing_else(
    client: JudgingClient, answered: Ground, bench: str, sign_in: SignIn
) -> None:
    sign_in(join(answered, Role.MODERATOR))
    page = client.get(f"/organiser/s/{answered.slug}", follow=True)
    assert "Reasons of round 1" in page.words
    assert [page.words_of(link) for link in page.find("nav", class_="tabs").iter("a")] == ["Reasons"]
    page = client.get(f"{bench}/pears")
    assert "Its results" not in page.words
    first, *_rest = [row.public_id for row in reasons(answered, "pears")]
    client.post(f"{bench}/pears", {"act": "release", "reasons": [first]})
    client.get(bench.replace("/reasons", "/results"), expect=403)


@SQLITE
def test_what_was_not_gathered_can_be_gathered_here(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    answered.close()
    page = client.get(f"{desk}/rounds/1/reasons")
    assert "What 6 panellists submitted has not been gathered yet" in page.words
    client.submit({}, action="/acts/gather")
    assert len(reasons(answered, "pears")) == 6


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_reasons_go_out_in_a_file_and_come_back(
    client: JudgingClient, answered: Ground, bench: str, ending: str
) -> None:
    client.get(bench)
    taken = client.submit({"coder": ""}, action="/acts/sheet", button=("format", ending), expect=200)
    content = taken.response.get_data()
    taken.response.close()
    assert f"fruit-reasons-1.{ending}" in taken.headers["Content-Disposition"]
    assert send_back(client, bench, content, ending, go="keep", expect=303).location.endswith("brought=0")
    changed = content.replace(b",unread,", b",released,") if ending == "csv" else content
    page = send_back(client, bench, changed, ending, go="check", expect=200)
    assert ("The file changes nothing." in page.words) is (ending == "xlsx")
    assert {row.state for row in reasons(answered, "pears")} == {"unread"}
    send_back(client, bench, changed, ending, go="keep", expect=303)
    assert {row.state for row in reasons(answered, "pears")} == {"released" if ending == "csv" else "unread"}
    with answered.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "reasons.export")).one()
    assert entry.actor == "owner@example.org"


@SQLITE
@pytest.mark.parametrize(
    ("name", "content"),
    [("", b""), ("reasons.pdf", b"%PDF"), ("../x.csv", b"\xff\xfe"), ("x.xlsx", b"no zip")],
)
def test_what_is_no_sheet_gets_a_sentence(
    client: JudgingClient, answered: Ground, bench: str, name: str, content: bytes
) -> None:
    for go in ("check", "keep"):
        page = send_back(client, bench, content, name, go=go, expect=422)
        assert "That was not done." in page.words
    assert {row.state for row in reasons(answered, "pears")} == {"unread"}


def send_back(client: JudgingClient, bench: str, content: bytes, name: str, *, go: str, expect: int) -> Page:
    """Send a file to the bench, as a browser would."""
    page = client.get(bench)
    token = page.find_all("input", name="csrf_token")[0].get("value", "")
    file = (io.BytesIO(content), name if "." in name or not name else f"mine.{name}")
    sent = {"csrf_token": token, "go": go, "file": file}
    return client.post(bench.replace("/reasons", "/acts/bring"), sent, expect=expect)  # type: ignore[arg-type]  # Werkzeug's own way to send a file


@SQLITE
def test_an_item_may_have_any_name(client: JudgingClient) -> None:
    names = {"gather", "set-aside-empty", "as-proposed", "sheet"}
    rules = [rule.rule for rule in client.app.url_map.iter_rules() if rule.endpoint.startswith("organiser.")]
    for rule in rules:
        before, item, _rest = rule.partition("/<item>")
        if item:
            assert not {f"{before}/{name}" for name in names} & set(rules)


@SQLITE
def test_reasons_of_another_study_are_unknown(client: JudgingClient, answered: Ground, bench: str) -> None:
    client.get(f"{bench}/pears")
    page = client.post(f"{bench}/pears", {"act": "release", "reasons": ["R-NOTHERE"]}, expect=404)
    assert "This study has no reason R-NOTHERE." in page.words
    client.get(f"{bench}/plums", expect=404)
    with answered.database.verb() as session:
        names = [row.public_id for row in reasons(answered, "pears")]
        handling.release_reasons(
            session, study_id=answered.study_id, public_ids=names, now=read_now(session), actor="x"
        )
    assert "Every reason on it is dealt with." in client.get(f"{bench}/pears").words
