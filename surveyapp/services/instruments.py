"""A study's questionnaire as running studies use it: read once per process, with its cells numbered."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import canonical_json
from surveyapp.errors import NotFound, Sentence
from surveyapp.models import Cell, Decision, ItemVersion, LineageEdge, QuestionnaireVersion
from surveyapp.questionnaire.cells import CellKey, CellSpec, Given
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.planning import plan
from surveyapp.questionnaire.routing import (
    Route,
    RoutedPage,
    all_cells,
    marks,
    pages_done,
    route,
    routing_questions,
)
from surveyapp.services.reading.seats import Before, Stored

_KEPT_INSTRUMENTS = 32
_KEPT_ROUTES = 512
_NONE_CARRIED: Mapping[int, Given] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Way:
    """One expert's route, with the cell numbers that saving and showing need."""

    route: Route
    pages: Mapping[str, tuple[int, ...]]
    """Page key → numbers of its cells, in display order."""
    open_cells: frozenset[int]
    """Cells on pages that may be opened now: consent stands before everything after it."""
    cells: tuple[int, ...]
    """All cells of the route, in ascending order of their numbers."""
    carried_cells: frozenset[int] = frozenset()
    """Cells of pages that were asked in an earlier round and are not asked again."""


@dataclass(frozen=True)
class Instrument:
    """One questionnaire version of one study. `specs[n - 1]` is the cell with number n.

    That goes for every cell of the study: those of other versions keep the form they have there. `number_of`
    holds this version's cells alone.
    """

    study_id: int
    number: int
    sha256: str
    questionnaire: Questionnaire
    specs: tuple[CellSpec, ...]
    cell_versions: tuple[int, ...]
    """Each cell's version of its item, or 0; in the order of `specs`."""
    item_versions: Mapping[str, int]
    """This version's items → the version of their wording."""
    number_of: Mapping[CellKey, int]
    earlier_of: Mapping[int, tuple[int, ...]]
    """Cell → cells of earlier wordings of its item that it may be compared with, latest first."""
    proposed: frozenset[str] = frozenset()
    """This version's items that experts of the panel proposed."""
    _ways: OrderedDict[tuple[object, ...], Way] = field(
        default_factory=OrderedDict, repr=False, compare=False
    )
    canonical_ratings: dict[tuple[int, Stored], str] = field(default_factory=dict, repr=False, compare=False)
    """Canonical JSON of answers without a text, by cell: `answering` writes each once."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @cached_property
    def routing_cells(self) -> tuple[int, ...]:
        """Numbers of the cells whose answers decide who is asked what."""
        questions = routing_questions(self.questionnaire)
        return tuple(number for number in self.numbers_asked if self.spec(number).key.question in questions)

    @cached_property
    def numbers_asked(self) -> tuple[int, ...]:
        """Numbers of this version's cells, ascending."""
        return tuple(sorted(self.number_of.values()))

    @cached_property
    def carried_cells(self) -> tuple[int, ...]:
        """Numbers of the cells of earlier rounds that decide what is asked in a later one."""
        once = [planned for planned in plan(self.questionnaire) if planned.page.once]
        asked = {spec.key for planned in once for question in planned.questions for spec in question.cells}
        routing = {number for number in self.routing_cells if self.spec(number).key in asked}
        marked = {self.number_of[key] for planned in once for key in marks(planned)}
        return tuple(sorted(routing | marked))

    @cached_property
    def may_fall_short(self) -> frozenset[int]:
        """Numbers of the cells that can keep an expert from submitting; the others need not be looked at."""
        questionnaire = self.questionnaire
        numbers = []
        for number in self.numbers_asked:
            spec = self.spec(number)
            question = questionnaire.questions_by_id[spec.key.question]
            blank_will_do = KINDS[question.kind].shortfall(questionnaire, question, spec, None) is None
            # Of several options, some can be too few even where none at all would do.
            if spec.value_type == "options" or not blank_will_do:
                numbers.append(number)
        return frozenset(numbers)

    @cached_property
    def needed_before(self) -> Mapping[str, Before]:
        """Page key → the cells of earlier rounds that showing the page needs to know."""
        found = {}
        for planned in plan(self.questionnaire):
            cells = [self.number_of[spec.key] for each in planned.questions for spec in each.cells]
            earlier = [number for cell in cells for number in self.earlier_of.get(cell, ())]
            found[planned.key] = Before(_span([*cells, *earlier]), _span(self.carried_cells))
        return found

    @cached_property
    def reason_of(self) -> Mapping[int, int]:
        """Cell of a rating → the cell of the reason that goes with it, where there is one."""
        found = {}
        for key, number in self.number_of.items():
            if key.criterion and not key.part:
                for reason in (key._replace(part="reason"), key._replace(criterion="", part="reason")):
                    if reason in self.number_of:
                        found[number] = self.number_of[reason]
        return found

    @cached_property
    def canonical_keys(self) -> tuple[dict[str, object], ...]:
        """Each cell's key as it stands in submissions."""
        return tuple(
            {
                "question": spec.key.question,
                "item": spec.key.item,
                "item_version": version,
                "context": spec.key.context,
                "criterion": spec.key.criterion,
                "part": spec.key.part,
            }
            for spec, version in zip(self.specs, self.cell_versions, strict=True)
        )

    @cached_property
    def canonical_frames(self) -> tuple[tuple[str, str], ...]:
        """Each cell's canonical JSON around its answer: what sorts before ``parts``, and what comes after it.

        Writing 81 answers this way costs a fifth of sorting 81 mappings; a test compares the two.
        """
        frames = []
        for key in self.canonical_keys:
            question = canonical_json({"question": key["question"]})[1:-1]
            rest = canonical_json({name: value for name, value in key.items() if name != "question"})[:-1]
            frames.append((rest, f",{question}"))
        return tuple(frames)

    def spec(self, number: int) -> CellSpec:
        """The cell with this number. Raises KeyError when there is none."""
        if not 1 <= number <= len(self.specs):
            raise KeyError(number)
        return self.specs[number - 1]

    def numbers(self, page: RoutedPage) -> tuple[int, ...]:
        """Numbers of a page's cells, in display order."""
        return tuple(self.number_of[spec.key] for spec in page.cells)

    def way(
        self,
        *,
        group: str,
        tags: tuple[str, ...],
        answers: Mapping[int, Given],
        carried: Mapping[int, Given] = _NONE_CARRIED,
    ) -> Way:
        """The route of an expert with these answers (by cell number), kept for the next one alike.

        `carried` are the answers of earlier rounds.
        """
        known = tuple((number, answers[number]) for number in self.routing_cells if number in answers)
        before = (
            tuple((number, carried[number]) for number in self.carried_cells if number in carried)
            if carried
            else ()
        )
        key = (group, tags, known, before)
        with self._lock:
            way = self._ways.get(key)
            if way is not None:
                self._ways.move_to_end(key)
                return way
        way = self._find_way(group, tags, self._by_key(known), self._by_key(before))
        with self._lock:
            self._ways[key] = way
            while len(self._ways) > _KEPT_ROUTES:
                self._ways.popitem(last=False)
        return way

    def route(
        self,
        *,
        group: str,
        tags: tuple[str, ...],
        answers: Mapping[int, Given],
        carried: Mapping[int, Given] = _NONE_CARRIED,
    ) -> Route:
        """The route alone; see `way`."""
        return self.way(group=group, tags=tags, answers=answers, carried=carried).route

    @cached_property
    def once_pages(self) -> frozenset[str]:
        """Keys of the pages that are asked in the first round of an expert only."""
        return frozenset(planned.key for planned in plan(self.questionnaire) if planned.page.once)

    def _by_key(self, answers: Iterable[tuple[int, Given]]) -> dict[CellKey, Given]:
        return {self.specs[number - 1].key: given for number, given in answers}

    def _find_way(
        self,
        group: str,
        tags: tuple[str, ...],
        answers: Mapping[CellKey, Given],
        carried: Mapping[CellKey, Given],
    ) -> Way:
        found = route(self.questionnaire, group=group, tags=tags, answers=answers, carried=carried)
        done = pages_done(self.questionnaire, carried)
        pages = {page.key: self.numbers(page) for page in found.pages}
        open_keys = [page.key for page in found.pages[: found.open_until]]
        return Way(
            route=found,
            pages=pages,
            open_cells=frozenset(number for key in open_keys for number in pages[key]),
            cells=tuple(sorted(number for numbers in pages.values() for number in numbers)),
            carried_cells=frozenset(
                self.number_of[spec.key]
                for planned in plan(self.questionnaire)
                if planned.key in done
                for question in planned.questions
                for spec in question.cells
            ),
        )


