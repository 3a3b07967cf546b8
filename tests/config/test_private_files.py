"""Nobody else on the machine reads what the site keeps."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.private_files import keep_private

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_and_what_is_written_later_is_private(tmp_path: Path) -> None:
    keep_private(tmp_path / "a" / "data")
    (tmp_path / "a" / "data" / "log").touch()
    assert (_mode(tmp_path / "a" / "data"), _mode(tmp_path / "a" / "data" / "log")) == (0o700, 0o600)


def test_one_that_was_open_is_closed_with_all_that_is_in_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "valkey").mkdir(parents=True)
    files = [
        data / "countinghouse.sqlite3",
        data / "countinghouse.sqlite3-wal",
        data / "secret_key",
        data / "valkey/log",
    ]
    for file in files:
        file.touch(0o644)
    data.chmod(0o755)
    keep_private(data)
    assert _mode(data) == 0o700
    assert {_mode(file) for file in files} == {0o600}


def test_a_database_elsewhere_is_closed_too(tmp_path: Path) -> None:
    base = tmp_path / "site.sqlite3"
    for end in ("", "-wal", "-shm"):
        Path(f"{base}{end}").touch(0o644)
    keep_private(tmp_path / "data", base)
    assert {_mode(file) for file in tmp_path.glob("site.sqlite3*")} == {0o600}


def test_what_is_for_everybody_stays(tmp_path: Path) -> None:
    shown = tmp_path / "data/static/site.css"
    shown.parent.mkdir(parents=True)
    shown.touch(0o644)
    keep_private(tmp_path / "data")
    assert _mode(shown) == 0o644


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch(0o644)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/link").symlink_to(other)
    keep_private(tmp_path / "data")
    assert _mode(other) == 0o644


def test_a_file_in_place_of_the_directory_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR: .*data can't be used: File exists$"):
        keep_private(tmp_path / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
class TestOfAnother:
    def test_a_directory_that_all_may_write_into_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = tmp_path / "data"
        data.mkdir()
        data.chmod(0o777)
        os.chown(data, NOBODY, NOBODY)
        with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR: everybody on this machine may write into"):
            keep_private(data)

    def test_a_volume_is_taken_as_it_is(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        data.mkdir()
        data.chmod(0o2775)
        os.chown(data, NOBODY, 0)
        keep_private(data)
        assert _mode(data) == 0o2775

    def test_an_open_file_in_it_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "secret_key").touch(0o644)
        os.chown(tmp_path / "secret_key", NOBODY, NOBODY)
        with pytest.raises(ImproperlyConfigured, match="secret_key is another user's and not private"):
            keep_private(tmp_path)
