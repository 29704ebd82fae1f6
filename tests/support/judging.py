"""A visitor without JavaScript who refuses any page that is not in order.

Every HTML response must have the expected status and come well-formed, with one h1, a title, a language,
unique ids, a label for every control, nothing inline that the content security policy would have to allow,
and with the headers that keep others out. The faults of a page are reported together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import html5lib
from werkzeug.test import encode_multipart

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

Values = Mapping[str, str | Sequence[str]]
_CONTROLS = {"input", "select", "textarea"}
_BUTTONS = {"submit", "button", "reset", "image"}
_REFERENCES = ("aria-labelledby", "aria-describedby", "aria-controls", "aria-details", "aria-errormessage")


class Page:
    """A response, and where it is HTML, its parsed tree."""

    def __init__(self, response: TestResponse, path: str) -> None:
        self.response = response
        self.path = path
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.get_data(as_text=True) if _is_text(response) else ""
        self.is_html = response.mimetype == "text/html"
        self.tree = Element("html")
        self.faults: list[str] = []
        if self.is_html:
            self.tree, broken = _parse(self.text)
            self.faults += broken

    @property
    def location(self) -> str:
        """Where a redirect leads, as a path."""
        parts = urlsplit(self.headers.get("Location", ""))
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def words(self) -> str:
        """What a reader reads on the page, with single spaces."""
        body = self.tree.find("body")
        return _words(body) if body is not None else ""

    def find_all(self, tag: str, **attributes: str) -> list[Element]:
        """Elements by tag and attributes; `class_` matches one class, `_` in names stands for `-`."""

        def fits(element: Element) -> bool:
            for name, value in attributes.items():
                if name == "class_":
                    if value not in element.get("class", "").split():
                        return False
                elif element.get(name.rstrip("_").replace("_", "-")) != value:
                    return False
            return True

        return [element for element in self.tree.iter(tag) if fits(element)]

    def find(self, tag: str, **attributes: str) -> Element:
        """The one element that fits; none or several fail the test."""
        found = self.find_all(tag, **attributes)
        assert len(found) == 1, f"{self.path}: {len(found)} elements <{tag}> with {attributes}, not one"
        return found[0]

    def words_of(self, element: Element) -> str:
        """An element's text with single spaces."""
        return _words(element)

    def find_form(self, action: str | None = None) -> Element:
        """The form that posts to `action` (its end is enough), or the page's only form."""
        forms = [
            f
            for f in self.tree.iter("form")
            if action is None or (f.get("action") or self.path).endswith(action)
        ]
        assert len(forms) == 1, f"{self.path}: {len(forms)} forms with action {action}, not one"
        return forms[0]

    def read_form(self, form: Element) -> dict[str, list[str]]:
        """What a browser would send of `form` as it stands, buttons aside."""
        values: dict[str, list[str]] = {}
        own = form.get("id")
        outside = [c for c in self.tree.iter() if own and c.get("form") == own and c.tag in _CONTROLS]
        for control in [*(c for c in form.iter() if c.tag in _CONTROLS), *outside]:
            name = control.get("name")
            if name and control.get("disabled") is None:
                values.setdefault(name, []).extend(_current(control))
        return {name: given for name, given in values.items() if given}


