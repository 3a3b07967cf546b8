"""Every kind of Stripe's refusals has a message of its own, on the page, in the API and in the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import stripe as library
from django.test import Client

from billing.errors import StripeRefused, StripeUnavailable
from billing.models import StripeCustomer
from billing.services import catalogue
from billing.services.customers import ensure_customer
from billing.services.stripe_api import stripe_errors
from billing.views.api import REFUSALS
from tests.billing.scenario import Scenario
from tests.stripe_fake import Fault

pytestmark = pytest.mark.django_db

PORTAL, CHECKOUT = "portal", "checkout"


def unsaved(scenario: Scenario) -> None:
    scenario.stripe.actions.save_portal_settings(saved=False)


def failing(status: int) -> Callable[[Scenario], None]:
    def prepare(scenario: Scenario) -> None:
        assert scenario.customer
        scenario.stripe.state.faults.append(Fault("POST /v1/billing_portal", status, times=9))

    return prepare


@pytest.mark.parametrize(
    ("prepare", "status", "code", "words"),
    [
        (unsaved, 503, "portal_not_set_up", "settings must be saved"),
        (failing(429), 503, "stripe_busy", "too much to do"),
        (failing(401), 503, "stripe_key_refused", "key"),
        (failing(403), 503, "stripe_key_refused", "key"),
        (failing(400), 503, "stripe_refused", "the log has the reason"),
        (failing(500), 503, "stripe_unavailable", "reached"),
    ],
)
def test_the_portal_says_why(  # noqa: PLR0917 (a table)
    scenario: Scenario, browser_client: Client, prepare: Callable[[Scenario], None], status: int, code: str, words: str
) -> None:
    assert scenario.customer
    prepare(scenario)
    answer = browser_client.post("/api/billing/portal", content_type="application/json")
    page = browser_client.post("/pricing/portal").content.decode()
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert words in page


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (lambda: library.CardError("Declined.", None, "card_declined", http_status=402), "card"),  # type: ignore[no-untyped-call] # the library has no types here
        (lambda: library.InvalidRequestError("You cannot combine currencies on a single customer.", None), "currency"),  # type: ignore[no-untyped-call] # the library has no types here
        (lambda: library.InvalidRequestError("The price specified is inactive.", "line_items[0][price]"), "archived"),  # type: ignore[no-untyped-call] # the library has no types here
        (lambda: library.InvalidRequestError("Gone.", "line_items", code="product_inactive"), "archived"),  # type: ignore[no-untyped-call] # the library has no types here
        (lambda: library.IdempotencyError("Keys for idempotent requests …", http_status=400), "idempotency"),
        (lambda: library.InvalidRequestError("Something new.", None, code="brand_new"), "refused"),  # type: ignore[no-untyped-call] # the library has no types here
        (lambda: library.RateLimitError("Too many.", http_status=429), "busy"),
        (lambda: library.AuthenticationError("No.", http_status=401), "key"),
        (lambda: library.PermissionError("No.", http_status=403), "key"),
        (lambda: library.APIConnectionError("Away."), "away"),  # type: ignore[no-untyped-call] # the library has no types here
    ],
)
def test_each_refusal_has_its_kind_and_sentence(error: Callable[[], Exception], kind: str) -> None:
    with pytest.raises((StripeRefused, StripeUnavailable)) as caught, stripe_errors():
        raise error()
    assert getattr(caught.value, "kind", "") == kind
    assert kind in REFUSALS
    assert len({str(make().detail) for make in REFUSALS.values()}) == len(REFUSALS)


def test_an_unknown_refusal_is_logged_with_its_request(
    scenario: Scenario, browser_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    failing(400)(scenario)
    browser_client.post("/api/billing/portal", content_type="application/json")
    assert "req_" in caplog.text
    assert "Stripe refuses (refused)" in caplog.text


class TestArchived:
    @pytest.mark.parametrize("what", ["topup_1000", "product"])
    def test_a_top_up_is_not_offered(self, scenario: Scenario, browser_client: Client, what: str) -> None:
        price = scenario.shop["topup_1000"]
        scenario.stripe.actions.archive(price if what != "product" else scenario.stripe.state.objects[price]["product"])
        page = browser_client.get("/pricing").content.decode()
        assert "Buy 1,000 tokens" not in page
        assert "Choose Plus, monthly" in page
        refused = browser_client.post("/api/billing/checkout", {"topup": 1000}, content_type="application/json")
        assert refused.status_code == 400

    def test_a_mistyped_top_up_hides_nothing_else(self, scenario: Scenario, browser_client: Client) -> None:
        del scenario.stripe.state.objects[scenario.shop["topup_5000"]]
        page = browser_client.get("/pricing").content.decode()
        assert "Buy 1,000 tokens" in page
        assert "Buy 5,000 tokens" not in page

    def test_a_plan_whose_product_is_archived_is_not_offered(self, scenario: Scenario, browser_client: Client) -> None:
        scenario.stripe.actions.archive(scenario.shop["premium"])
        page = browser_client.get("/pricing").content.decode()
        assert "Choose Plus, monthly" in page
        assert "Choose Premium" not in page

    def test_one_archived_since_the_prices_were_read(self, scenario: Scenario, browser_client: Client) -> None:
        catalogue.refresh_catalogue()
        scenario.stripe.actions.archive(scenario.shop["topup_1000"])
        answer = browser_client.post("/api/billing/checkout", {"topup": 1000}, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, "price_archived")
        page = browser_client.post("/pricing/checkout", {"topup": "1000"}).content.decode()
        assert "not for sale any more" in page


class TestCustomersKey:
    """The request under an idempotency key never changes. A key with a stored failure is replaced."""

    def test_a_first_failure_costs_one_try(self, scenario: Scenario) -> None:
        scenario.stripe.state.faults.append(Fault("POST /v1/customers", 500))
        for _ in range(4):
            try:
                row = ensure_customer(scenario.user)
                break
            except Exception:  # noqa: BLE001 (the user tries again)
                continue
        assert row.customer_id

    def test_a_lost_answer_and_a_new_name_make_one_customer(self, scenario: Scenario) -> None:
        scenario.stripe.state.faults.append(Fault("POST /v1/customers", 500, applied=True))
        with pytest.raises(Exception, match="500"):
            ensure_customer(scenario.user)
        scenario.user.username, scenario.user.email = "renamed", "renamed@example.com"
        scenario.user.save()
        row = ensure_customer(scenario.user)
        made = scenario.stripe.state.objects[str(row.customer_id)]
        assert (made["name"], made["email"]) == ("renamed", "renamed@example.com")
        assert StripeCustomer.objects.filter(user=scenario.user).count() == 1

    def test_a_name_that_is_refused_stops_no_purchase(self, scenario: Scenario) -> None:
        scenario.user.email = "not an address"
        scenario.user.save()
        assert ensure_customer(scenario.user).customer_id
        assert scenario.buy_plan()
