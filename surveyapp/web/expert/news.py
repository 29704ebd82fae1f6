"""What is new in a later round: what is shown now, what changed about items, and which are settled."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from surveyapp.delphi.protocol.model import Discussion, Feedback, Reasons
from surveyapp.delphi.showing import Change, RatingView
from surveyapp.questionnaire.markdown import to_html
from surveyapp.services.instruments import Instrument
from surveyapp.web.expert import pages
from surveyapp.web.expert.asking import Wording
from surveyapp.web.expert.beside import change_words
from surveyapp.web.expert.blueprints import get_seat, seat
from surveyapp.web.expert.feedback import Shown
from surveyapp.web.expert.over_scale import fill, point_words, span_words
from surveyapp.web.expert.standing import Standing, read_standing
from surveyapp.web.expert.wordings import ToldText, read_corrected
from surveyapp.web.languages import page_language


@dataclass(frozen=True, slots=True)
class Result:
    """One rating of an item that is settled."""

    what: str
    n: int
    median: Markup
    middle: Markup


@dataclass(frozen=True, slots=True)
class ItemNews:
    """What is told about one item."""

    title: str
    words: tuple[Markup, ...]
    verdict: str = ""
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class NewsPage:
    """The first page of a round that shows feedback."""

    frame: pages.Frame
    csrf: str
    first_url: str
    round: int
    """The round that is shown; 0 while there is nothing to show yet."""
    submissions: int
    smallest_group: int
    note: Markup
    feedback: Feedback
    has_group: bool
    reasons: Reasons
    discussion: Discussion | None
    changed: tuple[ItemNews, ...]
    settled: tuple[ItemNews, ...]
    corrected: tuple[ToldText, ...] = ()
    """What was corrected in the wording of this round."""


@seat.get("/news")
def news(slug: str) -> ResponseReturnValue:
    """What is new in this round."""
    here = get_seat()
    standing = read_standing(here)
    shown = standing.shown
    if shown is None or not here.takes_answers:
        return redirect(url_for("seat.enter", slug=slug), 303)
    page = news_page(
        standing,
        shown,
        csrf=generate_csrf(),
        first_url=_next_url(standing),
        corrected=read_corrected(here),
    )
    return render_template("expert/news.html", page=page, form=None)


def news_page(
    standing: Standing, shown: Shown, *, csrf: str, first_url: str, corrected: tuple[ToldText, ...] = ()
) -> NewsPage:
    """What is told at the beginning of a round to whoever sits in this seat."""
    here, panel = standing.seat, shown.panel
    wording = Wording(standing.instrument.questionnaire, here.language, page_language())
    return NewsPage(
        frame=pages.frame_of(here),
        csrf=csrf,
        first_url=first_url,
        round=panel.round if panel else 0,
        submissions=panel.submissions if panel else 0,
        smallest_group=panel.smallest_group if panel else here.smallest_group,
        note=Markup(to_html(panel.note, 2)) if panel and panel.note else Markup(""),  # noqa: S704 - sanitised
        feedback=shown.feedback,
        has_group=bool(panel and panel.group),
        reasons=shown.reasons,
        discussion=shown.discussion,
        changed=tuple(_changed(shown, wording, standing.instrument.proposed)),
        settled=tuple(_settled(shown, standing.instrument, wording)),
        corrected=corrected,
    )


def _next_url(standing: Standing) -> str:
    """Where to go from here: newcomers try the scale first."""
    here = standing.seat
    if (
        not here.revision
        and not standing.has_rated
        and standing.instrument.questionnaire.practice is not None
    ):
        return url_for("seat.practice", slug=here.slug)
    key = here.place if standing.is_open(here.place) else standing.route.pages[0].key
    return pages.page_url(here.slug, key)


def _changed(shown: Shown, wording: Wording, proposed: Collection[str]) -> Iterator[ItemNews]:
    if shown.panel is None:
        return
    for item in wording.questionnaire.items:
        change = shown.panel.changes.get(item.id)
        if change is not None:
            title = wording.plain(item.title)
            words = [*change_words(change, title, shown.panel.round)]
            if item.id in proposed:
                words.insert(1, fill(_("Proposed by the panel.")))
            yield ItemNews(title, tuple(words))


def _settled(shown: Shown, instrument: Instrument, wording: Wording) -> Iterator[ItemNews]:
    if shown.panel is None:
        return
    items = instrument.questionnaire.items_by_id
    for each in shown.panel.settled:
        into = [wording.plain(items[name].title) if name in items else name for name in each.successors]
        yield ItemNews(
            title=each.title,
            words=tuple(_outcome_words(each, into, shows_result=shown.panel.shows_results)),
            verdict=each.verdict,
            results=tuple(
                _result(view, instrument, wording) for view in each.ratings if view.panel is not None
            ),
        )


def _outcome_words(change: Change, into: list[str], *, shows_result: bool) -> Iterator[Markup]:
    if change.outcome in {"split", "merge"}:
        yield fill(_("Now asked as: %(titles)s."), titles=", ".join(into))
    elif not shows_result:
        yield fill(_("Settled. Its result is shown at the end of the study."))
        return
    else:
        outcomes = {
            "accept": _("Accepted."),
            "drop": _("Dropped."),
            "finalise": _("Closed with the result as it stands."),
        }
        yield fill(outcomes[change.outcome])
    if change.reason:
        yield fill(_("Why: %(reason)s"), reason=change.reason)


def _result(view: RatingView, instrument: Instrument, wording: Wording) -> Result:
    key = instrument.spec(view.cell).key
    questionnaire = instrument.questionnaire
    criterion = questionnaire.criteria[key.criterion]
    context = questionnaire.contexts_by_id.get(key.context)
    labels = {each.value: wording.line(each.label) for each in questionnaire.scales[criterion.scale].points}
    figure = view.panel
    pieces = (wording.plain(context.title) if context else "", wording.plain(criterion.title))
    return Result(
        what=" – ".join(piece for piece in pieces if piece),
        n=figure.n if figure else 0,
        median=point_words(figure.median, labels) if figure and figure.median is not None else Markup("–"),
        middle=span_words(sorted(view.middle or ()), labels),
    )
