"""Idempotency keys, as Stripe keeps them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import stripe as library

from tests.stripe_fake import FakeStripe, Fault


class TestKeys:
    def test_an_answer_is_given_again(self, fake: FakeStripe, client: library.StripeClient) -> None:
        first, again = (client.v1.customers.create({"name": "a"}, {"idempotency_key": "k"}) for _ in range(2))
        assert first.id == again.id
        before, headers = (self.headers(one) for one in (first, again))
        assert headers["Idempotent-Replayed"] == "true"
        assert headers["Original-Request"] == before["Request-Id"]
        assert "Idempotent-Replayed" not in before
        fake.state.now += 86400
        assert client.v1.customers.create({"name": "b"}, {"idempotency_key": "k"}).id != first.id

    def headers(self, made: Any) -> Any:
        return made.last_response.headers

    def test_a_500_is_given_again_for_a_day(self, fake: FakeStripe, client: library.StripeClient) -> None:
        fake.state.faults.append(Fault("POST /v1/customers", 500))
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
        fake.state.faults.append(Fault("POST /v1/customers", status))
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
        portal: Any = {"customer": fake.actions.add_customer()["id"]}
        for _ in range(2):
            with pytest.raises(library.InvalidRequestError, match="default configuration"):
                client.v1.billing_portal.sessions.create(portal, {"idempotency_key": "p"})
            fake.actions.save_portal_settings()

    def test_another_address_under_the_same_key(self, client: library.StripeClient) -> None:
        client.v1.customers.create({}, {"idempotency_key": "k"})
        with pytest.raises(library.IdempotencyError, match="same endpoint"):
            client.v1.products.create({"name": "x"}, {"idempotency_key": "k"})

    def test_two_at_once(self, fake: FakeStripe, client: library.StripeClient) -> None:
        fake.state.faults.append(Fault("POST /v1/customers", 0))

        def hang() -> None:
            with pytest.raises(library.APIConnectionError):
                client.v1.customers.create({}, {"idempotency_key": "k"})

        thread = threading.Thread(target=hang)
        thread.start()
        while "k" not in fake.state.in_flight:
            thread.join(0.01)
        with pytest.raises(library.StripeError) as raised:
            client.v1.customers.create({}, {"idempotency_key": "k"})
        error: Any = raised.value.json_body
        assert (raised.value.http_status, error["error"]["code"]) == (409, "idempotency_key_in_use")
        fake.state.released.set()
        thread.join()