def _span(numbers: Sequence[int]) -> tuple[int, int]:
    return (min(numbers), max(numbers)) if numbers else (0, 0)


_kept: OrderedDict[tuple[int, int, str], Instrument] = OrderedDict()
_kept_lock = threading.Lock()


def find_kept_instrument(*, study_id: int, number: int, sha256: str) -> Instrument | None:
    """The questionnaire version if this process has read it before."""
    with _kept_lock:
        return _kept.get((study_id, number, sha256))


def get_instrument(session: Session, *, study_id: int, number: int, sha256: str = "") -> Instrument:
    """The study's questionnaire version `number`; no query when its `sha256` is given and it was read before.

    Raises NotFound when the study has no such version.
    """
    if not sha256:
        sha256 = _find_sha256(session, study_id=study_id, number=number)
    key = (study_id, number, sha256)
    with _kept_lock:
        instrument = _kept.get(key)
        if instrument is not None:
            _kept.move_to_end(key)
            return instrument
    instrument = _read(session, study_id=study_id, number=number)
    with _kept_lock:
        _kept[key] = instrument
        while len(_kept) > _KEPT_INSTRUMENTS:
            _kept.popitem(last=False)
    return instrument


def note_versions(session: Session, known: Mapping[tuple[int, int], str]) -> None:
    """Tell a unit of work which texts these versions are, where they were read with something else."""
    session.info.setdefault("questionnaires", {}).update(known)


