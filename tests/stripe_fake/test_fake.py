"""The fake Stripe behaves as Stripe where the site depends on it, as seen through the real library."""

from __future__ import annotations

from typing import Any

import pytest
import stripe as library

from tests.stripe_fake import FakeStripe, Fault, shapes


class TestRequests:
    def test_a_key_of_the_mode_is_asked_for(self, fake: FakeStripe) -> None:
        for key in ("sk_live_x", "pk_test_x"):
            stranger = library.StripeClient(key, base_addresses={"api": fake.url}, max_network_retries=0)
            with pytest.raises(library.AuthenticationError):
                stranger.v1.customers.list()

    def test_the_same_key_answers_the_same(self, fake: FakeStripe, client: library.StripeClient) -> None:
        made = {client.v1.customers.create({"name": "a"}, {"idempotency_key": "k"}).id for _ in range(3)}
        assert len(made) == len(fake.state.of("customer")) == 1
        with pytest.raises(library.IdempotencyError):
            client.v1.customers.create({"name": "b"}, {"idempotency_key": "k"})

    @pytest.mark.parametrize(
        ("status", "kind"), [(429, library.RateLimitError), (500, library.APIError), (503, library.APIError)]
    )
    def test_faults_on_demand(
        self, fake: FakeStripe, client: library.StripeClient, status: int, kind: type[Exception]
    ) -> None:
        fake.state.faults.append(Fault("POST /v1/customers", status))
        with pytest.raises(kind):
            client.v1.customers.create({})
        assert not fake.state.of("customer")
        assert client.v1.customers.create({}).id

    def test_an_answer_that_is_lost(self, fake: FakeStripe, client: library.StripeClient) -> None:
        fake.state.faults.append(Fault("POST /v1/customers", 500, applied=True))
        with pytest.raises(library.APIError):
            client.v1.customers.create({})
        assert len(fake.state.of("customer")) == 1

    def test_what_is_not_there(self, client: library.StripeClient) -> None:
        with pytest.raises(library.InvalidRequestError) as raised:
            client.v1.customers.retrieve("cus_nobody")
        assert raised.value.code == "resource_missing"
        with pytest.raises(library.InvalidRequestError):
            client.v1.balance.retrieve()


class TestLists:
    def test_pages_newest_first(self, fake: FakeStripe, client: library.StripeClient) -> None:
        made = [client.v1.customers.create({}).id for _ in range(25)]
        page = client.v1.customers.list({"limit": 10})
        assert page.has_more
        assert [one.id for one in page.auto_paging_iter()] == made[::-1]

    def test_filters(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = client.v1.customers.create({}).id
        ended = fake.actions.subscribe(owner, shop["plus_month"])["id"]
        running = fake.actions.subscribe(owner, shop["plus_month"])["id"]
        fake.actions.end(ended)
        listed: Any = {"customer": owner}
        assert [one.id for one in client.v1.subscriptions.list(listed).data] == [running]
        every: Any = {**listed, "status": "all"}
        assert {one.id for one in client.v1.subscriptions.list(every).data} == {running, ended}
        fake.state.objects[shop["plus_year"]]["active"] = False
        prices = client.v1.prices.list({"product": shop["plus"], "active": True}).data
        assert [one.id for one in prices] == [shop["plus_month"]]

    def test_expansion_goes_four_deep(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = client.v1.customers.create({}).id
        session = client.v1.checkout.sessions.create(
            {
                "mode": "payment", "customer": owner, "success_url": "http://x",
                "line_items": [{"price": shop["topup_1000"], "quantity": 1}],
            }
        )  # fmt: skip
        fake.actions.complete(session.id)
        listed: Any = {"customer": owner, "expand": ["data.line_items", "data.payment_intent.latest_charge.refunds"]}
        found = client.v1.checkout.sessions.list(listed).data[0].to_dict()
        assert found["line_items"]["data"][0]["price"]["id"] == shop["topup_1000"]
        assert found["payment_intent"]["latest_charge"]["refunds"]["data"] == []
        too_deep: Any = {"expand": ["data.a.b.c.d"]}
        with pytest.raises(library.InvalidRequestError):
            client.v1.checkout.sessions.list(too_deep)

    def test_events_by_type_and_delivery(self, fake: FakeStripe, client: library.StripeClient) -> None:
        for kind in ("invoice.paid", "invoice.voided", "refund.created"):
            fake.state.emit(kind, {"id": "x", "object": kind.split(".", maxsplit=1)[0]})
        fake.state.delivered.add(fake.state.events[0]["id"])
        listed: Any = {"types": ["invoice.*"], "delivery_success": False}
        assert [one.type for one in client.v1.events.list(listed).data] == ["invoice.voided"]
        too_many: Any = {"types": [f"a.{number}" for number in range(21)]}
        with pytest.raises(library.InvalidRequestError):
            client.v1.events.list(too_many)
        fake.state.now += 31 * shapes.DAY
        assert client.v1.events.list().data == []


class TestShapes:
    def test_today_s_places(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        made = fake.actions.subscribe(client.v1.customers.create({}).id, shop["plus_month"], {}, trial_days=14)
        found = client.v1.subscriptions.retrieve(made["id"]).to_dict()
        assert "current_period_end" not in found
        item = found["items"]["data"][0]
        assert item["current_period_end"] - item["current_period_start"] == 14 * shapes.DAY
        invoice = client.v1.invoices.retrieve(found["latest_invoice"]).to_dict()
        assert "subscription" not in invoice
        assert invoice["parent"]["subscription_details"]["subscription"] == made["id"]

    @pytest.mark.parametrize(
        ("start", "interval", "end"),
        [
            (1769860800, "month", 1772280000),  # 31 January 2026 → 28 February
            (1772280000, "month", 1774699200),
            (1709208000, "year", 1740744000),  # 29 February 2024 → 28 February 2025
            (1764590400, "month", 1767268800),  # over the year's end
            (1764590400, "week", 1765195200),
        ],
    )
    def test_periods_by_the_calendar(self, start: int, interval: str, end: int) -> None:
        assert shapes.after(start, interval) == end
