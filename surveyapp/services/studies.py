"""Studies: create one from a questionnaire, find it again, list them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Sentence
from surveyapp.models import Cell, DeletedStudy, ItemVersion, QuestionnaireVersion, Study
from surveyapp.questionnaire.model import Questionnaire, is_identifier
from surveyapp.questionnaire.routing import all_cells
from surveyapp.services.audit import record

MAX_SLUG = 60
MAX_ROUNDS = 20


def create_study(
    session: Session,
    *,
    questionnaire: Questionnaire,
    source: str,
    title: str,
    slug: str | None,
    now: datetime,
    actor: str,
    organisation: str = "",
    contact_email: str = "",
    time_zone: str = "UTC",
    planned_rounds: int = 1,
    is_synthetic: bool = False,
    rehearsal_of: int | None = None,
) -> Study:
    """Create a study that asks `questionnaire`; `source` is the file's text as its author wrote it.

    From here on the study works from its own stored copy; the file may change or go away. Without a
    `slug` one is made from the title. Raises InputError with all problems at once.
    """
    title = " ".join(title.split())
    slug = slug if slug is not None else make_slug(title)
    if problems := find_problems(
        session,
        title=title,
        slug=slug,
        contact_email=contact_email,
        time_zone=time_zone,
        planned_rounds=planned_rounds,
    ):
        raise InputError(problems)
    study = Study(
        id=_new_number(session),
        slug=slug,
        title=title,
        organisation=organisation.strip(),
        contact_email=contact_email.strip(),
        time_zone=time_zone,
        planned_rounds=planned_rounds,
        is_synthetic=is_synthetic,
        rehearsal_of=rehearsal_of,
        questionnaire_number=1,
        created_at=now,
    )
    session.add(study)
    session.flush()
    sha256 = _store_questionnaire(session, study=study, questionnaire=questionnaire, source=source, now=now)
    detail = {"slug": slug, "questionnaire": questionnaire.id, "sha256": sha256}
    record(session, study_id=study.id, now=now, actor=actor, act="study.create", detail=detail)
    session.flush()
    return study


def _new_number(session: Session) -> int | None:
    """A number that no study had before: SQLite would give the last one again once it is deleted."""
    if session.connection().dialect.name != "sqlite":
        return None
    last = [session.scalar(select(func.max(table.id))) or 0 for table in (Study, DeletedStudy)]
    return max(last) + 1


def change_study(
    session: Session,
    *,
    study: Study,
    title: str,
    organisation: str,
    contact_email: str,
    time_zone: str,
    now: datetime,
    actor: str,
) -> bool:
    """Call the study something else, or tell experts another contact; returns whether anything changed.

    The slug stays: it stands in personal links. Raises InputError with all problems at once.
    """
    wanted = {
        "title": " ".join(title.split()),
        "organisation": organisation.strip(),
        "contact_email": contact_email.strip(),
        "time_zone": time_zone.strip(),
    }
    problems = [
        *_problems_of_title(wanted["title"]),
        *_problems_of_settings(
            contact_email=wanted["contact_email"], time_zone=wanted["time_zone"], rounds=study.planned_rounds
        ),
    ]
    if problems:
        raise InputError(problems)
    changed = [name for name, value in wanted.items() if getattr(study, name) != value]
    for name in changed:
        setattr(study, name, wanted[name])
    if changed:
        record(
            session, study_id=study.id, now=now, actor=actor, act="study.change", detail={"changed": changed}
        )
    return bool(changed)


def find_problems(
    session: Session,
    *,
    title: str,
    slug: str | None,
    contact_email: str = "",
    time_zone: str = "UTC",
    planned_rounds: int = 1,
) -> list[Problem]:
    """Everything that is wrong with what a new study is to be called and told."""
    title = " ".join(title.split())
    slug = slug if slug is not None else make_slug(title)
    return [
        *_problems_of_names(session, title=title, slug=slug),
        *_problems_of_settings(contact_email=contact_email, time_zone=time_zone, rounds=planned_rounds),
    ]


def _store_questionnaire(
    session: Session, *, study: Study, questionnaire: Questionnaire, source: str, now: datetime
) -> str:
    canonical = questionnaire.canonical()
    sha256 = hashlib.sha256(canonical.encode()).hexdigest()
    session.add(
        QuestionnaireVersion(
            study_id=study.id, number=1, canonical=canonical, sha256=sha256, source=source, created_at=now
        )
    )
    items = [
        {
            "study_id": study.id,
            "item": item.id,
            "version": 1,
            "content": item.model_dump_json(exclude_defaults=True),
            "questionnaire_number": 1,
        }
        for item in questionnaire.items
    ]
    cells = [
        {
            "study_id": study.id,
            "number": number,
            "question": spec.key.question,
            "item": spec.key.item,
            "item_version": 1 if spec.key.item else 0,
            "context": spec.key.context,
            "criterion": spec.key.criterion,
            "part": spec.key.part,
        }
        for number, spec in enumerate(all_cells(questionnaire), start=1)
    ]
    # Rows go in as plain values: thousands of objects would only be built to be thrown away.
    if items:
        session.execute(insert(ItemVersion), items)
    if cells:
        session.execute(insert(Cell), cells)
    return sha256


def get_study(session: Session, *, slug: str) -> Study:
    """The study named `slug`. Raises NotFound, which names the nearest one there is."""
    study = session.execute(select(Study).where(Study.slug == slug)).scalar_one_or_none()
    if study is not None:
        return study
    slugs = session.execute(select(Study.slug).order_by(Study.slug)).scalars().all()
    if not slugs:
        raise NotFound(
            Sentence(
                "There is no study '{slug}': there is no study yet. Make one with 'study create'.", slug=slug
            )
        )
    nearest = get_close_matches(slug, slugs, n=1, cutoff=0.5)
    if nearest:
        raise NotFound(
            Sentence("There is no study '{slug}'. Did you mean '{nearest}'?", slug=slug, nearest=nearest[0])
        )
    raise NotFound(Sentence("There is no study '{slug}'. 'study list' names those there are.", slug=slug))


def list_studies(session: Session) -> Sequence[Study]:
    """All studies, in the order of their slugs."""
    return session.execute(select(Study).order_by(Study.slug)).scalars().all()


def make_slug(title: str) -> str:
    """A slug from a title: ``Mitigations for systemic AI risks`` → ``mitigations-for-systemic-ai-risks``.

    Letters lose their accents; what has no Latin letter or digit at all becomes ``study``.
    """
    plain = unicodedata.normalize("NFKD", title.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word
        if len(longer) > MAX_SLUG:
            break
        slug = longer
    if not slug:
        return "study"
    return slug if slug[0].isalpha() else f"study-{slug}"[:MAX_SLUG].rstrip("-")


def _problems_of_title(title: str) -> list[Problem]:
    if not title:
        return [Problem("title", Sentence("it is empty; write the title as experts shall read it."))]
    if len(title) > 200:
        too_long = Sentence("it has {length} characters; write at most 200.", length=len(title))
        return [Problem("title", too_long)]
    return []


def _problems_of_names(session: Session, *, title: str, slug: str) -> list[Problem]:
    problems = _problems_of_title(title)
    if not is_identifier(slug) or "_" in slug or len(slug) > MAX_SLUG:
        problems.append(
            Problem(
                "slug",
                Sentence(
                    "'{slug}' cannot name a study in an address; write lower-case letters and digits joined "
                    "by hyphens, a letter first, at most {most} characters.",
                    slug=slug[:100],
                    most=MAX_SLUG,
                ),
            )
        )
    elif session.execute(select(Study.id).where(Study.slug == slug)).first() is not None:
        problems.append(
            Problem("slug", Sentence("there is already a study '{slug}'; choose another slug.", slug=slug))
        )
    return problems


def _problems_of_settings(*, contact_email: str, time_zone: str, rounds: int) -> list[Problem]:
    problems = []
    # Whether the address can be written to is only known by writing; this catches slips.
    if contact_email.strip() and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", contact_email.strip()):
        problems.append(
            Problem(
                "contact e-mail",
                Sentence(
                    "'{address}' is not an address; write name@example.org.", address=contact_email[:100]
                ),
            )
        )
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(
            Problem(
                "time zone",
                Sentence(
                    "'{zone}' is not known; write a name such as Europe/Berlin or UTC.", zone=time_zone[:60]
                ),
            )
        )
    if not 1 <= rounds <= MAX_ROUNDS:
        problems.append(
            Problem(
                "planned rounds",
                Sentence("{rounds} is not possible; write 1 to {most}.", rounds=rounds, most=MAX_ROUNDS),
            )
        )
    return problems
