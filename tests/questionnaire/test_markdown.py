"""Markdown: what becomes of it, and that nothing harmful gets through."""

from __future__ import annotations

import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.questionnaire.markdown import _INLINE_TAGS, _TAGS, clean, to_html, to_inline_html


def test_blocks() -> None:
    html = to_html("# Big\n\nSome *em* and **strong**.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert html.startswith("<h3>Big</h3>")
    assert "<em>em</em>" in html
    assert "<li>two</li>" in html
    assert "<td>2</td>" in html


@pytest.mark.parametrize(
    ("text", "top", "outline"),
    [
        ("### A\n\n### B\n", 2, ["h2", "h2"]),
        ("# A\n\n#### B\n\n## C\n", 2, ["h2", "h3", "h3"]),
        ("#### A\n\n## B\n\n### C\n", 3, ["h3", "h3", "h4"]),
        ("# A\n\n## B\n\n### C\n\n#### D\n", 4, ["h4", "h5", "h6", "h6"]),
    ],
)
def test_headings_leave_no_level_out(text: str, top: int, outline: list[str]) -> None:
    assert re.findall("<(h[1-6])>", to_html(text, top)) == outline


def test_sec_102_links_tell_nobody_where_they_came_from() -> None:
    assert to_html("[x](https://example.org/)") == (
        '<p><a href="https://example.org/" rel="noopener noreferrer">x</a></p>\n'
    )
    assert "mailto:a@example.org" in to_html("<a@example.org>")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://example.org/track.gif)",
        '<img src=x onerror="alert(1)">',
        '[x](https://example.org "on\\" onclick=alert(1)")',
        "<style>body{}</style>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
)
@pytest.mark.parametrize("render", [to_html, to_inline_html])
def test_sec_41_nothing_that_runs_or_loads(text: str, render: object) -> None:
    assert callable(render)
    tree = html5lib.parseFragment(render(text), namespaceHTMLElements=False)
    for element in tree.iter():
        assert element.tag not in {"script", "style", "img", "iframe", "h1", "h2"}
        assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
        assert element.attrib.get("href", "https:").split(":")[0] in {"https", "http", "mailto"}


def test_sec_46_nothing_takes_a_name_that_a_script_looks_for() -> None:
    for text in ("<a id=form name=body href='https://example.org'>x</a>", "# form {#form}", "[form]: x 'id'"):
        for html in (to_html(text), to_inline_html(text)):
            assert not re.search(r"<[^>]*\s(id|name|class)=", html), html


def test_inline_has_no_blocks() -> None:
    assert to_inline_html("*one* `two`") == "<em>one</em> <code>two</code>"
    assert "<h3" not in to_inline_html("# not a heading")


@given(st.text(max_size=200))
def test_sec_41_cleaning_again_changes_nothing(text: str) -> None:
    for html, tags in ((to_html(text), _TAGS), (to_inline_html(text), _INLINE_TAGS)):
        assert clean(html, tags) == html
