"""What a study still needs before its first round can open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from surveyapp.models import Panellist, ProtocolVersion, Study
from surveyapp.services.instruments import get_instrument

Standing = Literal["done", "missing", "advised"]


@dataclass(frozen=True, slots=True)
class SetUp:
    """How far the setting up has got."""

    pages: int
    items: int
    panel: int
    contact_email: str
    organisation: str
    has_protocol: bool
    is_locked: bool
    has_rehearsal: bool = False

    @property
    def texts(self) -> Standing:
        """Whether experts read whom to write to."""
        return "done" if self.contact_email else "missing"

    @property
    def panel_standing(self) -> Standing:
        """Whether anybody is invited."""
        return "done" if self.panel else "missing"

    @property
    def protocol(self) -> Standing:
        """A round can open without one, but then nothing says beforehand what counts as consensus."""
        return "done" if self.has_protocol else "advised"

    @property
    def lock(self) -> Standing:
        """A protocol must be locked before round 1."""
        if not self.has_protocol:
            return "advised"
        return "done" if self.is_locked else "missing"

    @property
    def missing(self) -> int:
        """How many steps keep the first round from opening well."""
        return [self.texts, self.panel_standing, self.protocol, self.lock].count("missing")


def get_set_up(session: Session, *, study: Study) -> SetUp:
    """How far the setting up of `study` has got."""
    instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    panel = session.execute(
        select(func.count()).select_from(Panellist).where(Panellist.study_id == study.id)
    ).scalar_one()
    locked_at = session.scalar(
        select(ProtocolVersion.locked_at).where(
            ProtocolVersion.study_id == study.id, ProtocolVersion.number == study.protocol_number
        )
    )
    return SetUp(
        pages=len(instrument.questionnaire.pages),
        items=len(instrument.questionnaire.items),
        panel=panel,
        contact_email=study.contact_email,
        organisation=study.organisation,
        has_protocol=study.protocol_number > 0,
        is_locked=locked_at is not None,
        has_rehearsal=bool(session.scalar(select(exists().where(Study.rehearsal_of == study.id)))),
    )
