"""Subscriptions: begun, changed, renewed, paid for or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.actions.invoicing import Invoicing
from tests.stripe_fake.shapes.invoices import invoice_owner, period_line
from tests.stripe_fake.state import Card, Shape
from tests.stripe_fake.times import after, next_after

_PENDING = 23 * 3600


class Subscriptions(Invoicing):
    """Every action answers the subscription. pays: None = as the customer's card answers."""

    def subscribe(
        self,
        customer: str,
        price: str,
        metadata: dict[str, str] | None = None,
        trial_days: int = 0,
        *,
        quantity: int = 1,
        pays: bool | None = None,
        promotion_code: str | None = None,
        extra: tuple[str, ...] = (),
    ) -> Shape:
        """A new subscription, its first invoice paid (or trialing, with an invoice of nothing).

        Not paid: it is incomplete, for a day. extra: prices of further items.
        """
        with self.state.lock:
            chosen = self._find(price)
            made = shapes.subscription(self.state, customer, chosen, metadata or {}, trial_days, quantity=quantity)
            first = made["items"]["data"][0]
            for one in extra:
                period = first["current_period_start"], first["current_period_end"]
                made["items"]["data"].append(shapes.item(self.state, made["id"], self._find(one), *period))
            if promotion_code is not None:
                self._redeem(made, self._find(promotion_code))
            card = self._card(customer, pays)
            at_work = [period_line(self.state, made, one, free=bool(trial_days)) for one in made["items"]["data"]]
            if card != "good" and not trial_days:
                made["status"] = "incomplete"
            self.state.emit("customer.subscription.created", made)
            bill = self.bill(made, at_work, "subscription_create", card)
            if bill["status"] == "paid" and made["status"] == "incomplete":
                made["status"] = "active"  # nothing was due
                self.state.emit("customer.subscription.updated", made, {"status": "incomplete"})
            owner = self._find(customer)
            owner["currency"] = owner.get("currency") or made["currency"]
            return made

    def renew(self, subscription: str, *, paid: bool | None = True, draft: bool = False) -> Shape:
        """The next period begins (the clock moves there); its invoice is paid, or stays open and past due.

        draft: as in the first hour, the invoice is one still (`finish_renewal` goes on); the status is active already.
        A trial ends in this way too. A schedule's next phase begins with the period.
        """
        with self.state.lock:
            found = self._find(subscription)
            first = found["items"]["data"][0]
            before = (first["current_period_start"], first["current_period_end"])
            self.state.now = max(self.state.now, before[1])
            self._enter_phase(found, before[1])
            self._set_period(found, before[1])
            was_trial = found["status"] == "trialing"
            if was_trial:
                found["status"] = "active"
            paused = found["pause_collection"]
            is_unpaid = found["status"] == "unpaid"
            is_open = draft or is_unpaid or paused is not None
            card = None if is_open else self._card(found["customer"], paid)
            lines = [period_line(self.state, found, one) for one in found["items"]["data"]]
            self.state.emit("customer.subscription.updated", found, {"status": "trialing"} if was_trial else None)
            bill = self.bill(found, lines, "subscription_cycle", card, before)
            if paused is not None:
                self._hold_back(bill, paused["behavior"])
            elif is_unpaid:
                bill["auto_advance"] = False  # no attempt to collect from a customer who did not pay
            elif not draft:
                self._follow(found, bill)
            return found

    def finish_renewal(self, subscription: str, *, paid: bool | None = True) -> Shape:
        """The draft of a renewal is finalized and tried, an hour after the period began."""
        with self.state.lock:
            found = self._find(subscription)
            bill = self._find(found["latest_invoice"])
            self.finalize_invoice(bill["id"], card=self._card(found["customer"], paid))
            self._follow(found, bill)
            return found

    def recover(self, subscription: str) -> Shape:
        """The open invoices are paid after all."""
        with self.state.lock:
            for bill in self.invoices_of(subscription, "open"):
                self.try_invoice(bill["id"], "good")
            found = self._find(subscription)
            self._apply_pending(found)
            return self.update(subscription, status="active")

    def pay_invoice(self, invoice: str, *, card: Card = "good") -> Shape:
        """One open invoice is tried once more; the subscription follows when it was its latest."""
        with self.state.lock:
            bill = self._find(invoice)
            self.try_invoice(invoice, card)
            if (owner := invoice_owner(bill)) is not None:
                found = self._find(owner)
                if bill["status"] == "paid":
                    self._apply_pending(found)
                if found["latest_invoice"] == invoice and bill["status"] == "paid":
                    if found["status"] in ("past_due", "unpaid", "incomplete"):
                        self.update(owner, status="active")
                elif found["latest_invoice"] == invoice:
                    self._follow(found, bill)
            return bill

    def give_up(self, subscription: str, status: str = "canceled") -> Shape:
        """All tries to collect failed: by the account's settings it is canceled, unpaid, or stays past_due."""
        with self.state.lock:
            found = self._find(subscription)
            for bill in self.invoices_of(subscription, "open"):
                bill.update(next_payment_attempt=None, auto_advance=False)
            if status == "canceled":
                found["cancellation_details"]["reason"] = "payment_failed"
                return self.end(subscription)
            return self.update(subscription, status=status)

    def expire_incomplete(self, subscription: str) -> Shape:
        """The first invoice was not paid within a day."""
        with self.state.lock:
            found = self._find(subscription)
            self.void_invoice(found["latest_invoice"])
            return self.update(subscription, status="incomplete_expired", ended_at=self.state.now)

    # --- ending
    def cancel_at_period_end(self, subscription: str, *, legacy: bool = False) -> Shape:
        """It ends with its period. Today that is a `cancel_at`; legacy: the older flag alone."""
        with self.state.lock:
            found = self._find(subscription)
            end = found["items"]["data"][0]["current_period_end"]
            fields: dict[str, Any] = {"cancel_at_period_end": True} if legacy else {"cancel_at": end}
            found["cancellation_details"]["reason"] = "cancellation_requested"
            return self.update(subscription, canceled_at=self.state.now, **fields)

    def cancel_at(self, subscription: str, moment: int) -> Shape:
        """It ends at a chosen time."""
        return self.update(subscription, cancel_at=moment, canceled_at=self.state.now)

    def keep(self, subscription: str) -> Shape:
        """The cancellation is undone."""
        self._find(subscription)["cancellation_details"]["reason"] = None
        return self.update(subscription, cancel_at=None, cancel_at_period_end=False, canceled_at=None)

    def end(self, subscription: str, status: str = "canceled") -> Shape:
        """The subscription ends now, without a refund."""
        with self.state.lock:
            found = self._find(subscription)
            self._release(found, "canceled")
            found.update(status=status, ended_at=self.state.now, canceled_at=found["canceled_at"] or self.state.now)
            details = found["cancellation_details"]
            details["reason"] = details["reason"] or "cancellation_requested"
            for bill in self.invoices_of(subscription, "open", "draft"):
                bill.update(auto_advance=False, next_payment_attempt=None)
            self.state.emit("customer.subscription.deleted", found)
            return found

    def update(self, subscription: str, **fields: Any) -> Shape:
        """Any other change: unpaid, paused, resumed."""
        with self.state.lock:
            found = self._find(subscription)
            before = {name: found.get(name) for name, value in fields.items() if found.get(name) != value}
            found.update(fields)
            kind = "customer.subscription.updated"
            if before.get("status") == "paused" and fields.get("status") == "active":
                self.state.emit("customer.subscription.resumed", found)
            elif fields.get("status") == "paused":
                kind = "customer.subscription.paused"
            self.state.emit(kind, found, before)
            return found

    # --- helpers
    def _apply_pending(self, found: Shape) -> None:
        if (pending := found["pending_update"]) is None:
            return
        found["pending_update"] = None
        for wanted in pending["subscription_items"]:
            one = self._find(wanted["id"])
            self._set_item(one, wanted["price"], wanted["quantity"])
            one.update(
                current_period_start=wanted["current_period_start"], current_period_end=wanted["current_period_end"]
            )
        found["billing_cycle_anchor"] = pending["billing_cycle_anchor"] or found["billing_cycle_anchor"]
        self.state.emit("customer.subscription.pending_update_applied", found)
        self.state.emit("customer.subscription.updated", found)

    def _follow(self, found: Shape, bill: Shape) -> None:
        """The status that follows from the newest invoice."""
        status = found["status"]
        if bill["status"] == "paid":
            wanted = "active" if status in ("past_due", "incomplete") else status
        elif status in ("active", "trialing"):
            wanted = "past_due"
        else:
            wanted = status
        if wanted != status:
            self.update(found["id"], status=wanted)

    def _set_item(self, one: Shape, chosen: Shape, amount: int) -> None:
        one.update(price=chosen, plan=shapes.plan(self.state, chosen), quantity=amount)

    def _set_period(self, found: Shape, start: int) -> None:
        for one in found["items"]["data"]:
            recurring = one["price"]["recurring"]
            every = recurring["interval"], recurring["interval_count"]
            anchor = min(found["billing_cycle_anchor"], start)
            one.update(current_period_start=start, current_period_end=next_after(anchor, start, *every))

    def _enter_phase(self, found: Shape, moment: int) -> None:
        """What a schedule has planned for this moment happens."""
        if found["schedule"] is None:
            return
        made = self._find(found["schedule"])
        for phase in made["phases"]:
            if phase["start_date"] == moment:
                for one, planned in zip(found["items"]["data"], phase["items"], strict=False):
                    chosen = self._find(planned["price"])
                    if every(one["price"]) != every(chosen):
                        found["billing_cycle_anchor"] = moment
                    self._set_item(one, chosen, planned["quantity"])
                made["current_phase"] = {"start_date": moment, "end_date": phase["end_date"]}
                self.state.emit("subscription_schedule.updated", made)
        if made["phases"][-1]["end_date"] <= moment:
            self._release(found)

    def _release(self, found: Shape, status: str = "released") -> None:
        if found["schedule"] is None:
            return
        made = self._find(found["schedule"])
        moment = "released_at" if status == "released" else "canceled_at"
        made.update({"status": status, moment: self.state.now, "current_phase": None})
        if status == "released":
            made.update(released_subscription=found["id"], subscription=None)
            found["schedule"] = None
        self.state.emit(f"subscription_schedule.{status}", made)

    def _hold_back(self, bill: Shape, behavior: str) -> None:
        closing: dict[str, Callable[[str], Shape]] = {
            "void": self.void_invoice, "mark_uncollectible": self.mark_uncollectible,
        }  # fmt: skip
        if behavior in closing:
            closing[behavior](bill["id"])
        else:
            bill["auto_advance"] = False

    def _redeem(self, made: Shape, code: Shape) -> None:
        owner = self._find(code["promotion"]["coupon"])
        used = shapes.discount(self.state, owner, code=code["id"], subscription=made["id"], customer=made["customer"])
        if owner["duration"] == "repeating":
            used["end"] = after(self.state.now, "month", owner["duration_in_months"] or 1)
        made["discounts"] = [used["id"]]
        for one in (owner, code):
            one["times_redeemed"] += 1


def every(chosen: Shape) -> tuple[str, int]:
    recurring = chosen["recurring"]
    return recurring["interval"], recurring["interval_count"]
