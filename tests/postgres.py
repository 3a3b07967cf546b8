"""`python -m tests.postgres COMMAND …`: run a command with DATABASE_URL naming a PostgreSQL that goes with it.

PostgreSQL refuses to run as root, so root starts it as the user `postgres`, whom Debian's package has made.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEBIAN = Path("/usr/lib/postgresql")


@contextmanager
def postgres(*, fsync: bool = False) -> Iterator[str]:
    """The address of an empty PostgreSQL on loopback. Raises AssertionError when none is installed.

    fsync: as in earnest; without it, what it holds may be tests alone.
    """
    directory = Path(tempfile.mkdtemp(prefix="chp-"))
    data, port = directory / "data", free_port()
    as_whom: tuple[str, ...] = ()
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres")
        as_whom = ("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups")
    control = [*as_whom, str(_program("pg_ctl")), "--pgdata", str(data), "--wait", "--silent"]
    initdb = ["initdb", "--options", "--username site --auth trust --encoding UTF8 --locale C.UTF-8"]
    options = f"-p {port} -h 127.0.0.1 -k {directory} -c fsync={'on' if fsync else 'off'} -c max_connections=100"
    try:
        subprocess.run([*control, *initdb], check=True, stdout=subprocess.DEVNULL, cwd="/")
        start = ["--log", str(directory / "log"), "--options", options, "start"]
        subprocess.run([*control, *start], check=True, stdout=subprocess.DEVNULL, cwd="/")
        try:
            yield f"postgres://site@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "--mode", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _program(name: str) -> Path:
    """Debian keeps it off the PATH, one folder a version; the newest is taken."""
    found = [Path(path) for path in [shutil.which(name)] if path]
    found += sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]), reverse=True)
    assert found, f"{name} is not installed (Debian: apt-get install postgresql)"
    return found[0].resolve()


def main(command: list[str]) -> int:
    """Run the command beside the server; its exit status. The server ends with us, also when we are told to end."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with postgres() as url:
        return subprocess.run(command, check=False, env={**os.environ, "DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
