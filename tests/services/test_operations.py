"""Backups: whole, checked to the last byte, and taken in by any database (REL-40 to REL-42)."""

from __future__ import annotations

import json
import random
import stat
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from surveyapp.errors import InputError, Refused
from surveyapp.models import Answer, AuditEntry, Base, SaveReceipt, Study, Throttle
from surveyapp.services import answering, operations
from surveyapp.services.operations import backup, content_hash, count_rows, restore, verify
from surveyapp.services.reading.seats import Seat
from surveyapp.services.table_rows import read_lines
from surveyapp.services.unit import Database, read_now
from tests.support.databases import Databases, Engine
from tests.support.studies import SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    laid = lay_ground(database, load_text(SMALL, tmp_path))
    seat = laid.sit_down()
    consent = laid.number("consent")
    answer(laid, seat, consent, "1", request="consenting")
    answer(laid, seat, laid.number("years"), "7", request="years-of-it")
    answer(laid, seat, laid.number("word"), "botany", request="a-word-of-it")
    reason = laid.number("fruit", "apples", "north", part="reason")
    answer(laid, seat, reason, 'Grüße,\t"透明性"\n\u2028=1\\', request="a-reason-of-it")
    answer(laid, seat, laid.number("fruit", "apples", "north", "effect"), "dont-know", request="no-opinion")
    with database.verb() as session:
        answering.submit(session, seat=seat, request_id="submit-1")
    return laid


def answer(ground: Ground, seat: Seat, cell: int, value: str, *, request: str) -> None:
    with ground.database.verb() as session:
        changes = {cell: ground.given(cell, value)}
        answering.save(session, seat=seat, request_id=request, base=1_000, changes=changes)


def hash_of(database: Database) -> str:
    with database.reading() as session:
        return content_hash(session)


@pytest.fixture
def other(databases: Databases, other_engine: Engine) -> Iterator[Database]:
    """A fresh database to restore into."""
    with databases.fresh(other_engine) as url:
        opened = Database(url)
        yield opened
        opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def other_engine(request: pytest.FixtureRequest) -> Engine:
    engine: Engine = request.param
    return engine


def test_rel_40_a_restored_database_holds_the_same_on_either_engine(
    ground: Ground, other: Database, tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    told: list[int] = []
    summary = backup(ground.database, file=file, progress=told.append)
    assert sum(told) == summary.rows == count_rows(ground.database) > 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert verify(file) == summary
    restored = restore(other, file=file)
    assert restored == summary
    assert hash_of(other) == hash_of(ground.database) == summary.content_sha256
    for table in Base.metadata.sorted_tables:
        with ground.database.reading() as one, other.reading() as two:
            key = [*table.primary_key.columns]
            assert set(one.execute(select(*key))) == set(two.execute(select(*key))), table.name


def test_a_table_of_long_texts_is_read_in_small_portions_and_line_by_line_the_same(
    database: Database,
) -> None:
    """Memory does not grow with the texts; what stands between rows may stand in a text as well."""
    key = {"purpose": "link", "count": 1}
    with database.verb() as session:
        moment = read_now(session)
        rows = [
            {**key, "subject": f"{number:03}{'],[' * (number % 3)}{'x' * 60_000}", "window_start": moment}
            for number in range(150)
        ]
        session.execute(insert(Throttle), rows)
    with database.reading() as session:
        portions = list(read_lines(session, Base.metadata.tables["throttle"]))
    assert sum(count for _, count in portions) == len(rows)
    assert max(len(lines) for lines, _ in portions) < 5_000_000
    assert len(portions) > 4
    lines = b"".join(lines for lines, _ in portions).decode().splitlines()
    assert [json.loads(line)[1] for line in lines] == [row["subject"] for row in rows]


def test_rel_40_the_restored_installation_works_on(ground: Ground, other: Database, tmp_path: Path) -> None:
    """I11: old links open, new rows get numbers of their own, answering goes on where it stopped."""
    backup(ground.database, file=tmp_path / "all.backup")
    restore(other, file=tmp_path / "all.backup")
    moved = Ground(other, ground.study_id, ground.slug, ground.instrument, ground.panel)
    seat = moved.sit_down()
    assert (seat.submission, seat.pseudonym) == (1, ground.sit_down().pseudonym)
    answer(moved, seat, moved.number("years"), "9", request="after-it-all")
    lay_ground(other, ground.instrument.questionnaire, slug="another")
    with other.reading() as session:
        ids = session.scalars(select(AuditEntry.id)).all()
        assert len(ids) == len(set(ids))
        assert session.scalars(select(Study.slug).order_by(Study.slug)).all() == ["another", "fruit"]


def test_rel_42_a_page_from_after_the_backup_is_told_and_overwrites_nothing(
    ground: Ground, other: Database, tmp_path: Path
) -> None:
    seat = ground.sit_down()
    backup(ground.database, file=tmp_path / "all.backup")
    cell = ground.number("years")
    answer(ground, seat, cell, "8", request="after-backup")
    restore(other, file=tmp_path / "all.backup")
    moved = Ground(other, ground.study_id, ground.slug, ground.instrument, ground.panel)
    answer(moved, moved.sit_down(), cell, "9", request="another-tab")
    with pytest.raises(answering.Conflicted), other.verb() as session:
        answering.save(
            session, seat=seat, request_id="page-of-old", base=0, changes={cell: ground.given(cell, "8")}
        )
    with other.reading() as session:
        assert session.scalars(select(Answer.value).where(Answer.cell == cell)).all() == [9.0]


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << random.Random(place).randrange(8))]) + data[place + 1 :]


