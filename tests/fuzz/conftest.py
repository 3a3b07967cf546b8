"""The API as a whole has billing in it: a Stripe of one's own stands beside the site."""

from tests.billing.fixtures import shop, stripe

__all__ = ["shop", "stripe"]
