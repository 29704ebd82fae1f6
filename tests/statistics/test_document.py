"""The document for analysts names every measure, and no measure that does not exist."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import surveyapp.statistics
from tests.support.checkout import CHECKOUT, read_text

# What measures are made from, and no measure itself.
MATERIAL = {"counts", "measure", "ranks", "rating_table", "returning"}
STEPS = {"check_one_scale", "denominator", "exact_quantile", "of_draws", "quantile_parts", "quantile_places"}


def list_measures() -> set[str]:
    """The public functions of every module that holds measures."""
    modules = [
        importlib.import_module(f"surveyapp.statistics.{found.name}")
        for found in pkgutil.iter_modules(surveyapp.statistics.__path__)
        if found.name not in MATERIAL
    ]
    return {
        name
        for module in modules
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    } - STEPS


def test_every_measure_is_in_the_document_and_nothing_else() -> None:
    text = read_text(CHECKOUT / "docs" / "statistics.md")
    first_cells = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == list_measures()


def test_every_measure_says_what_it_is_in_its_first_line() -> None:
    for found in pkgutil.iter_modules(surveyapp.statistics.__path__):
        module = importlib.import_module(f"surveyapp.statistics.{found.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                assert (inspect.getdoc(function) or "").strip(), f"{found.name}.{name}"