def test_rel_41_every_flipped_bit_and_every_cut_is_found_and_nothing_is_touched(
    ground: Ground, database: Database, tmp_path: Path, databases: Databases, trials: Callable[[int], int]
) -> None:
    file = tmp_path / "all.backup"
    backup(database, file=file)
    whole = file.read_bytes()
    rng = random.Random(41)
    damaged = tmp_path / "damaged.backup"
    places = [0, len(whole) - 1, len(whole) - 70, *(rng.randrange(len(whole)) for _ in range(trials(40)))]
    cuts = [0, 1, 70, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(trials(10)))]
    with databases.fresh("sqlite") as url:
        empty = Database(url)
        for data in (*(flip(whole, place) for place in places), *(whole[:cut] for cut in cuts), whole + b"x"):
            damaged.write_bytes(data)
            with pytest.raises(InputError, match="damaged"):
                verify(damaged)
            with pytest.raises(InputError, match="damaged"):
                restore(empty, file=damaged)
        assert count_rows(empty) == 0
        empty.close()


def reseal(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """Write the archive anew with a right seal, as somebody who tampers with care would."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with file.open("w+b") as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
            archive.comment = b"sha256:" + b"0" * 64
        operations._seal(stream)


def test_rel_41_sec_82_a_backup_of_another_version_is_refused(
    ground: Ground, other: Database, tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    schema = backup(ground.database, file=file).schema

    def age(members: dict[str, bytes]) -> None:
        old, new = f'"schema": "{schema}"'.encode(), b'"schema": "9999"'
        members["manifest.json"] = members["manifest.json"].replace(old, new)

    reseal(file, age)
    with pytest.raises(InputError, match=f"9999, and this database has {schema}"):
        restore(other, file=file)

    def rename(members: dict[str, bytes]) -> None:
        members["manifest.json"] = members["manifest.json"].replace(
            b"surveyapp-backup-1", b"surveyapp-backup-7"
        )

    reseal(file, rename)
    with pytest.raises(InputError, match="surveyapp-backup-7"):
        verify(file)
    assert count_rows(other) == 0


def test_rel_41_a_row_changed_with_care_is_found_too(ground: Ground, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    backup(ground.database, file=file)

    def change(members: dict[str, bytes]) -> None:
        members["tables/study.jsonl"] = members["tables/study.jsonl"].replace(b"small", b"large")

    reseal(file, change)
    with pytest.raises(InputError, match="'study' is not as it was written"):
        verify(file)


def test_sec_82_what_is_no_backup_is_told_so(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Dear all, " * 50)
    with pytest.raises(InputError, match="no backup of Surveyapp"):
        verify(note)
    with pytest.raises(InputError, match="cannot be read"):
        verify(tmp_path / "nowhere")


def test_sec_82_a_filled_database_is_not_restored_into(ground: Ground, tmp_path: Path) -> None:
    file = tmp_path / "all.backup"
    backup(ground.database, file=file)
    before = hash_of(ground.database)
    with pytest.raises(Refused, match="not empty: there are rows in study"):
        restore(ground.database, file=file)
    assert hash_of(ground.database) == before


def test_sec_82_a_restore_that_fails_in_the_middle_leaves_nothing(
    ground: Ground, other: Database, tmp_path: Path
) -> None:
    file = tmp_path / "all.backup"
    backup(ground.database, file=file)

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore(other, file=file, progress=stop)
    assert count_rows(other) == 0


@pytest.mark.parametrize("place", ["taken", "in-the-way/file"])
def test_a_backup_does_not_overwrite_and_names_what_is_in_the_way(
    ground: Ground, tmp_path: Path, place: str
) -> None:
    (tmp_path / "taken").write_text("precious")
    (tmp_path / "in-the-way").write_text("precious")
    with pytest.raises(InputError, match=place.partition("/")[0]):
        backup(ground.database, file=tmp_path / place)
    assert (tmp_path / "taken").read_text() == (tmp_path / "in-the-way").read_text() == "precious"


def test_nothing_is_left_of_a_backup_that_failed(ground: Ground, tmp_path: Path) -> None:
    def stop(count: int) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "backups"
    with pytest.raises(KeyboardInterrupt):
        backup(ground.database, file=folder / "all.backup", progress=stop)
    assert list(folder.iterdir()) == []


def test_rel_40_a_backup_during_writes_is_one_instant(
    ground: Ground, databases: Databases, tmp_path: Path
) -> None:
    """While somebody saves without pause, every backup has each save whole: its answer and its receipt."""
    seat = ground.sit_down(1)
    answer(ground, seat, ground.number("consent"), "1", request="consenting")
    cell = ground.number("years")
    stop, failed = threading.Event(), []
    saved = threading.Event()

    def keep_saving() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                answer(ground, seat, cell, str(number % 80), request=f"save-number-{number}")
                saved.set()
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failed.append(error)
            saved.set()

    writer = threading.Thread(target=keep_saving)
    writer.start()
    try:
        for trial in range(3):
            saved.clear()
            saved.wait()
            file = tmp_path / f"{trial}.backup"
            backup(ground.database, file=file)
            with databases.fresh("sqlite") as url:
                copy = Database(url)
                restore(copy, file=file)
                with copy.reading() as session:
                    mine = (SaveReceipt.panellist_id == seat.panellist_id,)
                    last = session.scalar(select(func.max(SaveReceipt.revision)).where(*mine))
                    count = session.scalar(select(func.count()).select_from(SaveReceipt).where(*mine))
                    revision = session.scalar(
                        select(Answer.revision).where(
                            Answer.panellist_id == seat.panellist_id, Answer.cell == cell
                        )
                    )
                    # Years repeat every 80 saves, and never twice in a row: each save writes its revision.
                    assert last == count == revision
                    assert session.execute(text("PRAGMA foreign_key_check")).all() == []
                copy.close()
    finally:
        stop.set()
        writer.join()
    assert failed == []
