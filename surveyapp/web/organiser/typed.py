"""What organisers typed into a form, as it can be shown again."""

from __future__ import annotations

import re

from flask import request

# Control characters but for line ends and tabs: no page that holds one is well-formed.
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def typed() -> dict[str, str]:
    """What was typed, field by field, as it can be shown again."""
    return {name: showable(request.form.get(name, "")) for name in request.form}


def typed_all(name: str) -> list[str]:
    """All values of a field that may come several times."""
    return [showable(value) for value in request.form.getlist(name)]


def showable(text: str) -> str:
    """`text` with the line ends of this program, and without what no page can hold."""
    return _UNSHOWABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
