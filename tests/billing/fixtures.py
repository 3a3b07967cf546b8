"""A Stripe for tests, the site configured for it, and a user who buys: for every test that imports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings

from tests.billing.scenario import SECRET, Scenario
from tests.stripe_fake import FakeStripe


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe() as server:
        yield server


@pytest.fixture
def shop(stripe: FakeStripe) -> Iterator[dict[str, str]]:
    """What is for sale, by name; the site is configured for it."""
    made = stripe.stock()
    topups = {1000: made["topup_1000"], 5000: made["topup_5000"]}
    with override_settings(
        STRIPE_SECRET_KEY="sk_test_secretofthesite",
        STRIPE_WEBHOOK_SECRET=(SECRET,),
        STRIPE_API_BASE=stripe.url,
        STRIPE_PRODUCT_PLUS=made["plus"],
        STRIPE_PRODUCT_PREMIUM=made["premium"],
        BILLING_TOPUPS=topups,
        RATE_LIMITS=None,
        STRIPE_TIMEOUT=5.0,
    ):
        yield made


@pytest.fixture
def buyer(db: Any) -> User:
    return User.objects.create_user("buyer", password="x")


@pytest.fixture
def scenario(stripe: FakeStripe, shop: dict[str, str], store: Any, buyer: User) -> Scenario:
    return Scenario(stripe, shop, buyer)


@pytest.fixture
def browser_client(buyer: User) -> Client:
    client = Client(headers={"Sec-Fetch-Site": "same-origin"})
    client.force_login(buyer)
    return client
