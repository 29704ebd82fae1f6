"""The questionnaire of the next round: decisions put into force as a new version with its own cells."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Edge, Fate, derive, edges
from surveyapp.delphi.plan import RoundPlan
from surveyapp.errors import Refused, Sentence
from surveyapp.models import (
    Cell,
    ItemVersion,
    LineageEdge,
    QuestionnaireVersion,
    Round,
    Study,
    WordingCorrection,
)
from surveyapp.questionnaire.model import Item, Questionnaire, Rating
from surveyapp.questionnaire.routing import all_cells
from surveyapp.questionnaire.wordings import Correction, corrected_item
from surveyapp.services.audit import record
from surveyapp.services.item_history import (
    check_all_decided,
    read_decisions,
    read_fates,
    read_first_put_right,
)
from surveyapp.services.questionnaire_versions import find_version, next_number, store_version
from surveyapp.tally.submissions import CellName, read_cell_names

Asks: TypeAlias = Literal["all items", "only open", "proposals"]


def next_questionnaire(
    session: Session,
    *,
    study: Study,
    after: Round,
    asks: Asks,
    now: datetime,
    actor: str,
) -> int:
    """Put what was decided after a round into force, and return the number of the version to ask next.

    Where nothing changes, it is the version that was asked; after a round that only collected items, the one
    with ratings that was there before; and the same as before when it is asked for again, as for a round that
    was scheduled. Raises Refused while items have no decision, or when nothing is left
    to ask.
    """
    check_all_decided(session, study_id=study.id, number=after.number)
    decisions = read_decisions(session, study_id=study.id, number=after.number)
    fates = read_fates(session, study_id=study.id, cohort=after.cohort)
    has_collected = RoundPlan.from_canonical(after.plan).only_collects
    first = read_first_put_right(session, study_id=study.id, cohort=after.cohort)
    if has_collected and not any(fate.status == "open" for fate in fates):
        raise Refused(
            Sentence(
                "After round {number} there is no item yet that could be rated. Make items of "
                "what was proposed: surveyapp proposals list {slug}, then surveyapp decide "
                "{slug} ITEM new --proposal NAME --reason TEXT",
                number=after.number,
                slug=study.slug,
            )
        )
    questionnaire = derive(first, fates, asks)
    if not any(isinstance(question, Rating) for question in questionnaire.questions_by_id.values()):
        raise Refused(
            Sentence(
                "After round {number} no item is open any more: there is nothing to ask in another round.",
                number=after.number,
            )
        )
    asked = session.get_one(QuestionnaireVersion, (study.id, after.questionnaire_number))
    lines = edges(decisions)
    # One that only put texts right asked for the items of the version that it corrects.
    items_of = asked.corrects or asked.number
    before = _versions_asked(session, study_id=study.id, number=items_of)
    # Under the same version they would share cells, and so be compared.
    anew = {line.child for line in lines} - {line.child for line in lines if line.is_comparable} - {""}
    canonical = questionnaire.canonical()
    is_same = canonical == asked.canonical
    versions, is_fresh = before, False
    # Another cohort may have newer wordings of the same items; where nothing changes they are none of ours.
    if not is_same or anew:
        versions, is_fresh = _bring_wordings(
            session,
            study=study,
            fates=fates,
            number=next_number(session, study=study),
            anew=anew,
            asked=items_of,
            cohort=after.cohort,
        )
    known = asked.number if is_same else None
    if known is None and not is_fresh:
        found = find_version(session, study=study, canonical=canonical)
        known = found if found is not None and (has_collected or found > asked.number) else None
    if known is not None:
        number = known
    else:
        number = store_version(
            session, study=study, questionnaire=questionnaire, source=asked.source, now=now
        )
        _add_cells(session, study=study, questionnaire=questionnaire, versions=versions)
    if number != asked.number:
        study.questionnaire_number = number
    _draw_lines(
        session,
        lines,
        study=study,
        after=after,
        versions=versions,
        asked=before,
        now=now,
        actor=actor,
    )
    if known is None:
        record(
            session,
            study_id=study.id,
            now=now,
            actor=actor,
            act="questionnaire.derive",
            detail={"after": after.number, "questionnaire": number, "asks": asks},
        )
    session.flush()
    return number


def _bring_wordings(
    session: Session,
    *,
    study: Study,
    fates: Sequence[Fate],
    number: int,
    anew: Collection[str],
    asked: int,
    cohort: str,
) -> tuple[dict[str, int], bool]:
    """Store the wordings that are new; returns item → version of its wording now, and whether any is new.

    Items in `anew` mean something else than in the version `asked`, even where they are worded alike.
    """
    latest: dict[str, tuple[int, str, int]] = {}
    put_right = _read_item_corrections(session, study=study, cohort=cohort)
    for row in session.execute(
        select(ItemVersion.item, ItemVersion.version, ItemVersion.content, ItemVersion.questionnaire_number)
        .where(ItemVersion.study_id == study.id)
        .order_by(ItemVersion.version)
    ):
        latest[row.item] = (row.version, row.content, row.questionnaire_number)
    found: dict[str, int] = {}
    fresh = []
    for fate in fates:
        content = _content(fate.item)
        version, before, brought_by = latest.get(fate.item.id, (0, "", 0))
        # A wording whose mistakes were put right goes on being the same version.
        is_new = content != before and content != _put_right(
            before, put_right.get((fate.item.id, version), ())
        )
        is_fresh = is_new or (fate.item.id in anew and brought_by <= asked)
        if fate.status not in {"dropped", "replaced"} and is_fresh:
            version += 1
            fresh.append(
                {
                    "study_id": study.id,
                    "item": fate.item.id,
                    "version": version,
                    "content": content,
                    "questionnaire_number": number,
                }
            )
        found[fate.item.id] = version
    if fresh:
        session.execute(insert(ItemVersion), fresh)
    return found, bool(fresh)


def _content(item: Item) -> str:
    return item.model_dump_json(exclude_defaults=True)


def _read_item_corrections(
    session: Session, *, study: Study, cohort: str
) -> dict[tuple[str, int], list[Correction]]:
    """(Item, version of its wording) → what was put right in it for this cohort, in that order."""
    rows = session.scalars(
        select(WordingCorrection)
        .join(
            Round,
            (Round.study_id == WordingCorrection.study_id) & (Round.number == WordingCorrection.round),
        )
        .where(WordingCorrection.study_id == study.id, WordingCorrection.item != "", Round.cohort == cohort)
        .order_by(WordingCorrection.round, WordingCorrection.number)
    )
    found: dict[tuple[str, int], list[Correction]] = {}
    for row in rows:
        correction = Correction(row.path, row.before, row.after)
        found.setdefault((row.item, row.item_version), []).append(correction)
    return found


def _put_right(content: str, corrections: Sequence[Correction]) -> str:
    if not content or not corrections:
        return content
    return _content(corrected_item(Item.model_validate_json(content), corrections))


def _add_cells(
    session: Session, *, study: Study, questionnaire: Questionnaire, versions: Mapping[str, int]
) -> None:
    """Number the cells that no earlier version had; those it shares with one keep their numbers."""
    known = read_cell_names(session, study_id=study.id)
    number = max(known.values(), default=0)
    fresh = []
    for spec in all_cells(questionnaire):
        key = spec.key
        version = versions[key.item] if key.item else 0
        name: CellName = (key.question, key.item, version, key.context, key.criterion, key.part)
        if name in known:
            continue
        number += 1
        fresh.append(
            {
                "study_id": study.id,
                "number": number,
                "question": key.question,
                "item": key.item,
                "item_version": version,
                "context": key.context,
                "criterion": key.criterion,
                "part": key.part,
            }
        )
    if fresh:
        session.execute(insert(Cell), fresh)


def _versions_asked(session: Session, *, study_id: int, number: int) -> dict[str, int]:
    rows = session.execute(
        select(ItemVersion.item, func.max(ItemVersion.version))
        .where(ItemVersion.study_id == study_id, ItemVersion.questionnaire_number <= number)
        .group_by(ItemVersion.item)
    )
    return dict(rows.all())


def _draw_lines(
    session: Session,
    lines: Sequence[Edge],
    *,
    study: Study,
    after: Round,
    versions: Mapping[str, int],
    asked: Mapping[str, int],
    now: datetime,
    actor: str,
) -> None:
    # What was decided otherwise when a round was scheduled leaves no line.
    session.execute(
        delete(LineageEdge).where(LineageEdge.study_id == study.id, LineageEdge.round == after.number)
    )
    for line in lines:
        session.add(
            LineageEdge(
                study_id=study.id,
                round=after.number,
                parent_item=line.parent,
                child_item=line.child,
                parent_version=asked.get(line.parent, 0),
                child_version=versions.get(line.child, 0),
                kind=line.kind,
                is_comparable=line.is_comparable,
                reason=line.reason,
                actor=actor,
                at=now,
            )
        )
