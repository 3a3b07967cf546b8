"""Prices while the store, Stripe or both can't be reached: few requests, and the last known prices are shown."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from billing import keys
from billing.errors import StripeRefused, StripeUnavailable
from billing.services import catalogue
from billing.types import Plan
from kv.errors import StoreUnavailable
from kv.store.connection import call
from kv.web import last_known
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault


class Clock:
    """The monotonic clock as the service sees it, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(last_known, "time", made)
    return made


@pytest.fixture
def no_store(monkeypatch: pytest.MonkeyPatch, scenario: Scenario) -> None:
    def away(*args: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(catalogue, "call", away)
    monkeypatch.setattr(catalogue, "call_write", away)


def asked(scenario: Scenario) -> int:
    return len(scenario.stripe.state.requests)


def fail(scenario: Scenario, status: int = 500) -> None:
    scenario.stripe.state.faults.append(Fault("GET /v1/prices", status, times=99))


@pytest.mark.usefixtures("no_store")
class TestStoreAway:
    def test_stripe_is_asked_once(self, scenario: Scenario) -> None:
        for _ in range(3):
            assert "€9.00" in Client().get("/pricing").content.decode()
        assert asked(scenario) == 4

    def test_and_again_when_it_is_no_longer_fresh(self, scenario: Scenario, clock: Clock) -> None:
        catalogue.read_catalogue()
        clock.now += 601
        catalogue.read_catalogue()
        assert asked(scenario) == 8

    def test_stripe_too_is_asked_rarely(self, scenario: Scenario, clock: Clock) -> None:
        fail(scenario)
        for _ in range(3):
            page = Client().get("/pricing")
            assert page.status_code == 200
            assert "prices can" in page.content.decode()
        assert asked(scenario) == 1
        clock.now += 6
        scenario.stripe.state.faults.clear()
        assert "€9.00" in Client().get("/pricing").content.decode()

    def test_what_was_known_last_is_shown_for_a_day(self, scenario: Scenario, clock: Clock) -> None:
        found = catalogue.read_catalogue()
        fail(scenario)
        clock.now += 86000
        assert catalogue.read_catalogue() is catalogue.read_catalogue() is found
        assert asked(scenario) == 5
        clock.now += 401
        with pytest.raises(StripeUnavailable):
            catalogue.read_catalogue()

    def test_a_refusal_stays_one(self, scenario: Scenario) -> None:
        fail(scenario, 400)
        for _ in range(2):
            with pytest.raises(StripeRefused):
                catalogue.find_offer(Plan("Plus"), "month")
        assert asked(scenario) == 1

    def test_while_stripe_is_silent_one_thread_waits(self, scenario: Scenario, clock: Clock) -> None:
        catalogue._last_known._began_at = clock.now - 1.5
        took = []
        with catalogue._last_known._reading:
            for _ in range(3):
                started = time.monotonic()
                assert Client().get("/pricing").status_code == 200
                took.append(time.monotonic() - started)
        assert asked(scenario) == 0
        assert min(took) < 0.9  # a thread that waits would wait each time

    def test_other_settings_are_other_prices(self, scenario: Scenario) -> None:
        catalogue.read_catalogue()
        with override_settings(BILLING_TOPUPS={}):
            assert catalogue.read_catalogue().topups == ()


class TestStoreThere:
    def test_what_it_keeps_is_known_when_it_goes(
        self, scenario: Scenario, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        catalogue.refresh_catalogue()
        catalogue._last_known.forget()
        found = catalogue.read_catalogue()

        def away(*args: object) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr(catalogue, "call", away)
        assert catalogue.read_catalogue() is found
        assert asked(scenario) == 4

    def test_its_age_counts_here_too(self, scenario: Scenario, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        catalogue.refresh_catalogue(now=timezone.now() - timedelta(hours=23))
        catalogue.read_catalogue()

        def away(*args: object) -> None:
            raise StoreUnavailable("away")

        monkeypatch.setattr(catalogue, "call", away)
        fail(scenario)
        clock.now += 3000
        assert catalogue.read_catalogue().plans
        clock.now += 700
        with pytest.raises(StripeUnavailable):
            catalogue.read_catalogue()

    def test_it_keeps_nothing_and_stripe_is_away(self, scenario: Scenario, clock: Clock) -> None:
        found = catalogue.refresh_catalogue()
        call("DEL", keys.catalogue())
        fail(scenario)
        clock.now += 601
        assert catalogue.read_catalogue() is found
