"""`python -m benchmarks [NAME …]`: every benchmark in turn but `growth`, as one table of ratios.

BENCH_STORE=cluster runs them, and those that they are compared with, on six nodes instead of one embedded server.
"""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from importlib import import_module

from benchmarks.measure import interpreter

_NOT_BENCHMARKS = {
    "__main__", "settings", "measure", "store", "http", "peer", "peer_client", "peer_scripts", "peers",
    "flood", "growth_data", "growth_site", "load", "load_client", "load_site", "structure", "processor",
    "site_without_lane",
}  # fmt: skip
#: Run only when they are named: they take minutes.
_LONG = {"growth"}
_ALONE, _SITE = "--alone", "--site"


def main(wanted: list[str]) -> int:
    """Run the benchmarks whose names begin with one of `wanted` (all without); 1 when a bar is missed."""
    import benchmarks

    found = sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - _NOT_BENCHMARKS)
    names = [name for name in found if any(map(name.startswith, wanted)) or (not wanted and name not in _LONG)]
    if not names:
        sys.exit(f"no such benchmark; there are: {', '.join(found)}")
    print(interpreter())
    print(f"{'operation':44} {'ours':>14} {'theirs':>14} {'ratio':>7} {'bar':>6}  against", flush=True)
    # Each in a process of its own: none inherits another's tables, connections or memory.
    commands = [[sys.executable, "-m", "benchmarks", _ALONE, name] for name in names]
    return max([subprocess.run(command, check=False).returncode for command in commands])


def run_alone(name: str) -> int:
    """Run one benchmark in this process and print its rows; 1 when a bar is missed."""
    _set_up()
    missed = 0
    for row in import_module(f"benchmarks.{name}").run():
        missed += not row.holds
        mark = "" if row.holds else "  MISSED"
        figures = f"{row.ours:>14} {row.theirs:>14} {row.ratio:7.2f} {row.bar:>6}"
        print(f"{row.operation:44} {figures}  {row.against}{mark}", flush=True)
    return 1 if missed else 0


def serve(numbers: list[str]) -> None:
    """Be one of the two sites of `growth`."""
    _set_up()
    from benchmarks.growth_data import Size
    from benchmarks.growth_site import serve_site

    serve_site(Size(*map(int, numbers)))


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django

    django.setup()


if __name__ == "__main__":
    if sys.argv[1:2] == [_SITE]:
        serve(sys.argv[2:])
    else:
        sys.exit(run_alone(sys.argv[2]) if sys.argv[1:2] == [_ALONE] else main(sys.argv[1:]))
