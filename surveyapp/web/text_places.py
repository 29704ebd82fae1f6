"""Where a text stands in a questionnaire, in words: for those who correct it and for those who read it."""

from __future__ import annotations

from flask_babel import gettext as _

from surveyapp.questionnaire.model import Questionnaire, Text

_STUDY = "study"


def parts() -> dict[str, str]:
    """First step of a path → what such texts belong to, in words."""
    return {
        "items": _("Items"),
        "pages": _("Pages and questions"),
        "criteria": _("Criteria"),
        "scales": _("Scales"),
        "contexts": _("Contexts"),
        "groups": _("Groups"),
        "practice": _("Practice item"),
        _STUDY: _("The questionnaire as a whole"),
    }


def part_of(steps: tuple[str, ...]) -> str:
    """Which of `parts` a text belongs to."""
    return steps[0] if steps[0] in parts() else _STUDY


def place_words(questionnaire: Questionnaire, steps: tuple[str, ...], language: str) -> str:
    """Where the text at `steps` stands: ``Item “Audits”: definition``."""
    return f"{_owner(questionnaire, steps, language)}: {_field(steps[-1])}"


def _field(name: str) -> str:
    fields: dict[str, str] = {
        "about": _("information sheet"),
        "agree_label": _("label of agreeing"),
        "definition": _("definition"),
        "description": _("description"),
        "details": _("details"),
        "help": _("hint"),
        "intro": _("introduction"),
        "label": _("label"),
        "none_label": _("label of “none of these”"),
        "other": _("label of “other”"),
        "perspective": _("whose view to take"),
        "reason_label": _("label of the reason"),
        "statement": _("statement"),
        "summary": _("summary"),
        "text": _("wording"),
        "title": _("title"),
        "unit": _("unit"),
    }
    return fields.get(name, name)


def _owner(questionnaire: Questionnaire, steps: tuple[str, ...], language: str) -> str:
    def say(text: Text) -> str:
        return text.get(language, questionnaire.language)

    words: str = _("Questionnaire")
    match steps:
        case ("items", item, *_rest):
            words = _("Item “%(title)s”", title=say(questionnaire.items_by_id[item].title))
        case ("pages", name, *rest):
            page = next(each for each in questionnaire.pages if each.id == name)
            words = _("Page “%(title)s”", title=say(page.title))
            if len(rest) > 1:
                words = _("%(page)s, question %(id)s", page=words, id=rest[1])
        case ("criteria", name, *_rest):
            words = _("Criterion “%(title)s”", title=say(questionnaire.criteria[name].title))
        case ("scales", name, *rest):
            words = _("Scale %(name)s", name=name)
            if len(rest) > 1:
                words = _("%(scale)s, choice %(value)s", scale=words, value=rest[1])
        case ("contexts", _name, "members", member, *_rest):
            words = _("Context “%(title)s”", title=say(questionnaire.contexts_by_id[member].title))
        case ("contexts", name, *_rest):
            words = _("Contexts “%(title)s”", title=say(questionnaire.contexts[name].title))
        case ("groups", name, *_rest):
            group = next(each for each in questionnaire.groups if each.id == name)
            words = _("Group “%(title)s”", title=say(group.title))
        case ("practice", *_rest):
            words = _("Practice item")
    return words
