"""Each rule that derives the plan from Stripe's subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from billing.services.periods import add_months, period_before
from billing.services.plans import read_subscriptions, scheduled_price, with_pending
from billing.services.topups import bought_tokens, read_topup
from billing.types import PendingChange, Plan, SubscriptionState

START = datetime(2026, 11, 15, 10, 0, tzinfo=UTC)
END = datetime(2026, 12, 15, 10, 0, tzinfo=UTC)
NOW = START + timedelta(days=3)


@pytest.fixture(autouse=True)
def products() -> Any:
    with override_settings(
        STRIPE_PRODUCT_PLUS="prod_plus", STRIPE_PRODUCT_PREMIUM="prod_premium", BILLING_TOPUPS={1000: "price_t"}
    ):
        yield


def subscription(status: str = "active", product: str = "prod_plus", **fields: Any) -> dict[str, Any]:
    item = {
        "price": {
            "id": f"price_{product}",
            "product": product,
            "recurring": {"interval": "month", "interval_count": 1},
        },
        "current_period_start": int(START.timestamp()),
        "current_period_end": int(END.timestamp()),
    }
    made = {
        "id": f"sub_{product}_{status}", "customer": "cus_1", "status": status, "items": {"data": [item]},
        "latest_invoice": {"status": "paid", "billing_reason": "subscription_create"},
        "cancel_at": None, "cancel_at_period_end": False, "schedule": None,
    }  # fmt: skip
    return made | fields


def read(*subscriptions: dict[str, Any], now: datetime = NOW) -> SubscriptionState:
    return read_subscriptions(subscriptions, now).state


@pytest.mark.parametrize(
    ("status", "plan"),
    [
        ("trialing", "Plus"), ("active", "Plus"), ("past_due", "Plus"), ("unpaid", "Free"), ("canceled", "Free"),
        ("incomplete", "Free"), ("incomplete_expired", "Free"), ("paused", "Free"), ("something_new", "Free"),
    ],
)  # fmt: skip
def test_what_each_status_gives(status: str, plan: str) -> None:
    state = read(subscription(status))
    assert (state.plan, state.status) == (plan, status)


class TestGrace:
    def test_it_begins_with_the_oldest_unpaid_invoice(self) -> None:
        late = subscription("past_due", unpaid_since=int(START.timestamp()))
        assert read(late).grace_until == START + timedelta(days=7)
        assert read(late, now=START + timedelta(days=6, hours=23)).plan == "Plus"
        assert read(late, now=START + timedelta(days=7)).plan == "Free"

    @pytest.mark.parametrize("days", [0, 3, 30])
    def test_it_is_as_long_as_the_setting_says(self, days: int) -> None:
        with override_settings(BILLING_GRACE_DAYS=days):
            late = subscription("past_due", unpaid_since=int(START.timestamp()))
            assert read(late).plan == ("Plus" if days > 3 else "Free")

    def test_nothing_new_is_paid_for(self) -> None:
        invoice = {"status": "open", "billing_reason": "subscription_cycle"}
        state = read(subscription("past_due", latest_invoice=invoice))
        assert (state.paid_start, state.paid_end) == (add_months(START, -1), START)


class TestPaidPeriod:
    @pytest.mark.parametrize("status", ["draft", "open"])
    def test_a_renewal_counts_once_its_invoice_is_paid(self, status: str) -> None:
        state = read(subscription(latest_invoice={"status": status, "billing_reason": "subscription_cycle"}))
        assert state.paid_end == START
        assert state.plan == "Plus"

    def test_an_unpaid_upgrade_leaves_the_period_paid(self) -> None:
        state = read(subscription(latest_invoice={"status": "open", "billing_reason": "subscription_update"}))
        assert (state.paid_start, state.paid_end) == (START, END)

    def test_a_trial_is_a_period(self) -> None:
        state = read(
            subscription("trialing", latest_invoice={"status": "draft", "billing_reason": "subscription_create"})
        )
        assert state.paid_end == END

    def test_the_period_before_has_the_price_s_own_length(self) -> None:
        assert period_before(START, {"interval": "year", "interval_count": 1})[0] == START.replace(year=2025)
        assert period_before(START, {"interval": "week", "interval_count": 2})[0] == START - timedelta(days=14)
        assert period_before(START, None)[0] == START.replace(month=10)
        assert add_months(datetime(2026, 3, 31, tzinfo=UTC), -1) == datetime(2026, 2, 28, tzinfo=UTC)


class TestEnding:
    def test_cancel_at_and_the_older_flag_are_the_same(self) -> None:
        today = read(subscription(cancel_at=int(END.timestamp())))
        older = read(subscription(cancel_at_period_end=True))
        assert today.cancel_at == older.cancel_at == END
        assert today.pending == older.pending == PendingChange(Plan("Free"), END)
        assert today.plan == "Plus"

    def test_it_is_over_at_its_time_even_before_stripe_says_so(self) -> None:
        assert read(subscription(cancel_at=int(NOW.timestamp()))).plan == "Free"

    def test_a_schedule_is_a_pending_change(self) -> None:
        phases = [
            {"start_date": int(START.timestamp()), "items": [{"price": "price_prod_plus"}]},
            {"start_date": int(END.timestamp()), "items": [{"price": "price_other"}]},
        ]
        planned = subscription(schedule={"status": "active", "phases": phases})
        assert scheduled_price(planned, NOW) == ("price_other", END)
        assert scheduled_price(subscription(schedule={"status": "released", "phases": phases}), NOW) is None
        assert scheduled_price(subscription(schedule="sub_sched_1"), NOW) is None
        assert with_pending(read(planned), Plan("Premium"), END).pending == PendingChange(Plan("Premium"), END)

    def test_an_end_comes_before_a_change_at_the_same_time(self) -> None:
        ends = read(subscription(cancel_at=int(END.timestamp())))
        assert with_pending(ends, Plan("Premium"), END) == ends


class TestSeveral:
    def test_the_highest_holds(self) -> None:
        assert read(subscription(), subscription(product="prod_premium")).plan == "Premium"
        assert read(subscription(product="prod_premium"), subscription()).plan == "Premium"

    def test_one_that_gives_comes_before_one_that_gave(self) -> None:
        assert read(subscription("canceled", "prod_premium"), subscription()).plan == "Plus"

    def test_of_the_same_plan_the_one_that_is_paid(self) -> None:
        late, paid = subscription("past_due"), subscription()
        assert read(late, paid).status == read(paid, late).status == "active"

    @pytest.mark.parametrize("over", ["canceled", "incomplete_expired"])
    def test_one_that_is_over_does_not_hide_one_that_waits(self, over: str) -> None:
        begun, ended = subscription("incomplete"), subscription(over)
        # It would have lasted longer.
        ended["items"]["data"][0]["current_period_end"] += 86400 * 300
        assert read(ended, begun).status == read(begun, ended).status == "incomplete"

    def test_two_prices_in_one(self) -> None:
        both = subscription()
        both["items"]["data"] += subscription(product="prod_premium")["items"]["data"]
        assert read(both).plan == "Premium"

    def test_none(self) -> None:
        assert read() == SubscriptionState()

    def test_products_of_others_are_named_while_they_run(self) -> None:
        running, over = subscription(product="prod_x"), subscription("canceled", "prod_y")
        assert read_subscriptions([running, over], NOW).unknown_products == ("prod_x",)


def session(**fields: Any) -> dict[str, Any]:
    made = {
        "id": "cs_1", "mode": "payment", "status": "complete", "payment_status": "paid",
        "metadata": {"kind": "topup", "tokens": "1000"},
        "payment_intent": {"id": "pi_1", "status": "succeeded", "latest_charge": {"id": "ch_1", "amount": 300}},
    }  # fmt: skip
    return made | fields


class TestTopUp:
    @pytest.mark.parametrize(
        ("refunds", "back"),
        [([], 0), ([1], 3), ([100], 333), ([100, 100], 666), ([100, 100, 100], 1000), ([300], 1000), ([299], 996)],
    )
    def test_tokens_go_back_with_the_money(self, refunds: list[int], back: int) -> None:
        made = [{"amount": amount, "status": "succeeded"} for amount in refunds]
        found = read_topup(session(), 1000, made, [])
        assert found.taken_back == back

    def test_a_failed_refund_takes_nothing(self) -> None:
        found = read_topup(
            session(), 1000, [{"amount": 300, "status": "failed"}, {"amount": 30, "status": "canceled"}], []
        )
        assert found.taken_back == 0

    @pytest.mark.parametrize(
        ("status", "frozen", "back"),
        [
            ("needs_response", True, 0), ("under_review", True, 0), ("won", False, 0), ("lost", False, 1000),
            ("warning_needs_response", False, 0), ("warning_closed", False, 0), ("prevented", False, 0),
        ],
    )  # fmt: skip
    def test_disputes(self, status: str, frozen: bool, back: int) -> None:
        found = read_topup(session(), 1000, [], [{"amount": 300, "status": status}])
        assert (found.frozen, found.taken_back) == (frozen, back)

    def test_never_more_than_all(self) -> None:
        found = read_topup(
            session(), 1000, [{"amount": 200, "status": "succeeded"}], [{"amount": 300, "status": "lost"}]
        )
        assert found.taken_back == 1000

    @pytest.mark.parametrize(
        ("status", "payment", "paid"),
        [
            ("complete", "paid", True), ("complete", "no_payment_required", True), ("complete", "unpaid", False),
            ("expired", "unpaid", False), ("open", "unpaid", False),
        ],
    )  # fmt: skip
    def test_only_what_is_paid(self, status: str, payment: str, paid: bool) -> None:
        found = read_topup(session(status=status, payment_status=payment, payment_intent=None), 1000, [], [])
        assert found.paid == paid

    def test_a_payment_link_is_known_by_its_price(self) -> None:
        lines = {"data": [{"price": {"id": "price_t"}, "quantity": 2}, {"price": {"id": "price_x"}, "quantity": 1}]}
        assert bought_tokens(session(metadata={}, line_items=lines)) == 2000
        assert bought_tokens(session(metadata={}, line_items={"data": []})) == 0
        assert bought_tokens(session(mode="subscription")) == 0
