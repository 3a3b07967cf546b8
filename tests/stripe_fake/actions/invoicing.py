"""Invoices: made, finalized, paid or not."""

from __future__ import annotations

from tests.stripe_fake import shapes
from tests.stripe_fake.actions.money import Money
from tests.stripe_fake.shapes import invoices
from tests.stripe_fake.shapes.invoices import invoice_owner
from tests.stripe_fake.state import Card, Shape
from tests.stripe_fake.times import DAY

_RETRY = 3 * DAY
_TRIES = 4


class Invoicing(Money):
    """Every action answers the invoice."""

    def bill(
        self, owner: Shape, lines: list[Shape], reason: str, card: Card | None, period: tuple[int, int] | None = None
    ) -> Shape:
        """A new invoice of a subscription, with what waited for one; card None: it stays a draft."""
        waiting = owner["_"]["pending_lines"]
        lines = [*waiting, *lines]
        waiting.clear()
        off = self._discount(owner, lines)
        total = sum(one["amount"] for one in lines) - sum(one["amount"] for one in off)
        made = invoices.draft(self.state, owner, reason=reason, lines=lines, period=period, total=total)
        made.update(subtotal=sum(one["amount"] for one in lines), total_discount_amounts=off)
        made["discounts"] = [one["discount"] for one in off]
        owner["latest_invoice"] = made["id"]
        self.state.emit("invoice.created", made)
        if card is not None:
            self.finalize_invoice(made["id"], card=card)
        return made

    def finalize_invoice(self, invoice: str, *, card: Card = "good") -> Shape:
        """A draft becomes an invoice to be paid, and is tried at once."""
        with self.state.lock:
            made = self._find(invoice)
            invoices.finalize(self.state, made)
            self.state.emit("invoice.finalized", made)
            if made["amount_due"] == 0:
                self._settled(made)
            else:
                self.try_invoice(invoice, card)
            return made

    def try_invoice(self, invoice: str, card: Card) -> bool:
        """Try to collect what is due; whether it was paid."""
        with self.state.lock:
            made = self._find(invoice)
            made.update(attempted=True, attempt_count=made["attempt_count"] + 1)
            intent = self._intent(made)
            if intent is None:
                intent = self.collect(made["customer"], made["amount_remaining"], card, {}, currency=made["currency"])
                shapes.invoice_payment(self.state, made, intent)
            else:
                self.confirm(intent, card)
            if intent["status"] == "succeeded":
                self._settled(made)
                return True
            is_last = made["attempt_count"] >= _TRIES or not made["auto_advance"]
            made["next_payment_attempt"] = None if is_last else self.state.now + _RETRY
            if card == "authenticate":
                self.state.emit("invoice.payment_action_required", made)
            self.state.emit("invoice.payment_failed", made)
            return False

    def void_invoice(self, invoice: str) -> Shape:
        """Void the invoice: it is not to be paid any more."""
        return self._close(invoice, "void", "voided_at", "invoice.voided")

    def mark_uncollectible(self, invoice: str) -> Shape:
        """Mark the invoice uncollectible."""
        return self._close(invoice, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible")

    def invoices_of(self, subscription: str, *statuses: str) -> list[Shape]:
        """A subscription's invoices, newest first."""
        made = [one for one in self.state.of("invoice") if invoice_owner(one) == subscription]
        return [one for one in made if not statuses or one["status"] in statuses]

    def _close(self, invoice: str, status: str, moment: str, event: str) -> Shape:
        with self.state.lock:
            made = self._find(invoice)
            made.update(status=status, next_payment_attempt=None, auto_advance=False)
            made["status_transitions"][moment] = self.state.now
            self.state.emit(event, made)
            return made

    def _settled(self, made: Shape) -> None:
        invoices.mark_paid(self.state, made)
        for one in self.state.of("invoice_payment"):
            if one["invoice"] == made["id"] and one["status"] == "open":
                one.update(status="paid", amount_paid=one["amount_requested"])
                one["status_transitions"]["paid_at"] = self.state.now
                self.state.emit("invoice_payment.paid", one)
        self.state.emit("invoice.paid", made)
        self.state.emit("invoice.payment_succeeded", made)

    def _intent(self, made: Shape) -> Shape | None:
        """The payment by which an invoice was tried before."""
        for one in self.state.of("invoice_payment"):
            if one["invoice"] == made["id"] and one["status"] == "open":
                return self._find(one["payment"]["payment_intent"])
        return None

    def _discount(self, owner: Shape, lines: list[Shape]) -> list[Shape]:
        """What the subscription's coupons take off these lines."""
        found: list[Shape] = []
        for name in owner["discounts"]:
            used = self._find(name)
            if used["end"] is not None and used["end"] <= self.state.now:
                continue
            chosen = self._find(used["source"]["coupon"])
            open_amount = sum(one["amount"] for one in lines if one["discountable"])
            amount = shapes.reduced(chosen, max(open_amount, 0))
            if amount:
                found.append({"amount": amount, "discount": name})
            if chosen["duration"] == "once":
                used["end"] = self.state.now
        return found
