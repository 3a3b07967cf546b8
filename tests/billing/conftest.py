"""What every test of billing stands on."""

from tests.billing.fixtures import browser_client, buyer, shop, story, stripe

__all__ = ["browser_client", "buyer", "shop", "story", "stripe"]