class JudgingClient:
    """Opens pages and posts forms like a browser without JavaScript, and judges what comes back."""

    def __init__(self, app: Flask, base_url: str) -> None:
        self.app = app
        self.base_url = base_url
        self.http = app.test_client()
        self.page: Page | None = None

    def get(self, url: str, expect: int = 200, *, follow: bool = False, **kwargs: Any) -> Page:
        """Open `url`; with `follow` through redirects, each of them judged."""
        page = self._send("GET", url, follow=follow, **kwargs)
        return self._judge(page, expect)

    def post(
        self, url: str, data: Values | None = None, expect: int = 303, *, follow: bool = False, **kwargs: Any
    ) -> Page:
        """Post `data`, with the CSRF token of the page last seen unless `data` has one.

        With `follow`, `expect` is the redirect's status and the page it leads to (status 200) is returned.
        """
        sent: dict[str, Any] = dict(data or {})
        if "csrf_token" not in sent and self.page is not None and "json" not in kwargs:
            tokens = [e.get("value", "") for e in self.page.find_all("input", name="csrf_token")]
            if tokens:
                sent["csrf_token"] = tokens[0]
        if "json" not in kwargs:
            kwargs["data"] = sent
        kwargs.setdefault("headers", {}).setdefault("Origin", self.base_url)
        page = self._judge(self._send("POST", url, follow=False, **kwargs), expect)
        if follow:
            assert page.location, f"{url}: no redirect to follow"
            return self._judge(self._send("GET", page.location, follow=True), 200)
        return page

    def upload(self, url: str, fields: dict[str, Any], expect: int = 303) -> Page:
        """Post a form with files, in one piece: the test client would leave a file of its own open."""
        boundary, body = encode_multipart(fields)
        reply = self._send(
            "POST",
            url,
            follow=False,
            data=body,
            content_type=f"multipart/form-data; boundary={boundary}",
            headers={"Origin": self.base_url},
        )
        return self._judge(reply, expect)

    def submit(
        self,
        changes: Values | None = None,
        *,
        action: str | None = None,
        button: tuple[str, str] | None = None,
        expect: int = 303,
        follow: bool = False,
        page: Page | None = None,
    ) -> Page:
        """Fill in the form of the page last seen (or of `page`) and send it, as if by `button`."""
        shown = page or self.page
        assert shown is not None, "open a page before submitting its form"
        form = shown.find_form(action)
        values: dict[str, str | Sequence[str]] = {**shown.read_form(form), **(changes or {})}
        unknown = set(changes or {}) - {c.get("name") for c in shown.tree.iter() if c.tag in _CONTROLS}
        assert not unknown, f"{shown.path}: the page has no control named {', '.join(sorted(unknown))}"
        if button:
            values[button[0]] = button[1]
        return self.post(urljoin(shown.path, form.get("action") or ""), values, expect, follow=follow)

    def _send(self, method: str, url: str, *, follow: bool, **kwargs: Any) -> Page:
        response = self.http.open(url, method=method, base_url=self.base_url, **kwargs)
        hops = 0
        while follow and response.status_code in {301, 302, 303, 307, 308}:
            hops += 1
            assert hops < 10, f"{url}: redirected for ever"
            parts = urlsplit(urljoin(self.base_url + url, response.headers["Location"]))
            assert f"{parts.scheme}://{parts.netloc}" == self.base_url, f"{url}: redirects to {parts.netloc}"
            url = parts.path + (f"?{parts.query}" if parts.query else "")
            response = self.http.open(url, method="GET", base_url=self.base_url)
        return Page(response, urlsplit(url).path)

    def _judge(self, page: Page, expect: int) -> Page:
        faults = list(find_header_faults(page))
        if page.is_html and page.status not in {301, 302, 303, 307, 308}:
            faults += [*page.faults, *find_faults(page.tree, urlsplit(self.base_url).netloc)]
            self.page = page
        if page.status != expect:
            about = page.words[:300] if page.is_html else page.text[:300]
            faults.insert(0, f"status {page.status}, expected {expect}: {about} {page.location}")
        assert not faults, f"{page.path}:\n  " + "\n  ".join(faults)
        return page


def find_header_faults(page: Page) -> Iterator[str]:
    """What is missing in the headers that every response carries."""
    headers = page.headers
    yield from _find_policy_faults(headers.get("Content-Security-Policy", ""))
    if headers.get("X-Content-Type-Options") != "nosniff":
        yield "X-Content-Type-Options is not nosniff"
    for name in ("Referrer-Policy", "Cross-Origin-Opener-Policy"):
        if not headers.get(name):
            yield f"{name} is missing"
    if page.is_html and "no-store" not in headers.get("Cache-Control", ""):
        yield "Cache-Control is not no-store"
    if page.text and page.response.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        yield "Content-Type names another charset than UTF-8"
    for cookie in headers.getlist("Set-Cookie"):
        if "httponly" not in cookie.lower() or "samesite" not in cookie.lower():
            yield f"the cookie {cookie.split('=')[0]} lacks HttpOnly or SameSite"


def _find_policy_faults(header: str) -> Iterator[str]:
    policy = {words[0]: words[1:] for part in header.split(";") if (words := part.split())}
    for directive in ("base-uri", "frame-ancestors"):
        if policy.get(directive) != ["'none'"]:
            yield f"Content-Security-Policy lacks {directive} 'none'"
    if policy.get("object-src", policy.get("default-src")) != ["'none'"]:
        yield "Content-Security-Policy lacks object-src 'none'"
    if not policy.get("default-src"):
        yield "Content-Security-Policy lacks default-src"
    if any("unsafe" in word or "*" in word for words in policy.values() for word in words):
        yield "Content-Security-Policy allows too much"


