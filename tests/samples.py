"""How many made-up histories a test tries.

SAMPLES=few asks for a fifth, on servers and versions on which the histories are the same and only what they are kept in
differs. `make test` tries all of them.
"""

from __future__ import annotations

import os


def samples(usual: int) -> int:
    """`usual`, or a fifth of it under SAMPLES=few."""
    return max(usual // 5, 1) if os.environ.get("SAMPLES") == "few" else usual
