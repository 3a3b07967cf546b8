"""`python -m benchmarks`: every benchmark in turn, as one table of ratios."""

from __future__ import annotations

import os
import pkgutil
import sys
from importlib import import_module

_NOT_BENCHMARKS = {"__main__", "measure", "store", "http", "peer", "peers", "load", "load_client", "load_site"}


def main(wanted: list[str]) -> int:
    """Run the benchmarks whose names begin with one of `wanted` (all without); 1 when a bar is missed."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django

    import benchmarks

    django.setup()
    found = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    names = [name for name in found if name not in _NOT_BENCHMARKS and name != "settings"]
    names = [name for name in names if not wanted or any(name.startswith(word) for word in wanted)]
    if not names:
        sys.exit(f"no such benchmark; there are: {', '.join(sorted(set(found) - _NOT_BENCHMARKS))}")
    missed = 0
    print(f"{'operation':44} {'ours':>14} {'theirs':>14} {'ratio':>7} {'bar':>6}  against")
    for name in names:
        for row in import_module(f"benchmarks.{name}").run():
            missed += not row.holds
            mark = "" if row.holds else "  MISSED"
            line = (
                f"{row.operation:44} {row.ours:>14} {row.theirs:>14} {row.ratio:7.2f} {row.bar:>6}  {row.against}{mark}"
            )
            print(line, flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
