"""The questionnaires that come with the program, each with its protocol where it has one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Questionnaire

SHELF = Path(__file__).resolve().parents[2] / "questionnaires"
_PROTOCOL = ".protocol.yaml"


@dataclass(frozen=True, slots=True)
class Shipped:
    """One questionnaire on the shelf."""

    name: str
    title: str
    summary: str
    languages: tuple[str, ...]
    pages: int
    items: int
    has_protocol: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """A questionnaire from the shelf with the texts of its files."""

    questionnaire: Questionnaire
    source: str
    protocol_name: str
    protocol: bytes | None


@cache
def list_shipped() -> tuple[Shipped, ...]:
    """What is on the shelf, in the order of names. Read once per process: a program's files do not change."""
    found = []
    for path in _list_files():
        questionnaire = load(path)
        language = questionnaire.language
        found.append(
            Shipped(
                name=path.stem,
                title=questionnaire.title.get(language),
                summary=questionnaire.summary.get(language) if questionnaire.summary else "",
                languages=questionnaire.languages,
                pages=len(questionnaire.pages),
                items=len(questionnaire.items),
                has_protocol=_protocol_of(path).is_file(),
            )
        )
    return tuple(found)


def find_shipped(name: str) -> Taken | None:
    """The questionnaire of that name, or None."""
    for path in _list_files():
        if path.stem == name:
            protocol = _protocol_of(path)
            return Taken(
                questionnaire=load(path),
                source=path.read_text(encoding="utf-8"),
                protocol_name=protocol.name,
                protocol=protocol.read_bytes() if protocol.is_file() else None,
            )
    return None


def _list_files() -> list[Path]:
    return sorted(path for path in SHELF.glob("*.yaml") if not path.name.endswith(_PROTOCOL))


def _protocol_of(path: Path) -> Path:
    return path.with_name(path.stem + _PROTOCOL)
