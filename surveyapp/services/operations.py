"""Backup and restore: every row of the installation in one file that any of its databases can take in.

The file is a zip of one text per table, each line one row as a JSON list, tables in the order in which they
may be filled, and a manifest with counts and checksums. Its last bytes are the SHA-256 of all bytes before
them, so a single changed or missing byte is found before anything is touched. It holds names, addresses and
answers: keep it as carefully as the database itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.errors import InputError, Problem, Refused
from surveyapp.services.table_rows import TABLES, insert_lines, read_lines, read_revision, set_counters
from surveyapp.services.unit import Database, read_now
from surveyapp.version import __version__

FORMAT = "surveyapp-backup-1"
MANIFEST = "manifest.json"
_SEAL = b"sha256:"
_SEAL_LENGTH = len(_SEAL) + 64
_BUFFER = 1 << 20
_LARGEST_MANIFEST = 1 << 20
_OLDEST_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup file holds."""

    file: Path
    schema: str
    program: str
    made_at: str
    rows: int
    rows_by_table: Mapping[str, int]
    content_sha256: str
    """Hash of all rows of all tables: equal databases have equal hashes, whatever engine holds them."""


def backup(database: Database, *, file: Path, progress: Callable[[int], None] | None = None) -> BackupSummary:
    """Write everything to `file`, from one instant, while the installation goes on working.

    The file appears when it is whole, readable by its owner only. `progress` is told how many more rows are
    written. Raises InputError when the file is there already or cannot be written.
    """
    file = file.absolute()
    if file.exists():
        raise InputError(
            [Problem(str(file), "it is there already; name a new file, or move the old one away.")]
        )
    part = file.parent / f".{file.name[:100]}.part-{secrets.token_hex(8)}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InputError([Problem(str(file), f"it cannot be written: {error.strerror}.")]) from error
    try:
        with os.fdopen(handle, "w+b") as stream:
            with database.snapshot() as session:
                _write_archive(session, stream, progress or (lambda _: None))
            _seal(stream)
            # A backup that a power cut could take away again is none.
            stream.flush()
            os.fsync(stream.fileno())
        # Read back before it gets its name: a disk that lies is found out now, not on the day it is needed.
        summary = replace(verify(part), file=file)
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    return summary


def verify(file: Path) -> BackupSummary:
    """Read a backup file from end to end. Raises InputError when anything in it is not as it was written."""
    try:
        with file.open("rb") as stream:
            _check_seal(file, stream)
            with zipfile.ZipFile(stream) as archive:
                manifest = _read_manifest(file, archive)
                for each in manifest["tables"]:
                    _check_table(file, archive, each)
    except OSError as error:
        raise InputError([Problem(str(file), f"it cannot be read: {error.strerror}.")]) from error
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise _damaged(file, "its parts do not fit together") from error
    return _summary(file, manifest)


def restore(
    database: Database, *, file: Path, progress: Callable[[int], None] | None = None
) -> BackupSummary:
    """Fill an empty database with what `file` holds: all of it in one transaction, or nothing.

    The database may be of another engine than the one backed up. Raises InputError for a damaged file or
    one of another version, Refused when the database holds anything already.
    """
    summary = verify(file)
    tell = progress or (lambda _: None)
    with database.verb() as session:
        revision = read_revision(session)
        if summary.schema != revision:
            raise InputError(
                [
                    Problem(
                        str(file),
                        f"it was made by program {summary.program} with schema {summary.schema}, and this "
                        f"database has {revision or 'none'}. Set up a new database with the program "
                        "that made the backup ('init-db'), restore there, and upgrade it afterwards.",
                    )
                ]
            )
        _refuse_what_is_not_empty(session)
        with file.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            for each in _read_manifest(file, archive)["tables"]:
                with archive.open(_member(each["name"])) as lines:
                    for count in insert_lines(session, each["name"], each["columns"], lines):
                        tell(count)
        set_counters(session)
        if content_hash(session) != summary.content_sha256:
            raise Refused(
                "What the database holds after restoring is not what the backup says. Nothing was kept. "
                "Try again with another copy of the backup."
            )
    return summary


def count_rows(database: Database) -> int:
    """How many rows a backup made now would hold: what its progress counts up to."""
    with database.reading() as session:
        return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES)


def content_hash(session: Session) -> str:
    """SHA-256 over every row of every table, the same on both engines for the same content."""
    whole = hashlib.sha256()
    for table in TABLES:
        one = hashlib.sha256()
        for chunk, _ in read_lines(session, table):
            one.update(chunk)
        whole.update(f"{table.name}:{one.hexdigest()}\n".encode())
    return whole.hexdigest()


