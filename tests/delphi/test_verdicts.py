"""Verdicts on items, stability, stopping and what is proposed, for a whole questionnaire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from surveyapp.delphi.consensus import judge_item, judge_items
from surveyapp.delphi.grounds import alike, cells_by_item, ground_of
from surveyapp.delphi.measures import Chosen, CountedFigures, Tallied
from surveyapp.delphi.proposing import propose
from surveyapp.delphi.protocol.loading import load_text
from surveyapp.delphi.protocol.model import Protocol, Selection
from surveyapp.delphi.sensitivity import sensitivity
from surveyapp.delphi.stability import judge_stability
from surveyapp.delphi.stopping import Progress, judge_stopping
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.statistics.counts import RatingScale, count, count_pairs

STUDY = Path(__file__).parents[2] / "questionnaires" / "systemic-risk-mitigations.yaml"
SCALE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
AREAS = ("critical-infrastructure", "democratic-processes", "cbrn", "discrimination-and-bias")
FIRST, SECOND = "pre-deployment-risk-assessments", "third-party-pre-deployment-model-audits"
HEAD = """
format: 1
id: p
version: "1"
title: P
rounds: [{number: 1, asks: all items}, {number: 2, asks: only open}, {number: 3, asks: only open}]
counting: {minimum_n: 8}
"""
RULES = """
consensus:
  - {id: effective, for: {criterion: effectiveness}, rule: agree > 60% in every context and chosen > 40%}
  - {id: feasible, for: {criterion: feasibility}, rule: agree >= 70%}
