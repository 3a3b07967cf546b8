"""How far a long job is: what backups and commands report their progress to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager


class Meter:
    """Receives the progress of a long job; this one shows nothing."""

    def advance(self, count: int = 1) -> None:
        """Add `count` to what is done."""


#: Called with how many keys there are, before the first is read or written.
Follow = Callable[[int], AbstractContextManager[Meter]]
