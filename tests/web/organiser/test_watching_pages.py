"""The overview while a round goes: numbers, the part that is asked for again, and its ETag."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from surveyapp.models import OutboxMessage
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database, read_now
from tests.services.test_attrition import lay
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.organiser.conftest import SignIn, join


def ask(client: JudgingClient, url: str, tag: str = "") -> tuple[int, str, str]:
    reply = client.http.get(url, base_url=client.base_url, headers={"If-None-Match": tag} if tag else {})
    return reply.status_code, reply.headers.get("ETag", ""), reply.get_data(as_text=True)


def test_the_overview_tells_times_and_reasons_and_no_answer(client: JudgingClient, desk: str) -> None:
    page = client.get(desk)
    figures = {
        page.words_of(next(each.iter("dt"))): page.words_of(next(each.iter("dd")))
        for each in page.find_all("div", class_="stat")
    }
    assert figures["submitted"] == "6"
    assert figures["reasons written"] == "12"
    assert " min" in figures["median time to submission"]
    assert "Apples keep" not in page.words
    assert page.find("div", id="progress").get("data-watch") == f"{desk}/progress"


def test_prv_29_the_tag_changes_with_what_is_shown_and_with_nothing_else(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    status, tag, shown = ask(client, f"{desk}/progress")
    assert (status, "csrf" in shown, "<html" in shown) == (200, False, False)
    assert ask(client, f"{desk}/progress", tag)[::2] == (304, "")
    # Whoever has submitted presses Start again: nothing of it is shown, and the tag does not tell it.
    answered.sit_down(0)
    assert ask(client, f"{desk}/progress", tag)[0] == 304
    answered.close()
    status, other, _ = ask(client, f"{desk}/progress", tag)
    assert (status, other != tag) == (200, True)
    assert client.get(desk).find("div", id="progress").get("data-watch") is None


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_everybody_who_sees_progress_is_shown_the_same(
    client: JudgingClient, answered: Ground, sign_in: SignIn
) -> None:
    seen = set()
    for role in (Role.OWNER, Role.OBSERVER, Role.CUSTODIAN):
        sign_in(join(answered, role))
        seen.add(ask(client, f"/organiser/s/{answered.slug}/progress")[1])
    assert len(seen) == 1


def test_attrition_is_read_when_the_second_round_is_closed(
    client: JudgingClient, database: Database, tmp_path: Path, sign_in: SignIn
) -> None:
    ground = lay(database, tmp_path, leavers=5)
    sign_in(join(ground, Role.OWNER))
    base = f"/organiser/s/{ground.slug}"
    assert "nobody has left yet" in client.get(f"{base}/rounds/1/attrition").words
    early = client.get(f"{base}/rounds/2/attrition")
    assert "Cliff" not in early.words
    ground.close()
    page = client.get(f"{base}/rounds/2/attrition")
    assert "1 verdict turns when the last ratings of those who left are counted" in page.words
    assert "−1.00 different" in page.words
    assert "5 left, 7 stayed" in page.words
    assert client.http.get(f"{base}/attrition", base_url=client.base_url).location.endswith(
        "/rounds/2/attrition"
    )


def test_reminders_that_went_out_stand_in_the_curve(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    assert "Reminders went out on:" not in client.get(desk).words
    with answered.database.verb() as session:
        now = read_now(session)
        for member, sent in ((0, now), (1, now), (2, None)):
            session.add(
                OutboxMessage(
                    study_id=answered.study_id,
                    panellist_id=answered.panel[member].panellist_id,
                    round=1,
                    kind="reminder",
                    number=1,
                    state="sent" if sent else "queued",
                    state_at=now,
                    due_at=now if sent else now + timedelta(days=3),
                    queued_at=now,
                    queued_by="test",
                    sent_at=sent,
                )
            )
    page = client.get(desk)
    assert page.text.count('class="reminder"') == 1
    assert "Reminders went out on:" in page.words
