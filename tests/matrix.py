"""`make test-matrix`: the suite on each pair of Django and Python that this machine has.

Each pair has an environment of its own: what requirements-dev.txt locks for that Python, then the pair's Django in
place of the locked one.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import django

ROOT = Path(__file__).parents[1]
#: Each Django with the first Python that it runs on.
DJANGOS = {(5, 2): (3, 11), (6, 0): (3, 12), (6, 1): (3, 12)}
PYTHONS = [(3, 11), (3, 12), (3, 13), (3, 14)]
Version = tuple[int, int]


@dataclass(frozen=True)
class Pair:
    """One Django on one Python.

    python: the interpreter; None where this machine has none of that version.
    """

    django: Version
    version: Version
    python: Path | None

    def __str__(self) -> str:
        return f"Django {_dotted(self.django)} on Python {_dotted(self.version)}"

    @property
    def home(self) -> Path:
        """Where its environment is."""
        return ROOT / "var/matrix" / f"{_dotted(self.django)}-{_dotted(self.version)}"


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def find_python(version: Version) -> Path | None:
    """The interpreter on PATH, or the one that runs this, links resolved; None when there is none.

    An environment remembers the folder of the interpreter that it was made with, which has to be the real one.
    """
    if sys.version_info[:2] == version:
        return Path(sys.executable).resolve()
    found = shutil.which(f"python{_dotted(version)}")
    return Path(found).resolve() if found else None


def pairs(only: str) -> list[Pair]:
    """Every pair that Django supports, the oldest first; with `only` "newest" the newest pair that is found.

    The newest is that with the newest Django, then with the newest Python.
    """
    every = [
        Pair(django, version, find_python(version))
        for django, needed in DJANGOS.items()
        for version in PYTHONS
        if version >= needed
    ]
    found = [pair for pair in every if pair.python]
    return found[-1:] if only == "newest" else every


def _install(pair: Pair) -> bool:
    install = [str(pair.home / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [
        [str(pair.python), "-m", "venv", "--clear", str(pair.home)],
        [*install, "--require-hashes", "-r", "requirements-dev.txt"],
        [*install, f"django=={_dotted(pair.django)}.*"],
    ]
    return all(subprocess.run(step, cwd=ROOT, check=False).returncode == 0 for step in steps)


def run(pair: Pair, suite: list[str]) -> str:
    """One word or two on how the pair fared."""
    if pair.python is None:
        return f"not run: no python{_dotted(pair.version)} here"
    _say(f"--- {pair}: {pair.python}")
    if not _install(pair):
        return "FAILED: its packages could not be installed"
    done = subprocess.run([str(pair.home / "bin/python"), "-m", "pytest", *suite], cwd=ROOT, check=False)
    return "passed" if done.returncode == 0 else f"FAILED: pytest ended with {done.returncode}"


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _is_this_one(pair: Pair) -> bool:
    return (pair.django, pair.version) == (django.VERSION[:2], sys.version_info[:2])


def main() -> int:
    """0 when at least one pair ran and each that ran passed; with --only newest also when that is the pair of .venv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["", "newest"], default="", help="newest: only the newest pair found")
    options, suite = parser.parse_known_args()
    chosen = pairs(options.only)
    if options.only and all(map(_is_this_one, chosen)):
        _say(f"{chosen[-1]} is the newest pair here and the one that `make test` runs on: nothing more to run")
        return 0
    results = {pair: run(pair, suite) for pair in chosen}
    _say(*(f"{pair!s:<27} {result}" for pair, result in results.items()))
    ran = [result for result in results.values() if not result.startswith("not run")]
    return int(not ran or any(result != "passed" for result in ran))


if __name__ == "__main__":
    sys.exit(main())
