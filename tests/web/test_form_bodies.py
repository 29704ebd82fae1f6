"""The quick form parser reads every body as Werkzeug's own does."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.formparser import FormDataParser

from surveyapp.web.form_bodies import FormBodyParser

FORM = "application/x-www-form-urlencoded"
ODD = "a1 = & + % %20 %2B %26 %3D %C3%A9 %C3 %A9 %E2%82 %AC %00 %zz é 日 %ED%A0%80 ;"
PIECES = st.sampled_from([*ODD.split(), " "])


def both(body: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    quick = FormBodyParser().parse(BytesIO(body), FORM, len(body))
    usual = FormDataParser().parse(BytesIO(body), FORM, len(body))
    return list(quick[1].items(multi=True)), list(usual[1].items(multi=True))


@given(st.lists(PIECES, max_size=20).map("".join))
def test_odd_bodies_are_read_alike(text: str) -> None:
    quick, usual = both(text.encode())
    assert quick == usual


@given(st.lists(st.tuples(st.text(), st.text()), max_size=8))
def test_every_text_comes_through(fields: list[tuple[str, str]]) -> None:
    storable = [
        (name.encode("utf-8", "replace").decode(), value.encode("utf-8", "replace").decode())
        for name, value in fields
    ]
    quick, usual = both(urlencode(storable).encode())
    assert quick == usual
    assert sorted(quick) == sorted(storable)


@given(st.binary(max_size=40))
def test_bytes_that_are_no_text_are_read_alike(body: bytes) -> None:
    quick, usual = both(body)
    assert quick == usual


def test_other_forms_go_the_usual_way() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\none+1\r\n--x--\r\n'
    _, fields, _ = FormBodyParser().parse(BytesIO(body), "multipart/form-data", len(body), {"boundary": "x"})
    assert dict(fields) == {"a": "one+1"}
    _, fields, files = FormBodyParser().parse(BytesIO(b"{}"), "application/json", 2)
    assert not fields
    assert not files


def test_a_parser_that_is_not_silent_tells_of_bytes_that_are_no_text() -> None:
    with pytest.raises(UnicodeDecodeError):
        FormBodyParser(silent=False).parse(BytesIO(b"a=\xff"), FORM, 3)