def _write_archive(session: Session, stream: IO[bytes], tell: Callable[[int], None]) -> None:
    tables = []
    whole = hashlib.sha256()
    with zipfile.ZipFile(stream, "w") as archive:
        for table in TABLES:
            one = hashlib.sha256()
            rows = size = 0
            with archive.open(_info(_member(table.name)), "w", force_zip64=True) as member:
                for chunk, count in read_lines(session, table):
                    member.write(chunk)
                    one.update(chunk)
                    rows, size = rows + count, size + len(chunk)
                    tell(count)
            digest = one.hexdigest()
            whole.update(f"{table.name}:{digest}\n".encode())
            columns = [column.name for column in table.columns]
            tables.append(
                {"name": table.name, "columns": columns, "rows": rows, "bytes": size, "sha256": digest}
            )
        manifest = {
            "format": FORMAT,
            "program": __version__,
            "schema": read_revision(session),
            "made_at": iso(read_now(session)),
            "content_sha256": whole.hexdigest(),
            "tables": tables,
        }
        archive.writestr(_info(MANIFEST), json.dumps(manifest, indent=1))
        # Room for the seal, which can only be written when everything before it is.
        archive.comment = _SEAL + b"0" * 64


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, date_time=_OLDEST_ZIP_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    info._compresslevel = 1  # type: ignore[attr-defined]  # noqa: SLF001 - no public name before Python 3.13
    info.external_attr = 0o600 << 16
    return info


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


def _seal(stream: IO[bytes]) -> None:
    stream.flush()
    digest = _hash_before_seal(stream)
    stream.seek(-64, os.SEEK_END)
    stream.write(digest.encode())


def _hash_before_seal(stream: IO[bytes]) -> str:
    left = stream.seek(0, os.SEEK_END) - 64
    stream.seek(0)
    digest = hashlib.sha256()
    while left > 0:
        chunk = stream.read(min(_BUFFER, left))
        if not chunk:
            break
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest()


def _check_seal(file: Path, stream: IO[bytes]) -> None:
    size = stream.seek(0, os.SEEK_END)
    if size < _SEAL_LENGTH:
        raise _damaged(file, "it is too short to be one")
    stream.seek(-_SEAL_LENGTH, os.SEEK_END)
    seal = stream.read()
    if not seal.startswith(_SEAL):
        raise _damaged(file, "its end is missing, or it is no backup of Surveyapp")
    if seal != _SEAL + _hash_before_seal(stream).encode():
        raise _damaged(file, "some of its bytes are not as they were written")
    stream.seek(0)


def _read_manifest(file: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise _damaged(file, "its manifest is too large")
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest.get("format") != FORMAT:
        raise InputError(
            [
                Problem(
                    str(file),
                    f"its format is {manifest.get('format')!r}, and this program reads {FORMAT!r}. "
                    f"It was made by program {manifest.get('program')!r}; restore it with that one.",
                )
            ]
        )
    return manifest


def _check_table(file: Path, archive: zipfile.ZipFile, entry: dict[str, Any]) -> None:
    digest, size = hashlib.sha256(), 0
    with archive.open(_member(entry["name"])) as member:
        while chunk := member.read(_BUFFER):
            digest.update(chunk)
            size += len(chunk)
    if digest.hexdigest() != entry["sha256"] or size != entry["bytes"]:
        raise _damaged(file, f"the table '{entry['name']}' is not as it was written")


def _damaged(file: Path, why: str) -> InputError:
    return InputError(
        [Problem(str(file), f"this backup is damaged: {why}. Nothing was changed; use another copy of it.")]
    )


def _refuse_what_is_not_empty(session: Session) -> None:
    filled = [table.name for table in TABLES if session.scalar(select(func.count()).select_from(table))]
    if filled:
        raise Refused(
            f"The database is not empty: there are rows in {', '.join(filled)}. "
            "A backup is restored into a new database only; nothing was changed."
        )


def _summary(file: Path, manifest: dict[str, Any]) -> BackupSummary:
    return BackupSummary(
        file=file,
        schema=manifest["schema"],
        program=manifest["program"],
        made_at=manifest["made_at"],
        rows=sum(each["rows"] for each in manifest["tables"]),
        rows_by_table={each["name"]: each["rows"] for each in manifest["tables"]},
        content_sha256=manifest["content_sha256"],
    )
