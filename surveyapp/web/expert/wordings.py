"""What was corrected in the wording of a round, for those who read it before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from surveyapp.extensions import get_database
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.wordings import find_text
from surveyapp.services.reading.seats import Seat
from surveyapp.services.reading.wordings import CorrectedText, list_corrections
from surveyapp.web.expert import pages
from surveyapp.web.expert.blueprints import get_seat, seat
from surveyapp.web.expert.standing import read_instrument
from surveyapp.web.text_places import place_words


@dataclass(frozen=True, slots=True)
class ToldText:
    """One correction as its readers are told of it."""

    number: int
    where: str
    before: str
    after: str
    reason: str
    language: str
    """What the two texts are in; '' where they serve every language."""


@dataclass(frozen=True, slots=True)
class CorrectionsPage:
    """Every correction that this reader could have noticed."""

    frame: pages.Frame
    corrected: tuple[ToldText, ...]
    go_on_url: str
    takes_answers: bool


@seat.get("/corrections")
def corrections(slug: str) -> ResponseReturnValue:
    """What was corrected in this round: the text before and now, and why."""
    here = get_seat()
    if not here.correction:
        return redirect(url_for("seat.enter", slug=slug), 303)
    page = CorrectionsPage(
        frame=pages.frame_of(here),
        corrected=read_corrected(here),
        go_on_url=url_for("seat.enter", slug=slug),
        takes_answers=here.takes_answers,
    )
    return render_template("expert/corrections.html", page=page, form=None)


def read_corrected(here: Seat, *, since: int = 0) -> tuple[ToldText, ...]:
    """What was corrected of what this expert reads, after correction `since`; no query where nothing was."""
    if since >= here.correction:
        return ()
    with get_database().reading() as session:
        listed = list_corrections(
            session, study_id=here.study_id, number=here.round, after=since, up_to=here.correction
        )
    return tuple(tell(listed, read_instrument(here).questionnaire, here.language))


def say_corrected(here: Seat, *, since: int) -> Markup:
    """The notice for whoever answered from a page that was opened before a correction; '' for others."""
    if not read_corrected(here, since=since):
        return Markup("")
    return Markup('{} <a href="{}">{}</a>').format(
        _("The wording of a text was corrected while you had the page open. Your answers stand as they are."),
        url_for("seat.corrections", slug=here.slug),
        _("Show what was corrected"),
    )


def notice_asked_for(here: Seat) -> Markup:
    """The notice that the address asks for: it names the correction that stood on the page before."""
    since = request.args.get("since", "")
    is_number = since.isascii() and since.isdigit() and len(since) < 6
    return say_corrected(here, since=int(since)) if is_number else Markup("")


def with_notice(url: str, here: Seat, *, since: int) -> str:
    """The address `url`, which then tells of corrections since `since` if there are any."""
    if since >= here.correction:
        return url
    path, mark, anchor = url.partition("#")
    return f"{path}{'&' if '?' in path else '?'}since={since}{mark}{anchor}"


def tell(listed: Sequence[CorrectedText], questionnaire: Questionnaire, language: str) -> Iterator[ToldText]:
    """What of these corrections somebody is told who reads in `language`: the latest first."""
    read_in = language if language in questionnaire.languages else questionnaire.language
    for each in reversed(listed):
        text = find_text(questionnaire, each.path)
        # Whoever reads another language has not read it.
        if text is not None and text.language in {"", read_in}:
            where = place_words(questionnaire, text.steps, language)
            yield ToldText(each.number, where, each.before, each.after, each.reason, text.language)
