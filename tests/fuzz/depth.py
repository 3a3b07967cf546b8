"""How much is made up: little in every run, much when FUZZ=deep asks for it (`make test-fuzz`)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

DEEP = os.environ.get("FUZZ") == "deep"
#: Times that the examples of an everyday run are multiplied by.
FACTOR = 25 if DEEP else 1


def examples(everyday: int) -> settings:
    """A profile of so many examples in an everyday run; one that fails fails again, and nothing is kept on disk.

    A deep run takes others each time: it is there to find what an everyday run never tries.
    """
    return settings(
        max_examples=everyday * FACTOR,
        deadline=None,
        derandomize=not DEEP,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=DEEP,
    )
