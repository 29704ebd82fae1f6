"""A folder or a zip file that is there whole or not at all, with a manifest of checksums.

Everything is written under a temporary name beside the target and renamed at the end. What a killed
program left behind under such a name is taken away by the next one that writes to the same target.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from surveyapp.errors import InputError, Problem
from surveyapp.export.writers.csv import encoded

MANIFEST = "manifest.json"
_BUFFER = 1 << 20
_OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of the package. `rows` leaves the header out; None for what is no table."""

    name: str
    about: str
    bytes: int
    sha256: str
    rows: int | None


class PackageFile:
    """One file while it is written: counts rows and bytes and hashes them on their way to the disk."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.rows = 0
        self.bytes = 0

    def write(self, text: str, rows: int = 0) -> None:
        """Append `text`, which holds `rows` rows."""
        self.write_bytes(encoded(text), rows)

    def write_bytes(self, data: bytes, rows: int = 0) -> None:
        """Append what is in UTF-8 already."""
        self._stream.write(data)
        self._hash.update(data)
        self.bytes += len(data)
        self.rows += rows

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


class Package:
    """The package while it is built, under its temporary name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[FileEntry] = []

    @contextmanager
    def open(self, name: str, about: str, *, is_table: bool = True) -> Iterator[PackageFile]:
        """A new file, readable by its owner only; it enters the manifest when the block ends."""
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb", buffering=_BUFFER) as stream:
            file = PackageFile(stream)
            yield file
        rows = file.rows if is_table else None
        self.files.append(FileEntry(name, about, file.bytes, file.sha256, rows))

    def add_text(self, name: str, about: str, text: str) -> None:
        """A file that is no table."""
        with self.open(name, about, is_table=False) as file:
            file.write(text)

    def write_manifest(self, facts: Mapping[str, Any]) -> None:
        """The manifest: `facts` first, then each file with its size, rows and SHA-256, in order of names."""
        files = [
            {
                "name": each.name,
                "about": each.about,
                "bytes": each.bytes,
                "rows": each.rows,
                "sha256": each.sha256,
            }
            for each in sorted(self.files, key=lambda each: each.name)
        ]
        text = json.dumps({**facts, "files": files}, ensure_ascii=False, indent=2) + "\n"
        self.add_text(MANIFEST, "This list.", text)


@contextmanager
def building(out: Path) -> Iterator[Package]:
    """A package that appears at `out` when the block ends, and not at all when it fails.

    `out` names a zip file when it ends in ``.zip``, else a folder. Raises InputError when something is
    there already, or when its place cannot be written to.
    """
    out = out.absolute()
    if _is_taken(out):
        raise _taken(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _sweep(out)
        folder = out.parent / f".{out.name[:100]}.part-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise InputError([Problem(str(out), f"it cannot be written: {error.strerror}.")]) from error
    # The lock tells a living writer from a dead one's leftovers; the system lets go of it in any case.
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        package = Package(folder)
        yield package
        _put_in_place(package, out)
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _is_taken(out: Path) -> bool:
    # An empty folder may stand there: renaming puts the package in its place.
    if out.is_dir() and out.suffix.lower() != ".zip":
        return any(out.iterdir())
    return out.exists()


def _put_in_place(package: Package, out: Path) -> None:
    if out.suffix.lower() != ".zip":
        try:
            package.folder.rename(out)
        except OSError as error:
            # Somebody else was faster; renaming never replaces a folder that holds something.
            raise _taken(out) from error
        return
    packed = package.folder / ".packed.zip"
    handle = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream, zipfile.ZipFile(stream, "w") as archive:
        for entry in sorted(package.files, key=lambda each: each.name):
            info = zipfile.ZipInfo(f"{out.stem}/{entry.name}", date_time=_OLDEST_ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            # Level 1: these files are so regular that more effort gains little and takes three times as long.
            info._compresslevel = 1  # type: ignore[attr-defined]  # noqa: SLF001 - no public name before 3.13
            info.external_attr = 0o600 << 16
            with (
                (package.folder / entry.name).open("rb") as source,
                archive.open(info, "w", force_zip64=True) as sink,
            ):
                shutil.copyfileobj(source, sink, _BUFFER)
    try:
        # Unlike renaming, linking does not replace what somebody else may have put there meanwhile.
        out.hardlink_to(packed)
    except FileExistsError as error:
        raise _taken(out) from error
    except OSError:
        # Not every file system has links.
        packed.rename(out)


def _taken(out: Path) -> InputError:
    return InputError(
        [Problem(str(out), "it is there already; name a new file or folder, or remove it first.")]
    )


def _sweep(out: Path) -> None:
    # `[` and the like in a name must not be taken for a pattern.
    start = f".{out.name[:100]}.part-"
    for leftover in sorted(out.parent.iterdir()):
        if not leftover.name.startswith(start) or not leftover.is_dir():
            continue
        handle = os.open(leftover, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(leftover, ignore_errors=True)
        except BlockingIOError:
            pass  # Somebody is writing there now.
        finally:
            os.close(handle)
