"""Export, backup and restore of ten thousand panellists with 270 cells each: 2.7 million answers."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import child
from benchmarks.large_study import CELLS, PANELLISTS, analyse, lay_large_study
from benchmarks.registry import Figure, Ground, benchmark
from surveyapp.services.schema import migrate
from surveyapp.services.unit import Database


@benchmark("export")
def export_and_backup(ground: Ground) -> Iterator[Figure]:
    """The whole package with long and wide answers; then everything into one file and out of it again."""
    for engine in ground.engines:
        url = ground.new_database(engine)
        database = Database(url)
        migrate(database)
        lay_large_study(database)
        analyse(database)
        database.close()
        folder = ground.folder / f"export-{engine}"
        folder.mkdir()
        spent = child.run("export", url, folder)
        if spent.count != PANELLISTS * CELLS:
            raise RuntimeError(f"{spent.count} long rows were written, not {PANELLISTS * CELLS}")
        yield Figure(f"export 2.7 million answers, {engine}", spent.seconds, "s", floor=10)
        yield Figure(f"… processor time of the program, {engine}", spent.processor_seconds, "s")
        yield Figure(f"… peak memory, {engine}", spent.peak_mb, "MB", floor=200)
        yield Figure(f"… as a zip file, {engine}", child.run("export-zip", url, folder).seconds, "s")
        spent = child.run("backup", url, folder)
        yield Figure(f"back up {spent.count / 1e6:.1f} million rows, read back, {engine}", spent.seconds, "s")
        yield Figure(f"… peak memory, {engine}", spent.peak_mb, "MB")
        empty = Database(ground.new_database(engine))
        migrate(empty)
        empty.close()
        spent = child.run("restore", empty.url.render_as_string(hide_password=False), folder)
        yield Figure(f"… restore it, checked, {engine}", spent.seconds, "s")
