"""Rehearsal through the verbs of people: labelled, repeatable, and never among real answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.errors import InputError, Refused
from surveyapp.models import Answer, Identity, Panellist, Participation, Submission
from surveyapp.questionnaire.loading import load
from surveyapp.services import rounds
from surveyapp.services.panel import import_panel
from surveyapp.services.reading.progress import get_progress
from surveyapp.services.simulating import Simulated, count_waiting, simulate, synthetic_panel
from surveyapp.services.studies import create_study, get_study
from surveyapp.services.unit import Database, read_now
from tests.support.protocols import ROUND_ZERO, give_protocol
from tests.support.studies import LINK_KEY, QUESTIONNAIRES, SMALL, lay_ground, load_text


def make_study(database: Database, folder: Path, *, slug: str = "fruit", people: int = 12) -> None:
    questionnaire = load_text(SMALL, folder)
    with database.verb() as session:
        now = read_now(session)
        study = create_study(
            session, questionnaire=questionnaire, source="", title="Fruit", slug=slug, now=now, actor="test"
        )
        import_panel(
            session,
            study=study,
            questionnaire=questionnaire,
            rows=synthetic_panel(people, groups=("north", "south", "both")),
            now=now,
            actor="test",
            link_key=LINK_KEY,
        )
        rounds.open_round(session, study=study, now=now, actor="test")


def run(
    database: Database, *, slug: str = "fruit", seed: int = 1, share: float = 0.5, **more: object
) -> Simulated:
    return simulate(
        database,
        slug=slug,
        link_key=LINK_KEY,
        actor="test",
        seed=seed,
        share=share,
        **more,  # type: ignore[arg-type]  # each test gives what it is about
    )


def read_answers(database: Database, slug: str) -> dict[str, list[tuple[object, ...]]]:
    """Address → what that panellist answered."""
    with database.reading() as session:
        study = get_study(session, slug=slug)
        rows = session.execute(
            select(Identity.email_key, Answer.cell, Answer.status, Answer.value, Answer.text, Answer.parts)
            .join(Identity, Identity.panellist_id == Answer.panellist_id)
            .where(Answer.study_id == study.id, Identity.study_id == study.id)
            .order_by(Identity.email_key, Answer.cell)
        ).all()
    answers: dict[str, list[tuple[object, ...]]] = {}
    for email, *answer in rows:
        answers.setdefault(email, []).append(tuple(answer))
    return answers


def test_a_panel_answers_plausibly_and_is_labelled(database: Database, tmp_path: Path) -> None:
    make_study(database, tmp_path, people=30)
    heard: list[int] = []
    done = run(database, share=0.6, progress=heard.append)
    assert done.total == 30 == sum(heard)
    assert done.submitted > 10
    assert done.in_progress
    assert done.declined
    assert done.not_started
    with database.reading() as session:
        study = get_study(session, slug="fruit")
        assert study.is_synthetic
        assert set(session.execute(select(Panellist.is_synthetic)).scalars()) == {True}
        counts = get_progress(session, study=study).rounds[0].counts
        assert (counts.submitted, counts.in_progress, counts.declined, counts.not_started) == (
            done.submitted, done.in_progress, done.declined, done.not_started,
        )  # fmt: skip
        assert len(session.execute(select(Submission.number)).all()) == done.submitted
        reasons = session.execute(select(Answer.text).where(Answer.text.is_not(None))).scalars().all()
        assert any("ynthetic" in text for text in reasons if text)


def test_the_same_seed_answers_the_same(database: Database, tmp_path: Path) -> None:
    for slug in ("one", "two", "other"):
        make_study(database, tmp_path, slug=slug)
    assert run(database, slug="one", seed=5) == run(database, slug="two", seed=5)
    run(database, slug="other", seed=6)
    assert read_answers(database, "one") == read_answers(database, "two")
    assert read_answers(database, "one") != read_answers(database, "other")


def test_limit_and_spare_leave_people_out(database: Database, tmp_path: Path) -> None:
    make_study(database, tmp_path)
    spare = ["Synthetic-Expert-01@example.org"]
    assert run(database, share=1, limit=3, spare=spare).submitted == 3
    assert sorted(read_answers(database, "fruit")) == [
        f"synthetic-expert-{number:02}@example.org" for number in (2, 3, 4)
    ]
    with database.reading() as session:
        study = get_study(session, slug="fruit")
        assert count_waiting(session, study=study) == 9
        assert count_waiting(session, study=study, spare=spare) == 8
    assert run(database, share=1).submitted == 9


def test_invented_answers_never_mix_with_real_ones(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    ground.sit_down()
    with pytest.raises(Refused, match="never mixed"):
        run(database)
    with database.reading() as session:
        assert not get_study(session, slug=ground.slug).is_synthetic
        assert len(session.execute(select(Participation.round)).all()) == 1


def test_nobody_answers_without_an_open_round(database: Database, tmp_path: Path) -> None:
    make_study(database, tmp_path)
    rounds.close_round(database, slug="fruit", actor="test")
    with pytest.raises(Refused, match="No round"):
        run(database)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none(database: Database, tmp_path: Path, share: float) -> None:
    with pytest.raises(InputError, match="share"):
        run(database, share=share)


def test_the_synthetic_panel_is_plainly_invented() -> None:
    rows = synthetic_panel(76, groups=("a", "b", "c", "d", "e"), seed=3)
    assert rows == synthetic_panel(76, groups=("a", "b", "c", "d", "e"), seed=3)
    assert all(row.name.startswith("Synthetic Expert ") for row in rows)
    assert all(row.email.endswith("@example.org") for row in rows)
    assert len({row.email for row in rows}) == 76
    sizes = [sum(row.group == group for row in rows) for group in "abcde"]
    assert max(sizes) - min(sizes) <= 1


def test_every_kind_of_question_can_be_rehearsed(database: Database) -> None:
    """Every example questionnaire: whoever submits has answered all that is needed."""
    for number, file in enumerate(sorted((QUESTIONNAIRES / "examples").glob("*.yaml"))):
        questionnaire = load(file)
        slug = f"example-{number}"
        with database.verb() as session:
            now = read_now(session)
            study = create_study(
                session, questionnaire=questionnaire, source="", title=slug, slug=slug, now=now, actor="test"
            )
            import_panel(
                session,
                study=study,
                questionnaire=questionnaire,
                rows=synthetic_panel(3, groups=[group.id for group in questionnaire.groups]),
                now=now,
                actor="test",
                link_key=LINK_KEY,
            )
            if questionnaire.awaits_items:
                give_protocol(session, study, ROUND_ZERO)
            rounds.open_round(session, study=study, now=now, actor="test")
        assert run(database, slug=slug, share=1).submitted == 3, file.name
