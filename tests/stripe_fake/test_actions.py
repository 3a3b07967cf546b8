"""What the actions of the fake do to subscriptions, invoices and payments, as Stripe does it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stripe_fake import Actions, StripeState, shapes
from tests.stripe_fake.expansion import public
from tests.stripe_fake.state import Shape
from tests.stripe_fake.times import DAY

MAY = 1777593600  # 2026-05-01


@pytest.fixture
def state() -> StripeState:
    return StripeState(now=MAY)


@pytest.fixture
def actions(state: StripeState) -> Actions:
    return Actions(state)


@pytest.fixture
def shop(actions: Actions) -> dict[str, str]:
    plus = actions.add_product("Plus", month=900, year=9000)
    premium = actions.add_product("Premium", month=2900, year=29000)
    tokens = actions.add_product("Tokens", once=500)
    return {
        "plus": plus["month"], "plus_year": plus["year"], "premium": premium["month"],
        "premium_year": premium["year"], "tokens": tokens["once"],
    }  # fmt: skip


@pytest.fixture
def owner(actions: Actions) -> str:
    return str(actions.add_customer()["id"])


def latest(state: StripeState, subscription: Shape) -> Shape:
    return state.objects[subscription["latest_invoice"]]


def lines(bill: Shape) -> list[tuple[int, int, int, bool]]:
    """Amount, period and whether it is a proration, of each line."""
    return [
        (
            one["amount"],
            one["period"]["start"],
            one["period"]["end"],
            one["parent"]["subscription_item_details"]["proration"],
        )
        for one in bill["lines"]["data"]
    ]


def period(subscription: Shape) -> tuple[int, int]:
    one = subscription["items"]["data"][0]
    return one["current_period_start"], one["current_period_end"]


class TestChanges:
    def test_a_new_subscription(self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str) -> None:
        made = actions.subscribe(owner, shop["plus"], quantity=2)
        bill = latest(state, made)
        assert (bill["billing_reason"], bill["status"], bill["total"]) == ("subscription_create", "paid", 1800)
        assert lines(bill) == [(1800, MAY, MAY + 31 * DAY, False)]
        assert actions.charge_of(made["id"])["amount"] == 1800

    def test_the_first_payment_fails(
        self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        actions.set_card(owner, "declined")
        made = actions.subscribe(owner, shop["plus"])
        assert (made["status"], latest(state, made)["status"]) == ("incomplete", "open")
        actions.pay_invoice(made["latest_invoice"])
        assert made["status"] == "active"
        other = actions.subscribe(owner, shop["plus"])
        actions.advance(days=1)
        assert (other["status"], latest(state, other)["status"]) == ("incomplete_expired", "void")

    def test_the_same_interval_goes_on(
        self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        made = actions.subscribe(owner, shop["plus"])
        whole = period(made)
        half = (whole[0] + whole[1]) // 2
        actions.advance_to(half)
        actions.change_price(made["id"], shop["premium"])
        bill = latest(state, made)
        assert (bill["billing_reason"], period(made)) == ("subscription_update", whole)
        assert lines(bill) == [(-450, half, whole[1], True), (1450, half, whole[1], True)]

    def test_prorations_that_wait(self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str) -> None:
        made = actions.subscribe(owner, shop["plus"])
        first = made["latest_invoice"]
        actions.advance_to(sum(period(made)) // 2)
        actions.change_price(made["id"], shop["premium"], proration="create_prorations")
        assert made["latest_invoice"] == first
        actions.renew(made["id"])
        bill = latest(state, made)
        assert bill["billing_reason"] == "subscription_cycle"
        assert [one[0] for one in lines(bill)] == [-450, 1450, 2900]

    def test_an_invoice_shows_ten_lines(
        self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        made = actions.subscribe(owner, shop["plus"])
        for quantity in (2, 3, 4, 5, 6):
            actions.change_price(made["id"], quantity=quantity, proration="create_prorations")
        actions.renew(made["id"])
        shown = public(latest(state, made))["lines"]
        assert (len(latest(state, made)["lines"]["data"]), len(shown["data"]), shown["has_more"]) == (11, 10, True)

    def test_another_interval_begins_anew(
        self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        made = actions.subscribe(owner, shop["plus"])
        end = period(made)[1]
        actions.advance(days=10)
        actions.change_price(made["id"], shop["premium_year"], pays=False)
        bill = latest(state, made)
        assert (made["status"], bill["status"], bill["billing_reason"]) == ("past_due", "open", "subscription_update")
        assert lines(bill) == [
            (-round(900 * 21 / 31), state.now, end, True),
            (29000, state.now, state.now + 365 * DAY, False),
        ]
        assert period(made) == (state.now, state.now + 365 * DAY)

    def test_the_anchor_moves(self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str) -> None:
        made = actions.subscribe(owner, shop["plus"])
        actions.advance(days=20)
        actions.move_anchor(made["id"])
        assert period(made)[0] == made["billing_cycle_anchor"] == state.now
        assert [one[3] for one in lines(latest(state, made))] == [True, False]
        assert latest(state, made)["status"] == "paid"

    def test_a_trial_ends_early(self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str) -> None:
        made = actions.subscribe(owner, shop["plus"], trial_days=14)
        assert (made["status"], latest(state, made)["total"]) == ("trialing", 0)
        actions.advance(days=5)
        actions.end_trial(made["id"])
        bill = latest(state, made)
        assert (made["status"], made["trial_end"], bill["billing_reason"]) == (
            "active",
            state.now,
            "subscription_update",
        )
        assert lines(bill) == [(900, *period(made), False)]
        assert period(made)[0] == state.now

    @pytest.mark.parametrize("ends", [True, False])
    def test_a_change_in_a_trial(self, actions: Actions, shop: dict[str, str], owner: str, ends: bool) -> None:
        made = actions.subscribe(owner, shop["plus"], trial_days=14)
        actions.change_price(made["id"], shop["premium"], ends_trial=ends)
        assert made["status"] == ("active" if ends else "trialing")

    def test_a_change_that_waits_for_its_payment(
        self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        made = actions.subscribe(owner, shop["plus"])
        before = period(made)
        actions.advance(days=5)
        actions.change_price(made["id"], shop["premium_year"], pays=False, behavior="pending_if_incomplete")
        assert (made["status"], period(made)) == ("active", before)
        assert made["items"]["data"][0]["price"]["id"] == shop["plus"]
        actions.pay_invoice(made["latest_invoice"])
        assert made["items"]["data"][0]["price"]["id"] == shop["premium_year"]
        assert period(made)[0] == state.now

    def test_a_schedule_changes_the_price_with_the_period(
        self, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        made = actions.subscribe(owner, shop["premium"])
        actions.schedule_price(made["id"], shop["plus_year"])
        end = period(made)[1]
        actions.advance_to(end)
        assert made["items"]["data"][0]["price"]["id"] == shop["plus_year"]
        assert period(made) == (end, shapes.after(end, "year"))

    def test_credit_is_used_up(self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str) -> None:
        made = actions.subscribe(owner, shop["premium_year"])
        actions.advance(days=1)
        actions.change_price(made["id"], shop["plus"])
        bill = latest(state, made)
        assert bill["total"] < 0
        assert (bill["amount_due"], bill["status"]) == (0, "paid")
        assert state.objects[owner]["balance"] == bill["total"]
        actions.renew(made["id"])
        assert latest(state, made)["amount_due"] == 0
        assert state.objects[owner]["balance"] == bill["total"] + 900


class TestTime:
    def test_periods_trials_and_cancellations(
        self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        made = actions.subscribe(owner, shop["plus"], trial_days=14)
        actions.advance(days=15)
        assert (made["status"], latest(state, made)["billing_reason"]) == ("active", "subscription_cycle")
        actions.set_card(owner, "declined")
        actions.advance(days=31)
        assert made["status"] == "past_due"
        actions.set_card(owner, "good")
        actions.recover(made["id"])
        actions.cancel_at_period_end(made["id"])
        actions.advance(days=31)
        assert made["status"] == "canceled"
        assert made["ended_at"] == made["cancel_at"] < state.now

    def test_open_invoices_are_tried_again(
        self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        made = actions.subscribe(owner, shop["plus"])
        actions.set_card(owner, "declined")
        actions.advance(days=33)
        assert (made["status"], latest(state, made)["attempt_count"]) == ("past_due", 1)
        actions.set_card(owner, "good")
        actions.advance(days=3)
        assert (made["status"], latest(state, made)["attempt_count"]) == ("active", 2)
        actions.set_card(owner, "declined")
        actions.advance(days=50)
        actions.give_up(made["id"], "unpaid")
        assert latest(state, made)["attempt_count"] == 4
        actions.advance(days=31)
        assert (made["status"], latest(state, made)["status"]) == ("unpaid", "draft")

    @pytest.mark.parametrize(("behavior", "status"), [("void", "void"), ("keep_as_draft", "draft")])
    def test_paused_collection(
        self, actions: Actions, shop: dict[str, str], owner: str, behavior: str, status: str
    ) -> None:
        made = actions.subscribe(owner, shop["plus"])
        actions.pause_collection(made["id"], behavior, MAY + 40 * DAY)
        actions.advance(days=35)
        assert (made["status"], latest(actions.state, made)["status"]) == ("active", status)
        actions.advance(days=10)
        assert made["pause_collection"] is None

    def test_the_anchor_holds_over_short_months(
        self, state: StripeState, actions: Actions, shop: dict[str, str]
    ) -> None:
        state.now = 1769860800  # 31 January 2026
        made = actions.subscribe(str(actions.add_customer()["id"]), shop["plus"])
        ends = [period(made)[1]]
        for _ in range(2):
            actions.renew(made["id"])
            ends.append(period(made)[1])
        assert ends == [1772280000, 1774958400, 1777550400]  # 28 February, 31 March, 30 April


class TestMoney:
    def test_a_guest_pays_by_link(self, state: StripeState, actions: Actions, shop: dict[str, str]) -> None:
        link = actions.add_link(shop["tokens"], quantity=3)
        made = actions.pay_link(link["id"], client_reference_id="7")
        assert (made["customer"], made["client_reference_id"], made["amount_total"]) == (None, "7", 1500)
        charge = actions.charge_of(made["id"])
        assert (charge["customer"], charge["billing_details"]["email"]) == (None, "guest@example.com")
        assert actions.refund(made["id"], 500)["customer"] is None
        always = actions.add_link(shop["tokens"], customer_creation="always")
        assert actions.pay_link(always["id"])["customer"] in state.objects

    def test_a_dispute_through_appeal(self, state: StripeState, actions: Actions, shop: dict[str, str]) -> None:
        made = actions.dispute(actions.pay_link(actions.add_link(shop["tokens"])["id"])["id"])
        seen = [made["status"]]
        steps: list[Any] = [
            lambda: actions.answer_dispute(made["id"]),
            lambda: actions.close_dispute(made["id"], "lost"),
            lambda: actions.appeal_dispute(made["id"]),
            lambda: actions.answer_dispute(made["id"]),
            lambda: actions.close_dispute(made["id"], "won"),
        ]
        seen += [step()["status"] for step in steps]
        assert seen == ["needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review", "won"]
        assert [one["amount"] for one in made["balance_transactions"]] == [-500, 500]

    def test_a_code_makes_the_first_month_cheaper(
        self, state: StripeState, actions: Actions, shop: dict[str, str], owner: str
    ) -> None:
        code = actions.add_code("HALF", percent_off=50)
        made = actions.subscribe(owner, shop["plus"], promotion_code=code["id"])
        assert latest(state, made)["total"] == 450
        actions.renew(made["id"])
        assert latest(state, made)["total"] == 900
