"""A questionnaire of a thousand items, from its file to the checked model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.child import CHECKOUT
from benchmarks.registry import Figure, Ground, benchmark

ITEMS = 1_000
_HEAD = """\
format: 1
id: large
version: "1"
languages: [en]
title: A thousand items
scales:
  agreement:
    points:
      - {value: 1, label: Disagree}
      - {value: 2, label: Neither}
      - {value: 3, label: Agree}
    agreement: [3]
    disagreement: [1]
criteria:
  effect: {title: Effect, scale: agreement}
pages:
  - id: rate
    title: Rate
    questions:
      - {id: rating, kind: rating, text: Rate these, criteria: [effect]}
items:
"""
# Loading the program is not what is measured; the small file goes first for what is made only once.
_PROGRAM = """
import sys, time
from pathlib import Path
from surveyapp.questionnaire.loading import load
load(Path(sys.argv[2]))
started = time.perf_counter()
questionnaire = load(Path(sys.argv[1]))
print(time.perf_counter() - started, len(questionnaire.items))
"""


@benchmark("questionnaire")
def load_a_thousand_items(ground: Ground) -> Iterator[Figure]:
    """Reading, validating and all checks, ids and definitions compared with each other."""
    file = ground.folder / "large.yaml"
    items = [
        f"  - id: item-{number}\n    title: Measure number {number}\n"
        f"    definition: >-\n      Developers do the thing that is number {number} on a long list, and say\n"
        f"      in public how they did it, for whom, and what came of it after {number} days.\n"
        f"    tags: [tag-{number % 7}]\n    source: report {number % 31}\n"
        for number in range(ITEMS)
    ]
    file.write_text(_HEAD + "".join(items), encoding="utf-8")
    small = ground.folder / "small.yaml"
    small.write_text(_HEAD + items[0], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(file), str(small)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, count = done.stdout.split()
    if int(count) != ITEMS:
        raise RuntimeError(f"{count} items were loaded, not {ITEMS}")
    yield Figure("load and check a questionnaire of 1,000 items", float(seconds), "s", floor=1)
