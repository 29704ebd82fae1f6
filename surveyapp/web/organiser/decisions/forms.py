"""From what an organiser typed to a decision with all that it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from flask_babel import gettext as _
from pydantic import ValidationError

from surveyapp.delphi.lineage import Decided, Detail, Outcome, Wording
from surveyapp.errors import InputError, Problem
from surveyapp.questionnaire.model import ANY_LANGUAGE, Item, Text
from surveyapp.services.studies import make_slug

FIELDS = ("title", "definition", "details")
LEAST_PARTS, MOST_PARTS = 2, 20
NEW_ID = ""
"""The merged item gets an id of its own."""
_LONGEST_ID = 60
Typed = Mapping[str, str]


def read_decided(
    typed: Typed,
    *,
    item: str,
    wording: Item,
    languages: Sequence[str],
    partners: Collection[str],
    known: Collection[str],
) -> Decided:
    """The decision about `item` that was typed. Raises InputError with everything that is missing."""
    named = typed.get("outcome", "")
    if named not in {str(each) for each in Outcome if each is not Outcome.NEW}:
        raise InputError([Problem(_("outcome"), _("choose what becomes of the item."))])
    outcome = Outcome(named)
    detail = Detail()
    is_comparable = typed.get(f"{named}-comparable") == "yes"
    if outcome is Outcome.REVISE:
        detail = Detail(
            wording=_read_wording(typed, before=wording, languages=languages), is_comparable=is_comparable
        )
    elif outcome is Outcome.SPLIT:
        detail = Detail(parts=tuple(_read_parts(typed, languages=languages, known=known)))
    elif outcome is Outcome.MERGE:
        merged = _read_item(
            typed,
            "merged",
            languages=languages,
            item_id=typed.get("merged-id", NEW_ID),
            known=known,
            called=_("merged item"),
        )
        chosen = tuple(dict.fromkeys((item, *partners)))
        detail = Detail(partners=chosen, merged=merged, is_comparable=is_comparable)
    return Decided(item, outcome, typed.get("reason", ""), detail)


def read_new(typed: Typed, *, languages: Sequence[str], known: Collection[str]) -> Decided:
    """The new item that was typed. Raises InputError without a title."""
    new = _read_item(typed, "new", languages=languages, item_id=NEW_ID, known=known, called=_("new item"))
    tags = tuple(dict.fromkeys(typed.get("new-tags", "").replace(",", " ").split()))
    new = new.model_copy(update={"tags": tags})
    return Decided(new.id, Outcome.NEW, typed.get("reason", ""), Detail(item=new))


def count_parts(typed: Typed) -> int:
    """How many parts the form has room for."""
    text = typed.get("parts", "")
    asked = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else LEAST_PARTS
    return min(max(asked, LEAST_PARTS), MOST_PARTS)


def read_text(typed: Typed, name: str, languages: Sequence[str]) -> Text | None:
    """A text in the languages it was typed in; None where all of them are empty."""
    if len(languages) == 1:
        words = typed.get(f"{name}.{languages[0]}", "").strip()
        return Text({ANY_LANGUAGE: words}) if words else None
    given = {each: words for each in languages if (words := typed.get(f"{name}.{each}", "").strip())}
    return Text(given) if given else None


def _read_wording(typed: Typed, *, before: Item, languages: Sequence[str]) -> Wording:
    """What was changed; what was emptied stays as it was, because an item cannot lose its title."""
    changed = {}
    for name in FIELDS:
        text = read_text(typed, f"wording-{name}", languages)
        old: Text | None = getattr(before, name)
        if text is not None and not _is_same(text, old, languages):
            changed[name] = text
    return Wording(**changed)


def _is_same(text: Text, old: Text | None, languages: Sequence[str]) -> bool:
    return old is not None and all(text.get(each) == old.get(each).strip() for each in languages)


def _read_parts(typed: Typed, *, languages: Sequence[str], known: Collection[str]) -> list[Item]:
    """The parts that were filled in; one without any text is none."""
    parts: list[Item] = []
    taken = set(known)
    problems: list[Problem] = []
    for place in range(1, count_parts(typed) + 1):
        name = f"part{place}"
        if all(read_text(typed, f"{name}-{each}", languages) is None for each in FIELDS):
            continue
        try:
            part = _read_item(
                typed,
                name,
                languages=languages,
                item_id=NEW_ID,
                known=taken,
                called=_("part %(number)s", number=place),
            )
        except InputError as error:
            problems += error.problems
            continue
        taken.add(part.id)
        parts.append(part)
    if problems:
        raise InputError(problems)
    return parts


def _read_item(
    typed: Typed,
    name: str,
    *,
    languages: Sequence[str],
    item_id: str,
    known: Collection[str],
    called: str,
) -> Item:
    title = read_text(typed, f"{name}-title", languages)
    if title is None:
        raise InputError([Problem(called, _("it needs a title."))])
    try:
        return Item(
            id=item_id or free_id(title.get(languages[0]), known),
            title=title,
            definition=read_text(typed, f"{name}-definition", languages),
            details=read_text(typed, f"{name}-details", languages),
        )
    except ValidationError as error:
        raise InputError([Problem(called, str(each["msg"])) for each in error.errors()]) from error


def free_id(title: str, known: Collection[str]) -> str:
    """An id made from a title that no item has yet."""
    base = make_slug(title)[: _LONGEST_ID - 4].rstrip("-")
    if base == "study":
        base = "item"
    found, number = base, 1
    while found in known:
        number += 1
        found = f"{base}-{number}"
    return found
