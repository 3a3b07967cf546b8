"""What the services of usage return; a part of `usertokens.types`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ActionUsage:
    """What was used of one action on some days. action: "" for what named none.

    count: spends and captures. quantity: of units; 1 for each that named no action. spent: tokens. days: the tokens of
    each day, oldest first.
    """

    action: str
    count: int
    quantity: int
    spent: int
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was used from `first` to `last`, days of the site, both included; the action with the most tokens first."""

    first: date
    last: date
    actions: tuple[ActionUsage, ...]

    @property
    def total(self) -> int:
        """All tokens spent."""
        return sum(one.spent for one in self.actions)
