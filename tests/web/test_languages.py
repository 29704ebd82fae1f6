"""In which language a page speaks, which passages it marks, and how it writes times."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from flask import g
from markupsafe import escape

import surveyapp
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Text
from surveyapp.questionnaire.planning import plan
from surveyapp.web.expert.asking import Wording, page_heading, page_title
from surveyapp.web.expert.pages import cell_label
from surveyapp.web.languages import page_direction, page_language, text_direction, written_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

CODE = Path(surveyapp.__file__).parent
STUDY = Path(__file__).with_name("expert") / "every-kind.yaml"


def texts_in_the_code() -> Iterator[str]:
    """Every text that templates and web code mark as translatable."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    for _file, _line, message, *_rest in extract_from_dir(
        CODE, methods, options, keywords={**DEFAULT_KEYWORDS, "Sentence": None}
    ):
        yield message if isinstance(message, str) else message[0]


def test_the_catalogue_holds_every_text_of_the_code() -> None:
    with (CODE / "translations" / "messages.pot").open("rb") as stream:
        catalogue = read_po(stream)
    known = {each.id if isinstance(each.id, str) else each.id[0] for each in catalogue if each.id}
    used = set(texts_in_the_code())
    assert len(used) > 100
    assert known == used, "make messages.pot anew, as surveyapp/translations/README.md says"


def test_a_text_in_another_language_is_marked() -> None:
    wording = Wording(load(STUDY), "de", "de")
    assert wording.line(Text({"de": "Ja & nein", "en": "Yes"})) == "Ja &amp; nein"
    assert wording.line(Text({"en": "Yes <b>"})) == '<span lang="en">Yes &lt;b&gt;</span>'
    assert wording.line(Text({"*": "Yes"})) == '<span lang="en">Yes</span>'
    assert wording.block(Text({"fr": "Oui"})) == '<div lang="fr"><p>Oui</p>\n</div>'
    assert Wording(load(STUDY), "en", "en").line(Text({"*": "Yes"})) == "Yes"


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("Europe/Berlin", "Sat 12 Dec 2026, 18:00 CET"),
        ("UTC", "Sat 12 Dec 2026, 17:00 UTC"),
        ("Asia/Dubai", "Sat 12 Dec 2026, 21:00 UTC+04"),
    ],
)
def test_a_time_names_its_zone(zone: str, written: str) -> None:
    assert written_time(datetime(2026, 12, 12, 17, tzinfo=UTC), zone, "en") == written


def test_other_languages_write_times_their_way() -> None:
    moment = datetime(2026, 12, 12, 17, tzinfo=UTC)
    assert written_time(moment, "Europe/Berlin", "de") == "Sa., 12. Dez. 2026, 18:00 MEZ"
    assert written_time(moment, "Asia/Dubai", "de") == "Sa., 12. Dez. 2026, 21:00 UTC+04"
    assert written_time(moment, "America/New_York", "de") == "Sa., 12. Dez. 2026, 12:00 EST"
    assert written_time(moment.replace(month=7), "Europe/Berlin", "de").endswith("19:00 MESZ")
    assert written_time(moment, "Europe/Berlin", "qqq") == "Sat 12 Dec 2026, 18:00 CET"
    assert [text_direction(code) for code in ("ar", "en", "x-nothing")] == ["rtl", "ltr", "ltr"]


def test_a_text_that_runs_the_other_way_says_so() -> None:
    wording = Wording(load(STUDY), "ar", "en")
    assert wording.line(Text({"ar": "نعم"})) == '<span lang="ar" dir="rtl">نعم</span>'


def test_the_page_runs_as_the_texts_of_the_study(app: Flask) -> None:
    with app.test_request_context():
        assert page_direction() == "ltr"
        g.language = "ar"
        assert (page_language(), page_direction()) == ("en", "rtl")


def test_a_heading_and_a_label_in_another_language_are_marked(app: Flask) -> None:
    questionnaire = load(STUDY)
    wording = Wording(questionnaire, "de", "de")
    planned = next(each for each in plan(questionnaire) if each.context)
    heading = page_heading(wording, planned.page, planned.context)
    assert heading == f'<span lang="en">{escape(page_title(wording, planned.page, planned.context))}</span>'
    cells = [spec for question in planned.questions for spec in question.cells]
    with app.test_request_context():
        label = cell_label(wording, next(spec for spec in cells if spec.key.part == "reason"))
    assert label.startswith('<span lang="en">')
    assert label.endswith("</span> (reason)")
    assert "<" not in page_heading(Wording(questionnaire, "en", "en"), planned.page, planned.context)
