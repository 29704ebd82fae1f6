"""Counting in the study database: one GROUP BY where the answers lie, the same numbers on both engines.

What counts is each panellist's latest submission. As long as nothing was edited after it, the answer rows
are that submission, and the database counts them; the few that were edited are counted from the submission's
own text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, func, literal, not_, select, true, union_all
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from surveyapp.models import Answer, Panellist, Participation, Round, Submission
from surveyapp.tally.attending import could_come
from surveyapp.tally.counts import (
    CellNumber,
    CellTally,
    ChoiceTally,
    GivenAnswer,
    GroupId,
    Matrix,
    PairTally,
    Place,
    RoundTally,
)
from surveyapp.tally.submissions import CellName, name_of, read_cell_names

_STATUS = {"value": 1, "blank": 2, "dont_know": 3, "declined": 4, "withdrawn": 5, "kept": 6}
_GIVEN = (1, 6)
_IN_BLOCKS = 500


def count_round(
    session: Session, *, study_id: int, number: int, complete: Sequence[CellNumber] | None = None
) -> RoundTally:
    """Count every cell of one round, per group, value and kind of answer.

    With `complete`, only submissions count that leave none of these cells blank.
    """
    cells: dict[Place, CellTally] = {}
    clean = _counted(study_id, number, complete) & (_rows_are_submission(Participation))
    rows = session.execute(
        select(Answer.cell, Participation.group, Answer.status, Answer.value, func.count())
        .select_from(Participation)
        .join(Answer, _same_seat(Answer, Participation))
        .where(clean)
        .group_by(Answer.cell, Participation.group, Answer.status, Answer.value)
    )
    for cell, group, status, value, times in rows:
        _at(cells, Place(cell, group)).add(status, value, times)
    for _, group, answers in iterate_edited(session, study_id=study_id, number=number, complete=complete):
        for cell, answer in answers.items():
            status = _STATUS[answer["status"]]
            value = answer.get("value")
            _at(cells, Place(cell, group)).add(status, None if value is None else float(value))
    return RoundTally(
        cells,
        counted=_count_people(session, study_id=study_id, number=number, complete=complete),
        invited=_count_invited(session, study_id=study_id, number=number),
    )


def count_pairs(
    session: Session,
    *,
    study_id: int,
    before: int,
    now: int,
    moved: Mapping[CellNumber, CellNumber] | None = None,
    complete: Sequence[CellNumber] | None = None,
) -> PairTally:
    """Count (value in round `before`, value in round `now`) of those who rated a cell in both, per group.

    `moved` are cells whose item was worded comparably before: cell now → cell then. Groups are those of the
    later round.
    """
    found: dict[Place, dict[tuple[float, float], int]] = {}
    moved = moved or {}
    edited_now = {
        rater: (group, answers)
        for rater, group, answers in iterate_edited(session, study_id=study_id, number=now, complete=complete)
    }
    edited_before = {
        rater: answers for rater, _, answers in iterate_edited(session, study_id=study_id, number=before)
    }
    special = {*edited_now, *edited_before}
    for query in _pair_queries(study_id, before, now, moved, complete):
        for cell, group, earlier, later, times in session.execute(query):
            places = found.setdefault(Place(cell, group), {})
            places[earlier, later] = places.get((earlier, later), 0) + times
    for rater in special:
        group, later_answers = edited_now.get(rater) or _read_clean(
            session, study_id=study_id, number=now, rater=rater, complete=complete
        )
        earlier_answers = edited_before.get(rater)
        if earlier_answers is None:
            _, earlier_answers = _read_clean(session, study_id=study_id, number=before, rater=rater)
        for cell, answer in later_answers.items():
            earlier_answer = earlier_answers.get(moved.get(cell, cell))
            pair = (_rating(earlier_answer), _rating(answer))
            if pair[0] is not None and pair[1] is not None:
                places = found.setdefault(Place(cell, group), {})
                places[pair[0], pair[1]] = places.get((pair[0], pair[1]), 0) + 1
    return found


def count_choices(
    session: Session, *, study_id: int, number: int, cells: Sequence[CellNumber]
) -> ChoiceTally:
    """Count by how many each option of these questions was chosen, per group, and how many answered them."""
    found: dict[Place, dict[str, int]] = {}
    if not cells:
        return found
    clean = _counted(study_id, number, None) & (_rows_are_submission(Participation))
    given = and_(clean, Answer.cell.in_(cells), Answer.status.in_(_GIVEN), Answer.parts.is_not(None))
    base = (
        select(Answer.cell, Participation.group)
        .select_from(Participation)
        .join(Answer, _same_seat(Answer, Participation))
        .where(given)
    )
    for cell, group, times in session.execute(
        base.add_columns(func.count()).group_by(Answer.cell, Participation.group)
    ):
        found.setdefault(Place(cell, group), {})[""] = times
    option = _options(session)
    for cell, group, chosen, times in session.execute(
        base.join(option, true())
        .add_columns(option.c.value, func.count())
        .group_by(Answer.cell, Participation.group, option.c.value)
    ):
        found[Place(cell, group)][chosen] = times
    for _, group, answers in iterate_edited(session, study_id=study_id, number=number):
        for cell in cells:
            parts = answers.get(cell, {}).get("parts")
            if parts is not None:
                place = found.setdefault(Place(cell, group), {})
                for chosen in ("", *parts):
                    place[chosen] = place.get(chosen, 0) + 1
    return found


def read_matrix(session: Session, *, study_id: int, number: int, cells: Sequence[CellNumber]) -> Matrix:
    """Who rated which of these cells and how: for the few measures that need more than counts."""
    columns = {cell: place for place, cell in enumerate(cells)}
    rows: dict[int, list[float | None]] = {}
    for each in iterate_answers(session, study_id=study_id, number=number, cells=cells):
        if each.status in _GIVEN and each.value is not None:
            rows.setdefault(each.rater, [None] * len(cells))[columns[each.cell]] = each.value
    # By a number that is random: the order tells nothing of time.
    raters = tuple(sorted(rows))
    return Matrix(raters, tuple(cells), tuple(tuple(rows[rater]) for rater in raters))


def iterate_answers(
    session: Session, *, study_id: int, number: int, cells: Sequence[CellNumber]
) -> Iterator[GivenAnswer]:
    """Every answer to one of these cells that counts, read in slices; blanks are answers too."""
    clean = _counted(study_id, number, None) & (_rows_are_submission(Participation))
    rows = session.execute(
        select(Answer.panellist_id, Participation.group, Answer.cell, Answer.status, Answer.value)
        .select_from(Participation)
        .join(Answer, _same_seat(Answer, Participation))
        .where(clean, Answer.cell.in_(cells)),
        execution_options={"yield_per": 20_000},
    )
    for row in rows:
        yield GivenAnswer(*row)
    for rater, group, answers in iterate_edited(session, study_id=study_id, number=number):
        for cell in cells:
            answer = answers.get(cell)
            if answer is not None:
                value = answer.get("value")
                number_given = None if value is None else float(value)
                yield GivenAnswer(rater, group, cell, _STATUS[answer["status"]], number_given)


def iterate_edited(
    session: Session, *, study_id: int, number: int, complete: Sequence[CellNumber] | None = None
) -> Iterator[tuple[int, GroupId, dict[CellNumber, dict[str, Any]]]]:
    """Panellist, group and submitted answers of those whose rows were edited after their submission."""
    rows = session.execute(
        select(Participation.panellist_id, Participation.group, Submission.content)
        .join(
            Submission,
            and_(
                Submission.study_id == Participation.study_id,
                Submission.round == Participation.round,
                Submission.panellist_id == Participation.panellist_id,
                Submission.number == Participation.submission,
            ),
        )
        .where(
            _counted(study_id, number, None),
            not_(_rows_are_submission(Participation)),
        ),
        execution_options={"yield_per": _IN_BLOCKS},
    )
    names: dict[CellName, CellNumber] | None = None
    for rater, group, content in rows:
        if names is None:
            names = read_cell_names(session, study_id=study_id)
        answers = {names[name_of(answer)]: answer for answer in json.loads(content)["answers"]}
        if complete is None or not any(answers.get(cell, {}).get("status") == "blank" for cell in complete):
            yield rater, group, answers


def _counted(study_id: int, number: int, complete: Sequence[CellNumber] | None) -> ColumnElement[bool]:
    """Which participations count: those with a submission; with `complete`, those without a blank in it."""
    counted = and_(
        Participation.study_id == study_id, Participation.round == number, Participation.submission > 0
    )
    if complete is None:
        return counted
    blank = select(Answer.panellist_id).where(
        Answer.study_id == study_id, Answer.round == number, Answer.cell.in_(complete), Answer.status == 2
    )
    return and_(counted, Participation.panellist_id.not_in(blank))


def _rows_are_submission(participation: Any) -> ColumnElement[bool]:
    """Nothing was edited after the latest submission, and nothing stands beside it that it does not hold."""
    return and_(
        participation.revision == participation.submitted_revision, participation.has_strays.is_(False)
    )


def _same_seat(answer: Any, participation: Any) -> ColumnElement[bool]:
    # The whole prefix of the key, so that each panellist's rows are found in one place.
    return and_(
        answer.study_id == participation.study_id,
        answer.round == participation.round,
        answer.panellist_id == participation.panellist_id,
    )


def _pair_queries(
    study_id: int,
    before: int,
    now: int,
    moved: Mapping[CellNumber, CellNumber],
    complete: Sequence[CellNumber] | None,
) -> Iterator[Any]:
    later, earlier, was = Answer, aliased(Answer), aliased(Participation)
    clean = and_(
        _counted(study_id, now, complete),
        _rows_are_submission(Participation),
        was.submission > 0,
        _rows_are_submission(was),
    )
    rated = and_(
        later.status.in_(_GIVEN),
        later.value.is_not(None),
        earlier.status.in_(_GIVEN),
        earlier.value.is_not(None),
    )

    def query(same_cell: ColumnElement[bool], *, of: Any = None) -> Any:
        joined = (
            select(later.cell, Participation.group, earlier.value, later.value, func.count())
            .select_from(Participation)
            .join(
                was,
                and_(
                    was.study_id == Participation.study_id,
                    was.round == before,
                    was.panellist_id == Participation.panellist_id,
                ),
            )
            .join(later, _same_seat(later, Participation))
        )
        if of is not None:
            joined = joined.join(of, of.c.now == later.cell)
        return (
            joined.join(earlier, and_(_same_seat(earlier, was), same_cell))
            .where(clean, rated)
            .group_by(later.cell, Participation.group, earlier.value, later.value)
        )

    same = earlier.cell == later.cell
    yield query(and_(same, later.cell.not_in(list(moved))) if moved else same)
    if moved:
        mapped = union_all(
            *(
                select(literal(later_cell).label("now"), literal(earlier_cell).label("before"))
                for later_cell, earlier_cell in moved.items()
            )
        ).subquery("mapped")
        yield query(earlier.cell == mapped.c.before, of=mapped)


def _options(session: Session) -> Any:
    """The entries of a list of choices, one row each, in a column called ``value``."""
    if session.get_bind().dialect.name == "postgresql":
        return (
            func.jsonb_array_elements_text(cast(Answer.parts, JSONB))
            .table_valued("value", name="chosen")
            .render_derived()
        )
    return func.json_each(Answer.parts).table_valued("value", name="chosen")


def _read_clean(
    session: Session,
    *,
    study_id: int,
    number: int,
    rater: int,
    complete: Sequence[CellNumber] | None = None,
) -> tuple[GroupId, dict[CellNumber, dict[str, Any]]]:
    """Group and answers of somebody whose rows are the submission; nothing where there is none."""
    rows = session.execute(
        select(Participation.group, Answer.cell, Answer.status, Answer.value)
        .join(Answer, _same_seat(Answer, Participation))
        .where(
            _counted(study_id, number, complete),
            Participation.panellist_id == rater,
            _rows_are_submission(Participation),
        )
    ).all()
    words = {status: word for word, status in _STATUS.items()}
    answers = {
        row.cell: {"status": words[row.status]} | ({} if row.value is None else {"value": row.value})
        for row in rows
    }
    return (rows[0].group if rows else ""), answers


def _rating(answer: Mapping[str, Any] | None) -> float | None:
    if answer is None or answer["status"] not in {"value", "kept"} or answer.get("value") is None:
        return None
    return float(answer["value"])


def _count_people(
    session: Session, *, study_id: int, number: int, complete: Sequence[CellNumber] | None
) -> dict[GroupId, int]:
    rows = session.execute(
        select(Participation.group, func.count())
        .where(_counted(study_id, number, complete))
        .group_by(Participation.group)
    )
    return dict(rows.all())


def _count_invited(session: Session, *, study_id: int, number: int) -> dict[GroupId, int]:
    rows = session.execute(
        select(Panellist.group, func.count())
        .join(Round, and_(Round.study_id == Panellist.study_id, Round.number == number))
        .where(Panellist.study_id == study_id, could_come())
        .group_by(Panellist.group)
    )
    return dict(rows.all())


def _at(cells: dict[Place, CellTally], place: Place) -> CellTally:
    found = cells.get(place)
    if found is None:
        found = cells[place] = CellTally()
    return found
