"""A study's questionnaire as running studies use it: read once per process, with its cells numbered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import canonical_json
from surveyapp.errors import NotFound
from surveyapp.models import Cell, QuestionnaireVersion
from surveyapp.questionnaire.cells import CellKey, CellSpec, Given
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.routing import Route, RoutedPage, all_cells, route, routing_questions
from surveyapp.services.reading.seats import Stored

_KEPT_INSTRUMENTS = 32
_KEPT_ROUTES = 512


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


@dataclass(frozen=True)
class Instrument:
    """One questionnaire version of one study. `specs[n - 1]` is the cell with number n."""

    study_id: int
    number: int
    sha256: str
    questionnaire: Questionnaire
    specs: tuple[CellSpec, ...]
    item_versions: Mapping[str, int]
    number_of: Mapping[CellKey, int]
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
        return tuple(
            number for number, spec in enumerate(self.specs, start=1) if spec.key.question in questions
        )

    @cached_property
    def may_fall_short(self) -> frozenset[int]:
        """Numbers of the cells that can keep an expert from submitting; the others need not be looked at."""
        questionnaire = self.questionnaire
        numbers = []
        for number, spec in enumerate(self.specs, start=1):
            question = questionnaire.questions_by_id[spec.key.question]
            blank_will_do = KINDS[question.kind].shortfall(questionnaire, question, spec, None) is None
            # Of several options, some can be too few even where none at all would do.
            if spec.value_type == "options" or not blank_will_do:
                numbers.append(number)
        return frozenset(numbers)

    @cached_property
    def canonical_keys(self) -> tuple[dict[str, object], ...]:
        """Each cell's key as it stands in submissions."""
        return tuple(
            {
                "question": spec.key.question,
                "item": spec.key.item,
                "item_version": self.item_versions.get(spec.key.item, 0),
                "context": spec.key.context,
                "criterion": spec.key.criterion,
                "part": spec.key.part,
            }
            for spec in self.specs
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

    def way(self, *, group: str, tags: tuple[str, ...], answers: Mapping[int, Given]) -> Way:
        """The route of an expert with these answers (by cell number), kept for the next one alike."""
        known = tuple((number, answers[number]) for number in self.routing_cells if number in answers)
        key = (group, tags, known)
        with self._lock:
            way = self._ways.get(key)
            if way is not None:
                self._ways.move_to_end(key)
                return way
        way = self._find_way(group, tags, {self.specs[number - 1].key: given for number, given in known})
        with self._lock:
            self._ways[key] = way
            while len(self._ways) > _KEPT_ROUTES:
                self._ways.popitem(last=False)
        return way

    def route(self, *, group: str, tags: tuple[str, ...], answers: Mapping[int, Given]) -> Route:
        """The route alone; see `way`."""
        return self.way(group=group, tags=tags, answers=answers).route

    def _find_way(self, group: str, tags: tuple[str, ...], answers: Mapping[CellKey, Given]) -> Way:
        found = route(self.questionnaire, group=group, tags=tags, answers=answers)
        pages = {page.key: self.numbers(page) for page in found.pages}
        open_keys = [page.key for page in found.pages[: found.open_until]]
        return Way(
            route=found,
            pages=pages,
            open_cells=frozenset(number for key in open_keys for number in pages[key]),
            cells=tuple(sorted(number for numbers in pages.values() for number in numbers)),
        )


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
        sha256 = (
            session.scalar(
                select(QuestionnaireVersion.sha256).where(
                    QuestionnaireVersion.study_id == study_id, QuestionnaireVersion.number == number
                )
            )
            or ""
        )
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


def _read(session: Session, *, study_id: int, number: int) -> Instrument:
    version = session.get(QuestionnaireVersion, (study_id, number))
    if version is None:
        raise NotFound(f"This study has no questionnaire version {number}.")
    questionnaire = Questionnaire.from_canonical(version.canonical)
    spec_of = {spec.key: spec for spec in all_cells(questionnaire)}
    rows = session.execute(
        select(
            Cell.number, Cell.question, Cell.item, Cell.context, Cell.criterion, Cell.part, Cell.item_version
        )
        .where(Cell.study_id == study_id)
        .order_by(Cell.number)
    ).all()
    keys = [CellKey(*row[1:6]) for row in rows]
    return Instrument(
        study_id=study_id,
        number=number,
        sha256=version.sha256,
        questionnaire=questionnaire,
        specs=tuple(spec_of[key] for key in keys),
        item_versions={row.item: row.item_version for row in rows if row.item},
        number_of={key: row.number for key, row in zip(keys, rows, strict=True)},
    )
