"""`make test-matrix` runs the versions that the package names, and says which it did not find."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import django
import pytest

from tests import matrix

PROJECT = tomllib.loads(Path("pyproject.toml").read_text())["project"]


def _classified(prefix: str) -> list[tuple[int, ...]]:
    names = [name.removeprefix(prefix) for name in PROJECT["classifiers"] if name.startswith(prefix)]
    return [tuple(map(int, name.split("."))) for name in names]


def test_the_versions_are_those_of_the_package() -> None:
    assert list(matrix.DJANGOS) == _classified("Framework :: Django :: ")
    assert _classified("Programming Language :: Python :: ") == matrix.PYTHONS


def test_every_pair_that_django_supports_is_named() -> None:
    assert [pair.home.name for pair in matrix.pairs("")] == [
        "5.2-3.11", "5.2-3.12", "5.2-3.13", "5.2-3.14",
        "6.0-3.12", "6.0-3.13", "6.0-3.14",
        "6.1-3.12", "6.1-3.13", "6.1-3.14",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "expected"),
    [((3, 11), (5, 2)), ((3, 12), (6, 1)), ((3, 14), (6, 1))],
)
def test_the_newest_pair_is_that_of_the_newest_interpreter(
    found: tuple[int, int], expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "find_python", lambda version: Path("python") if version <= found else None)
    (pair,) = matrix.pairs("newest")
    assert (pair.django, pair.version) == (expected, found)


def _main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["matrix", *arguments])
    return matrix.main()


def test_what_was_not_found_is_said_and_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(matrix, "find_python", lambda version: None)
    assert _main(monkeypatch, "tests/kv") == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert "Django 6.1 on Python 3.14   not run: no python3.14 here" in lines


@pytest.mark.parametrize(("result", "status"), [("passed", 0), ("FAILED: pytest ended with 1", 1)])
def test_a_pair_that_fails_fails_the_whole(result: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(pair: matrix.Pair, suite: list[str]) -> str:
        return result if pair.home.name == "6.1-3.14" else "passed" if pair.version == (3, 12) else "not run: …"

    monkeypatch.setattr(matrix, "run", run)
    assert _main(monkeypatch, "tests/kv") == status


def test_where_the_newest_pair_is_this_one_nothing_more_is_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    this = matrix.Pair(django.VERSION[:2], sys.version_info[:2], Path(sys.executable))
    monkeypatch.setattr(matrix, "pairs", lambda only: [this])
    assert _main(monkeypatch, "--only", "newest", "tests/kv") == 0
    assert "nothing more to run" in capsys.readouterr().out
