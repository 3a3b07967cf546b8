"""Refusals of the app, with their data."""

from __future__ import annotations


class BillingOff(Exception):
    """STRIPE_SECRET_KEY or STRIPE_WEBHOOK_SECRET is not set: nothing can be sold here."""


class StripeUnavailable(Exception):
    """Stripe can't be reached, is too busy, or failed. Ask again. `reason` names the kind, never a secret.

    kind:        which sentence says it: `away`, `busy`, or `key` when Stripe does not take the site's key.
    is_replayed: an answer that Stripe had kept under an idempotency key: the same key brings it again for a day.
    is_in_use:   Stripe is at another request under the same idempotency key.
    """

    def __init__(self, reason: str, kind: str = "away", *, is_replayed: bool = False, is_in_use: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
        self.is_replayed = is_replayed
        self.is_in_use = is_in_use


class StripeRefused(Exception):
    """Stripe understood and said no. `reason` is Stripe's machine name for it, such as `resource_missing`.

    kind: which sentence says it: `portal`, `currency`, `archived`, `card`, `idempotency`, or `refused` for any other.
    """

    def __init__(self, reason: str, kind: str = "refused") -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind


class BadSignature(Exception):
    """A webhook that Stripe did not sign, or not within 300 s of now."""


class BadEvent(Exception):
    """A signed webhook that is no event."""


class Unresolved(Exception):
    """An event that can't be applied until somebody acts: `reason` says why. It is parked, shown and replayable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CustomerBusy(Exception):
    """Another process is at this user's state right now. Ask again in a moment."""


class UnknownPlan(Exception):
    """A plan, interval or top-up that is not for sale here."""


class AlreadySubscribed(Exception):
    """The user pays for a plan already: a second subscription would be paid twice. The portal changes it."""


class UnknownSession(Exception):
    """A checkout session that is not this user's."""
