"""Studies: created whole from a questionnaire, found by their slug."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from surveyapp.errors import InputError, NotFound
from surveyapp.models import AuditEntry, Cell, ItemVersion, QuestionnaireVersion, Study
from surveyapp.questionnaire.model import Questionnaire, is_identifier
from surveyapp.questionnaire.routing import all_cells
from surveyapp.services.studies import create_study, get_study, list_studies, make_slug
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, load_text


@pytest.fixture
def questionnaire(tmp_path: Path) -> Questionnaire:
    return load_text(SMALL, tmp_path)


def create(database: Database, questionnaire: Questionnaire, **changes: object) -> Study:
    values: dict[str, object] = {"title": "Fruit in the north", "slug": None, **changes}
    with database.verb() as session:
        return create_study(
            session,
            questionnaire=questionnaire,
            source=SMALL,
            now=read_now(session),
            actor="test",
            **values,  # type: ignore[arg-type]  # each test gives what it is about
        )


def test_a_study_holds_its_questionnaire_items_and_cells(
    database: Database, questionnaire: Questionnaire
) -> None:
    create(database, questionnaire, slug="noise")
    study = create(database, questionnaire, title="  Fruit  in the north ", contact_email="team@example.org")
    assert (study.slug, study.title) == ("fruit-in-the-north", "Fruit in the north")
    with database.reading() as session:
        version = session.execute(
            select(QuestionnaireVersion).where(QuestionnaireVersion.study_id == study.id)
        ).scalar_one()
        assert version.source == SMALL
        assert version.sha256 == hashlib.sha256(version.canonical.encode()).hexdigest()
        assert Questionnaire.from_canonical(version.canonical) == questionnaire
        items = session.execute(select(ItemVersion.item).where(ItemVersion.study_id == study.id)).scalars()
        assert set(items) == {"apples", "pears"}
        rows = session.scalars(select(Cell).where(Cell.study_id == study.id).order_by(Cell.number)).all()
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))
        assert [(row.question, row.item, row.context, row.criterion, row.part) for row in rows] == [
            tuple(spec.key) for spec in all_cells(questionnaire)
        ]
        assert all(row.item_version == (1 if row.item else 0) for row in rows)
        acts = session.execute(select(AuditEntry.act).where(AuditEntry.study_id == study.id)).scalars().all()
        assert acts == ["study.create"]
        assert [each.slug for each in list_studies(session)] == ["fruit-in-the-north", "noise"]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"title": " "}, ["title"]),
        ({"title": "x" * 201, "slug": "x"}, ["title"]),
        ({"slug": "Two Words"}, ["slug"]),
        ({"slug": ""}, ["slug"]),
        ({"slug": "under_score"}, ["slug"]),
        ({"slug": "a" * 61}, ["slug"]),
        ({"slug": "taken"}, ["slug"]),
        ({"contact_email": "nobody"}, ["contact e-mail"]),
        ({"time_zone": "Mars/Olympus"}, ["time zone"]),
        ({"time_zone": "../etc/passwd", "planned_rounds": 0}, ["time zone", "planned rounds"]),
    ],
)
def test_what_cannot_be_is_refused_with_every_problem(
    database: Database, questionnaire: Questionnaire, changes: dict[str, object], where: list[str]
) -> None:
    create(database, questionnaire, slug="taken")
    with pytest.raises(InputError) as caught:
        create(database, questionnaire, **changes)
    assert [problem.where for problem in caught.value.problems] == where
    with database.reading() as session:
        assert [each.slug for each in list_studies(session)] == ["taken"]


def test_an_unknown_slug_names_the_nearest(database: Database, questionnaire: Questionnaire) -> None:
    with database.reading() as session, pytest.raises(NotFound, match="no study yet"):
        get_study(session, slug="fruit")
    create(database, questionnaire, slug="fruit")
    with database.reading() as session:
        with pytest.raises(NotFound, match="Did you mean 'fruit'"):
            get_study(session, slug="fruits")
        with pytest.raises(NotFound, match="study list"):
            get_study(session, slug="zzz")
        assert get_study(session, slug="fruit").title == "Fruit in the north"


def test_slugs_from_titles() -> None:
    assert make_slug("Maßnahmen für KI: Größe & Güte") == "massnahmen-fur-ki-grosse-gute"
    assert make_slug("2026 risks") == "study-2026-risks"
    assert make_slug("リスク") == "study"


@given(title=st.text(max_size=200))
def test_every_title_gives_a_slug_that_can_be_used(title: str) -> None:
    slug = make_slug(title)
    assert is_identifier(slug)
    assert "_" not in slug
    assert len(slug) <= 60
