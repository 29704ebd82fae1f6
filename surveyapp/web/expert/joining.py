"""Asking for a seat on the panel: a study's public link, without signing in.

Whoever asks reads the same afterwards, whether the address is on the panel, asks twice, or is new.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from surveyapp.errors import InputError, NotFound, Refused, TooManyTries, say
from surveyapp.extensions import get_config, get_database
from surveyapp.services import registering, throttling
from surveyapp.services.reading.faces import Face
from surveyapp.services.registering import Door, Request
from surveyapp.services.unit import read_now
from surveyapp.web.expert import pages
from surveyapp.web.expert.asking import Wording
from surveyapp.web.expert.blueprints import links
from surveyapp.web.expert.landing import LONGEST_TOKEN, show_unknown
from surveyapp.web.expert.parting import part, read_parted
from surveyapp.web.languages import language_name, page_language

# Per address of a network, which a whole institute may share, and per study.
MOST_FROM_ONE = 20
MOST_OF_ONE_STUDY = 300
WINDOW = 3_600
_FIELDS = ("name", "email", "group", "language", "message")


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class JoinPage:
    """What somebody reads who would like to join."""

    token: str
    is_open: bool
    summary: Markup
    about: Markup
    note: tuple[str, ...]
    groups: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    consent: str
    fields: dict[str, str]
    wrong: dict[str, str]
    """Field → what is wrong with it."""
    trouble: str


@links.get("/l/join/<token>")
def join(token: str) -> ResponseReturnValue:
    """The form. Opening it changes nothing."""
    door = _find(token)
    return show_unknown() if door is None else _show(door, token)


@links.post("/l/join/<token>")
def ask(token: str) -> ResponseReturnValue:
    """Leave the request, or show what is missing with all that was typed."""
    door = _find(token)
    if door is None:
        return show_unknown()
    fields = {name: request.form.get(name, "") for name in _FIELDS}
    # The words that stand on the page in the language that was read.
    asked = Request(**fields, consent=_consent(door) if request.form.get("consent") == "yes" else "")
    try:
        _count_try(door)
        with get_database().verb() as session:
            registering.ask_for_seat(
                session,
                token=token,
                link_key=get_config().link_key.encode(),
                asked=asked,
                now=read_now(session),
            )
    except InputError as error:
        wrong = {problem.where: say(problem.what, _) for problem in reversed(error.problems)}
        return _show(door, token, fields=fields, wrong=wrong, agreed=bool(asked.consent)), 422
    except NotFound:
        return show_unknown()
    except Refused as error:
        status = 429 if isinstance(error, TooManyTries) else 409
        return _show(door, token, fields=fields, trouble=error.said_by(_), agreed=bool(asked.consent)), status
    return part("links.asked", Parted(door.slug, page_language()))


@links.get("/l/asked")
def asked() -> ResponseReturnValue:
    """The request is with the study team."""
    return render_template("expert/asked.html", frame=read_parted())


@dataclass(frozen=True, slots=True)
class Parted:
    """Where somebody has just been who has no seat."""

    slug: str
    language: str


def _find(token: str) -> Door | None:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    with get_database().reading() as session:
        door = registering.find_door(session, token=token, link_key=get_config().link_key.encode())
    if door is not None:
        spoken = door.questionnaire.languages
        wanted = request.values.get("read", "")
        g.language = wanted if wanted in spoken else request.accept_languages.best_match(spoken, spoken[0])
    return door


def _count_try(door: Door) -> None:
    key = get_config().secret_key.encode()
    counted = (
        ("join", request.remote_addr or "", MOST_FROM_ONE),
        ("join-study", str(door.study_id), MOST_OF_ONE_STUDY),
    )
    for purpose, subject, limit in counted:
        with get_database().verb() as session:
            throttling.count(
                session,
                purpose=purpose,
                subject=throttling.hide(key, subject),
                limit=limit,
                window_seconds=WINDOW,
                now=read_now(session),
            )


def _consent(door: Door) -> str:
    return str(
        _(
            "I agree that the team of “%(study)s” keeps what I write here to decide about my request and, "
            "if I join, to write to me about this study. If I do not join, it is deleted.",
            study=door.title,
        )
    )


def _show(
    door: Door,
    token: str,
    *,
    fields: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    trouble: str = "",
    agreed: bool = False,
) -> str:
    typed = fields or dict.fromkeys(_FIELDS, "")
    questionnaire = door.questionnaire
    wording = Wording(questionnaire, g.language, page_language())
    chosen = typed["language"] or g.language
    page = JoinPage(
        token=token,
        is_open=door.is_open,
        summary=wording.inline(questionnaire.summary),
        about=wording.block(questionnaire.about),
        note=tuple(filter(None, door.note.split("\n"))),
        groups=tuple(
            Choice(each.id, wording.plain(each.title), each.id == typed["group"])
            for each in questionnaire.groups
        ),
        languages=tuple(
            Choice(each, language_name(each), each == chosen) for each in questionnaire.languages
        ),
        consent=_consent(door),
        fields={**typed, "agreed": "yes" if agreed else ""},
        wrong=wrong or {},
        trouble=trouble,
    )
    face = Face(door.slug, door.title, door.organisation, door.contact_email, door.is_synthetic)
    frame = pages.frame_of_face(face)
    return render_template("expert/join.html", page=page, frame=frame, read=g.language)
