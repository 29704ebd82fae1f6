"""Beginning a study from the workplace: a questionnaire, a name, and whoever begins it as its owner."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.models import Organiser
from surveyapp.questionnaire.from_items import ItemsAsked, questionnaire_text
from surveyapp.questionnaire.loading import load_text
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services import accounts, shelf
from surveyapp.services.protocols import set_protocol
from surveyapp.services.studies import create_study, find_problems

_FILE_NAME = re.compile(r"[\w][\w .()+-]{0,99}")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was uploaded."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the study shall ask, read and checked."""

    questionnaire: Questionnaire
    source: str
    protocol_name: str = ""
    protocol: bytes | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the study shall be called, and told to experts."""

    title: str
    slug: str
    organisation: str
    contact_email: str
    time_zone: str


def take_from_shelf(name: str, *, with_protocol: bool) -> Chosen:
    """A questionnaire that comes with the program. Raises InputError for one that does not."""
    taken = shelf.find_shipped(name)
    if taken is None:
        raise InputError([Problem("questionnaire", Sentence("choose one from the list, or a file."))])
    protocol = taken.protocol if with_protocol else None
    return Chosen(taken.questionnaire, taken.source, taken.protocol_name, protocol)


def read_upload(file: File, table: File | None = None) -> Chosen:
    """A questionnaire from somebody's own files. Raises QuestionnaireError with everything that is wrong.

    Slow for long files, so call it outside of a unit of work. `table` holds the items where the
    questionnaire names a file for them.
    """
    name = _plain_name(file.name, "questionnaire.yaml")
    with tempfile.TemporaryDirectory(prefix="surveyapp-questionnaire-") as folder:
        if table is not None:
            # A name without folders, in a folder that holds nothing else and is gone in a moment.
            (Path(folder) / _plain_name(table.name, "items.csv")).write_bytes(table.content)
        questionnaire = load_text(name, file.content, Path(folder))
    return Chosen(questionnaire, file.content.decode("utf-8-sig"))


def read_list(table: File, asked: ItemsAsked) -> Chosen:
    """A questionnaire around a list of items. Raises QuestionnaireError with everything that is wrong."""
    name = _plain_name(table.name, "items.csv")
    with tempfile.TemporaryDirectory(prefix="surveyapp-questionnaire-") as folder:
        (Path(folder) / name).write_bytes(table.content)
        text = questionnaire_text(Path(folder), name, asked)
        questionnaire = load_text("questionnaire.yaml", text.encode(), Path(folder))
    return Chosen(questionnaire, text)


def find_problems_of_wishes(session: Session, *, wishes: Wishes) -> list[Problem]:
    """What is wrong with the wishes, so that it can be shown together with what is wrong with a file."""
    return find_problems(
        session,
        title=wishes.title,
        slug=wishes.slug or None,
        contact_email=wishes.contact_email,
        time_zone=wishes.time_zone,
    )


def begin_study(session: Session, *, chosen: Chosen, wishes: Wishes, organiser_id: int, now: datetime) -> str:
    """Make the study, its owner being whoever begins it, and return its slug.

    Raises InputError with all problems at once.
    """
    email = session.execute(select(Organiser.email).where(Organiser.id == organiser_id)).scalar_one()
    study = create_study(
        session,
        questionnaire=chosen.questionnaire,
        source=chosen.source,
        title=wishes.title,
        slug=wishes.slug or None,
        now=now,
        actor=email,
        organisation=wishes.organisation,
        contact_email=wishes.contact_email,
        time_zone=wishes.time_zone,
    )
    accounts.grant(session, email=email, study=study, role="owner", now=now, actor=email)
    if chosen.protocol is not None:
        set_protocol(
            session,
            study=study,
            file=chosen.protocol_name,
            content=chosen.protocol,
            now=now,
            actor=email,
        )
    return study.slug


def _plain_name(name: str, otherwise: str) -> str:
    plain = name.replace("\\", "/").rpartition("/")[2].strip()
    return plain if _FILE_NAME.fullmatch(plain) else otherwise
