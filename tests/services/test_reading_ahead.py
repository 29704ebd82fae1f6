"""Reading ahead changes nothing but when blocks are fetched."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from surveyapp.services.reading.ahead import read_ahead


def test_blocks_come_in_their_order_and_one_of_them_beforehand() -> None:
    fetched: list[int] = []
    second = threading.Event()

    def blocks() -> Iterator[int]:
        for number in range(4):
            fetched.append(number)
            if number == 1:
                second.set()
            yield number

    reading = read_ahead(blocks())
    assert next(reading) == 0
    assert second.wait(10), "the second block is fetched while the first is worked on"
    assert fetched == [0, 1]
    assert list(reading) == [1, 2, 3]
    assert list(read_ahead([])) == []


def test_an_error_while_reading_stands_in_its_place() -> None:
    def blocks() -> Iterator[str]:
        yield "first"
        raise ConnectionError("lost")

    reading = read_ahead(blocks())
    assert next(reading) == "first"
    with pytest.raises(ConnectionError, match="lost"):
        next(reading)


def test_nothing_goes_on_reading_when_the_work_is_given_up() -> None:
    reading = read_ahead(iter(range(100)))
    next(reading)
    reading.close()  # type: ignore[attr-defined]  # it is a generator, and says only that it can be walked
    assert not [each for each in threading.enumerate() if each.name.startswith("read-ahead")]
