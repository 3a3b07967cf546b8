"""Budgets in the plain model: everything that was spent is looked at every time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from kv.times import from_ms, to_ms


@dataclass
class Hold:
    entry: int
    amount: int
    expires: int
    by: str
    parts: list[tuple[int, int]]
    action: str | None = None
    quantity: int = 0


@dataclass
class BudgetModel:
    """Part of `model.Model`, which has the holds and what was given back."""

    holds: dict[int, Hold] = field(default_factory=dict, kw_only=True)
    given_back: dict[int, int] = field(default_factory=dict, kw_only=True)
    #: By "own" or "staff", period and action ("" = all): the most tokens.
    caps: dict[tuple[str, str, str], int] = field(default_factory=dict, kw_only=True)
    #: By entry: when, which action ("" = none) and how many tokens it spent.
    uses: dict[int, tuple[int, str, int]] = field(default_factory=dict, kw_only=True)
    #: By day and action: how often, of how many units, for how many tokens. A reset leaves it.
    usage: dict[tuple[date, str], tuple[int, int, int]] = field(default_factory=dict, kw_only=True)

    def use(self, entry: int, now: int, action: str | None, tokens: int, quantity: int) -> None:
        """The entry spent tokens: of so many units of an action, or of none."""
        self.uses[entry] = (now, action or "", tokens)
        place = (from_ms(now).date(), action or "")
        times, units, sum_ = self.usage.get(place, (0, 0, 0))
        self.usage[place] = (times + 1, units + (quantity if action else 1), sum_ + tokens)

    def used(self, period: str, action: str, now: int) -> int:
        """What a budget counts: spent since the day or month of UTC began and not given back, and on hold."""
        moment = from_ms(now).replace(hour=0, minute=0, second=0, microsecond=0)
        since = to_ms(moment.replace(day=1) if period == "month" else moment)
        spent = sum(
            tokens - self.given_back.get(entry, 0)
            for entry, (at, its_action, tokens) in self.uses.items()
            if at >= since and action in ("", its_action)
        )
        return spent + sum(hold.amount for hold in self.holds.values() if action in ("", hold.action or ""))

    def is_over(self, action: str | None, amount: int, now: int) -> bool:
        """Whether a budget has not so many tokens left."""
        return amount > 0 and any(
            self.used(period, of, now) + amount > limit
            for (_, period, of), limit in self.caps.items()
            if of in ("", action or "")
        )