def _find_sha256(session: Session, *, study_id: int, number: int) -> str:
    """Which text the version is, asked once in a unit of work for all of the study's: it never changes."""
    known: dict[tuple[int, int], str] = session.info.setdefault("questionnaires", {})
    if (study_id, number) not in known:
        versions = session.execute(
            select(QuestionnaireVersion.number, QuestionnaireVersion.sha256).where(
                QuestionnaireVersion.study_id == study_id
            )
        )
        known |= {(study_id, each): sha256 for each, sha256 in versions}
    return known.get((study_id, number), "")


def forget_instrument(*, study_id: int, number: int) -> None:
    """Read this version anew the next time: for one that was stored and is not kept."""
    with _kept_lock:
        for key in [key for key in _kept if key[:2] == (study_id, number)]:
            del _kept[key]


def _read(session: Session, *, study_id: int, number: int) -> Instrument:
    versions = session.execute(
        select(
            QuestionnaireVersion.number,
            QuestionnaireVersion.sha256,
            QuestionnaireVersion.canonical,
            QuestionnaireVersion.corrects,
        )
        .where(QuestionnaireVersion.study_id == study_id)
        .order_by(QuestionnaireVersion.number)
    ).all()
    if number not in [version.number for version in versions]:
        raise NotFound(Sentence("This study has no questionnaire version {number}.", number=number))
    wordings = _read_wordings(session, study_id=study_id)
    # A version that only puts texts right has the items and the cells of the one that it corrects.
    items_of = {version.number: version.corrects or version.number for version in versions}
    questionnaires = {each.number: Questionnaire.from_canonical(each.canonical) for each in versions}
    spec_of: dict[tuple[CellKey, int], CellSpec] = {}
    for version, each in questionnaires.items():
        spec_of |= _specs(each, _in_force(wordings, items_of[version]))
    # Where several versions know a cell, the form that it has in this one counts.
    questionnaire, in_force = questionnaires[number], _in_force(wordings, items_of[number])
    own = _specs(questionnaire, in_force)
    spec_of |= own
    rows = session.execute(
        select(
            Cell.number, Cell.question, Cell.item, Cell.context, Cell.criterion, Cell.part, Cell.item_version
        )
        .where(Cell.study_id == study_id)
        .order_by(Cell.number)
    ).all()
    names = [(CellKey(*row[1:6]), int(row.item_version)) for row in rows]
    number_of_name = {name: row.number for name, row in zip(names, rows, strict=True)}
    return Instrument(
        study_id=study_id,
        number=number,
        sha256=next(version.sha256 for version in versions if version.number == number),
        questionnaire=questionnaire,
        specs=tuple(spec_of[name] for name in names),
        cell_versions=tuple(version for _, version in names),
        item_versions={item.id: in_force[item.id] for item in questionnaire.items},
        number_of={key: number_of_name[key, version] for key, version in own},
        earlier_of=_find_earlier(session, study_id=study_id, own=own, number_of=number_of_name),
        proposed=frozenset(read_provenance(session, study_id=study_id)) & set(questionnaire.items_by_id),
    )


