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
from wtforms import BooleanField, EmailField, FileField, StringField
from wtforms.validators import Length

from surveyapp.errors import InputError, Problem, QuestionnaireError, Sentence, say
from surveyapp.extensions import get_database
from surveyapp.questionnaire.source import MAX_BYTES
from surveyapp.services import beginning
from surveyapp.services.beginning import Chosen, File, Wishes
from surveyapp.services.shelf import Shipped, list_shipped
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.account.forms import attach, text_of
from surveyapp.web.organiser.blueprint import blueprint, get_signed_in

OWN = "own file"
LARGEST_TABLE = 10_000_000
_FIELDS = {"title": "title", "slug": "slug", "contact e-mail": "contact_email", "time zone": "time_zone"}


class NewStudyForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """What the study asks and what it is called."""

    questionnaire = StringField(validators=[Length(max=100)])
    with_protocol = BooleanField()
    file = FileField(lazy_gettext("Your questionnaire (YAML)"))
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


@blueprint.get("/new")
def new_study() -> ResponseReturnValue:
    """The form."""
    return _show(NewStudyForm(formdata=None, data={"time_zone": "UTC", "with_protocol": True}))


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
    if chosen is None or problems:
        return _show_problems(form, problems, of_file)
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
        return _show_problems(form, list(error.problems), None)
    return redirect(url_for("organiser.study", slug=slug), 303)


def _choose(form: NewStudyForm) -> Chosen:
    wanted = text_of(form.questionnaire)
    if wanted != OWN:
        return beginning.take_from_shelf(wanted, with_protocol=bool(form.with_protocol.data))
    file = _read(request.files.get("file"), field="file", most=MAX_BYTES)
    if file is None:
        raise InputError([Problem("file", Sentence("choose the file that holds your questionnaire."))])
    table = _read(request.files.get("table"), field="table", most=LARGEST_TABLE)
    return beginning.read_upload(file, table)


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
    form: NewStudyForm, problems: list[Problem], of_file: InputError | None
) -> ResponseReturnValue:
    wrong = attach(form, InputError(problems), _FIELDS)
    if of_file is None:
        return _show(form, wrong=wrong, status=422)
    if isinstance(of_file, QuestionnaireError):
        return _show(form, of_file.problems, wrong=wrong, status=422)
    return _show(
        form,
        wrong=" ".join([wrong, attach(form, of_file, {"file": "file", "table": "table"})]).strip(),
        status=422,
    )


def _show(
    form: NewStudyForm, problems: tuple[Problem, ...] = (), *, wrong: str = "", status: int = 200
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
    )
    return render_template("organiser/new_study.html", page=page, form=form), status
