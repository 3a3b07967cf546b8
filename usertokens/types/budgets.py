"""What the services of budgets return; a part of `usertokens.types`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

DAY, MONTH = "day", "month"


@dataclass(frozen=True, slots=True)
class Caps:
    """The most tokens that may be spent in a day and in a month of the site; None: no budget."""

    day: int | None = None
    month: int | None = None


@dataclass(frozen=True, slots=True)
class BudgetInForce:
    """A budget that holds now: the lower one of the user's own and that of staff.

    action: "" = all tokens. period: "day" or "month". used: tokens, with those on hold. opens_at: when the next
    period begins.
    """

    action: str
    period: str
    limit: int
    used: int
    opens_at: datetime
    by_staff: bool

    @property
    def name(self) -> str:
        """The budget as the API names it."""
        return budget_name(self.action, self.period)

    @property
    def share(self) -> int:
        """How much is used, in hundredths, at most 100."""
        return min(self.used * 100 // self.limit, 100)

    @property
    def left(self) -> int:
        """Tokens that may still be spent."""
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Budgets:
    """All budgets of a user. own, staff: by action, "" = all tokens; an action without a budget is not in them.

    staff_changed_by: the id of the member of staff; "" = never, or nobody named.
    """

    own: Mapping[str, Caps] = field(default_factory=dict)
    staff: Mapping[str, Caps] = field(default_factory=dict)
    in_force: tuple[BudgetInForce, ...] = ()
    own_changed_at: datetime | None = None
    staff_changed_at: datetime | None = None
    staff_changed_by: str = ""


def budget_name(action: str, period: str) -> str:
    """The place of a budget in the API's body: "day", "actions.image.month"."""
    return f"actions.{action}.{period}" if action else period
