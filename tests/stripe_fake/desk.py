"""What happens at Stripe: customers pay or fail to, people cancel, banks dispute.

Each step changes the world and emits its events.
"""

from __future__ import annotations

from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.world import Shape, World


class Desk:
    """The steps of subscriptions and payments, by the words Stripe uses. Every step answers the object it moved."""

    def __init__(self, world: World) -> None:
        self.world = world

    # --- subscriptions
    def subscribe(
        self, customer: str, price: str, metadata: dict[str, str] | None = None, trial_days: int = 0
    ) -> Shape:
        """A new subscription, its first invoice paid (or trialing, with an invoice of nothing)."""
        with self.world.lock:
            chosen = self.world.objects[price]
            made = shapes.subscription(self.world, customer, chosen, metadata or {}, trial_days)
            amount = 0 if trial_days else chosen["unit_amount"]
            bill = shapes.invoice(self.world, made, amount, paid=True)
            self.world.emit("customer.subscription.created", made)
            self.world.emit("invoice.paid", bill)
            return made

    def renew(self, subscription: str, *, paid: bool = True) -> Shape:
        """The next period begins (the world's clock moves there); its invoice is paid, or stays open and past due."""
        with self.world.lock:
            found = self.world.objects[subscription]
            first = found["items"]["data"][0]
            self.world.now = max(self.world.now, first["current_period_end"])
            recurring = first["price"]["recurring"]
            for one in found["items"]["data"]:
                start = one["current_period_end"]
                end = shapes.after(start, recurring["interval"], recurring["interval_count"])
                one.update(current_period_start=start, current_period_end=end)
            found["status"] = "active" if paid else "past_due"
            bill = shapes.invoice(self.world, found, first["price"]["unit_amount"], paid=paid)
            self.world.emit("customer.subscription.updated", found)
            self.world.emit("invoice.paid" if paid else "invoice.payment_failed", bill)
            return found

    def recover(self, subscription: str) -> Shape:
        """The open invoices are paid after all."""
        with self.world.lock:
            for bill in self.world.of("invoice"):
                if bill["status"] == "open" and bill["parent"]["subscription_details"]["subscription"] == subscription:
                    bill.update(status="paid", amount_paid=bill["amount_due"], amount_remaining=0)
                    self.world.emit("invoice.paid", bill)
            return self.update(subscription, status="active")

    def change_price(self, subscription: str, price: str) -> Shape:
        """Another price from now on, the period unchanged."""
        with self.world.lock:
            found = self.world.objects[subscription]
            found["items"]["data"][0]["price"] = self.world.objects[price]
            return self.update(subscription)

    def schedule_price(self, subscription: str, price: str) -> Shape:
        """Another price from the end of the period on, through a schedule."""
        with self.world.lock:
            found = self.world.objects[subscription]
            one = found["items"]["data"][0]
            start, end = one["current_period_start"], one["current_period_end"]
            phases = [
                {"start_date": start, "end_date": end, "items": [{"price": one["price"]["id"], "quantity": 1}]},
                {"start_date": end, "end_date": end + 30 * shapes.DAY, "items": [{"price": price, "quantity": 1}]},
            ]
            made = self.world.add(
                "sub_sched", "subscription_schedule",
                customer=found["customer"], subscription=subscription, status="active", end_behavior="release",
                current_phase={"start_date": start, "end_date": end}, phases=phases, released_at=None, canceled_at=None,
            )  # fmt: skip
            found["schedule"] = made["id"]
            self.world.emit("subscription_schedule.updated", made)
            return self.update(subscription)

    def cancel_at_period_end(self, subscription: str, *, legacy: bool = False) -> Shape:
        """It ends with its period. Today that is a `cancel_at`; legacy: the older flag alone."""
        with self.world.lock:
            end = self.world.objects[subscription]["items"]["data"][0]["current_period_end"]
            fields: dict[str, Any] = {"cancel_at_period_end": True} if legacy else {"cancel_at": end}
            return self.update(subscription, canceled_at=self.world.now, **fields)

    def cancel_at(self, subscription: str, moment: int) -> Shape:
        """It ends at a chosen time."""
        return self.update(subscription, cancel_at=moment, canceled_at=self.world.now)

    def keep(self, subscription: str) -> Shape:
        """The cancellation is taken back."""
        return self.update(subscription, cancel_at=None, cancel_at_period_end=False, canceled_at=None)

    def end(self, subscription: str, status: str = "canceled") -> Shape:
        """It is over."""
        with self.world.lock:
            found = self.world.objects[subscription]
            found.update(status=status, ended_at=self.world.now, canceled_at=found["canceled_at"] or self.world.now)
            self.world.emit("customer.subscription.deleted", found)
            return found

    def update(self, subscription: str, **fields: Any) -> Shape:
        """Any other change: unpaid, paused, incomplete_expired, resumed."""
        with self.world.lock:
            found = self.world.objects[subscription]
            found.update(fields)
            kinds = {"paused": "customer.subscription.paused"}
            self.world.emit(kinds.get(fields.get("status", ""), "customer.subscription.updated"), found)
            return found

    # --- checkout
    def complete(self, session: str, *, pays: bool = True) -> Shape:
        """Whoever opened the checkout goes through with it; pays=False: by a method that takes days."""
        with self.world.lock:
            found = self.world.objects[session]
            if found["status"] != "open":
                return found
            hidden = found["_"]
            found.update(status="complete", url=None)
            if found["mode"] == "subscription":
                found["payment_status"] = "no_payment_required" if hidden["trial_days"] else "paid"
                made = self.subscribe(found["customer"], hidden["price"], hidden["inner"], hidden["trial_days"])
                found.update(subscription=made["id"], invoice=made["latest_invoice"])
            else:
                state = "succeeded" if pays else "processing"
                intent = shapes.payment(self.world, found["customer"], found["amount_total"], hidden["inner"], state)
                found.update(payment_intent=intent["id"], payment_status="paid" if pays else "unpaid")
            self.world.emit("checkout.session.completed", found)
            return found

    def settle(self, session: str, *, paid: bool) -> Shape:
        """Days later the slow payment arrived, or did not."""
        with self.world.lock:
            found = self.world.objects[session]
            if paid:
                shapes.charge(self.world, self.world.objects[found["payment_intent"]])
                found["payment_status"] = "paid"
            kind = "async_payment_succeeded" if paid else "async_payment_failed"
            self.world.emit(f"checkout.session.{kind}", found)
            return found

    def expire(self, session: str) -> Shape:
        """Nobody went through with it."""
        with self.world.lock:
            found = self.world.objects[session]
            found.update(status="expired", url=None)
            self.world.emit("checkout.session.expired", found)
            return found

    # --- money back
    def charge_of(self, session: str) -> Shape:
        """The charge that paid a session."""
        intent = self.world.objects[self.world.objects[session]["payment_intent"]]
        return self.world.objects[intent["latest_charge"]]

    def refund(self, session: str, amount: int | None = None, status: str = "succeeded") -> Shape:
        """Give back part of a payment, or all of it."""
        with self.world.lock:
            paid = self.charge_of(session)
            amount = paid["amount"] - paid["amount_refunded"] if amount is None else amount
            made = self.world.add(
                "re", "refund",
                amount=amount, charge=paid["id"], currency="eur", customer=paid["customer"],
                payment_intent=paid["payment_intent"], reason=None, status=status,
            )  # fmt: skip
            paid["amount_refunded"] += amount
            paid["refunded"] = paid["amount_refunded"] == paid["amount"]
            self.world.emit("refund.created", made)
            self.world.emit("charge.refunded", paid)
            return made

    def fail_refund(self, refund: str) -> Shape:
        """The bank sent the refund back: the money is ours again."""
        with self.world.lock:
            made = self.world.objects[refund]
            made["status"] = "failed"
            paid = self.world.objects[made["charge"]]
            paid["amount_refunded"] -= made["amount"]
            paid["refunded"] = False
            self.world.emit("refund.failed", made)
            return made

    def dispute(self, session: str, amount: int | None = None, status: str = "needs_response") -> Shape:
        """The bank takes the money back until the matter is decided."""
        with self.world.lock:
            paid = self.charge_of(session)
            paid["disputed"] = True
            made = self.world.add(
                "dp", "dispute",
                amount=amount or paid["amount"], charge=paid["id"], currency="eur",
                payment_intent=paid["payment_intent"],
                reason="fraudulent", status=status, is_charge_refundable=False,
            )  # fmt: skip
            self.world.emit("charge.dispute.created", made)
            self.world.emit("charge.dispute.funds_withdrawn", made)
            return made

    def close_dispute(self, dispute: str, status: str) -> Shape:
        """won, lost, or warning_closed."""
        with self.world.lock:
            made = self.world.objects[dispute]
            made["status"] = status
            if status == "won":
                self.world.emit("charge.dispute.funds_reinstated", made)
            self.world.emit("charge.dispute.closed", made)
            return made

    def delete_customer(self, customer: str) -> Shape:
        """A customer is deleted, and every subscription with it."""
        with self.world.lock:
            for found in self.world.of("subscription"):
                if found["customer"] == customer and found["status"] != "canceled":
                    self.end(found["id"])
            gone = {"id": customer, "object": "customer", "deleted": True}
            before = dict(self.world.objects[customer])
            self.world.objects[customer] = gone
            self.world.emit("customer.deleted", before)
            return gone
