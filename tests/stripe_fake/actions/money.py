"""Payments, refunds and disputes."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake import shapes
from tests.stripe_fake.actions.base import ActionGroup
from tests.stripe_fake.shapes.invoices import invoice_owner
from tests.stripe_fake.shapes.payments import payment_error
from tests.stripe_fake.state import Card, Shape


class Money(ActionGroup):
    """Every action answers the object that it changed.

    Where a payment is named, the id may be that of a session, an invoice, a subscription (what was last paid for it), a
    payment or a charge.
    """

    def collect(
        self, customer: str | None, amount: int, card: Card, metadata: dict[str, str], *, currency: str, **fields: Any
    ) -> Shape:
        """Try to take a payment; its status says the result."""
        intent = shapes.payment(
            self.state, customer, amount, metadata, "requires_confirmation", currency=currency, **fields
        )
        self.state.emit("payment_intent.created", intent)
        return self.confirm(intent, card)

    def confirm(self, intent: Shape, card: Card, return_url: str | None = None) -> Shape:
        """Try a payment that is there already. return_url: where the bank's question leads back to."""
        if card == "good":
            paid = shapes.charge(self.state, intent)
            self.state.emit("charge.succeeded", paid)
            self.state.emit("payment_intent.succeeded", intent)
        elif card == "declined":
            failed = shapes.charge(self.state, intent, failure="card_declined")
            error = payment_error("card_declined", decline="generic_decline", charged=failed["id"])
            intent.update(status="requires_payment_method", last_payment_error=error, payment_method=None)
            self.state.emit("charge.failed", failed)
            self.state.emit("payment_intent.payment_failed", intent)
        else:
            question: Shape = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
            if return_url:
                url = f"{self.state.site_url}/authenticate/{intent['id']}"
                question = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
            intent.update(status="requires_action", next_action=question, last_payment_error=None)
            self.state.emit("payment_intent.requires_action", intent)
        return intent

    def authenticate(self, intent: str, *, succeeds: bool = True) -> Shape:
        """The owner of the card answers the bank's question, or fails to."""
        with self.state.lock:
            found = self._find(intent)
            if found["status"] != "requires_action":
                return found
            if succeeds:
                return self.confirm(found, "good")
            error = payment_error("payment_intent_authentication_failure")
            found.update(
                status="requires_payment_method", last_payment_error=error, payment_method=None, next_action=None
            )
            self.state.emit("payment_intent.payment_failed", found)
            return found

    def charge_of(self, name: str) -> Shape:
        """The charge that paid a session, an invoice, a subscription or a payment."""
        found = self._find(name)
        match found["object"]:
            case "charge":
                return found
            case "payment_intent":
                return self._find(found["latest_charge"])
            case "subscription":
                made = [one["id"] for one in self.state.of("invoice") if invoice_owner(one) == name]
                return self._charge_of_invoices(made)
            case "invoice":
                return self._charge_of_invoices([name])
            case _:
                return self.charge_of(found["payment_intent"] or found["invoice"])

    def _charge_of_invoices(self, names: list[str]) -> Shape:
        """The charge that paid the newest of these invoices that was paid with money."""
        for one in self.state.of("invoice_payment"):
            if one["invoice"] in names and one["status"] == "paid":
                return self.charge_of(one["payment"]["payment_intent"])
        raise LookupError(f"nothing was paid for {names}")

    def refund(self, name: str, amount: int | None = None, status: str = "succeeded", **fields: Any) -> Shape:
        """Give back part of a payment, or all of it; status "pending": by a method that takes days."""
        with self.state.lock:
            paid = self.charge_of(name)
            amount = paid["amount"] - paid["amount_refunded"] if amount is None else amount
            made = shapes.refund(self.state, paid, amount, status, **fields)
            paid["amount_refunded"] += amount
            paid["refunded"] = paid["amount_refunded"] == paid["amount"]
            self.state.emit("refund.created", made)
            self.state.emit("charge.refunded", paid)
            return made

    def settle_refund(self, refund: str) -> Shape:
        """A pending refund succeeded."""
        with self.state.lock:
            made = self._find(refund)
            made["status"] = "succeeded"
            moved = shapes.movement(self.state, -made["amount"], made["id"], "refund", currency=made["currency"])
            made["balance_transaction"] = moved["id"]
            self.state.emit("refund.updated", made)
            return made

    def fail_refund(self, refund: str, status: str = "failed") -> Shape:
        """The bank sent the refund back: the money is the site's again. status "canceled": the site canceled it."""
        with self.state.lock:
            made = self._find(refund)
            made["status"] = status
            if status == "failed":
                made["failure_reason"] = "lost_or_stolen_card"
                back = shapes.movement(
                    self.state, made["amount"], made["id"], "refund_failure", currency=made["currency"]
                )
                made["failure_balance_transaction"] = back["id"]
            paid = self._find(made["charge"])
            paid["amount_refunded"] -= made["amount"]
            paid["refunded"] = False
            self.state.emit("refund.failed" if status == "failed" else "refund.updated", made)
            return made

    # --- disputes
    def dispute(self, name: str, amount: int | None = None, status: str = "needs_response") -> Shape:
        """A dispute: the bank takes the money until it is decided; status "warning_…": an inquiry, no money moves."""
        with self.state.lock:
            paid = self.charge_of(name)
            made = shapes.dispute(self.state, paid, amount or paid["amount"], status)
            paid["disputed"] = True
            self.state.emit("charge.dispute.created", made)
            if not status.startswith("warning_"):
                self._withdraw(made)
            return made

    def escalate_dispute(self, dispute: str) -> Shape:
        """An inquiry becomes a dispute, and the money goes."""
        with self.state.lock:
            made = self.move_dispute(dispute, "needs_response")
            made["is_charge_refundable"] = False
            self._withdraw(made)
            return made

    def answer_dispute(self, dispute: str) -> Shape:
        """Evidence is submitted; the bank reviews it, or the appeal."""
        with self.state.lock:
            made = self._find(dispute)
            made["evidence_details"].update(has_evidence=True, submission_method="manual")
            made["evidence_details"]["submission_count"] += 1
            return self.move_dispute(dispute, made["status"].replace("needs_response", "under_review"))

    def appeal_dispute(self, dispute: str) -> Shape:
        """A lost dispute may be appealed: it waits for an answer again; the money stays away.

        `answer_dispute` hands the appeal in ("appeal_under_review"), `close_dispute` decides it.
        """
        return self.move_dispute(dispute, "appeal_needs_response")

    def move_dispute(self, dispute: str, status: str) -> Shape:
        """Any other status, whatever it is."""
        with self.state.lock:
            made = self._find(dispute)
            before = made["status"]
            made["status"] = status
            self.state.emit("charge.dispute.updated", made, {"status": before})
            return made

    def close_dispute(self, dispute: str, status: str) -> Shape:
        """won, lost, or warning_closed; after an appeal as well."""
        with self.state.lock:
            made = self._find(dispute)
            made["status"] = status
            if status == "won":
                moved = shapes.movement(
                    self.state, made["amount"], made["id"], "adjustment",
                    category="dispute_reversal", currency=made["currency"],
                )  # fmt: skip
                made["balance_transactions"].append(moved)
                self.state.emit("charge.dispute.funds_reinstated", made)
            self.state.emit("charge.dispute.closed", made)
            return made

    def _withdraw(self, made: Shape) -> None:
        moved = shapes.movement(
            self.state, -made["amount"], made["id"], "adjustment", category="dispute", currency=made["currency"]
        )
        made["balance_transactions"].append(moved)
        self.state.emit("charge.dispute.funds_withdrawn", made)
