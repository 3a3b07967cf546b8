"""The recurring revenue, and the admin's page of all revenue: what it says, and to whom."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import override_settings

from billing.models import BilledSubscription
from billing.services import recurring
from tests.billing.books import PAGE, books, move, read_all

if TYPE_CHECKING:
    from django.test import Client

    from tests.billing.scenario import Scenario

__all__ = ["books"]


def coupon(duration: str = "forever", **fields: Any) -> dict[str, Any]:
    """A discount by a coupon."""
    return {"source": {"coupon": {"duration": duration, **fields}}}


class TestRecurring:
    def test_running_and_ended(self, books: Scenario) -> None:
        subscription = books.buy_plan("Plus", "month")
        price = books.stripe.state.objects[subscription]["items"]["data"][0]["price"]["unit_amount"]
        read_all(books)
        (found,) = recurring.recurring_now()
        assert (found.currency, found.monthly, found.subscriptions) == ("EUR", price, 1)
        books.stripe.actions.advance(days=3)
        books.stripe.actions.end(subscription)
        read_all(books)
        assert recurring.recurring_now() == []
        churn = recurring.churn_of([date(2026, 3, 1), date(2026, 4, 1)])
        assert churn[date(2026, 3, 1), "EUR"].started == 1
        assert (churn[date(2026, 4, 1), "EUR"].ended, churn[date(2026, 4, 1), "EUR"].lost_monthly) == (1, price)

    @pytest.mark.parametrize(
        ("change", "yearly"),
        [
            ({}, 10800),
            ({"recurring": {"interval": "year", "interval_count": 1}}, 900),
            ({"recurring": {"interval": "month", "interval_count": 3}}, 3600),
            ({"recurring": {"interval": "week", "interval_count": 1}}, 46800),
            ({"recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered"}}, 0),
            ({"unit_amount": None, "unit_amount_decimal": None}, 0),
            ({"unit_amount": None, "unit_amount_decimal": "12.5"}, 150),
        ],
    )
    def test_prices(self, change: dict[str, Any], yearly: int) -> None:
        price = {"unit_amount": 900, "recurring": {"interval": "month", "interval_count": 1}, **change}
        assert recurring.yearly_of({**_SUBSCRIPTION, "items": {"data": [{"price": price, "quantity": 1}]}}) == yearly

    @pytest.mark.parametrize(
        ("change", "yearly"),
        [
            ({"status": "trialing"}, 0), ({"status": "canceled", "ended_at": 5, "trial_end": 5}, 0),
            ({"status": "canceled", "ended_at": 9, "trial_end": 5}, 10800),
            ({"discounts": ["di_1"]}, 10800),
            ({"discounts": [coupon(percent_off=25)]}, 8100), ({"discounts": [coupon("once", percent_off=25)]}, 10800),
            ({"discounts": [coupon("repeating", amount_off=100, currency="eur")]}, 9600),
            ({"discounts": [coupon(amount_off=100, currency="usd")]}, 10800),
            ({"discounts": [coupon(amount_off=5000, currency="eur")]}, 0),
        ],
    )  # fmt: skip
    def test_trials_and_discounts(self, change: dict[str, Any], yearly: int) -> None:
        assert recurring.yearly_of({**_SUBSCRIPTION, **change}) == yearly

    @pytest.mark.parametrize("status", ["incomplete", "incomplete_expired"])
    def test_what_never_began_brings_nothing(self, status: str) -> None:
        assert recurring.yearly_of({**_SUBSCRIPTION, "status": "active"}) > 0
        assert recurring.yearly_of({**_SUBSCRIPTION, "status": status}) == 0

    def test_a_discount_as_stripe_sends_it(self, books: Scenario) -> None:
        code = books.stripe.actions.add_code("TEN", percent_off=10)
        books.stripe.state.objects[code["promotion"]["coupon"]]["duration"] = "forever"
        owner = books.customer
        made = books.stripe.actions.subscribe(owner, books.shop["plus_month"], promotion_code=code["id"])
        price = made["items"]["data"][0]["price"]["unit_amount"]
        read_all(books)
        assert BilledSubscription.objects.get().yearly == price * 12 * 9 // 10


_SUBSCRIPTION: dict[str, Any] = {
    "status": "active", "currency": "eur", "discounts": [], "ended_at": None, "trial_end": None,
    "items": {"data": [{"price": {"unit_amount": 900, "recurring": {"interval": "month", "interval_count": 1}},
                        "quantity": 1}]},
}  # fmt: skip


class TestPage:
    def test_who_may(self, books: Scenario, client: Client) -> None:
        clerk = User.objects.create_user("clerk", is_staff=True)
        client.force_login(clerk)
        clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_stripecustomer", "view_stripeevent"]))
        assert client.get(PAGE).status_code == 403
        assert "Revenue" not in client.get("/admin/").content.decode()
        clerk.user_permissions.set(Permission.objects.filter(codename="view_revenue"))
        assert client.get(PAGE).status_code == 200
        assert PAGE in client.get("/admin/").content.decode()

    def test_what_it_says(self, books: Scenario, admin_client: Client) -> None:
        assert "The first payment will appear here" in admin_client.get(PAGE).content.decode()
        move(books, 123456, fee=100)
        move(books, 5000, currency="jpy")
        move(books, 70000, currency="isk")
        move(books, 1234, currency="kwd")
        books.buy_plan("Plus", "month")
        read_all(books)
        text = admin_client.get(PAGE).content.decode()
        for part in (
            "¥5,000",
            "ISK700",
            "KWD1.234",
            "Monthly recurring revenue",
            "1 subscription",
            "Test mode",
            "March 2026",
        ):
            assert part in text.replace("\N{NO-BREAK SPACE}", "")
        lines = b"".join(admin_client.get(f"{PAGE}?export=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined] # a stream
        assert lines[0].startswith("\ufeffmonth,currency,payments,gross")
        assert [line.split(",")[:2] for line in lines[1:]] == [
            ["2026-03", code] for code in ("EUR", "ISK", "JPY", "KWD")
        ]

    def test_older_months(self, books: Scenario, admin_client: Client) -> None:
        for _ in range(30):
            move(books, 100)
            books.stripe.state.now += 31 * 86400
        read_all(books)
        text = admin_client.get(PAGE).content.decode()
        assert text.count('class="revenue-month"') == 24
        assert "?before=2026-" in text
        assert admin_client.get(f"{PAGE}?before=2026-09").content.decode().count('class="revenue-month"') == 5

    @pytest.mark.parametrize("query", ["?before=abc", "?before=2026-13", "?before=", "?export=x", "?before=99999-01"])
    def test_bad_queries(self, books: Scenario, admin_client: Client, query: str) -> None:
        assert admin_client.get(f"{PAGE}{query}").status_code == 200

    def test_the_cost(self, books: Scenario, admin_client: Client, django_assert_max_num_queries: Any) -> None:
        for _ in range(12):
            move(books, 100)
            books.stripe.state.now += 31 * 86400
        read_all(books)
        admin_client.get(PAGE)
        with django_assert_max_num_queries(10):
            admin_client.get(PAGE)

    def test_test_money_is_apart(self, books: Scenario, admin_client: Client) -> None:
        move(books, 123456)
        read_all(books)
        with override_settings(STRIPE_SECRET_KEY="sk_live_x"):
            assert "The first payment will appear here" in admin_client.get(PAGE).content.decode()


@pytest.mark.django_db
def test_the_index_has_the_month(books: Scenario, admin_client: Client) -> None:
    books.stripe.state.now = int(datetime.now(UTC).timestamp())
    move(books, 1000, fee=30)
    read_all(books)
    text = admin_client.get("/admin/").content.decode()
    assert "€9.70" in text
    assert "gross €10.00" in text
