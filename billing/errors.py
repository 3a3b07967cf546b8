"""Refusals of the app, with their data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from billing.types import SubscriptionState


class BillingOff(Exception):
    """STRIPE_SECRET_KEY or STRIPE_WEBHOOK_SECRET is not set, so nothing can be sold."""


class StripeUnavailable(Exception):
    """Stripe can't be reached, is too busy, or failed. The request may be repeated. `reason` never holds a secret.

    kind:        which message users get: `away`, `busy`, or `key` when Stripe does not accept the site's key.
    is_replayed: Stripe had stored this answer under the idempotency key, and gives it again for a day.
    is_in_use:   Stripe is still working on another request with the same idempotency key.
    """

    def __init__(self, reason: str, kind: str = "away", *, is_replayed: bool = False, is_in_use: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.is_replayed = is_replayed
        self.is_in_use = is_in_use


class StripeRefused(Exception):
    """Stripe understood the request and refused it. `reason` is Stripe's error code, such as `resource_missing`.

    kind: which message users get: `portal`, `currency`, `archived`, `card`, `idempotency`, or `refused` for any other.
    """

    def __init__(self, reason: str, kind: str = "refused") -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


class BadSignature(Exception):
    """A webhook request without a valid signature of Stripe's from the last or next 300 s."""


class BadEvent(Exception):
    """A webhook request whose signature is valid, but whose body is not an event."""


class Unresolved(Exception):
    """An event can't be applied until somebody acts; `reason` says why. It is parked, shown, and can be replayed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CustomerBusy(Exception):
    """Another process holds the lock of this user's sync. Try again in a moment."""


class UnknownPlan(Exception):
    """A plan, interval or top-up that is not for sale here."""


class AlreadySubscribed(Exception):
    """The user has a subscription already, and would pay twice. Plans are changed in the portal.

    state: what is paid for, as just read from Stripe; None when that is not known.
    """

    def __init__(self, plan: str = "", state: SubscriptionState | None = None) -> None:
        super().__init__(plan)
        self.plan = plan
        self.state = state


class CheckoutOpen(Exception):
    """The same checkout is open already, and was asked to be left alone."""


class UnknownSession(Exception):
    """The checkout session does not belong to this user."""


class AutoTopUpIncomplete(Exception):
    """Automatic top-up can't be switched on without these settings: threshold, tokens, monthly_cap."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = tuple(missing)


class CapTooLow(Exception):
    """The cap a month is less than what one top-up costs. cents: of `currency`."""

    def __init__(self, cents: int, currency: str) -> None:
        super().__init__(f"one costs {cents} {currency}")
        self.cents = cents
        self.currency = currency


class AutoTopUpStopped(Exception):
    """Staff have stopped the automatic top-up of this user."""


class PaymentDisputed(Exception):
    """A payment of this user is disputed: nothing is charged by itself meanwhile."""


class NothingToConfirm(Exception):
    """No automatic payment of this user waits for a confirmation."""