"""


@pytest.fixture(scope="module")
def study() -> Questionnaire:
    return load(STUDY)


def protocol(rest: str, study: Questionnaire) -> Protocol:
    return load_text("p.yaml", (HEAD + rest).encode(), study)


def effect(item: str, area: str) -> CellKey:
    return CellKey("effectiveness", item, area, "effectiveness")


def ratings(agree: int, n: int = 10) -> Tallied:
    return Tallied(count(SCALE, [4] * agree + [2] * (n - agree)))


def figures(counted: Mapping[tuple[CellKey, str], Tallied]) -> CountedFigures:
    return CountedFigures(lambda cell, group: counted.get((cell, group), Tallied()))


def first_item(agree: tuple[int, int, int, int], times: int = 5) -> dict[tuple[CellKey, str], Tallied]:
    counted = {(effect(FIRST, area), ""): ratings(k) for area, k in zip(AREAS, agree, strict=True)}
    counted[CellKey("feasibility", FIRST, "", "feasibility"), ""] = ratings(7)
    counted[CellKey("combination", FIRST), ""] = Tallied(chosen=Chosen(times, 10))
    return counted


def test_the_cells_of_an_item(study: Questionnaire) -> None:
    cells = cells_by_item(study)
    assert len(cells) == 27
    assert cells[FIRST].ratings == (
        *(effect(FIRST, area) for area in AREAS),
        CellKey("feasibility", FIRST, "", "feasibility"),
    )
    assert cells[FIRST].choices == (CellKey("combination", FIRST),)
    assert cells_by_item(study) is cells
    assert len(alike(study, effect("", "cbrn"))) == 27


def test_the_headline_rule_of_the_study(study: Questionnaire) -> None:
    rules = protocol(RULES, study)
    effective, feasible = judge_item(rules, study, figures(first_item((7, 7, 8, 9))), FIRST)
    assert (effective.rule, effective.verdict, feasible.verdict) == ("effective", "consensus", "consensus")
    assert effective.text == "agree > 60% in every context and chosen > 40%"
    assert [(each.cell.context, each.verdict) for each in effective.cells] == [
        (area, "consensus") for area in AREAS
    ]
    shares = [each for each in effective.standings if each.measure == "agree"]
    assert [(each.k, each.of) for each in shares] == [(7, 10), (7, 10), (8, 10), (9, 10)]
    assert effective.standings[-1].value == Fraction(1, 2)
    # 60 % is not more than 60 %, and one area is enough to lose.
    for agree, times in (((7, 7, 8, 6), 5), ((7, 7, 8, 9), 4)):
        effective, _ = judge_item(rules, study, figures(first_item(agree, times)), FIRST)
        assert effective.verdict == "no consensus"


def test_a_cell_with_too_few_ratings_makes_the_item_insufficient(study: Questionnaire) -> None:
    counted = first_item((7, 7, 8, 2)) | {(effect(FIRST, "cbrn"), ""): ratings(7, 7)}
    effective, feasible = judge_item(protocol(RULES, study), study, figures(counted), FIRST)
    assert effective.is_insufficient
    assert [each.cell.context for each in effective.lacking] == ["cbrn"]
    assert (effective.lacking[0].n, effective.lacking[0].needed) == (7, 8)
    assert [each.verdict for each in effective.cells] == [
        "consensus",
        "consensus",
        "insufficient data",
        "no consensus",
    ]
    assert feasible.verdict == "consensus"


def test_an_item_that_nobody_saw(study: Questionnaire) -> None:
    for verdict in judge_item(protocol(RULES, study), study, figures({}), SECOND):
        assert verdict.is_insufficient
        assert verdict.lacking
        assert verdict.groups == ()
    every = judge_items(protocol(RULES, study), study, figures(first_item((9, 9, 9, 9))))
    assert list(every) == [item.id for item in study.items]
    assert [each.verdict for each in every[FIRST]] == ["consensus", "consensus"]


def test_groups_by_themselves_and_together(study: Questionnaire) -> None:
    feasibility = CellKey("feasibility", FIRST, "", "feasibility")
    counted = {
        (feasibility, ""): ratings(16, 20),
        (feasibility, "cbrn"): ratings(9),
        (feasibility, "ai-safety"): ratings(5),
    }
    rule = "consensus: [{id: feasible, for: {criterion: feasibility}, rule: agree >= 70%IN}]\n"
    pooled = rule.replace("IN", "")
    each = rule.replace("IN", " in each group")
    (verdict,) = judge_item(protocol(pooled, study), study, figures(counted), FIRST)
    assert verdict.verdict == "consensus"
    assert [(g.group, g.verdict) for g in verdict.groups] == [
        ("ai-safety", "no consensus"),
        ("cbrn", "consensus"),
    ]
    for text in (each, pooled + "groups: {each_must_agree: true}"):
        (verdict,) = judge_item(protocol(text, study), study, figures(counted), FIRST)
        assert verdict.verdict == "no consensus"
        assert verdict.meaning == "agree >= 70% in each group"
    (verdict,) = judge_item(
        protocol(pooled + "groups: {each_must_agree: true, which: [cbrn]}", study),
        study,
        figures(counted),
        FIRST,
    )
    assert verdict.verdict == "consensus"


def test_a_group_with_fewer_than_k_gives_no_verdict(study: Questionnaire) -> None:
    feasibility = CellKey("feasibility", FIRST, "", "feasibility")
    counted = {(feasibility, ""): ratings(10, 14), (feasibility, "cbrn"): ratings(4, 4)}
    rule = "consensus: [{id: feasible, for: {criterion: feasibility}, rule: agree >= 70% in group cbrn}]\n"
    (verdict,) = judge_item(protocol(rule, study), study, figures(counted), FIRST)
    assert verdict.verdict == "insufficient data"
    (verdict,) = judge_item(
        protocol(rule + "anonymity: {k: 4, k_reasons: 8}", study), study, figures(counted), FIRST
    )
    assert verdict.verdict == "consensus"


STABLE = RULES + "stability: {for: {criterion: effectiveness}, minimum_pairs: 4}\n"


@pytest.mark.parametrize(
    ("pairs", "verdict"),
    [
        ([(4, 4)] * 8, "stable"),
        ([(4, 4)] * 6 + [(4, 5), (5, 4)], "not stable"),  # no net shift, but a quarter changed
        ([(4, 4)] * 17 + [(3, 4)] * 3, "not stable"),  # 15 % is not less than 15 %
        ([(4, 4)] * 18 + [(3, 4)] * 2, "stable"),
        ([(4, 4)] * 3, "insufficient data"),
        ([], "not assessable"),
    ],
)
def test_stability(pairs: list[tuple[int, int]], verdict: str, study: Questionnaire) -> None:
    counted = {(effect(FIRST, area), ""): Tallied(pairs=count_pairs(SCALE, [(4, 4)] * 8)) for area in AREAS}
    counted[effect(FIRST, "cbrn"), ""] = Tallied(pairs=count_pairs(SCALE, pairs))
    found = judge_stability(protocol(STABLE, study), study, figures(counted), FIRST)
    assert found is not None
    assert found.verdict == verdict
    assert len(found.standings) == 8


def test_stability_of_what_was_rated_once_or_has_no_rule(study: Questionnaire) -> None:
    found = judge_stability(protocol(STABLE, study), study, figures({}), FIRST)
    assert found is not None
    assert found.verdict == "not assessable"
    assert judge_stability(protocol(RULES, study), study, figures({}), FIRST) is None


def test_rated_twice_by_too_few_in_one_context_and_once_in_another(study: Questionnaire) -> None:
    counted = {(effect(FIRST, "cbrn"), ""): Tallied(pairs=count_pairs(SCALE, [(4, 4)] * 3))}
    found = judge_stability(protocol(STABLE, study), study, figures(counted), FIRST)
    assert found is not None
    assert found.verdict == "insufficient data"


def test_a_question_with_the_id_of_a_criterion(study: Questionnaire) -> None:
    """`of effectiveness` means the criterion, whatever else the question of that id asks."""
    data = study.model_dump(mode="json")
    (page,) = (page for page in data["pages"] if page["id"] == "effectiveness")
    page["questions"][0]["criteria"] = ["effectiveness", "feasibility"]
    ground = ground_of(Questionnaire.model_validate_json(json.dumps(data)), Selection(), FIRST, ())
    assert ground.others["effectiveness"] == tuple(effect(FIRST, area) for area in AREAS)
    assert len(ground.others["feasibility"]) == 5
    assert ground.others["combination"] == ground.choices


DECISIONS = (
    STABLE
    + """