def find_faults(tree: Element, own_host: str) -> Iterator[str]:
    """What is wrong with a parsed page."""
    if not tree.get("lang"):
        yield "<html> has no lang"
    title = tree.find("head/title")
    if title is None or not _words(title):
        yield "the page has no title"
    headings = list(tree.iter("h1"))
    if len(headings) != 1 or not _words(headings[0]):
        yield f"the page has {len(headings)} h1, not one with words"
    ids = Counter(element.get("id", "") for element in tree.iter() if element.get("id") is not None)
    yield from (f"id {name!r} stands {count} times" for name, count in ids.items() if count > 1 or not name)
    for element in tree.iter():
        if isinstance(element.tag, str):
            yield from _find_element_faults(element, ids, own_host)
    yield from _find_unlabelled(tree)


def _find_element_faults(element: Element, ids: Counter[str], own_host: str) -> Iterator[str]:
    tag = element.tag
    for name in _REFERENCES:
        yield from (
            f"<{tag}> {name} names {i!r}, which is not there"
            for i in element.get(name, "").split()
            if i not in ids
        )
    if tag == "label" and element.get("for") is not None and element.get("for") not in ids:
        yield f"a label is for {element.get('for')!r}, which is not there"
    if element.get("style") is not None or tag == "style":
        yield f"<{tag}> has inline style"
    yield from (
        f"<{tag}> has the inline handler {name}" for name in element.attrib if re.match(r"on[a-z]", name)
    )
    if tag == "script" and not element.get("src") and element.get("type") != "application/json":
        yield "an inline script"
    if tag == "img" and element.get("alt") is None:
        yield f"the picture {element.get('src')} has no alt"
    if tag in {"a", "button"} and not (
        _words(element) or element.get("aria-label") or _has_picture_text(element)
    ):
        yield f"<{tag}> without words"
    if tag == "a" and element.get("role") == "button":
        yield f"the link {_words(element)!r} says it is a button, and no Space presses it: class='button'"
    loads = (
        element.get("src") or (element.get("href") if tag == "link" else None) or element.get("action") or ""
    )
    if urlsplit(loads).netloc not in {"", own_host}:
        yield f"<{tag}> reaches outside: {loads}"
    for name in ("href", "src", "action", "formaction"):
        if element.get(name, "").strip().lower().startswith("javascript:"):
            yield f"<{tag}> has a script as {name}"


def _find_unlabelled(tree: Element) -> Iterator[str]:
    by_for = {e.get("for") for e in tree.iter("label") if e.get("for") and _words(e)}
    wrapped = {control for label in tree.iter("label") if _words(label) for control in label.iter()}
    for control in tree.iter():
        if control.tag not in _CONTROLS or control.get("type") == "hidden":
            continue
        if control.tag == "input" and control.get("type") in _BUTTONS:
            if not (control.get("value") or control.get("alt") or control.get("aria-label")):
                yield f"the button {control.get('name')} has no words"
        elif not (
            control.get("id") in by_for
            or control in wrapped
            or control.get("aria-label")
            or control.get("aria-labelledby")
        ):
            yield f"<{control.tag} name={control.get('name')!r} id={control.get('id')!r}> has no label"


def _parse(text: str) -> tuple[Element, list[str]]:
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree: Element = parser.parse(text)
    broken = [
        f"not well-formed at {line}:{column}: {html5lib.constants.E.get(code, code) % (detail or {})}"
        for (line, column), code, detail in parser.errors[:5]
    ]
    return tree, broken


def _has_picture_text(element: Element) -> bool:
    return any(picture.get("alt") for picture in element.iter("img"))


def _current(control: Element) -> list[str]:
    """What a browser would send of one control."""
    if control.tag == "textarea":
        # A browser sends line ends as CR LF, and drops the first one after the tag (the parser does that).
        return ["".join(control.itertext()).replace("\r\n", "\n").replace("\n", "\r\n")]
    if control.tag == "select":
        options = list(control.iter("option"))
        chosen = [o for o in options if o.get("selected") is not None]
        if not chosen and control.get("multiple") is None:
            chosen = options[:1]
        return [o.get("value", _words(o)) for o in chosen]
    kind = control.get("type", "text")
    if kind in _BUTTONS or kind == "file":
        return []
    if kind in {"radio", "checkbox"}:
        return [control.get("value", "on")] if control.get("checked") is not None else []
    return [control.get("value", "")]


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _is_text(response: TestResponse) -> bool:
    return str(response.mimetype).startswith("text/") or response.mimetype == "application/json"
