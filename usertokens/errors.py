"""Refusals of the app, with their data. Whoever is refused has changed nothing."""

from __future__ import annotations


class InsufficientTokens(Exception):
    """The balance is smaller than what is asked for."""

    def __init__(self, balance: int, required: int) -> None:
        super().__init__(f"{required} tokens are required, {balance} are there")
        self.balance = balance
        self.required = required


class IdempotencyConflict(Exception):
    """The idempotency key was used for something else."""


class AccountClosed(Exception):
    """The account was deleted; nothing brings it back."""


class BalanceTooLarge(Exception):
    """The balance would leave the numbers that every client can hold exactly (2^53 - 1)."""


class AlreadyExpired(Exception):
    """A grant that would have expired before it was made."""


class UnknownHold(Exception):
    """This user has never had such a hold."""


class HoldEnded(Exception):
    """The hold was captured, released, or has expired: it ends once."""


class HoldNotYours(Exception):
    """A service made the hold, so a service ends it."""


class CaptureTooLarge(Exception):
    """More than is held. `held`: tokens."""

    def __init__(self, held: int) -> None:
        super().__init__(f"{held} tokens are held")
        self.held = held


class UnknownEntry(Exception):
    """This user's journal has no such entry."""


class NotReversible(Exception):
    """The entry took no tokens for good."""


class ReversedTooMuch(Exception):
    """More than is left of the entry to give back. `left`: tokens."""

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} tokens are left to give back")
        self.left = left


class UnknownSource(Exception):
    """Nothing was granted under this key."""


class UnknownPlan(Exception):
    """PLAN_ALLOWANCES has no such plan."""


class OpenHolds(Exception):
    """Something is on hold, so nothing can be reset now."""


class UnknownUser(Exception):
    """There is no such user."""


class BadMood(Exception):
    """A mood is 0 to 10, with at most one decimal."""


class AccountNotClosed(Exception):
    """A listener of `account_closing` could not do its part, so nothing was deleted. Its own error is the cause."""


class BadImport(Exception):
    """What an older site's data says can't be."""
