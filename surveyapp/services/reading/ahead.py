"""Read ahead: the next block comes from the database while the present one is being written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_Block = TypeVar("_Block")
_END: Final = object()


def read_ahead(blocks: Iterable[_Block]) -> Iterator[_Block]:
    """The same blocks in the same order, always one of them fetched beforehand.

    Databases work without Python meanwhile, so a long export takes the longer of the two times instead of
    their sum. `blocks` is run in one other thread; whatever it reads with must not be used elsewhere until
    the last block is out. An error there is raised here, in its place.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        iterator = iter(blocks)
        coming = reader.submit(next, iterator, _END)
        while (block := coming.result()) is not _END:
            coming = reader.submit(next, iterator, _END)
            yield block  # type: ignore[misc]  # all but the mark at the end are blocks
