"""What the fake refuses, as Stripe words it; asked as the library asks, or by hand where the library would not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import stripe as library

from tests.stripe_fake import FakeStripe, Fault
from tests.stripe_fake.errors import ApiError
from tests.stripe_fake.expansion import check_paths
from tests.stripe_fake.forms import parse_form
from tests.stripe_fake.library import find_operation
from tests.stripe_fake.validation import validate
from tests.stripe_fake.world import Card


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as server:
        yield server


@pytest.fixture
def client(fake: FakeStripe) -> library.StripeClient:
    return library.StripeClient("sk_test_x", base_addresses={"api": fake.url}, max_network_retries=0)


def checked(method: str, path: str, form: str) -> dict[str, Any]:
    found = find_operation(method, path)
    assert found is not None
    return validate(found[0], parse_form(form))


CUSTOMERS, SESSIONS, SUBSCRIPTION = "/v1/customers", "/v1/checkout/sessions", "/v1/subscriptions/sub_1"
FORTY_ONE, FIVE_HUNDRED_ONE = "k" * 41, "v" * 501
MANY = "&".join(f"metadata[k{number}]=v" for number in range(51))


class TestParameters:
    @pytest.mark.parametrize(
        ("method", "path", "form", "code", "param"),
        [
            ("POST", CUSTOMERS, "nam=x", "parameter_unknown", "nam"),
            ("POST", CUSTOMERS, "address[town]=x", "parameter_unknown", "address[town]"),
            ("POST", f"{CUSTOMERS}/cus_1", "shipping=&metadata=", None, ""),
            ("POST", CUSTOMERS, "email=", "parameter_invalid_empty", "email"),
            ("POST", CUSTOMERS, "phone=", "parameter_invalid_empty", "phone"),
            ("POST", CUSTOMERS, "email=a@b", "email_invalid", "email"),
            ("POST", CUSTOMERS, "email=a b@example.com", "email_invalid", "email"),
            ("POST", CUSTOMERS, f"name={'x' * 257}", "", "name"),
            ("POST", CUSTOMERS, "name[first]=x", "", "name"),
            ("POST", CUSTOMERS, f"metadata[{FORTY_ONE}]=x", "", "metadata"),
            ("POST", CUSTOMERS, f"metadata[a]={FIVE_HUNDRED_ONE}", "", "metadata[a]"),
            ("POST", CUSTOMERS, MANY, "", "metadata"),
            ("POST", CUSTOMERS, "metadata=x", "", "metadata"),
            ("POST", SESSIONS, "line_items[0][prize]=x", "parameter_unknown", "line_items[0][prize]"),
            ("POST", SESSIONS, "line_items=x", "", "line_items"),
            ("POST", SESSIONS, "line_items[first][price]=x", "", "line_items"),
            ("POST", SESSIONS, "mode=payments", "", "mode"),
            ("POST", SESSIONS, "mode=", "", "mode"),
            ("POST", SESSIONS, "success_url=/done", "url_invalid", "success_url"),
            ("POST", SESSIONS, "success_url=ftp://x/", "url_invalid", "success_url"),
            ("POST", SESSIONS, "cancel_url=https://", "url_invalid", "cancel_url"),
            ("POST", SESSIONS, f"client_reference_id={'x' * 201}", "", "client_reference_id"),
            ("POST", SESSIONS, "allow_promotion_codes=yes", "parameter_invalid_boolean", "allow_promotion_codes"),
            ("POST", SESSIONS, "expires_at=soon", "parameter_invalid_integer", "expires_at"),
            ("POST", SESSIONS, "subscription_data[trial_period_days]=0", "parameter_invalid_integer", None),
            ("GET", "/v1/prices", "limit=101", "parameter_invalid_integer", "limit"),
            ("GET", "/v1/prices", "limit=0", "parameter_invalid_integer", "limit"),
            ("GET", "/v1/prices", "activ=true", "parameter_unknown", "activ"),
            ("GET", "/v1/prices", "created[since]=1", "parameter_unknown", "created[since]"),
            ("GET", "/v1/subscriptions", "status=running", "", "status"),
            ("POST", SUBSCRIPTION, "billing_cycle_anchor=now", "parameter_invalid_object", "billing_cycle_anchor"),
            ("POST", SUBSCRIPTION, "trial_end=today", "parameter_invalid_integer", "trial_end"),
            ("POST", "/v1/payment_links", "metadata[a]=b", "parameter_missing", "line_items"),
            ("POST", "/v1/prices", "product=prod_1", "parameter_missing", "currency"),
        ],
    )  # fmt: skip
    def test_refused(self, method: str, path: str, form: str, code: str | None, param: str | None) -> None:
        if code is None:
            checked(method, path, form)
            return
        with pytest.raises(ApiError) as raised:
            checked(method, path, form)
        error = raised.value.body["error"]
        assert (raised.value.status, error["type"], error.get("code", "")) == (400, "invalid_request_error", code)
        assert param in (None, error["param"])

    def test_taken_in_python_s_types(self) -> None:
        form = (
            "mode=subscription&line_items[0][price]=price_1&line_items[0][quantity]=2&line_items[1][price]=p&"
            "allow_promotion_codes=true&metadata[0]=a&metadata[b]=&expand[]=customer&expand[]=line_items&"
            "subscription_data[trial_period_days]=14&success_url=https://x/?s={CHECKOUT_SESSION_ID}"
        )
        found = checked("POST", SESSIONS, form)
        assert found["line_items"] == [{"price": "price_1", "quantity": 2}, {"price": "p"}]
        assert found["metadata"] == {"0": "a", "b": ""}
        assert (found["allow_promotion_codes"], found["expand"]) == (True, ["customer", "line_items"])
        assert found["subscription_data"] == {"trial_period_days": 14}
        assert checked("POST", SUBSCRIPTION, "trial_end=now")["trial_end"] == "now"
        assert checked("POST", SUBSCRIPTION, "billing_cycle_anchor[type]=now&metadata=")["metadata"] == ""
        assert checked("GET", "/v1/events", "created[gte]=5&types[0]=a")["created"] == {"gte": 5}

    @pytest.mark.parametrize("form", ["a=1&a[b]=2", "a[b]=2&a=1", "[a]=1", "a]b[=1"])
    def test_names_that_contradict_each_other(self, form: str) -> None:
        with pytest.raises(ApiError):
            parse_form(form)

    @pytest.mark.parametrize(
        ("path", "expands"),
        [
            (SESSIONS, "data.line_items"),
            (SESSIONS, "data.payment_intent.latest_charge.refunds"),
            ("/v1/subscriptions", "data.items.data.price"),
            ("/v1/subscriptions", "data.latest_invoice.payments"),
            (SUBSCRIPTION, "items.data.price.product"),
            (SUBSCRIPTION, "latest_invoice.lines.data.subscription"),
            (SUBSCRIPTION, "schedule.phases.items.price"),
            (SUBSCRIPTION, "discounts"),
            ("/v1/charges/ch_1", "refunds"),
        ],
    )
    def test_what_can_be_expanded(self, path: str, expands: str) -> None:
        found = find_operation("GET", path)
        assert found is not None
        if "items.data.price" in expands and not expands.endswith("product"):
            # A price stands there already: nothing to be put in its place.
            with pytest.raises(ApiError):
                check_paths(found[0].answers, [expands], is_list=found[0].is_list)
        else:
            check_paths(found[0].answers, [expands], is_list=found[0].is_list)

    @pytest.mark.parametrize(
        ("path", "expands"),
        [
            (SESSIONS, "line_items"), (SESSIONS, "data"), (SESSIONS, "data.colour"), (SESSIONS, "data.status"),
            (SESSIONS, "data.payment_intent.latest_charge.refunds.data"),
            ("/v1/subscriptions", "data.latest_invoice.charge"),
            (SUBSCRIPTION, "metadata"), (SUBSCRIPTION, "items"), (SUBSCRIPTION, "latest_invoice.parent"),
            (SUBSCRIPTION, "latest_invoice.payment_intent"),
        ],
    )  # fmt: skip
    def test_what_can_t(self, path: str, expands: str) -> None:
        found = find_operation("GET", path)
        assert found is not None
        with pytest.raises(ApiError, match="expand"):
            check_paths(found[0].answers, [expands], is_list=found[0].is_list)


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
        shop["tokens"] = fake.world.objects[shop["topup_1000"]]["product"]
        fake.desk.archive(shop[archived])
        with pytest.raises(library.InvalidRequestError, match="inactive") as raised:
            self.buy(client, shop["topup_1000"])
        assert raised.value.param == "line_items[0][price]"
        fake.desk.archive(shop[archived], active=True)
        assert self.buy(client, shop["topup_1000"]).customer is None

    def test_one_currency_a_customer(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = fake.desk.add_customer()["id"]
        fake.desk.subscribe(owner, shop["plus_month"])
        dollars = fake.desk.add_price(shop["plus"], 900, "month", currency="usd")["id"]
        with pytest.raises(library.InvalidRequestError, match="combine currencies"):
            self.buy(client, dollars, mode="subscription", customer=owner)

    def test_no_portal_before_its_settings_are_saved(self, fake: FakeStripe, client: library.StripeClient) -> None:
        owner = fake.desk.add_customer()["id"]
        with pytest.raises(library.InvalidRequestError, match="default configuration has not been created"):
            client.v1.billing_portal.sessions.create({"customer": owner})
        fake.desk.save_portal_settings()
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


class TestKeys:
    def test_an_answer_is_given_again(self, fake: FakeStripe, client: library.StripeClient) -> None:
        first, again = (client.v1.customers.create({"name": "a"}, {"idempotency_key": "k"}) for _ in range(2))
        assert first.id == again.id
        before, headers = (self.headers(one) for one in (first, again))
        assert headers["Idempotent-Replayed"] == "true"
        assert headers["Original-Request"] == before["Request-Id"]
        assert "Idempotent-Replayed" not in before
        fake.world.now += 86400
        assert client.v1.customers.create({"name": "b"}, {"idempotency_key": "k"}).id != first.id

    def headers(self, made: Any) -> Any:
        return made.last_response.headers

    def test_a_500_is_given_again_for_a_day(self, fake: FakeStripe, client: library.StripeClient) -> None:
        fake.world.faults.append(Fault("POST /v1/customers", 500))
        for _ in range(2):
            with pytest.raises(library.APIError):
                client.v1.customers.create({"name": "a"}, {"idempotency_key": "k"})
        with pytest.raises(library.IdempotencyError):
            client.v1.customers.create({"name": "b"}, {"idempotency_key": "k"})
        assert client.v1.customers.create({"name": "a"}, {"idempotency_key": "other"}).id

    @pytest.mark.parametrize("status", [429, 502, 503])
    def test_what_never_reached_stripe_is_not_kept(
        self, fake: FakeStripe, client: library.StripeClient, status: int
    ) -> None:
        fake.world.faults.append(Fault("POST /v1/customers", status))
        with pytest.raises(library.StripeError):
            client.v1.customers.create({"name": "a"}, {"idempotency_key": "k"})
        assert client.v1.customers.create({"name": "b"}, {"idempotency_key": "k"}).name == "b"

    def test_a_refusal_of_parameters_is_not_kept_one_of_the_matter_is(
        self, fake: FakeStripe, client: library.StripeClient
    ) -> None:
        wrong: Any = {"nam": "a"}
        with pytest.raises(library.InvalidRequestError):
            client.v1.customers.create(wrong, {"idempotency_key": "k"})
        assert client.v1.customers.create({"name": "a"}, {"idempotency_key": "k"}).id
        portal: Any = {"customer": fake.desk.add_customer()["id"]}
        for _ in range(2):
            with pytest.raises(library.InvalidRequestError, match="default configuration"):
                client.v1.billing_portal.sessions.create(portal, {"idempotency_key": "p"})
            fake.desk.save_portal_settings()

    def test_another_address_under_the_same_key(self, client: library.StripeClient) -> None:
        client.v1.customers.create({}, {"idempotency_key": "k"})
        with pytest.raises(library.IdempotencyError, match="same endpoint"):
            client.v1.products.create({"name": "x"}, {"idempotency_key": "k"})

    def test_two_at_once(self, fake: FakeStripe, client: library.StripeClient) -> None:
        fake.world.faults.append(Fault("POST /v1/customers", 0))

        def hang() -> None:
            with pytest.raises(library.APIConnectionError):
                client.v1.customers.create({}, {"idempotency_key": "k"})

        thread = threading.Thread(target=hang)
        thread.start()
        while "k" not in fake.world.in_flight:
            thread.join(0.01)
        with pytest.raises(library.StripeError) as raised:
            client.v1.customers.create({}, {"idempotency_key": "k"})
        error: Any = raised.value.json_body
        assert (raised.value.http_status, error["error"]["code"]) == (409, "idempotency_key_in_use")
        fake.world.released.set()
        thread.join()


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
        owner = fake.desk.add_customer()["id"]
        saved = fake.desk.save_card(owner, card)["id"]
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
        saved = fake.desk.save_card(fake.desk.add_customer()["id"])["id"]
        params: Any = {"amount": 500, "currency": "eur", "payment_method": saved, "confirm": True}
        with pytest.raises(library.InvalidRequestError, match="another customer"):
            client.v1.payment_intents.create(params | {"customer": fake.desk.add_customer()["id"]})

    def test_a_checkout_keeps_the_card(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = fake.desk.add_customer()["id"]
        params: Any = {
            "mode": "payment", "customer": owner, "success_url": "https://x/",
            "line_items": [{"price": shop["topup_1000"], "quantity": 1}],
            "payment_intent_data": {"setup_future_usage": "off_session"},
        }  # fmt: skip
        fake.desk.complete(client.v1.checkout.sessions.create(params).id)
        assert len(client.v1.payment_methods.list({"customer": owner, "type": "card"}).data) == 1


class TestSubscriptions:
    def test_the_library_changes_them(self, fake: FakeStripe, client: library.StripeClient) -> None:
        shop = fake.stock()
        owner = fake.desk.add_customer()["id"]
        made = fake.desk.subscribe(owner, shop["plus_month"], trial_days=14)
        v1 = client.v1.subscriptions
        assert v1.update(made["id"], {"trial_end": "now"}).status == "active"
        item = made["items"]["data"][0]["id"]
        upgrade: Any = {
            "items": [{"id": item, "price": shop["premium_year"]}], "proration_behavior": "always_invoice",
            "expand": ["latest_invoice"],
        }  # fmt: skip
        bill: Any = v1.update(made["id"], upgrade).latest_invoice
        assert (bill.billing_reason, bill.status) == ("subscription_update", "paid")
        fake.world.now += 86400
        anchor: Any = {"billing_cycle_anchor": {"type": "now"}}
        assert v1.update(made["id"], anchor).billing_cycle_anchor == fake.world.now
        assert v1.update(made["id"], {"cancel_at_period_end": True}).cancel_at_period_end
        assert v1.update(made["id"], {"cancel_at_period_end": False}).cancel_at is None
        assert v1.cancel(made["id"]).status == "canceled"
        with pytest.raises(library.InvalidRequestError) as raised:
            v1.update(made["id"], {"cancel_at_period_end": True})
        assert raised.value.code == "resource_missing"
