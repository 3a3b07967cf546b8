"""What the fake refuses, sells and charges; asked through the real library."""

from __future__ import annotations

from typing import Any

import pytest
import stripe as library

from tests.stripe_fake import FakeStripe
from tests.stripe_fake.state import Card


class TestIds:
    @pytest.mark.parametrize(
        ("call", "status", "param"),
        [
            (lambda v1: v1.subscriptions.list({"customer": "cus_x"}), 400, "customer"),
            (lambda v1: v1.checkout.sessions.list({"customer": "cus_x"}), 400, "customer"),
            (lambda v1: v1.prices.list({"product": "prod_x"}), 400, "product"),
            (lambda v1: v1.refunds.list({"charge": "ch_x"}), 400, "charge"),
            (lambda v1: v1.disputes.list({"payment_intent": "pi_x"}), 400, "payment_intent"),
            (lambda v1: v1.invoices.list({"subscription": "sub_x"}), 400, "subscription"),
            (lambda v1: v1.customers.list({"starting_after": "cus_x"}), 400, "starting_after"),
            (lambda v1: v1.customers.retrieve("cus_x"), 404, "id"),
            (lambda v1: v1.subscriptions.cancel("sub_x"), 404, "id"),
            (lambda v1: v1.billing_portal.sessions.create({"customer": "cus_x"}), 400, "customer"),
            (lambda v1: v1.refunds.create({"charge": "ch_x"}), 400, "charge"),
        ],
    )  # fmt: skip
    def test_that_are_not_there(self, client: library.StripeClient, call: Any, status: int, param: str) -> None:
        with pytest.raises(library.InvalidRequestError) as raised:
            call(client.v1)
        assert (raised.value.http_status, raised.value.code) == (status, "resource_missing")
        assert raised.value.param == param
        body: Any = raised.value.json_body
        assert body["error"]["request_log_url"].endswith(str(raised.value.request_id))

    def test_what_is_not_simulated_says_so(self, client: library.StripeClient) -> None:
        with pytest.raises(library.InvalidRequestError, match="does not simulate"):
            client.v1.customers.create({"tax_exempt": "reverse"})
        with pytest.raises(library.InvalidRequestError, match="does not simulate"):
            client.v1.invoices.create_preview({})
        session: Any = {
            "mode": "payment", "success_url": "https://x/", "payment_intent_data": {"capture_method": "manual"},
        }  # fmt: skip
        with pytest.raises(library.InvalidRequestError, match=r"simulate payment_intent_data\[capture_method\]"):
            client.v1.checkout.sessions.create(session)
        with pytest.raises(library.InvalidRequestError, match="Unrecognized request URL"):
            client.v1.balance.retrieve()

    def test_another_version_is_refused(self, fake: FakeStripe) -> None:
        older = library.StripeClient("sk_test_x", base_addresses={"api": fake.url}, stripe_version="2024-06-20")
        with pytest.raises(library.InvalidRequestError, match="version"):
            older.v1.customers.list()


