"""In an organiser-blind study no page, file or record joins names and answers (PRV-09, SEC-59)."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from surveyapp.models import AuditEntry, Identity, Panellist, Study
from surveyapp.services import answering
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database
from tests.support.accounts import add_organiser, sign_in
from tests.support.judging import JudgingClient
from tests.support.studies import SMALL, Ground, lay_ground, load_text

if TYPE_CHECKING:
    from flask import Flask

NAME, ADDRESS, WORD = "Ada Lovelace-Unmistakable", "ada.unmistakable@example.org", "botany-unmistakable"


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A blind study whose first panellist has a name and has answered; its round is closed."""
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    seat = ground.sit_down()
    consent, word = ground.number("consent"), ground.number("word")
    with database.verb() as session:
        session.execute(update(Study).values(anonymity="blind"))
        session.add(
            Identity(
                study_id=ground.study_id,
                panellist_id=seat.panellist_id,
                name=NAME,
                email=ADDRESS,
                email_key=ADDRESS,
            )
        )
        changes = {consent: ground.given(consent, "1"), word: ground.given(word, WORD)}
        answering.save(session, seat=seat, request_id="saved before", base=0, changes=changes)
        answering.submit(session, seat=seat, request_id="submitted before")
    ground.close()
    return ground


def read_everything(app: Flask, client: JudgingClient) -> str:
    """Every page and file of the study that somebody gets at, unpacked, with what acts reply."""
    texts = []
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("organiser.") or rule.arguments != {"slug"}:
            continue
        url = rule.rule.replace("<slug>", "fruit")
        if "GET" in (rule.methods or ()):
            page = client._send("GET", url, follow=False)
            texts.append(page.text)
            client.page = page if page.is_html else client.page
    client.get("/organiser/")
    token = client.page.find_all("input", name="csrf_token")[0].get("value", "") if client.page else ""
    headers = {"Origin": client.base_url}
    reply = client._send(
        "POST", "/organiser/s/fruit/export", follow=False, data={"csrf_token": token}, headers=headers
    )
    if reply.response.mimetype == "application/zip":
        with zipfile.ZipFile(io.BytesIO(reply.response.get_data())) as archive:
            texts += [archive.read(name).decode() for name in archive.namelist()]
        reply.response.close()
    return "\n".join(texts)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_prv_09_nobody_gets_at_names_and_answers(
    app: Flask, client: JudgingClient, ground: Ground, database: Database, role: Role
) -> None:
    add_organiser(database, "owner@example.org", study_id=ground.study_id)
    add_organiser(database, "member@example.org", study_id=ground.study_id, role=role)
    sign_in(client, "member@example.org")
    read = read_everything(app, client)
    with database.reading() as session:
        pseudonym = session.scalar(
            select(Panellist.pseudonym).where(Panellist.id == ground.panel[0].panellist_id)
        )
    assert pseudonym is not None
    # The custodian knows who is on the panel, without pseudonyms; everybody else knows pseudonyms at most.
    assert (ADDRESS in read, NAME in read) == ((True, True) if role == Role.CUSTODIAN else (False, False))
    assert pseudonym not in read or role != Role.CUSTODIAN
    sees_answers = role in {Role.OWNER, Role.ORGANISER, Role.ANALYST}
    assert (WORD in read) == sees_answers, "who may take the data home reads answers, nobody else does"
    client.get("/organiser/")
    token = client.page.find_all("input", name="csrf_token")[0].get("value", "") if client.page else ""
    looked = client._send(
        "POST",
        "/organiser/s/fruit/lookup",
        follow=False,
        data={"sought": pseudonym, "reason": "to see who that is", "csrf_token": token},
        headers={"Origin": client.base_url},
    )
    assert (NAME in looked.text) == (role == Role.CUSTODIAN)
    assert looked.status == (200 if role == Role.CUSTODIAN else 403)
    with database.reading() as session:
        written = " ".join(
            f"{each.actor} {each.detail} {each.reason}" for each in session.scalars(select(AuditEntry))
        )
    assert NAME not in written
    assert ADDRESS not in written
    assert WORD not in written
