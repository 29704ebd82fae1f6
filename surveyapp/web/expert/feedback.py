"""What a seat is shown of earlier rounds: the panel's view out of the release, and the own answers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.protocol.model import Discussion, Feedback, Reasons
from surveyapp.delphi.showing import Cause, OwnAnswer, PanelView, cause_to_ask
from surveyapp.extensions import get_database
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.earlier import own_answers
from surveyapp.services.reading.expert_views import show_panel, viewer_of
from surveyapp.services.reading.releases import find_kept_release, get_release_content
from surveyapp.services.reading.seats import Seat, Sheet
from surveyapp.services.reading.submitted import read_ever_given
from surveyapp.web.expert.compiled import NOTHING, Kept

_NOTHING_GIVEN = frozenset({Status.BLANK, Status.WITHDRAWN})
_panels = Kept()


@dataclass(frozen=True, slots=True)
class Shown:
    """What one seat is shown of earlier rounds; `key` is the same for all who are shown the same."""

    panel: PanelView | None
    feedback: Feedback
    reasons: Reasons
    discussion: Discussion | None
    """What may be done with others' reasons; None for nothing."""
    key: Hashable


def shown_to(seat: Seat, instrument: Instrument, sheet: Sheet) -> Shown | None:
    """What this seat is shown; None in a round without feedback. A query only the first time in a process."""
    feedback = seat.plan.feedback_for(seat.variant)
    if feedback is None:
        return None
    discussion = seat.plan.discussion_for(seat.variant)
    key: tuple[Hashable, ...] = (
        feedback, seat.plan.reasons, discussion, seat.release, seat.release_sha256
    )  # fmt: skip
    if not seat.release or seat.shows_round is None:
        return Shown(None, feedback, seat.plan.reasons, discussion, key)
    content = _read_content(seat, seat.shows_round)
    group, viewer = _group_of(seat, feedback), _viewer_of(seat, feedback)
    blind = _find_blind(instrument, seat, sheet) if content.kind == "real_time" else frozenset()
    key += (seat.study_id, instrument.sha256, group, viewer, seat.plan.settled_results, blind)
    panel = _panels.get(
        key,
        lambda: show_panel(
            instrument,
            content,
            seat.plan,
            feedback,
            group=group,
            viewer=viewer,
            seed=seat.release_sha256,
            blind=blind,
        ),
    )
    return Shown(panel, feedback, seat.plan.reasons, discussion, key)


def shown_of(seat: Seat, instrument: Instrument, content: ReleaseContent | None) -> Shown | None:
    """What this seat would be shown of `content`; nothing is kept of it, because it may never come to be."""
    feedback = seat.plan.feedback_for(seat.variant)
    if feedback is None:
        return None
    panel = None
    if content is not None:
        panel = show_panel(
            instrument,
            content,
            seat.plan,
            feedback,
            group=_group_of(seat, feedback),
            viewer=_viewer_of(seat, feedback),
            seed=content.sha256(),
        )
    # Nobody can speak about what is only looked at.
    return Shown(panel, feedback, seat.plan.reasons, None, ("never kept",))


def _group_of(seat: Seat, feedback: Feedback) -> str:
    return seat.group if feedback.of_groups != "none" else ""


def _viewer_of(seat: Seat, feedback: Feedback) -> str:
    return viewer_of(seat.panellist_id) if feedback.reasons else ""


def _read_content(seat: Seat, shows_round: int) -> ReleaseContent:
    kept = find_kept_release(
        study_id=seat.study_id, round_=shows_round, number=seat.release, sha256=seat.release_sha256
    )
    if kept is not None:
        return kept
    with get_database().reading() as session:
        return get_release_content(
            session,
            study_id=seat.study_id,
            round_=shows_round,
            number=seat.release,
            sha256=seat.release_sha256,
        )


def _find_blind(instrument: Instrument, seat: Seat, sheet: Sheet) -> frozenset[int]:
    """In real time, the cells without an own submitted answer: after the first, others stay in sight."""
    asked = frozenset(instrument.numbers_asked)
    if not seat.submission:
        return asked
    if seat.submission == 1 and not seat.has_drafts:
        # The rows are what was submitted; nothing more need be read.
        return asked - {cell for cell, (stored, _) in sheet.now.items() if stored[0] not in _NOTHING_GIVEN}
    with get_database().glance() as connection:
        return asked - read_ever_given(
            connection, study_id=seat.study_id, panellist_id=seat.panellist_id, number=seat.round
        )


def own_shown(
    shown: Shown | None, instrument: Instrument, sheet: Sheet, numbers: Sequence[int]
) -> Mapping[int, OwnAnswer]:
    """The own earlier answers to show in these cells."""
    if shown is None or not shown.feedback.own_answer:
        return NOTHING
    return own_answers(instrument, sheet, numbers)


def find_causes(
    shown: Shown | None,
    instrument: Instrument,
    answers: Mapping[int, Given],
    own: Mapping[int, OwnAnswer],
    numbers: Sequence[int],
) -> Mapping[int, Cause]:
    """Rating → why a reason is asked for now that it is given, where none has been written yet."""
    if shown is None or shown.reasons.ask == "nobody":
        return NOTHING
    reason_of = instrument.reason_of
    ratings = shown.panel.ratings if shown.panel is not None else {}
    causes: dict[int, Cause] = {}
    for number in numbers:
        reason = reason_of.get(number)
        given = answers.get(number)
        if reason is None or given is None or _is_written(answers.get(reason)):
            continue
        view = ratings.get(number)
        before = own.get(number)
        cause = cause_to_ask(
            given,
            earlier=before.given if before else None,
            middle=view.middle if view else None,
            reasons=shown.reasons,
        )
        if cause:
            causes[number] = cause
    return causes


def _is_written(given: Given | None) -> bool:
    return given is not None and given.status not in _NOTHING_GIVEN
