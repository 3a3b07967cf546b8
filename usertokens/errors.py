"""Errors of the services, with their data. After any of them nothing has changed."""

from __future__ import annotations

from datetime import datetime

from kv.errors import ServiceAway


class InsufficientTokens(Exception):
    """The balance is smaller than the required amount."""

    def __init__(self, balance: int, required: int) -> None:
        super().__init__(f"{required} tokens are required, the balance is {balance}")
        self.balance = balance
        self.required = required


class BudgetExceeded(Exception):
    """A budget of the user has not so much left. Of several the one that opens last.

    budget: its name in the API, such as "month" or "actions.image.day". action: "" = of all. limit, used: tokens, with
    those on hold. opens_at: when its next day or month begins.
    """

    def __init__(self, budget: str, *, action: str, period: str, limit: int, used: int, opens_at: datetime) -> None:
        super().__init__(f"{used} of {limit} tokens of the budget {budget} are used")
        self.budget = budget
        self.action = action
        self.period = period
        self.limit = limit
        self.used = used
        self.opens_at = opens_at


class IdempotencyConflict(Exception):
    """The idempotency key was used for something else."""


class AccountClosed(Exception):
    """The account was deleted, for good."""


class BalanceTooLarge(Exception):
    """The balance would exceed 2^53 - 1, the largest whole number that every client represents exactly."""


class AlreadyExpired(Exception):
    """The grant would expire in the past."""


class UnknownHold(Exception):
    """The user has no such hold."""


class HoldEnded(Exception):
    """The hold was captured or released, or has expired."""


class HoldNotYours(Exception):
    """A service created the hold, so only a service may end it."""


class UnknownAction(Exception):
    """TOKEN_ACTIONS has no such action."""


class HoldWithoutAction(Exception):
    """The hold is of an amount, so no quantity of it can be captured."""


class CaptureTooLarge(Exception):
    """Not raised any more: what goes over a hold is taken from the balance. held: tokens."""

    def __init__(self, held: int) -> None:
        super().__init__(f"{held} tokens are held")
        self.held = held


class UnknownEntry(Exception):
    """The user's journal has no such entry."""


class NotReversible(Exception):
    """The entry spent no tokens."""


class ReversedTooMuch(Exception):
    """The amount exceeds what can still be given back of the entry. left: tokens."""

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} tokens are left to give back")
        self.left = left


class UnknownSource(Exception):
    """Nothing was granted under this key."""


class UnknownPlan(Exception):
    """PLAN_ALLOWANCES has no such plan."""


class OpenHolds(Exception):
    """The user has open holds, so a reset is refused."""


class UnknownUser(Exception):
    """There is no such user."""


class BadMood(Exception):
    """The mood is not a number from 0 to 10 with at most one decimal."""


class AccountNotClosed(Exception):
    """A receiver of `account_closing` raised, so nothing was deleted. `__cause__` is its exception."""


class BadImport(Exception):
    """A value of an older site's data is invalid."""


class VoucherRefused(Exception):
    """The code can't be redeemed by this user now. Nothing was granted, and no use was counted."""


class VoucherUnknown(VoucherRefused):
    """There is no such code."""


class VoucherNotYet(VoucherRefused):
    """The code is valid from `valid_from` on."""

    def __init__(self, valid_from: datetime) -> None:
        super().__init__(f"valid from {valid_from:%Y-%m-%d %H:%M}")
        self.valid_from = valid_from


class VoucherOver(VoucherRefused):
    """The time of the code is over, or staff have stopped it."""


class VoucherUsed(VoucherRefused):
    """All uses of the code are used up, or the user has used it before (`by_you`)."""

    def __init__(self, *, by_you: bool) -> None:
        super().__init__("used by this user" if by_you else "used up")
        self.by_you = by_you


class VoucherForNewUsers(VoucherRefused):
    """The code is for users who signed up in the last `days` days."""

    def __init__(self, days: int) -> None:
        super().__init__(f"for users who signed up in the last {days} days")
        self.days = days


class BadPattern(ValueError):
    """The pattern makes no codes, or too few that nobody can guess. `reason` is one of services/voucher_codes.py."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class MailServerAway(ServiceAway):
    """The mail server can't be reached or refuses everything. Nothing of the outbox is lost."""


class MailNotYet(Exception):
    """What the mail says has not happened yet; it is looked at again later."""


class UnknownMailKind(Exception):
    """No installed app has such a kind of mail."""


class NoLedgerYet(Exception):
    """The user has no tokens yet, or had none at that moment. first_at: when the first entry was written, None = none.

    It is made at the user's first visit or call.
    """

    def __init__(self, first_at: datetime | None = None) -> None:
        super().__init__(f"the first entry is of {first_at.isoformat()}" if first_at else "there is no entry")
        self.first_at = first_at


class MomentInFuture(Exception):
    """The moment has not come yet by the store's clock. present: what the clock says."""

    def __init__(self, present: datetime) -> None:
        super().__init__(f"it is {present.isoformat()}")
        self.present = present


class JournalTooLong(Exception):
    """The journal has more entries than may be read at once. entries: how many it has."""

    def __init__(self, entries: int) -> None:
        super().__init__(f"the journal has {entries} entries")
        self.entries = entries
