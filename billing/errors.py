"""Refusals of the app, with their data."""

from __future__ import annotations


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
    """The user has a subscription already, and would pay twice. Plans are changed in the portal."""


class UnknownSession(Exception):
    """The checkout session does not belong to this user."""
