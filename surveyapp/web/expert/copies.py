"""What an expert takes along: the receipt, and a copy of the own answers to read, print or compute with."""

from __future__ import annotations

import csv
import io
import json

from flask import Response, abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import NotFound
from surveyapp.extensions import get_database
from surveyapp.questionnaire.cells import CellSpec, Given, Status
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.services.receipts import receipt as make_receipt
from surveyapp.web.expert import pages
from surveyapp.web.expert.asking import Wording, page_title
from surveyapp.web.expert.blueprints import get_seat, seat
from surveyapp.web.expert.standing import Standing, read_standing
from surveyapp.web.expert.wordings import read_corrected
from surveyapp.web.languages import page_language, written_time

# The last four are the full-width forms of the first: some spreadsheets take them for the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@seat.get("/receipt.json")
def receipt(slug: str) -> ResponseReturnValue:
    """The receipt of the latest submission, as a file."""
    here = get_seat()
    try:
        with get_database().reading() as session:
            made = make_receipt(session, seat=here)
    except NotFound:
        abort(404)
    if here.is_synthetic:
        made["synthetic"] = "Synthetic panel: invented people and answers."
    text = json.dumps(made, ensure_ascii=False, indent=2) + "\n"
    return _as_file(text, "application/json", f"{slug}-round-{here.round}-receipt.json")


@seat.get("/answers")
def answers(slug: str) -> ResponseReturnValue:
    """The own answers, to read and to print."""
    here = get_seat()
    standing = read_standing(here)
    submitted = written_time(here.submitted_at, here.time_zone, page_language()) if here.submitted_at else ""
    return render_template(
        "expert/answers.html",
        frame=pages.frame_of(here),
        pages=copy_of(standing),
        submitted=submitted,
        has_drafts=here.has_drafts,
        slug=slug,
        corrected=read_corrected(here),
    )


@seat.get("/answers.csv")
def answers_csv(slug: str) -> ResponseReturnValue:
    """The own answers as a table."""
    here = get_seat()
    written = io.StringIO()
    table = csv.writer(written)
    head = [_("page"), _("question"), _("item"), _("context"), _("criterion"), _("what"), _("answer")]
    # Where nothing was corrected, every answer saw the same words, and there is nothing to tell apart.
    table.writerow([*head, _("correction seen")] if here.correction else head)
    for page in copy_of(read_standing(here)):
        for question in page.questions:
            for each in question.answers:
                row = (
                    page.title,
                    question.text,
                    each.item,
                    each.context,
                    each.criterion,
                    each.what,
                    each.words,
                )
                saw = [str(each.correction)] if here.correction else []
                table.writerow([*(defuse(cell) for cell in row), *saw])
    name = f"{slug}-round-{here.round}-{'synthetic-' if here.is_synthetic else ''}answers.csv"
    # The mark at the start tells spreadsheets that this is UTF-8.
    return _as_file("\ufeff" + written.getvalue(), "text/csv", name)


def defuse(text: str) -> str:
    """A text that no spreadsheet takes for a formula: a leading apostrophe where it would."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _as_file(text: str, mimetype: str, name: str) -> Response:
    response = Response(text, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def copy_of(standing: Standing) -> tuple[pages.AnsweredPage, ...]:
    """Everything that was asked, with what was answered in the expert's words and language."""
    questionnaire = standing.instrument.questionnaire
    wording = Wording(questionnaire, standing.seat.language, page_language())
    copied = []
    for routed in standing.route.pages:
        questions = []
        for question in routed.questions:
            answered = tuple(
                _answered(standing, wording, spec)
                for spec in routed.cells
                if spec.key.question == question.id
            )
            if answered:
                questions.append(pages.AnsweredQuestion(wording.plain(question.text), answered))
        if questions:
            title = page_title(wording, routed.page, routed.context)
            copied.append(pages.AnsweredPage(title, wording.language_of(routed.page.title), tuple(questions)))
    return tuple(copied)


def _answered(standing: Standing, wording: Wording, spec: CellSpec) -> pages.Answered:
    questionnaire = standing.instrument.questionnaire
    key = spec.key
    number = standing.instrument.number_of[key]
    given: Given | None = standing.answers.get(number)
    question = questionnaire.questions_by_id[key.question]
    kind = KINDS[question.kind]
    context = questionnaire.contexts_by_id.get(key.context)
    what = {"reason": _("reason"), "other": _("in own words")}.get(key.part, "")
    item = wording.plain(questionnaire.items_by_id[key.item].title) if key.item else ""
    context_title = wording.plain(context.title) if context else ""
    criterion = wording.plain(questionnaire.criteria[key.criterion].title) if key.criterion else ""
    # Where all answers of a question share it, the page's title says the context, and the question the rest.
    is_several = len(getattr(question, "criteria", ())) > 1
    label = (item or context_title, criterion if is_several else "", what)
    return pages.Answered(
        label=" – ".join(piece for piece in label if piece),
        item=item,
        context=context_title,
        criterion=criterion,
        what=what,
        words=_words(given, kind.show(questionnaire, question, spec, given, wording.language))
        if given is not None
        else "",
        correction=standing.sheet.corrections.get(number, 0),
        is_text=bool(key.part) or question.kind in {"short_text", "long_text", "proposals"},
    )


def _words(given: Given, shown: str) -> str:
    return _("%(answer)s (kept)", answer=shown) if given.status is Status.KEPT else shown
