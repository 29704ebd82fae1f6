"""What the protocol's rule of stopping says after a round: worked out with its release, and kept there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Decided, Outcome, begin, fold
from surveyapp.delphi.receipts import canonical_json
from surveyapp.delphi.rounds import RoundState
from surveyapp.delphi.rules.expression import STABLE
from surveyapp.delphi.stopping import Progress, StoppingVerdict, judge_stopping
from surveyapp.models import ProtocolVersion, Release, Round, Study
from surveyapp.services.figures import RoundFigures
from surveyapp.services.item_history import asked_items, read_all_decisions, read_first
from surveyapp.services.judging import judge
from surveyapp.services.kept_figures import get_figures, hold_rounds
from surveyapp.services.protocols import get_protocol
from surveyapp.services.round_plans import collected_only

_OVER = (RoundState.CLOSED, RoundState.RELEASED)


@dataclass(frozen=True, slots=True)
class Standings:
    """How every item that was ever rated stands after a round, as it is kept with the release."""

    round: int
    """The round's number in the protocol."""
    rounds: int
    """How many rounds of ratings were closed."""
    open: tuple[str, ...]
    settled: tuple[str, ...]
    stable: tuple[str, ...]
    """Those, settled or not, whose ratings were stable when they were last rated."""
    as_proposed: tuple[str, ...] = ()
    """Those without a decision: they stand as the protocol proposes."""

    @property
    def progress(self) -> Progress:
        """The same in counts."""
        done = {*self.settled, *self.stable}
        return Progress(
            round=self.round,
            rounds=self.rounds,
            items=len(self.open) + len(self.settled),
            settled=len(self.settled),
            stable=len(self.stable),
            done=len(done),
        )

    def canonical(self) -> str:
        """The text that is stored."""
        return canonical_json({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_canonical(cls, text: str) -> Self:
        """Read back what `canonical` wrote."""
        kept: dict[str, Any] = json.loads(text)
        frozen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
        }
        return cls(**frozen)


@dataclass(frozen=True, slots=True)
class AfterRound:
    """Where a study stands after one round; a person decides whether it ends."""

    number: int
    """The round, as the study numbers it."""
    progress: Progress
    verdict: StoppingVerdict
    as_proposed: int
    """How many items have no decision yet, and count as the protocol proposes."""


def find_standings(session: Session, figures: RoundFigures, *, study_id: int) -> Standings | None:
    """How the items stand after a closed round, as decided, else as proposed; None without a protocol.

    None as well for a round that only collected items.
    """
    held = session.get_one(Round, (study_id, figures.number))
    if figures.protocol is None or collected_only(held):
        return None
    judged = judge(figures)
    everything = read_all_decisions(session, study_id=study_id, cohort=held.cohort, before=figures.number + 1)
    decided = everything.get(figures.number, {})
    proposed = {
        item: Decided(item, Outcome(each.proposed.outcome))
        for item, each in judged.items()
        if item not in decided
    }
    fates = begin(read_first(session, study_id=study_id))
    for number, decisions in (everything | {figures.number: decided | proposed}).items():
        fates = fold(fates, decisions, number=number)
    asked = frozenset(asked_items(figures.instrument))
    # What no question rates never settles, and is no part of the way.
    counted = [
        fate for fate in fates if fate.status != "open" or fate.since is not None or fate.item.id in asked
    ]
    earlier = _list_earlier(session, held)
    known = {fate.item.id for fate in counted}
    stable = {item for item, each in judged.items() if each.stability and each.stability.verdict == STABLE}
    if left := known - judged.keys():
        stable |= _stable_before(session, earlier, study_id=study_id) & left
    return Standings(
        round=figures.planned,
        rounds=len(earlier) + 1,
        open=tuple(sorted(fate.item.id for fate in counted if fate.status == "open")),
        settled=tuple(sorted(fate.item.id for fate in counted if fate.status != "open")),
        stable=tuple(sorted(stable & known)),
        as_proposed=tuple(sorted(proposed)),
    )


def find_stopping(
    session: Session, *, study: Study, number: int, figures: RoundFigures | None = None
) -> AfterRound | None:
    """Where the study stands after the closed round `number`, as things are now; None without a protocol.

    `figures` where the round is counted already. Raises NotFound, RoundClosed.
    """
    if figures is None:
        figures = get_figures(session, study_id=study.id, number=number)
    standings = find_standings(session, figures, study_id=study.id)
    if standings is None or figures.protocol is None:
        return None
    return AfterRound(
        number,
        standings.progress,
        judge_stopping(figures.protocol, standings.progress),
        len(standings.as_proposed),
    )


def read_stopping(session: Session, *, study: Study) -> AfterRound | None:
    """Where the study stood when the release of its latest closed round was drafted, or made.

    Nothing is counted. None while another round has been opened since, and where no protocol says anything.
    """
    kept = (
        select(Release.standings)
        .where(Release.study_id == Round.study_id, Release.round == Round.number)
        .order_by(Release.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    latest = session.execute(
        select(Round.number, Round.state, Round.protocol_number, ProtocolVersion.sha256, kept.label("kept"))
        .outerjoin(
            ProtocolVersion,
            and_(ProtocolVersion.study_id == Round.study_id, ProtocolVersion.number == Round.protocol_number),
        )
        .where(Round.study_id == study.id, Round.state.not_in([RoundState.CANCELLED, RoundState.DRAFT]))
        .order_by(Round.number.desc())
        .limit(1)
    ).first()
    if latest is None or latest.state not in _OVER or not latest.protocol_number or not latest.kept:
        return None
    standings = Standings.from_canonical(latest.kept)
    protocol = get_protocol(
        session, study_id=study.id, number=latest.protocol_number, sha256=latest.sha256 or ""
    )
    return AfterRound(
        latest.number,
        standings.progress,
        judge_stopping(protocol, standings.progress),
        len(standings.as_proposed),
    )


def facts_for_record(session: Session, held: Round, standings: Standings | None) -> dict[str, Any]:
    """What the rule of stopping said when the round was released, for the audit; nothing without them."""
    if standings is None:
        return {}
    protocol = get_protocol(session, study_id=held.study_id, number=held.protocol_number)
    verdict = judge_stopping(protocol, standings.progress)
    told = {"stops": verdict.stops, "because": str(verdict.because), **asdict(standings.progress)}
    return {"stopping": told}


def _list_earlier(session: Session, held: Round) -> list[int]:
    """The closed rounds of ratings before one, of its cohort, the latest first."""
    return [
        each.number
        for each in reversed(hold_rounds(session, study_id=held.study_id))
        if each.number < held.number
        and each.cohort == held.cohort
        and each.state in _OVER
        and not collected_only(each)
    ]


def _stable_before(session: Session, earlier: list[int], *, study_id: int) -> set[str]:
    """The items that were stable when they were last rated in these rounds."""
    if not earlier:
        return set()
    kept = _read_kept(session, study_id=study_id, number=earlier[0])
    if kept:
        return set(Standings.from_canonical(kept).stable)
    # It was released before standings were kept.
    found = find_standings(
        session, get_figures(session, study_id=study_id, number=earlier[0]), study_id=study_id
    )
    return set(found.stable) if found is not None else set()


def _read_kept(session: Session, *, study_id: int, number: int) -> str:
    kept = session.scalar(
        select(Release.standings)
        .where(Release.study_id == study_id, Release.round == number)
        .order_by(Release.number.desc())
        .limit(1)
    )
    return kept or ""
