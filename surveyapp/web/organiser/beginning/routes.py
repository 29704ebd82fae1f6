"""A new study, from a questionnaire that comes with the program or from one's own file."""

from __future__ import annotations

from dataclasses import dataclass
from os import SEEK_END
from zoneinfo import available_timezones

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, EmailField, FileField, StringField, TextAreaField
from wtforms.validators import Length

from surveyapp.errors import InputError, Problem, QuestionnaireError, Sentence, say
from surveyapp.extensions import get_database
from surveyapp.questionnaire.from_items import LANGUAGES, SCALES, ItemsAsked
from surveyapp.questionnaire.source import MAX_BYTES
from surveyapp.services import beginning
from surveyapp.services.beginning import Chosen, File, Wishes
from surveyapp.services.shelf import Shipped, list_shipped
from surveyapp.services.unit import read_now
from surveyapp.web.languages import language_name, page_language
from surveyapp.web.organiser.account.forms import attach, text_of
from surveyapp.web.organiser.beginning.looking import Look, look_at
from surveyapp.web.organiser.blueprint import blueprint, get_signed_in
from surveyapp.web.organiser.typed import showable

OWN, LIST = "own file", "list"
FILE_NAME = "questionnaire.yaml"
LARGEST_TABLE = 10_000_000
_MOST_KEPT = 400_000
"""So many characters of a questionnaire stand in the page for another try; a longer one is chosen again."""
_FIELDS = {
    "title": "title",
    "slug": "slug",
    "contact e-mail": "contact_email",
    "time zone": "time_zone",
    "question": "question",
    "criterion": "criterion",
    "groups": "groups",
}


class NewStudyForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What the study asks and what it is called."""

    questionnaire = StringField(validators=[Length(max=100)])
    with_protocol = BooleanField()
    file = FileField(lazy_gettext("Your questionnaire (YAML)"))
    text = TextAreaField(lazy_gettext("or its text"), filters=[lambda text: showable(text or "")])
    list = FileField(lazy_gettext("Your list of items (CSV or XLSX)"))
    question = StringField(lazy_gettext("What experts are asked about each item"), [Length(max=1_000)])
    criterion = StringField(lazy_gettext("What they rate, in a word"), [Length(max=200)])
    scale = StringField(validators=[Length(max=40)])
    language = StringField(validators=[Length(max=10)])
    groups = StringField(lazy_gettext("Groups of the panel, with commas between them"), [Length(max=2_000)])
    with_reasons = BooleanField()
    table = FileField(lazy_gettext("Table of items (CSV or XLSX), if your questionnaire names one"))
    title = StringField(lazy_gettext("Title, as experts read it"), [Length(max=1_000)])
    slug = StringField(lazy_gettext("Short name in addresses"), [Length(max=200)])
    organisation = StringField(lazy_gettext("Who runs the study"), [Length(max=200)])
    contact_email = EmailField(lazy_gettext("Address that experts can write to"), [Length(max=254)])
    time_zone = StringField(lazy_gettext("Time zone of deadlines"), [Length(max=60)])


@dataclass(frozen=True, slots=True)
class NewStudyPage:
    """What can be chosen, and everything that is wrong with what was."""

    email: str
    shipped: tuple[Shipped, ...]
    chosen: str
    with_protocol: bool
    zones: tuple[str, ...]
    problems: tuple[Problem, ...]
    wrong: str
    scales: tuple[tuple[str, str], ...]
    languages: tuple[tuple[str, str], ...]
    look: Look | None
    """What was read, where somebody wanted to see it first."""


@blueprint.get("/new")
def new_study() -> ResponseReturnValue:
    """The form."""
    usual = {"time_zone": "UTC", "with_protocol": True, "with_reasons": True, "scale": SCALES[0]}
    return _show(NewStudyForm(formdata=None, data={**usual, "language": page_language()}))


@blueprint.post("/new")
def begin_study() -> ResponseReturnValue:
    """Make the study; or show everything that is wrong, with what was typed still there."""
    form = NewStudyForm()
    if not form.validate():
        return _show(form, status=422)
    wishes = Wishes(
        title=text_of(form.title),
        slug=text_of(form.slug).strip(),
        organisation=text_of(form.organisation),
        contact_email=text_of(form.contact_email),
        time_zone=text_of(form.time_zone).strip() or "UTC",
    )
    of_file: InputError | None = None
    chosen: Chosen | None = None
    try:
        chosen = _choose(form)
    except InputError as error:
        of_file = error
    with get_database().reading() as session:
        problems = beginning.find_problems_of_wishes(session, wishes=wishes)
    look = None if chosen is None else look_at(chosen.questionnaire)
    if chosen is None or problems:
        return _show_problems(form, problems, of_file, look)
    if request.form.get("go") == "check":
        return _show(_keep(form, chosen), look=look)
    try:
        with get_database().verb() as session:
            slug = beginning.begin_study(
                session,
                chosen=chosen,
                wishes=wishes,
                organiser_id=get_signed_in().organiser_id,
                now=read_now(session),
            )
    except InputError as error:
        return _show_problems(form, list(error.problems), None, look)
    return redirect(url_for("organiser.study", slug=slug), 303)


def _choose(form: NewStudyForm) -> Chosen:
    wanted = text_of(form.questionnaire)
    if wanted == LIST:
        return beginning.read_list(_read_list(), _asked(form))
    if wanted != OWN:
        return beginning.take_from_shelf(wanted, with_protocol=bool(form.with_protocol.data))
    file = _read(request.files.get("file"), field="file", most=MAX_BYTES)
    if file is None and text_of(form.text).strip():
        file = File(FILE_NAME, text_of(form.text).encode())
    if file is None:
        raise InputError([Problem("file", Sentence("choose the file that holds your questionnaire."))])
    table = _read(request.files.get("table"), field="table", most=LARGEST_TABLE)
    return beginning.read_upload(file, table)


def _read_list() -> File:
    found = _read(request.files.get("list"), field="list", most=LARGEST_TABLE)
    if found is None:
        raise InputError([Problem("list", Sentence("choose the file that holds your list of items."))])
    return found


def _asked(form: NewStudyForm) -> ItemsAsked:
    return ItemsAsked(
        title=" ".join(text_of(form.title).split()),
        question=text_of(form.question).strip(),
        criterion=text_of(form.criterion).strip(),
        scale=text_of(form.scale),
        language=text_of(form.language),
        groups=tuple(each.strip() for each in text_of(form.groups).split(",") if each.strip()),
        with_reasons=bool(form.with_reasons.data),
    )


def _keep(form: NewStudyForm, chosen: Chosen) -> NewStudyForm:
    """What was read stands in the page as text, so that nobody must choose a file twice.

    A questionnaire whose items lie in a table needs both files again.
    """
    of_list = text_of(form.questionnaire) == LIST
    has_table = bool(request.files.get("table") and request.files["table"].filename)
    if text_of(form.questionnaire) in {OWN, LIST} and not has_table and len(chosen.source) <= _MOST_KEPT:
        form.text.data = chosen.source
        if of_list:
            form.questionnaire.data = OWN
    return form


def _read(sent: FileStorage | None, *, field: str, most: int) -> File | None:
    if sent is None or not sent.filename:
        return None
    size = sent.stream.seek(0, SEEK_END)
    if size > most:
        raise InputError(
            [
                Problem(
                    field,
                    Sentence(
                        "the file has {size} megabytes, and at most {most} can be read.",
                        size=f"{size / 1_000_000:.1f}",
                        most=most // 1_000_000,
                    ),
                )
            ]
        )
    sent.stream.seek(0)
    return File(sent.filename, sent.read())


def _show_problems(
    form: NewStudyForm, problems: list[Problem], of_file: InputError | None, look: Look | None
) -> ResponseReturnValue:
    # An empty title is wrong for the study and for the questionnaire alike; it is said once.
    own = [each for each in of_file.problems if each.where in _FIELDS] if of_file is not None else []
    known = {each.where for each in problems}
    wrong = attach(form, InputError([*problems, *(each for each in own if each.where not in known)]), _FIELDS)
    if of_file is None:
        return _show(form, wrong=wrong, status=422, look=look)
    rest = [each for each in of_file.problems if each not in own]
    if isinstance(of_file, QuestionnaireError):
        return _show(form, tuple(rest), wrong=wrong, status=422)
    of_files = attach(form, InputError(rest), {"file": "file", "table": "table", "list": "list"})
    return _show(form, wrong=f"{wrong} {of_files}".strip(), status=422)


def _show(
    form: NewStudyForm,
    problems: tuple[Problem, ...] = (),
    *,
    wrong: str = "",
    status: int = 200,
    look: Look | None = None,
) -> ResponseReturnValue:
    shipped = list_shipped()
    page = NewStudyPage(
        email=get_signed_in().email,
        shipped=shipped,
        chosen=text_of(form.questionnaire) or (shipped[0].name if shipped else OWN),
        with_protocol=bool(form.with_protocol.data),
        zones=tuple(sorted(available_timezones())),
        problems=tuple(Problem(each.where, say(each.what, _)) for each in problems),
        wrong=wrong,
        scales=(
            ("agreement", _("agreement, five points")),
            ("importance", _("importance, 1 to 9, as for core outcome sets")),
            ("relevance", _("relevance, 1 to 4")),
        ),
        languages=tuple((each, language_name(each)) for each in LANGUAGES),
        look=look,
    )
    return render_template("organiser/new_study.html", page=page, form=form), status
