"""A study once more: all that was set up, those who still take part on new seats, and never an answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from surveyapp.errors import InputError
from surveyapp.exchange.panel_file import PanelRow
from surveyapp.models import (
    Answer,
    Identity,
    Invitation,
    LetterText,
    LetterWish,
    Panellist,
    ProtocolVersion,
    ReminderRule,
    Round,
    Study,
)
from surveyapp.services.copying import Copied, copy_study, find_free_slug
from surveyapp.services.panel import import_panel
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer
from tests.support.between_rounds import open_next
from tests.support.protocols import set_protocol
from tests.support.studies import LINK_KEY, SMALL, Ground, lay_ground, load_text

PEOPLE = tuple(
    PanelRow(row=number, name=f"Expert {name}", email=f"{name}@example.org", group="both", tags=("early",))
    for number, name in enumerate(("ada", "ben", "cem", "dag"), start=2)
)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A study with settings of its own, a locked protocol, people, letters, and an answer."""
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",), is_open=False)
    with database.verb() as session:
        study, now = session.get_one(Study, laid.study_id), read_now(session)
        study.contact_email, study.time_zone, study.time_grain = "team@example.org", "Europe/Berlin", "hour"
        import_panel(
            session,
            study=study,
            questionnaire=laid.instrument.questionnaire,
            rows=PEOPLE,
            now=now,
            actor="test",
            link_key=LINK_KEY,
        )
        key = {"study_id": study.id, "kind": "invitation", "number": 1, "language": "en"}
        for version, subject in ((1, "Old"), (2, "New")):
            session.add(
                LetterText(**key, version=version, subject=subject, body="Text", saved_at=now, saved_by="x")
            )
        session.add(
            ReminderRule(
                study_id=study.id,
                number=1,
                anchor="after_opening",
                days=3,
                minute=540,
                audience="not_started",
            )
        )
        session.flush()
        ids = dict(session.execute(select(Identity.email, Identity.panellist_id)).all())
        session.execute(
            update(Panellist).where(Panellist.id == ids["ben@example.org"]).values(state="withdrawn")
        )
        session.add(
            LetterWish(study_id=study.id, panellist_id=ids["cem@example.org"], wish="none", wished_at=now)
        )
    set_protocol(laid)
    open_next(laid)
    answer(laid, 0, {laid.number("fruit", "pears", "north", "effect"): "3"})
    return laid


def copy(
    ground: Ground, *, title: str = "Once more", slug: str = "again", with_panel: bool = False
) -> Copied:
    with ground.database.verb() as session:
        return copy_study(
            session,
            study=session.get_one(Study, ground.study_id),
            title=title,
            slug=slug,
            link_key=LINK_KEY,
            with_panel=with_panel,
            now=read_now(session),
            actor="test",
        )


def test_a_copy_has_all_that_was_set_up_and_nothing_that_was_answered(ground: Ground) -> None:
    copy(ground)
    with ground.database.reading() as session:
        study = get_study(session, slug="again")
        assert (
            study.title,
            study.contact_email,
            study.time_zone,
            study.time_grain,
            study.smallest_group,
        ) == (
            "Once more",
            "team@example.org",
            "Europe/Berlin",
            "hour",
            3,
        )
        [version] = session.scalars(select(ProtocolVersion).where(ProtocolVersion.study_id == study.id))
        assert version.locked_at is None
        [text] = session.scalars(select(LetterText).where(LetterText.study_id == study.id))
        assert (text.subject, text.version) == ("New", 1)
        [rule] = session.scalars(select(ReminderRule).where(ReminderRule.study_id == study.id))
        assert (rule.days, rule.audience) == (3, "not_started")
        for table in (Answer, Panellist, Round):
            assert not session.scalar(select(func.count()).where(table.study_id == study.id))


def test_the_panel_comes_along_on_new_seats(ground: Ground) -> None:
    made = copy(ground, with_panel=True)
    assert (made.people, made.left_out) == (2, 2)
    with ground.database.reading() as session:
        new = session.execute(
            select(Identity.email, Identity.name, Panellist.pseudonym, Panellist.tags, Panellist.group)
            .join(
                Panellist, (Panellist.study_id == Identity.study_id) & (Panellist.id == Identity.panellist_id)
            )
            .where(Identity.study_id == made.study.id)
            .order_by(Identity.email)
        ).all()
        assert [(row.email, row.name) for row in new] == [
            ("ada@example.org", "Expert ada"),
            ("dag@example.org", "Expert dag"),
        ]
        assert {(row.tags, row.group) for row in new} == {('["early"]', "both")}

        def held(column, study_id: int) -> set[object]:  # type: ignore[no-untyped-def]
            return set(session.scalars(select(column).where(column.class_.study_id == study_id)))

        for column in (Panellist.pseudonym, Panellist.id, Invitation.token_hash):
            assert not held(column, made.study.id) & held(column, ground.study_id)
        assert len(held(Invitation.token_hash, made.study.id)) == 2


def test_everything_wrong_with_the_names_is_said_and_nothing_is_made(ground: Ground) -> None:
    with pytest.raises(InputError) as caught:
        copy(ground, title=" ", slug=ground.slug)
    assert [problem.where for problem in caught.value.problems] == ["title", "slug"]
    with ground.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Study)) == 1
        assert find_free_slug(session, wanted=ground.slug) == f"{ground.slug}-2"
