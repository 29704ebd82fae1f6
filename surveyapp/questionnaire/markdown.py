"""Markdown to HTML that is safe to show: parsed, then cleaned by a list of what is allowed."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import nh3
from markdown_it import MarkdownIt

_BLOCK: Final = MarkdownIt("commonmark", {"html": False}).enable("table")
_INLINE: Final = MarkdownIt("commonmark", {"html": False}).disable("image")
_INLINE_TAGS: Final = {"em", "strong", "a", "br", "code"}
_TAGS: Final = _INLINE_TAGS | {
    "p", "ul", "ol", "li", "blockquote", "pre", "hr", "h2", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}
_LOWEST: Final = 6


@lru_cache(maxsize=4096)
def to_html(text: str, top: int = 3) -> str:
    """`text` as HTML blocks; links leave without telling where they came from.

    Headings begin at `top` (3 for h3), whatever level the author began with, and leave none out: the page
    around the text has its own headings, and together they make one outline.
    """
    tokens = _BLOCK.parse(text)
    above: list[str] = []
    for token in tokens:
        if token.type == "heading_open":
            above = [tag for tag in above if tag < token.tag] + [token.tag]
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(top - 1 + len(above), _LOWEST)}"
    return clean(_BLOCK.renderer.render(tokens, _BLOCK.options, {}), _TAGS)


@lru_cache(maxsize=4096)
def to_inline_html(text: str) -> str:
    """`text` as HTML without blocks, to stand inside a label or a heading."""
    return clean(_INLINE.renderInline(text), _INLINE_TAGS)


def clean(html: str, tags: set[str]) -> str:
    """`html` with nothing in it but `tags`, and links to http, https and mailto."""
    return nh3.clean(
        html,
        tags=tags,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