def _specs(questionnaire: Questionnaire, in_force: Mapping[str, int]) -> dict[tuple[CellKey, int], CellSpec]:
    """(Key, version of the item's wording) → the cell, for every cell of one questionnaire version."""
    return {(spec.key, in_force.get(spec.key.item, 0)): spec for spec in all_cells(questionnaire)}


def _read_wordings(session: Session, *, study_id: int) -> list[tuple[str, int, int]]:
    """Item, version of its wording, and the questionnaire version that brought it; ascending."""
    rows = session.execute(
        select(ItemVersion.item, ItemVersion.version, ItemVersion.questionnaire_number)
        .where(ItemVersion.study_id == study_id)
        .order_by(ItemVersion.version)
    )
    return [(item, version, brought_by) for item, version, brought_by in rows]


def _in_force(wordings: Iterable[tuple[str, int, int]], number: int) -> dict[str, int]:
    """Item → the version of its wording in questionnaire version `number`."""
    return {item: version for item, version, brought_by in wordings if brought_by <= number}


def read_provenance(session: Session, *, study_id: int) -> Mapping[str, tuple[str, ...]]:
    """Item → the random names of the proposals that it came from, for items that the panel proposed.

    Once a version asks for an item, nothing of this can change any more.
    """
    rows = session.execute(
        select(Decision.item, Decision.detail).where(
            Decision.study_id == study_id, Decision.outcome == "new", Decision.detail.like('%"proposals":%')
        )
    )
    return {item: tuple(json.loads(detail)["proposals"]) for item, detail in rows}


def _find_earlier(
    session: Session,
    *,
    study_id: int,
    own: Iterable[tuple[CellKey, int]],
    number_of: Mapping[tuple[CellKey, int], int],
) -> dict[int, tuple[int, ...]]:
    edges = session.execute(
        select(
            LineageEdge.child_item,
            LineageEdge.child_version,
            LineageEdge.parent_item,
            LineageEdge.parent_version,
        ).where(LineageEdge.study_id == study_id, LineageEdge.is_comparable.is_(True))
    ).all()
    parents: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for child, child_version, parent, parent_version in edges:
        if child and parent and (child, child_version) != (parent, parent_version):
            parents.setdefault((child, child_version), []).append((parent, parent_version))
    found: dict[int, tuple[int, ...]] = {}
    for key, version in own:
        ancestors = _ancestors(parents, (key.item, version))
        numbers = [number_of.get((key._replace(item=item), each)) for item, each in ancestors]
        if any(numbers):
            found[number_of[key, version]] = tuple(number for number in numbers if number is not None)
    return found


def _ancestors(
    parents: Mapping[tuple[str, int], Sequence[tuple[str, int]]], wording: tuple[str, int]
) -> list[tuple[str, int]]:
    """Comparable earlier wordings, nearest first."""
    found: list[tuple[str, int]] = []
    waiting = list(parents.get(wording, ()))
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found.append(each)
            waiting.extend(parents.get(each, ()))
    return found
