"""A fake that listens, and the library's client on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe as library

from tests.stripe_fake import FakeStripe


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as server:
        yield server


@pytest.fixture
def client(fake: FakeStripe) -> library.StripeClient:
    return library.StripeClient("sk_test_x", base_addresses={"api": fake.url}, max_network_retries=0)
