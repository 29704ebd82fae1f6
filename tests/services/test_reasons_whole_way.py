"""Four hundred reasons, two coders, every reason accounted for: the whole way, at its real size."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from surveyapp.errors import Refused
from surveyapp.exchange.reason_file import (
    ReasonFile,
    ReasonRow,
    SentenceRow,
    ThemeRow,
    read_reason_file,
    write_reason_file,
)
from surveyapp.exchange.sheet_writing import as_cell
from surveyapp.services.reading.reasons import list_reasons
from surveyapp.services.reasons.coding import coder_agreement
from surveyapp.services.reasons.covering import check_covered, find_coverage
from surveyapp.services.reasons.from_sheet import import_reasons
from surveyapp.services.reasons.handling import set_aside_empty
from surveyapp.services.reasons.showing import shown_reasons, shown_summaries
from surveyapp.services.reasons.to_sheet import export_reasons
from surveyapp.services.unit import Database
from tests.support.speaking import WITH_REMARKS, at_work, gather, speak
from tests.support.studies import Ground, lay_ground, load_text

ITEMS = [f"fruit-{number}" for number in range(10)]
PANEL = 20
THEMES = ("storage", "taste", "price")
EMPTY = ("n/a", "-", "none", "no comment")
KINDS = (
    "Synthetic reason {n}: they keep for weeks",
    '=HYPERLINK("http://example.org/{n}")',
    "+{n}",
    "-{n} of them, @home",
    "\u200fسبب اصطناعي {n}",
    "合成された理由 {n}\nzweite Zeile – Grund",
    "Синтетическая причина {n} 👩\u200d🔬",
)


def text_of(member: int, place: int) -> str:
    """What an invented expert writes: many scripts, what looks like a formula, very much, or nothing."""
    n = member * 100 + place
    if n % 10 == 7:
        return EMPTY[n // 10 % 4]
    if place == 0:
        return f"Synthetic reason {n}: " + "x" * (20_000 - len(f"Synthetic reason {n}: "))
    return KINDS[n % len(KINDS)].format(n=n)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    listed = "\n".join(
        f"  - {{id: {item}, title: {item.title()}, definition: The {item}.}}" for item in ITEMS
    )
    start, end = WITH_REMARKS.index("  - {id: apples"), WITH_REMARKS.index("pages:")
    text = WITH_REMARKS[:start] + listed + "\n" + WITH_REMARKS[end:]
    ground = lay_ground(database, load_text(text, tmp_path), slug="talk", groups=("both",) * PANEL)
    places = [(item, context) for item in ITEMS for context in ("north", "south")]
    for member in range(PANEL):
        chance = Random(member)
        said = {key: (chance.choice("123"), text_of(member, n)) for n, key in enumerate(places)}
        speak(ground, member, said)
    ground.close()
    gather(ground)
    return ground


def code(file: ReasonFile, *, seed: int) -> ReasonFile:
    """A coder who finds what the text plainly says, and now and then something else."""
    chance = Random(seed)

    def themes(row: ReasonRow) -> str:
        found = {THEMES[len(row.text) % 3]}
        if chance.random() < 0.15:
            found ^= {chance.choice(THEMES)}
        return "; ".join(sorted(found)) or "none"

    return replace(
        file,
        reasons=tuple(replace(row, themes=themes(row)) for row in file.reasons),
        themes=tuple(ThemeRow(0, theme, theme.title(), "Synthetic.", "") for theme in THEMES),
    )


def decide(file: ReasonFile) -> ReasonFile:
    """An editor who gives each unread reason its place: released, merged, summarised or set aside."""
    heads: dict[str, str] = {}
    summed: set[str] = set()
    rows = []
    for number, row in enumerate(file.reasons):
        changes: dict[str, Any] = {}
        if row.state != "unread":
            rows.append(row)
            continue
        if number % 4 == 0 or row.item not in heads:
            heads.setdefault(row.item, row.id)
            changes = {
                "state": "released",
                "released_text": f"Redacted: {row.text[:50]}" if number % 8 == 0 else "",
            }
        elif number % 4 == 1:
            changes = {"state": "merged", "merged_into": heads[row.item]}
        elif number % 4 == 2:
            summed.add(row.item)
            changes = {"sentences": "1"}
        else:
            changes = {"state": "set aside", "because": "Says what others said"}
        rows.append(replace(row, **changes))
    sentences = tuple(SentenceRow(0, item, "1", "Synthetic sentence.") for item in sorted(summed))
    return replace(file, reasons=tuple(rows), sentences=sentences)


def bring(ground: Ground, file: ReasonFile, path: Path, *, coder: str) -> int:
    """Through a real file, as it would come back from a colleague."""
    write_reason_file(path, file, force=True)
    with at_work(ground) as (session, key):
        return len(import_reasons(session, file=read_reason_file(path), coder=coder, **key).changes)


def test_four_hundred_reasons_are_coded_by_two_and_all_accounted_for(ground: Ground, tmp_path: Path) -> None:
    written = Counter(text_of(member, place) for member in range(PANEL) for place in range(20))
    with at_work(ground) as (session, key):
        empty = set_aside_empty(session, round_number=1, **key)
    assert len(empty) == 40
    # Two coders take the same state out, code apart from each other, and bring their files back.
    exported = {}
    for coder in ("Ann", "Ben"):
        out = tmp_path / f"{coder}.xlsx"
        assert export_reasons(ground.database, slug="talk", out=out, actor="test", coder=coder).reasons == 400
        exported[coder] = read_reason_file(out)
    assert Counter(row.text for row in exported["Ann"].reasons) == Counter(
        {as_cell(text): count for text, count in written.items()}
    )
    assert bring(ground, code(exported["Ann"], seed=1), tmp_path / "a.xlsx", coder="Ann") == 403
    assert bring(ground, code(exported["Ben"], seed=2), tmp_path / "b.xlsx", coder="Ben") == 400
    with ground.database.reading() as session:
        agreements = coder_agreement(session, study_id=ground.study_id, round_number=1)
        assert [each.theme for each in agreements] == sorted(THEMES)
        for each in agreements:
            assert each.agreement.share.n == 400
            assert 0.7 < (each.agreement.share.number or 0) < 1
            assert 0.5 < (each.agreement.kappa.number or 0) < 1
        with pytest.raises(Refused, match="not accounted for"):
            check_covered(session, study_id=ground.study_id, round_number=1)
    # An editor decides about all of them at once.
    out = tmp_path / "decide.xlsx"
    export_reasons(ground.database, slug="talk", out=out, actor="test")
    decided = decide(read_reason_file(out))
    bring(ground, decided, out, coder="")
    with ground.database.reading() as session:
        coverage = check_covered(session, study_id=ground.study_id, round_number=1)
        shown = shown_reasons(session, study_id=ground.study_id, round_number=1, with_groups=True)
        summaries = shown_summaries(session, study_id=ground.study_id, round_number=1)
    assert (coverage.reasons, coverage.is_complete) == (400, True)
    with ground.database.reading() as session:
        found = list_reasons(session, study_id=ground.study_id, round_number=1)
    states = Counter(each.state for each in found)
    assert sum(states.values()) == 400
    assert set(states) == {"released", "merged", "summarised", "set_aside"}
    # Every one is accounted for: shown, counted with one that is shown, a source, or set aside for a reason.
    assert len(shown) == states["released"]
    assert sum(each.also for each in shown) == states["merged"]
    sources = {
        source for summary in summaries for sentence in summary.sentences for source in sentence.sources
    }
    assert len(sources) == states["summarised"]
    assert all(each.because for each in found if each.state == "set_aside")
    # What was written is still there, to the letter.
    assert Counter(each.text for each in found) == written
    # And the file that did it, brought again, changes nothing.
    assert bring(ground, decided, out, coder="") == 0
    with ground.database.reading() as session:
        assert find_coverage(session, study_id=ground.study_id, round_number=1).not_gathered == 0
