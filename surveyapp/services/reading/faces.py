"""What a study shows of itself to people who have no seat in it any more: its name, and who runs it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Study


@dataclass(frozen=True, slots=True)
class Face:
    """A study as its letters name it."""

    slug: str
    title: str
    organisation: str
    contact_email: str
    is_synthetic: bool


def find_face(session: Session, *, slug: str) -> Face | None:
    """The face of the study with this slug, or None when there is no such study."""
    row = session.execute(
        select(Study.slug, Study.title, Study.organisation, Study.contact_email, Study.is_synthetic).where(
            Study.slug == slug
        )
    ).one_or_none()
    return None if row is None else Face(*row)
