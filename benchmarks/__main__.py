"""`python -m benchmarks [NAME …]`: every benchmark in turn, as one table of ratios.

BENCH_STORE=cluster runs them, and those that they are compared with, on six nodes instead of one embedded server.
"""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from importlib import import_module

_NOT_BENCHMARKS = {
    "__main__", "settings", "measure", "store", "http", "peer", "peer_client", "peers",
    "flood", "load", "load_client", "load_site", "structure", "processor", "site_without_lane",
}  # fmt: skip
_ALONE = "--alone"


def main(wanted: list[str]) -> int:
    """Run the benchmarks whose names begin with one of `wanted` (all without); 1 when a bar is missed."""
    import benchmarks

    found = sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - _NOT_BENCHMARKS)
    names = [name for name in found if not wanted or any(name.startswith(word) for word in wanted)]
    if not names:
        sys.exit(f"no such benchmark; there are: {', '.join(found)}")
    print(f"{'operation':44} {'ours':>14} {'theirs':>14} {'ratio':>7} {'bar':>6}  against", flush=True)
    # Each in a process of its own: none inherits another's tables, connections or memory.
    commands = [[sys.executable, "-m", "benchmarks", _ALONE, name] for name in names]
    return max([subprocess.run(command, check=False).returncode for command in commands])


def run_alone(name: str) -> int:
    """Run one benchmark in this process and print its rows; 1 when a bar is missed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django

    django.setup()
    missed = 0
    for row in import_module(f"benchmarks.{name}").run():
        missed += not row.holds
        mark = "" if row.holds else "  MISSED"
        figures = f"{row.ours:>14} {row.theirs:>14} {row.ratio:7.2f} {row.bar:>6}"
        print(f"{row.operation:44} {figures}  {row.against}{mark}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(run_alone(sys.argv[2]) if sys.argv[1:2] == [_ALONE] else main(sys.argv[1:]))
