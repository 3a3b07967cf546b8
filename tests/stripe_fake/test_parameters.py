"""Parameters against the library's own types of the requests: what is refused, how, and what is taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stripe_fake.errors import ApiError
from tests.stripe_fake.expansion import check_paths
from tests.stripe_fake.forms import parse_form
from tests.stripe_fake.library import find_operation
from tests.stripe_fake.validation import validate


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
