"""Changes of a running subscription: another price, another period, the end of a trial, a plan for later."""

from __future__ import annotations

from dataclasses import dataclass

from tests.stripe_fake import shapes
from tests.stripe_fake.actions.subscriptions import Subscriptions, every
from tests.stripe_fake.shapes.invoices import period_line, proration_line
from tests.stripe_fake.state import Shape
from tests.stripe_fake.times import after

_PENDING = 23 * 3600


@dataclass(frozen=True)
class Before:
    """An item and its subscription as they were before a change."""

    price: Shape
    quantity: int
    left: tuple[int, int]
    fraction: float
    periods: tuple[tuple[int, int], ...]
    anchor: int


class Changes(Subscriptions):
    """Every action answers the subscription. pays: None = as the customer's card answers."""

    def change_price(
        self,
        subscription: str,
        price: str | None = None,
        *,
        quantity: int | None = None,
        proration: str = "always_invoice",
        behavior: str = "allow_incomplete",
        pays: bool | None = None,
        anchor_now: bool = False,
        ends_trial: bool = False,
    ) -> Shape:
        """Another price or quantity from now on, as the API, the dashboard or the portal changes it.

        The same interval: the period goes on, and the difference is billed now ("always_invoice"), with the next
        invoice ("create_prorations"), or not at all ("none"). Another interval, or anchor_now: a new period begins now
        and is billed now, less what is left of the old one. A trial goes on, or ends with the change.
        behavior: "pending_if_incomplete" changes nothing until the invoice is paid.
        """
        with self.state.lock:
            found = self._find(subscription)
            one = found["items"]["data"][0]
            before = self._before(found, one)
            self._set_item(one, self._find(price) if price else one["price"], quantity or one["quantity"])
            if found["status"] == "trialing":
                return self.end_trial(subscription, pays=pays) if ends_trial else self.update(subscription)
            begins = anchor_now or every(before.price) != every(one["price"])
            if begins:
                found["billing_cycle_anchor"] = self.state.now
                self._set_period(found, self.state.now)
            lines = self._lines(found, one, before, begins=begins, prorates=proration != "none")
            if not begins and proration == "create_prorations":
                found["_"]["pending_lines"] += lines
                lines = []
            if not lines:
                return self.update(subscription)
            bill = self.bill(found, lines, "subscription_update", self._card(found["customer"], pays))
            if bill["status"] != "paid" and behavior == "pending_if_incomplete":
                self._put_back(found, one, before)
            self.update(subscription)
            if found["pending_update"] is None:
                self._follow(found, bill)
            return found

    def move_anchor(
        self, subscription: str, *, proration: str = "create_prorations", pays: bool | None = None
    ) -> Shape:
        """`billing_cycle_anchor=now`: a new period begins now, the rest of the old one is given back."""
        return self.change_price(subscription, proration=proration, pays=pays, anchor_now=True)

    def end_trial(self, subscription: str, *, pays: bool | None = None) -> Shape:
        """`trial_end=now`: the first paid period begins now, and is billed now."""
        with self.state.lock:
            found = self._find(subscription)
            found.update(trial_end=self.state.now, billing_cycle_anchor=self.state.now, status="active")
            self._set_period(found, self.state.now)
            lines = [period_line(self.state, found, one) for one in found["items"]["data"]]
            bill = self.bill(found, lines, "subscription_update", self._card(found["customer"], pays))
            self.state.emit("customer.subscription.updated", found, {"status": "trialing"})
            self._follow(found, bill)
            return found

    def schedule_price(self, subscription: str, price: str) -> Shape:
        """Another price from the end of the period on, through a schedule."""
        with self.state.lock:
            found = self._find(subscription)
            one = found["items"]["data"][0]
            start, end = one["current_period_start"], one["current_period_end"]
            recurring = self._find(price)["recurring"]
            later = after(end, recurring["interval"], recurring["interval_count"])
            made = shapes.schedule(self.state, found, [(start, end, one["price"]["id"]), (end, later, price)])
            found["schedule"] = made["id"]
            self.state.emit("subscription_schedule.created", made)
            self.state.emit("subscription_schedule.updated", made)
            return self.update(subscription)

    def release_schedule(self, subscription: str) -> Shape:
        """The planned change is released."""
        with self.state.lock:
            found = self._find(subscription)
            self._release(found)
            return self.update(subscription)

    def pause_collection(
        self, subscription: str, behavior: str | None = "void", resumes_at: int | None = None
    ) -> Shape:
        """Nothing is collected until further notice; behavior None: collection goes on."""
        value = None if behavior is None else {"behavior": behavior, "resumes_at": resumes_at}
        return self.update(subscription, pause_collection=value)

    def expire_pending(self, subscription: str) -> Shape:
        """A change whose invoice was not paid is dropped, and its invoice is voided."""
        with self.state.lock:
            found = self._find(subscription)
            found["pending_update"] = None
            self.void_invoice(found["latest_invoice"])
            self.state.emit("customer.subscription.pending_update_expired", found)
            return self.update(subscription)

    # --- helpers
    def _before(self, found: Shape, one: Shape) -> Before:
        start, end = one["current_period_start"], one["current_period_end"]
        return Before(
            one["price"],
            one["quantity"],
            (self.state.now, end),
            min(1.0, max(0.0, (end - self.state.now) / (end - start))) if end > start else 0.0,
            tuple((each["current_period_start"], each["current_period_end"]) for each in found["items"]["data"]),
            found["billing_cycle_anchor"],
        )

    def _lines(self, found: Shape, one: Shape, before: Before, *, begins: bool, prorates: bool) -> list[Shape]:
        """What a change costs: the rest of the old is given back, the new is charged."""
        made: list[Shape] = []
        back = round(before.price["unit_amount"] * before.quantity * before.fraction)
        if prorates and back:
            made.append(proration_line(self.state, found, one, before.left, -back, of=(before.price, before.quantity)))
        if begins:
            return [*made, *(period_line(self.state, found, each) for each in found["items"]["data"])]
        if prorates:
            more = round(one["price"]["unit_amount"] * one["quantity"] * before.fraction)
            made.append(proration_line(self.state, found, one, before.left, more))
        return made

    def _put_back(self, found: Shape, one: Shape, before: Before) -> None:
        """The change waits for its invoice."""
        wanted, anchor = dict(one), found["billing_cycle_anchor"]
        self._set_item(one, before.price, before.quantity)
        found["billing_cycle_anchor"] = before.anchor
        for each, (start, end) in zip(found["items"]["data"], before.periods, strict=True):
            each.update(current_period_start=start, current_period_end=end)
        found["pending_update"] = {
            "billing_cycle_anchor": anchor if anchor != before.anchor else None, "cancel_at_period_end": None,
            "expires_at": self.state.now + _PENDING, "subscription_items": [wanted], "trial_end": None,
            "trial_from_plan": None,
        }  # fmt: skip
