"""Decisions between rounds as they are stored: taken, replaced, taken back, and put into force."""

from __future__ import annotations

from collections import OrderedDict
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from surveyapp.delphi.lineage import Decided, Detail, Outcome, Wording
from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.models import (
    AuditEntry,
    Decision,
    ItemVersion,
    LineageEdge,
    QuestionnaireVersion,
    Study,
)
from surveyapp.questionnaire.cells import CellKey, Given, Status
from surveyapp.questionnaire.model import Item, Text
from surveyapp.services import deciding, instruments, item_history
from surveyapp.services.deciding import ItemOnTable
from surveyapp.services.figures import read_figures
from surveyapp.services.instruments import get_instrument
from surveyapp.services.item_history import asked_items
from surveyapp.services.judging import judge
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer
from tests.support.between_rounds import decide, instrument_of, open_next, release
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text

MEMBERS = 4
QUINCES = Item(id="quinces", title=Text({"*": "Quinces"}))
POME = Item(id="pome-fruit", title=Text({"*": "Pome fruit"}))


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a database of its own; the same questionnaire may have other wordings in force there."""
    monkeypatch.setattr(instruments, "_kept", OrderedDict())


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A first round, answered by everybody and closed."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * MEMBERS, is_open=False)
    set_protocol(ground)
    open_next(ground)
    rate(ground, {"apples": "3", "pears": "3"})
    ground.close()
    return ground


def rate(ground: Ground, ratings: dict[str, str], number: int = 1) -> None:
    """Everybody rates these items alike, in every context, and submits."""
    with ground.database.reading() as session:
        instrument = get_instrument(session, study_id=ground.study_id, number=number)
    given = {
        instrument.number_of[CellKey("fruit", item, context, "effect")]: Given(
            Status.VALUE, number=Decimal(rating)
        )
        for item, rating in ratings.items()
        for context in ("north", "south")
    }
    for member in range(MEMBERS):
        answer(ground, member, given)


def merge(name: str, into: Item, *partners: str, is_comparable: bool = False) -> tuple[str, Outcome, Detail]:
    return name, Outcome.MERGE, Detail(partners=partners, merged=into, is_comparable=is_comparable)


def take_back(ground: Ground, item: str, reason: str = "a mistake") -> tuple[str, ...]:
    with ground.database.verb() as session:
        return deciding.take_back(
            session,
            study=session.get_one(Study, ground.study_id),
            number=1,
            item=item,
            reason=reason,
            now=read_now(session),
            actor="test",
        )


def decided_now(ground: Ground) -> dict[str, Outcome]:
    with ground.database.reading() as session:
        decisions = item_history.read_decisions(session, study_id=ground.study_id, number=1)
    return {item: each.outcome for item, each in decisions.items()}


def on_table(ground: Ground) -> tuple[ItemOnTable, ...]:
    with ground.database.reading() as session:
        return deciding.list_items(session, study=session.get_one(Study, ground.study_id), number=1)


def acts(ground: Ground) -> list[str]:
    with ground.database.reading() as session:
        query = select(AuditEntry.act).where(AuditEntry.act.startswith("item.")).order_by(AuditEntry.id)
        return list(session.scalars(query))


def versions(ground: Ground) -> int:
    with ground.database.reading() as session:
        return session.scalar(select(func.count()).select_from(QuestionnaireVersion)) or 0


def test_a_merger_falls_for_all_partners_when_one_is_decided_anew(ground: Ground) -> None:
    decide(ground, *merge("pears", POME, "apples"))
    assert decided_now(ground) == {"apples": Outcome.MERGE, "pears": Outcome.MERGE}
    with ground.database.verb() as session:
        left = deciding.decide(
            session,
            study=session.get_one(Study, ground.study_id),
            number=1,
            decided=Decided("pears", Outcome.KEEP, "better apart"),
            now=read_now(session),
            actor="test",
        )
    assert left == ("apples",)
    assert decided_now(ground) == {"pears": Outcome.KEEP}
    assert acts(ground) == ["item.decide", "item.decide", "item.undecide", "item.decide"]
    with pytest.raises(Refused, match="no decision: apples"):
        release(ground)


def test_a_decision_can_be_taken_back_until_experts_read_it(ground: Ground) -> None:
    decide(ground, *merge("pears", POME, "apples"))
    with pytest.raises(InputError, match="the reason is empty"):
        take_back(ground, "apples", reason=" ")
    assert take_back(ground, "apples") == ("apples", "pears")
    assert decided_now(ground) == {}
    with pytest.raises(NotFound, match="Nothing was decided about 'apples' after round 1"):
        take_back(ground, "apples")
    decide(ground, "apples", Outcome.KEEP)
    decide(ground, "pears", Outcome.KEEP)
    release(ground)
    with pytest.raises(Refused, match="experts have read"):
        take_back(ground, "apples")


def test_a_new_item_is_listed_shown_and_asked(ground: Ground) -> None:
    decide(ground, "quinces", Outcome.NEW, Detail(item=QUINCES))
    assert [(each.item, each.title, each.decided) for each in on_table(ground)] == [
        ("apples", "Apples", ""),
        ("pears", "Pears", ""),
        ("quinces", "Quinces", "new"),
    ]
    decide(ground, "apples", Outcome.ACCEPT)
    decide(ground, "pears", Outcome.DROP)
    shown = {each.item: each for each in release(ground).items}
    assert (shown["quinces"].outcome, shown["quinces"].reason) == ("new", "as discussed")
    second = instrument_of(ground, open_next(ground))
    assert asked_items(second) == ("quinces",)
    assert second.item_versions == {"apples": 1, "quinces": 1}
    with ground.database.reading() as session:
        edges = session.execute(
            select(
                LineageEdge.parent_item, LineageEdge.child_item, LineageEdge.kind, LineageEdge.child_version
            ).order_by(LineageEdge.kind)
        ).all()
    assert [tuple(edge) for edge in edges] == [
        ("apples", "apples", "accepted", 1),
        ("pears", "", "dropped", 0),
        ("", "quinces", "new", 1),
    ]


def test_the_panel_is_told_what_takes_an_items_place(ground: Ground) -> None:
    parts = tuple(Item(id=name, title=Text({"*": name})) for name in ("red-pears", "green-pears"))
    decide(ground, "apples", Outcome.KEEP)
    decide(ground, "pears", Outcome.SPLIT, Detail(parts=parts))
    shown = {each.item: each.successors for each in release(ground).items}
    assert shown == {"apples": (), "pears": ("red-pears", "green-pears")}


def test_what_would_not_fit_together_is_refused_and_nothing_is_stored(ground: Ground) -> None:
    twin = Wording(title=Text({"*": "apples"}))
    with pytest.raises(
        InputError, match="pears: with this decision the questionnaire would not fit together"
    ):
        decide(ground, "pears", Outcome.REVISE, Detail(wording=twin))
    assert decided_now(ground) == {}
    assert acts(ground) == []


def test_all_is_confirmed_as_proposed_or_nothing(database: Database, tmp_path: Path) -> None:
    """A condition elsewhere names the apples, so the protocol's proposal to drop them does not fit."""
    last = "{id: last, title: Last, show_if: \"'apples' in best\", questions: [%s]}"
    text = f"{SMALL}  - {last % '{id: why, kind: long_text, text: Why?}'}\n"
    ground = lay_ground(database, load_text(text, tmp_path), groups=("both",) * MEMBERS, is_open=False)
    set_protocol(ground, PROTOCOL + "decisions:\n  - {when: agreed is consensus, propose: drop}\n")
    open_next(ground)
    rate(ground, {"apples": "3", "pears": "1"})
    ground.close()
    with ground.database.verb() as session, pytest.raises(InputError, match="“apples” is not possible here"):
        deciding.decide_as_proposed(
            session,
            study=session.get_one(Study, ground.study_id),
            figures=read_figures(session, study_id=ground.study_id, number=1),
            reason="",
            now=read_now(session),
            actor="test",
        )
    assert decided_now(ground) == {}


