"""Every setting is documented, in the code and for operators, with the same default."""

from __future__ import annotations

import dataclasses
import re

import config
from tests.support.checkout import CHECKOUT

ROW = re.compile(r"^\| *(SURVEYAPP_[A-Z_]+) *\| *([^|]*?) *\|", re.MULTILINE)


def test_settings_fields_and_both_tables_agree() -> None:
    in_code = dict(ROW.findall(config.__doc__ or ""))
    for_operators = dict(ROW.findall((CHECKOUT / "docs" / "operators.md").read_text(encoding="utf-8")))
    names = [config.PREFIX + name for name in config.SETTINGS]
    fields = [config.PREFIX + field.name.upper() for field in dataclasses.fields(config.Config)]
    assert sorted(names) == sorted([*fields, "SURVEYAPP_CONFIG"])
    assert list(in_code) == names
    assert for_operators == in_code


def test_documented_defaults_are_the_defaults() -> None:
    documented = dict(ROW.findall(config.__doc__ or ""))
    key = "an ordinary key of ordinary length, 0123"
    settings = config.Config.from_environment({"SURVEYAPP_SECRET_KEY": key})
    for name in ("BASE_URL", "DATA_DIR", "PROXIES", "PROCESSES", "THREADS", "HOST", "PORT", "ENVIRONMENT"):
        assert documented[config.PREFIX + name] == str(getattr(settings, name.lower())), name


def test_settings_in_code_and_templates_exist() -> None:
    known = {config.PREFIX + name for name in config.SETTINGS}
    for path in CHECKOUT.glob("surveyapp/**/*.py"):
        for name in re.findall(r"\bSURVEYAPP_[A-Z][A-Z_]+[A-Z]", path.read_text(encoding="utf-8")):
            assert name in known, f"{path}: {name} is not a setting of config.py"
