"""A PostgreSQL for one benchmark run: the machine's binaries, a fresh cluster, durability on."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.postgres import find_binaries

SETTINGS = {
    # As installed, with what is committed on the disk: figures without durability would flatter.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
}


@contextmanager
def cluster(folder: Path) -> Iterator[str | None]:
    """The address of the cluster with ``{}`` where the database's name goes; None without PostgreSQL here."""
    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    home = folder / "pg"
    home.mkdir(mode=0o700)
    options: dict[str, Any] = {"cwd": home, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}
    if os.geteuid() == 0:
        # PostgreSQL refuses to be root.
        user = pwd.getpwnam("postgres") if _has_user("postgres") else pwd.getpwnam("nobody")
        os.chown(home, user.pw_uid, user.pw_gid)
        for parent in (folder, *folder.parents[:1]):
            parent.chmod(parent.stat().st_mode | 0o011)
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    def call(command: str, *args: str) -> None:
        subprocess.run([binaries / command, *args], check=True, stdout=subprocess.DEVNULL, **options)

    call("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale")
    settings = SETTINGS | {"unix_socket_directories": str(home)}
    with (home / "data" / "postgresql.conf").open("a") as stream:
        stream.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    call("pg_ctl", "-D", "data", "-w", "-l", "server.log", "start")
    try:
        yield f"postgresql://postgres@/{{}}?host={home}"
    finally:
        call("pg_ctl", "-D", "data", "-w", "-m", "fast", "stop")
        shutil.rmtree(home, ignore_errors=True)


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