@pytest.mark.parametrize("is_comparable", [False, True])
def test_an_item_that_swallows_another_goes_on_only_where_that_is_said(
    ground: Ground, is_comparable: bool
) -> None:
    """The wording stays as it was; whether its ratings still mean the same, only a person can say."""
    as_it_was = Item(id="apples", title=Text({"*": "Apples"}), definition=Text({"*": "A fruit."}))
    decide(ground, *merge("apples", as_it_was, "pears", is_comparable=is_comparable))
    release(ground)
    second = open_next(ground)
    instrument = instrument_of(ground, second)
    assert instrument.item_versions == {"apples": 1 if is_comparable else 2}
    rate(ground, {"apples": "1"}, second.questionnaire_number)
    ground.close()
    with ground.database.reading() as session:
        figures = read_figures(session, study_id=ground.study_id, number=2)
    cell = instrument.number_of[CellKey("fruit", "apples", "north", "effect")]
    pairs = figures.pair_counts(cell)
    assert pairs is not None
    assert pairs.n == (MEMBERS if is_comparable else 0)


def test_a_wording_that_stays_is_compared_with_itself(ground: Ground) -> None:
    """Pears are worded anew for round 2 and asked in the same words in round 3."""
    wording = Wording(title=Text({"*": "Ripe pears"}))
    decide(ground, "apples", Outcome.ACCEPT)
    decide(ground, "pears", Outcome.REVISE, Detail(wording=wording, is_comparable=True))
    release(ground)
    for number, rating in ((2, "1"), (3, "2")):
        asked = open_next(ground)
        assert asked.number == number
        rate(ground, {"pears": rating}, asked.questionnaire_number)
        ground.close()
        with ground.database.reading() as session:
            figures = read_figures(session, study_id=ground.study_id, number=number)
        cell = figures.instrument.number_of[CellKey("fruit", "pears", "north", "effect")]
        pairs = figures.pair_counts(cell)
        assert pairs is not None
        assert pairs.n == MEMBERS, f"round {number} is compared with the round before"
        assert judge(figures)["pears"].verdict == "no consensus"
        decide(ground, "pears", Outcome.KEEP, number=number)
        release(ground, number)
    assert versions(ground) == 2
    with ground.database.reading() as session:
        wordings = session.execute(
            select(ItemVersion.item, ItemVersion.version).order_by(ItemVersion.item, ItemVersion.version)
        ).all()
    assert [tuple(each) for each in wordings] == [("apples", 1), ("pears", 1), ("pears", 2)]


def test_decisions_are_found_again_whole(ground: Ground) -> None:
    decide(ground, *merge("pears", POME, "apples"))
    with ground.database.reading() as session:
        [apples, pears] = item_history.read_decisions(session, study_id=ground.study_id, number=1).values()
        stored = session.get_one(Decision, (ground.study_id, 1, "apples"))
        assert stored.item_version == 1
    assert apples.detail == pears.detail
    assert apples.detail.partners == ("apples", "pears")
    assert apples.detail.merged == POME
