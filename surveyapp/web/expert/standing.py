"""One expert's way through the questionnaire as it stands now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import abort

from surveyapp.delphi.showing import Cause, OwnAnswer
from surveyapp.extensions import get_database
from surveyapp.questionnaire.cells import Given
from surveyapp.questionnaire.routing import Route, RoutedPage
from surveyapp.services.instruments import Instrument, find_kept_instrument, get_instrument
from surveyapp.services.reading.seats import Seat, Sheet, given_of, read_sheet
from surveyapp.web.expert.feedback import Shown, find_causes, own_shown, shown_to


@dataclass(frozen=True, slots=True)
class Standing:
    """One expert's way through the questionnaire as it stands now."""

    seat: Seat
    instrument: Instrument
    route: Route
    answers: Mapping[int, Given]
    sheet: Sheet
    """What stands now and what stood in earlier rounds, as stored."""
    shown: Shown | None = None
    """What is shown of earlier rounds; None in a round without feedback."""

    @property
    def has_rated(self) -> bool:
        """Whether this expert was asked for ratings in an earlier round: then the scale is known."""
        return any(self.instrument.spec(cell).key.criterion for cell in self.sheet.earlier)

    def find_page(self, key: str) -> RoutedPage:
        """The page `key` of this expert's route; 404 when it is not on it."""
        try:
            return self.route.page(key)
        except KeyError:
            abort(404)

    def own(self, numbers: Sequence[int]) -> Mapping[int, OwnAnswer]:
        """The own earlier answers that are shown in these cells."""
        return own_shown(self.shown, self.instrument, self.sheet, numbers)

    def causes(self, numbers: Sequence[int], own: Mapping[int, OwnAnswer]) -> Mapping[int, Cause]:
        """Ratings among these cells that ask kindly for a reason, and why."""
        return find_causes(self.shown, self.instrument, self.answers, own, numbers)

    def is_open(self, key: str) -> bool:
        """Whether the page may be opened: consent comes first."""
        return key in [page.key for page in self.route.pages[: self.route.open_until]]


def read_standing(of: Seat, *, page: str | None = None) -> Standing:
    """Instrument, answers and route of a seat; with `page`, of earlier rounds no more than it shows."""
    instrument = read_instrument(of)
    before = None if page is None else instrument.needed_before.get(page)
    with get_database().glance() as connection:
        sheet = read_sheet(connection, seat=of, before=before)
    answers = {number: given_of(stored) for number, (stored, _) in sheet.now.items()}
    earlier = sheet.earlier
    carried = {cell: given_of(earlier[cell][0]) for cell in instrument.carried_cells if cell in earlier}
    route = instrument.route(group=of.group, tags=of.tags, answers=answers, carried=carried)
    return Standing(of, instrument, route, answers, sheet, shown_to(of, instrument, sheet))


def read_instrument(of: Seat) -> Instrument:
    """The questionnaire version that this seat answers; a query only the first time in a process."""
    kept = find_kept_instrument(
        study_id=of.study_id, number=of.questionnaire_number, sha256=of.questionnaire_sha256
    )
    if kept is not None:
        return kept
    with get_database().reading() as session:
        return get_instrument(
            session, study_id=of.study_id, number=of.questionnaire_number, sha256=of.questionnaire_sha256
        )