decisions:
  - {propose: accept, when: effective is consensus and feasible is consensus}
  - {propose: revise, when: effective is insufficient data or stability is not assessable and round >= 3}
  - {propose: drop, when: not effective is consensus and (last round or stability is stable)}
"""
)


def test_what_is_proposed(study: Questionnaire) -> None:
    rules = protocol(DECISIONS, study)

    def proposed(agree: tuple[int, int, int, int], number: int, *, is_last: bool = False) -> str:
        counted = first_item(agree)
        verdicts = judge_item(rules, study, figures(counted), FIRST)
        stability = judge_stability(rules, study, figures(counted), FIRST)
        found = propose(rules, FIRST, verdicts, stability, number=number, is_last=is_last)
        assert found.verdicts["stability"] == "not assessable"
        return found.outcome

    assert proposed((9, 9, 9, 9), 1) == "accept"
    assert proposed((9, 9, 9, 1), 1) == "keep"
    assert proposed((9, 9, 9, 1), 2, is_last=True) == "drop"
    assert proposed((9, 9, 9, 1), 3) == "revise"
    verdicts = judge_item(rules, study, figures({}), SECOND)
    found = propose(rules, SECOND, verdicts, None, number=1, is_last=False)
    assert found.outcome == "revise"
    assert "the rule “effective” says “insufficient data”" in found.because
    kept = propose(protocol(RULES, study), FIRST, verdicts, None, number=1, is_last=True)
    assert (kept.outcome, str(kept.because)) == (
        "keep",
        "No condition of the protocol for another decision holds.",
    )


@pytest.mark.parametrize(
    ("stopping", "progress", "stops", "because"),
    [
        (None, Progress(1, 1, 27, 0, 0, 0), False, "Round 1 is not the last one that the protocol plans."),
        (None, Progress(3, 3, 27, 0, 0, 0), True, "Round 3 is the last one that the protocol plans."),
        ("done = 100%", Progress(2, 2, 27, 20, 6, 26), False, "the rule of stopping is not met"),
        ("done = 100%", Progress(2, 2, 27, 20, 7, 27), True, "settled or stable is exactly 100 %"),
        ("rounds >= 2 and settled >= 90%", Progress(2, 2, 20, 18, 0, 18), True, "is at least 90 %"),
        ("open <= 2 or stable > 50%", Progress(1, 1, 20, 17, 10, 20), False, "not met"),
        ("done >= 0%", Progress(1, 1, 0, 0, 0, 0), False, "not met"),
    ],
)
def test_stopping(
    stopping: str | None, progress: Progress, stops: bool, because: str, study: Questionnaire
) -> None:
    rest = STABLE + (f"stopping: {stopping}\n" if stopping else "")
    found = judge_stopping(protocol(rest, study), progress)
    assert found.stops is stops
    assert because in found.because


def test_other_rules_side_by_side(study: Questionnaire) -> None:
    rules = protocol(RULES, study)
    strip = sensitivity(rules, study, figures(first_item((9, 9, 9, 9))), FIRST, rules.consensus[1])
    assert [(each.name, each.verdict) for each in strip] == [
        ("feasible", "consensus"),
        ("percentage-agreement(70%)", "consensus"),
        ("percentage-agreement(75%)", "no consensus"),
        ("percentage-agreement(80%)", "no consensus"),
        ("interquartile-range(1)", "no consensus"),
        ("interquartile-range(2)", "consensus"),
        ("comet-70-15", "none"),
        ("rand-ucla", "not defined"),
    ]
    assert [each.is_registered for each in strip] == [True] + [False] * 7
