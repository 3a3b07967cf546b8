"""File modes: other users of the machine can't read the site's data (sessions, keys, counts, logs)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_UMASK = 0o077
_OTHERS = 0o077
# In a directory of another user (a mounted volume) each file is private by its own mode. Whoever may write into that
# directory could replace the files.
_WRITABLE_BY_ALL = stat.S_IWOTH
# Public files, and thousands of them.
_PUBLIC = frozenset({"static"})


def keep_private(directory: Path, *databases: Path) -> None:
    """Make the files in DATA_DIR private, and those that this process will write.

    databases: SQLite files elsewhere. Raises ImproperlyConfigured, in one line, when a mode can't be changed.
    """
    os.umask(_UMASK)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _close_directory(directory)
        for path in (*_files(directory), *(file for base in databases for file in _with_companions(base))):
            _close_file(path)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR: {error.filename} can't be used: {error.strerror}") from None


def _close_directory(path: Path) -> None:
    found = path.stat()
    if not found.st_mode & _OTHERS:
        return
    if found.st_uid == os.geteuid():
        path.chmod(found.st_mode & ~_OTHERS & 0o7777)
    elif found.st_mode & _WRITABLE_BY_ALL:
        raise ImproperlyConfigured(
            f"DATA_DIR: everybody on this machine may write into {path}, which is another user's: take one of your own"
        )


def _close_file(path: Path) -> None:
    with suppress(FileNotFoundError):  # deleted since it was listed
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or not found.st_mode & _OTHERS:
            return
        if found.st_uid != os.geteuid():
            raise ImproperlyConfigured(f"DATA_DIR: {path} is another user's and not private: remove it, or chmod 600")
        path.chmod(found.st_mode & ~_OTHERS & 0o7777)


def _files(directory: Path) -> Iterator[Path]:
    """The files in DATA_DIR and in its directories, such as Valkey's log."""
    for entry in directory.iterdir():
        if entry.is_symlink() or entry.name in _PUBLIC:
            continue
        if entry.is_dir() and entry.stat().st_uid == os.geteuid():
            yield from (below for below in entry.iterdir() if not below.is_symlink())
        else:
            yield entry


def _with_companions(database: Path) -> tuple[Path, ...]:
    return tuple(database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal"))