class TestWhatIsSold:
    @pytest.mark.parametrize("archived", ["topup_1000", "tokens"])
    def test_nothing_archived(self, fake: FakeStripe, client: library.StripeClient, archived: str) -> None:
        shop = fake.stock()
        shop["tokens"] = fake.state.objects[shop["topup_1000"]]["product"]
        fake.actions.archive(shop[archived])
        with pytest.raises(library.InvalidRequestError, match="inactive") as raised:
            self.buy(client, shop["topup_1000"])
        assert raised.value.param == "line_items[0][price]"
        fake.actions.archive(shop[archived], active=True)
        assert self.buy(client, shop["topup_1000"]).customer is None

    def test_one_currency_a_customer(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = fake.actions.add_customer()["id"]
        fake.actions.subscribe(owner, shop["plus_month"])
        dollars = fake.actions.add_price(shop["plus"], 900, "month", currency="usd")["id"]
        with pytest.raises(library.InvalidRequestError, match="combine currencies"):
            self.buy(client, dollars, mode="subscription", customer=owner)

    def test_no_portal_before_its_settings_are_saved(self, fake: FakeStripe, client: library.StripeClient) -> None:
        owner = fake.actions.add_customer()["id"]
        with pytest.raises(library.InvalidRequestError, match="default configuration has not been created"):
            client.v1.billing_portal.sessions.create({"customer": owner})
        fake.actions.save_portal_settings()
        assert client.v1.billing_portal.sessions.create({"customer": owner}).configuration

    def test_what_does_not_fit_together(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        for price, mode in ((shop["topup_1000"], "subscription"), (shop["plus_month"], "payment")):
            with pytest.raises(library.InvalidRequestError):
                self.buy(client, price, mode=mode)
        with pytest.raises(library.InvalidRequestError):
            self.buy(client, shop["plus_month"], mode="subscription", customer_creation="always")
        with pytest.raises(library.InvalidRequestError) as raised:
            client.v1.checkout.sessions.create({"mode": "payment", "success_url": "https://x/"})
        assert (raised.value.code, raised.value.param) == ("parameter_missing", "line_items")

    def buy(self, client: library.StripeClient, price: str, **more: Any) -> Any:
        params: Any = {
            "mode": "payment", "success_url": "https://x/", "line_items": [{"price": price, "quantity": 1}], **more,
        }  # fmt: skip
        return client.v1.checkout.sessions.create(params)


class TestSavedCards:
    @pytest.mark.parametrize(
        ("card", "code", "status"),
        [
            ("good", None, "succeeded"),
            ("declined", "card_declined", "requires_payment_method"),
            ("authenticate", "authentication_required", "requires_payment_method"),
        ],
    )
    def test_a_charge_without_the_customer(
        self, fake: FakeStripe, client: library.StripeClient, card: Card, code: str | None, status: str
    ) -> None:
        owner = fake.actions.add_customer()["id"]
        saved = fake.actions.save_card(owner, card)["id"]
        assert [one.id for one in client.v1.customers.payment_methods.list(owner, {"type": "card"}).data] == [saved]
        params: Any = {
            "amount": 500, "currency": "eur", "customer": owner, "payment_method": saved, "off_session": True,
            "confirm": True,
        }  # fmt: skip
        if code is None:
            made = client.v1.payment_intents.create(params)
        else:
            with pytest.raises(library.CardError) as raised:
                client.v1.payment_intents.create(params)
            assert (raised.value.http_status, raised.value.code) == (402, code)
            error: Any = raised.value.error
            made = client.v1.payment_intents.retrieve(error.payment_intent["id"])
        assert made.status == status

    def test_somebody_else_s_card(self, fake: FakeStripe, client: library.StripeClient) -> None:
        saved = fake.actions.save_card(fake.actions.add_customer()["id"])["id"]
        params: Any = {
            "amount": 500, "currency": "eur", "payment_method": saved, "confirm": True, "off_session": True,
        }  # fmt: skip
        with pytest.raises(library.InvalidRequestError, match="another customer"):
            client.v1.payment_intents.create(params | {"customer": fake.actions.add_customer()["id"]})

    def test_nobody_is_charged_without_a_card(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = client.v1.customers.create({}).id
        params: Any = {"customer": owner, "items": [{"price": shop["plus_month"]}]}
        with pytest.raises(library.InvalidRequestError, match="no attached payment source"):
            client.v1.subscriptions.create(params)
        saved = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": owner}).id
        client.v1.customers.update(owner, {"invoice_settings": {"default_payment_method": saved}})
        assert client.v1.subscriptions.create(params).status == "incomplete"
        charge: Any = {
            "amount": 1, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True, "customer": owner,
        }  # fmt: skip
        with pytest.raises(library.InvalidRequestError, match="return_url"):
            client.v1.payment_intents.create(charge)
        assert client.v1.payment_intents.create(charge | {"return_url": "https://x/"}).status == "succeeded"

    def test_a_checkout_keeps_the_card(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = fake.actions.add_customer()["id"]
        params: Any = {
            "mode": "payment", "customer": owner, "success_url": "https://x/",
            "line_items": [{"price": shop["topup_1000"], "quantity": 1}],
            "payment_intent_data": {"setup_future_usage": "off_session"},
        }  # fmt: skip
        fake.actions.complete(client.v1.checkout.sessions.create(params).id)
        assert len(client.v1.payment_methods.list({"customer": owner, "type": "card"}).data) == 1


class TestSubscriptions:
    def test_the_library_changes_them(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = fake.actions.add_customer()["id"]
        made = fake.actions.subscribe(owner, shop["plus_month"], trial_days=14)
        v1 = client.v1.subscriptions
        assert v1.update(made["id"], {"trial_end": "now"}).status == "active"
        item = made["items"]["data"][0]["id"]
        upgrade: Any = {
            "items": [{"id": item, "price": shop["premium_year"]}], "proration_behavior": "always_invoice",
            "expand": ["latest_invoice"],
        }  # fmt: skip
        bill: Any = v1.update(made["id"], upgrade).latest_invoice
        assert (bill.billing_reason, bill.status) == ("subscription_update", "paid")
        fake.state.now += 86400
        anchor: Any = {"billing_cycle_anchor": {"type": "now"}}
        assert v1.update(made["id"], anchor).billing_cycle_anchor == fake.state.now
        assert v1.update(made["id"], {"cancel_at_period_end": True}).cancel_at_period_end
        assert v1.update(made["id"], {"cancel_at_period_end": False}).cancel_at is None
        assert v1.cancel(made["id"]).status == "canceled"
        with pytest.raises(library.InvalidRequestError) as raised:
            v1.update(made["id"], {"cancel_at_period_end": True})
        assert raised.value.code == "resource_missing"
