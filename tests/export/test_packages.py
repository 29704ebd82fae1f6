"""A package is there whole or not at all (REL-17, REL-43)."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from surveyapp.errors import InputError
from surveyapp.export.package import building


def write(out: Path, text: str = "a,b\r\n1,2\r\n") -> None:
    with building(out) as package:
        with package.open("table.csv", "A table.") as file:
            file.write(text, rows=1)
        package.add_text("note.txt", "A note.", "Grüße\n")
        package.write_manifest({"format": "test"})


def test_the_manifest_names_every_file_with_size_rows_and_checksum(tmp_path: Path) -> None:
    write(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in manifest["files"]] == ["note.txt", "table.csv"]
    for each in manifest["files"]:
        data = (tmp_path / "out" / each["name"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (each["bytes"], each["sha256"])
    assert [each["rows"] for each in manifest["files"]] == [None, 1]


def test_sec_93_only_the_owner_may_read_what_was_written(tmp_path: Path) -> None:
    write(tmp_path / "out")
    write(tmp_path / "out.zip")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    for file in (*(tmp_path / "out").iterdir(), tmp_path / "out.zip"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_same_content_gives_the_same_zip(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    write(tmp_path / "out.zip")
    write(tmp_path / "again" / "out.zip")
    assert (tmp_path / "out.zip").read_bytes() == (tmp_path / "again" / "out.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["out/manifest.json", "out/note.txt", "out/table.csv"]
        assert archive.read("out/note.txt").decode() == "Grüße\n"


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_nothing_is_left_of_a_package_that_failed(tmp_path: Path, name: str) -> None:
    def fail() -> None:
        with building(tmp_path / name) as package:
            package.add_text("note.txt", "A note.", "half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "out")
    write(tmp_path / "out.zip")
    for name in ("out", "out.zip"):
        with pytest.raises(InputError, match="there already"):
            write(tmp_path / name, "other")
    assert (tmp_path / "out" / "table.csv").read_text() == "a,b\n1,2\n"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write(tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "file" / "out")


_SLOW_WRITER = """
import sys
from pathlib import Path
from surveyapp.export.package import building
with building(Path(sys.argv[1])) as package, package.open("table.csv", "A table.") as file:
    file.write("x" * 5_000_000, rows=1)
    print("half", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_rel_43_a_killed_writer_leaves_no_half_package_and_the_next_one_tidies_up(
    tmp_path: Path, name: str
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SLOW_WRITER, str(tmp_path / name)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        # While it lives, its folder is not another one's to tidy.
        write(tmp_path / f"{name}.other.zip")
        os.kill(writer.pid, signal.SIGKILL)
    assert not (tmp_path / name).exists()
    leftovers = [each for each in tmp_path.iterdir() if each.name.startswith(f".{name}.part-")]
    assert len(leftovers) == 1
    write(tmp_path / name)
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([name, f"{name}.other.zip"])


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_of_two_writers_to_one_place_the_later_one_is_told(tmp_path: Path, name: str) -> None:
    def race() -> None:
        with building(tmp_path / name) as first:
            with building(tmp_path / name) as second:
                second.add_text("note.txt", "A note.", "second")
            first.add_text("note.txt", "A note.", "first")

    with pytest.raises(InputError, match="there already"):
        race()
    assert [each.name for each in tmp_path.iterdir()] == [name]
    if name == "out":
        assert (tmp_path / "out" / "note.txt").read_text() == "second"
