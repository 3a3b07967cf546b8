"""Errors of the services, with their data. After any of them nothing has changed."""

from __future__ import annotations


class InsufficientTokens(Exception):
    """The balance is smaller than the required amount."""

    def __init__(self, balance: int, required: int) -> None:
        super().__init__(f"{required} tokens are required, the balance is {balance}")
        self.balance = balance
        self.required = required


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


class CaptureTooLarge(Exception):
    """The amount exceeds the hold. held: tokens."""

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
