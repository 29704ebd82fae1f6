"""Fewer letters, or none: the page behind the link at the end of each letter, without signing in."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveyapp.extensions import get_config, get_database
from surveyapp.services.letters import wishes
from surveyapp.services.letters.wishes import WISHES, WishedLetters
from surveyapp.services.reading.faces import Face
from surveyapp.services.unit import read_now
from surveyapp.web.expert import pages
from surveyapp.web.expert.blueprints import links
from surveyapp.web.expert.landing import LONGEST_TOKEN, show_unknown


@dataclass(frozen=True, slots=True)
class LettersPage:
    """What is wished now, and what can be."""

    frame: pages.Frame
    token: str
    wish: str
    is_saved: bool


@links.get("/l/letters/<token>")
def letters(token: str) -> ResponseReturnValue:
    """Which letters come, and the buttons that change it."""
    found = _find(token)
    if found is None:
        return show_unknown()
    g.language = found.language
    face = Face(found.slug, found.title, found.organisation, found.contact_email, found.is_synthetic)
    page = LettersPage(pages.frame_of_face(face), token, found.wish, request.args.get("saved") == "1")
    return render_template("expert/letters.html", page=page, frame=page.frame)


@links.post("/l/letters/<token>")
def change_letters(token: str) -> ResponseReturnValue:
    """Switch letters off or on. A mail program's one click, which sends no wish, switches all off."""
    if _find(token) is None:
        return show_unknown()
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    wished = "none" if one_click else request.form.get("wish", "")
    chosen = next((each for each in WISHES if each == wished), None)
    if chosen is None:
        return redirect(url_for("links.letters", token=token), 303)
    with get_database().verb() as session:
        wishes.set_wish(
            session,
            token=token,
            wish=chosen,
            link_key=get_config().link_key.encode(),
            now=read_now(session),
        )
    if one_click:
        # A mail program reads no page and follows no redirect.
        return "", 200, {"Content-Type": "text/plain; charset=utf-8"}
    return redirect(url_for("links.letters", token=token, saved="1"), 303)


def _find(token: str) -> WishedLetters | None:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    with get_database().reading() as session:
        return wishes.find_wish(session, token=token, link_key=get_config().link_key.encode())
