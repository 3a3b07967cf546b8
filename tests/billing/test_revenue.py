"""The revenue: sums by month and currency that follow Stripe's balance, whatever comes when and how often."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.test import override_settings

from billing.models import RevenueEntry, RevenueMonth, RevenueReading
from billing.services import revenue, revenue_readings, stripe_api
from billing.services.revenue_readings import read_revenue
from tests.billing.books import PAGE, books, move, read_all, sums
from tests.stripe_fake.expansion import public
from tests.stripe_fake.state import Fault

if TYPE_CHECKING:
    from django.test import Client

    from tests.billing.scenario import Scenario

__all__ = ["books"]


class TestMonths:
    def test_a_payment_and_its_refund_in_a_later_month(self, books: Scenario) -> None:
        paid = books.buy_tokens()
        books.stripe.actions.advance(days=4)
        books.stripe.actions.refund(paid, 200)
        read_all(books)
        charged = books.stripe.actions.charge_of(paid)["amount"]
        assert sums() == {
            ("03", "EUR"): (1, charged, 0, 0, 0, charged), ("04", "EUR"): (0, 0, -200, 0, 0, -200),
        }  # fmt: skip

    def test_disputes_and_refunds_that_fail(self, books: Scenario) -> None:
        lost, won, returned = (books.buy_tokens() for _ in range(3))
        actions = books.stripe.actions
        amount = actions.charge_of(lost)["amount"]
        actions.close_dispute(actions.dispute(lost)["id"], "lost")
        actions.close_dispute(actions.dispute(won)["id"], "won")
        actions.dispute(won, 100, "warning_needs_response")
        actions.fail_refund(actions.refund(returned, 100)["id"])
        actions.settle_refund(actions.refund(returned, 50, "pending")["id"])
        read_all(books)
        assert sums() == {("03", "EUR"): (3, 3 * amount, -50, -amount, 0, 2 * amount - 50)}

    def test_fees(self, books: Scenario) -> None:
        move(books, 1000, fee=59)
        move(books, -300, "stripe_fee", category="fee")
        read_all(books)
        assert sums() == {("03", "EUR"): (1, 1000, 0, 0, -359, 641)}

    def test_currencies_are_not_mixed(self, books: Scenario) -> None:
        move(books, 1000)
        move(books, 1000, currency="jpy")
        move(books, 1000, currency="usd", fee=30)
        move(books, -400, "refund", currency="jpy")
        read_all(books)
        assert sums() == {
            ("03", "EUR"): (1, 1000, 0, 0, 0, 1000), ("03", "JPY"): (1, 1000, -400, 0, 0, 600),
            ("03", "USD"): (1, 1000, 0, 0, -30, 970),
        }  # fmt: skip

    def test_what_is_no_revenue_is_left_out(self, books: Scenario) -> None:
        for kind, category in (
            ("payout", "payout"),
            ("transfer", "transfer"),
            ("reserve_transaction", "risk_reserved_funds"),
        ):
            move(books, -5000, kind, category=category)
        read_all(books)
        assert sums() == {}

    def test_months_are_those_of_the_site(self, books: Scenario) -> None:
        books.stripe.state.now = int(datetime(2026, 3, 31, 22, 30, tzinfo=UTC).timestamp())
        move(books, 1000)
        with override_settings(TIME_ZONE="Europe/Berlin"):
            read_all(books)
        assert set(sums()) == {("04", "EUR")}

    def test_any_order_and_any_repetition_gives_the_same(self, books: Scenario) -> None:
        rng = random.Random(7)
        for _ in range(60):
            books.stripe.state.now += rng.randrange(1, 86400)
            move(books, rng.randrange(-900, 900), rng.choice(["charge", "refund"]), fee=rng.randrange(20))
        made = [public(one) for one in books.stripe.state.of("balance_transaction")]
        revenue.keep_transactions(made)
        expected = sums()
        RevenueEntry.objects.all().delete()
        RevenueMonth.objects.all().delete()
        for _ in range(4):
            rng.shuffle(made)
            for start in range(0, 60, 7):
                revenue.keep_transactions(made[start : start + 7])
        assert sums() == expected
        for (month, _), row in expected.items():
            own = [one for one in made if f"{datetime.fromtimestamp(one['created'], UTC):%m}" == month]
            assert row[5] == sum(one["net"] for one in own)


class TestReading:
    def test_pages_and_steps(self, books: Scenario) -> None:
        for number in range(23):
            books.stripe.state.now += 60
            move(books, 100 + number)
        with patch.object(revenue_readings, "PAGE", 3), patch.object(revenue_readings, "PAGES", 2):
            assert read_revenue(now=books.now)
            assert RevenueEntry.objects.count() == 6
            read_all(books)
        assert RevenueEntry.objects.count() == 23
        reading = RevenueReading.objects.get(name="payments (test)")
        assert (reading.began_at, reading.after, reading.error) == (None, "", "")

    def test_only_what_is_new_is_read_again(self, books: Scenario) -> None:
        move(books, 100)
        read_all(books)
        books.stripe.actions.advance(days=5)
        move(books, 300)
        asked = len(books.stripe.state.asked)
        read_all(books)
        queries = [query for _, path, query in books.stripe.state.asked[asked:] if "balance_transactions" in path]
        assert any("created" in query for query in queries)
        assert RevenueEntry.objects.count() == 2

    def test_nothing_is_read_before_its_time(self, books: Scenario) -> None:
        move(books, 100)
        read_all(books)
        asked = len(books.stripe.state.asked)
        assert not read_revenue(now=books.now + timedelta(minutes=40))
        assert len(books.stripe.state.asked) == asked

    def test_a_crash_between_two_pages(self, books: Scenario) -> None:
        for _ in range(9):
            move(books, 100)
        with patch.object(revenue_readings, "PAGE", 2):
            fetch = stripe_api.fetch
            calls = []

            def break_at_third(call: Any) -> Any:
                calls.append(1)
                if len(calls) == 3:
                    raise RuntimeError("killed")
                return fetch(call)

            with patch.object(revenue_readings, "fetch", break_at_third), pytest.raises(RuntimeError):
                read_revenue(now=books.now)
            assert RevenueEntry.objects.count() == 4
            read_all(books)
        assert sums() == {("03", "EUR"): (9, 900, 0, 0, 0, 900)}

    @pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
    def test_stripe_is_away_or_refuses(self, books: Scenario, admin_client: Client, status: int) -> None:
        move(books, 100)
        books.stripe.state.faults.append(Fault("balance_transactions", status))
        # Whoever may not read the balance may still read subscriptions.
        assert read_revenue(now=books.now) == (status in (401, 403))
        assert "Stripe could not be read" in admin_client.get(PAGE).content.decode()
        read_all(books)
        assert RevenueEntry.objects.count() == 1
        assert "could not be read" not in admin_client.get(PAGE).content.decode()

    def test_a_key_that_may_not_read_the_balance_reads_subscriptions(self, books: Scenario) -> None:
        books.stripe.state.faults.extend(Fault("balance_transactions", 403) for _ in range(20))
        read_all(books)
        readings = {one.name: one for one in RevenueReading.objects.all()}
        assert readings["payments (test)"].error
        assert readings["subscriptions (test)"].done_at is not None

    def test_billing_off(self, books: Scenario, admin_client: Client) -> None:
        move(books, 100)
        with override_settings(STRIPE_SECRET_KEY=""):
            assert not read_revenue(now=books.now)
            assert admin_client.get(PAGE).status_code == 403
            index = admin_client.get("/admin/").content.decode()
        assert "Revenue" not in index
        assert RevenueEntry.objects.count() == 0


class TestComparison:
    def test_it_agrees(self, books: Scenario) -> None:
        books.buy_tokens()
        books.stripe.actions.advance(days=1)
        read_all(books)
        books.stripe.actions.advance(days=2)
        read_all(books)
        rows = list(RevenueMonth.objects.all())
        assert [row.difference for row in rows] == [0]
        assert rows[0].checked_at is not None

    def test_a_difference_is_shown_and_mended(self, books: Scenario, admin_client: Client) -> None:
        paid = [books.buy_tokens() for _ in range(2)]
        amount = books.stripe.actions.charge_of(paid[0])["amount"]
        read_all(books)
        books.stripe.actions.advance(days=1.5)
        read_all(books)
        gone = RevenueEntry.objects.order_by("pk")[0]
        gone.delete()
        RevenueMonth.objects.update(gross=amount, net=amount, payments=1)
        books.stripe.actions.advance(days=2)
        # Payments reach back by a day alone, so the comparison finds what is missing.
        read_revenue(now=books.now)
        while not RevenueMonth.objects.exclude(difference=0).exists():
            assert read_revenue(now=books.now)
        assert RevenueMonth.objects.get().difference == amount
        assert "differs by" in admin_client.get(PAGE).content.decode()
        read_all(books)
        assert sums()["03", "EUR"][1] == 2 * amount
        books.stripe.actions.advance(days=2)
        read_all(books)
        assert RevenueMonth.objects.get().difference == 0

    def test_what_stripe_does_not_have_is_shown(self, books: Scenario) -> None:
        move(books, 100)
        read_all(books)
        revenue.keep_transactions(
            [{"id": "txn_other", "amount": 70, "fee": 0, "currency": "eur", "created": books.stripe.state.now - 60,
              "reporting_category": "charge"}]
        )  # fmt: skip
        books.stripe.actions.advance(days=2)
        read_all(books)
        assert RevenueMonth.objects.get(month=date(2026, 3, 1)).difference == -70
