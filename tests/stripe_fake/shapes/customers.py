"""Customers, their cards, and the portal."""

from __future__ import annotations

from typing import Any

from tests.stripe_fake.state import Card, Shape, StripeState

_LAST4 = {"good": "4242", "declined": "0341", "authenticate": "3184"}
NOBODY: Shape = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}


def customer(state: StripeState, params: dict[str, Any]) -> Shape:
    return state.add(
        "cus", "customer",
        **({"id": params["id"]} if "id" in params else {}),
        email=params.get("email"), name=params.get("name"), description=params.get("description"),
        phone=params.get("phone"), metadata=dict(params.get("metadata", {})), preferred_locales=[], balance=0,
        currency=None, delinquent=False, discount=None, shipping=None, address=None, tax_exempt="none",
        invoice_prefix=f"F{len(state.objects):07d}", next_invoice_sequence=1,
        invoice_settings={
            "custom_fields": None, "default_payment_method": None, "footer": None, "rendering_options": None,
        },
    )  # fmt: skip


def payment_method(state: StripeState, owner: str | None, card: Card = "good") -> Shape:
    """A card that is kept for a customer."""
    return state.add(
        "pm", "payment_method",
        type="card", customer=owner, billing_details=dict(NOBODY), allow_redisplay="unspecified",
        card={
            "brand": "visa", "country": "DE", "display_brand": "visa", "exp_month": 12, "exp_year": 2034,
            "fingerprint": f"fp_{card}", "funding": "credit", "generated_from": None, "last4": _LAST4[card],
            "networks": {"available": ["visa"], "preferred": None}, "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True}, "wallet": None,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        },
        _={"card": card},
    )  # fmt: skip


def portal_configuration(state: StripeState) -> Shape:
    """The portal's settings as the dashboard saves them unless they are changed."""
    reasons = [
        "too_expensive", "missing_features", "switched_service", "unused", "customer_service", "too_complex",
        "low_quality", "other",
    ]  # fmt: skip
    return state.add(
        "bpc", "billing_portal.configuration",
        active=True, is_default=True, updated=state.now, login_page={"enabled": False, "url": None},
        business_profile={"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
        features={
            "customer_update": {"allowed_updates": ["email", "address"], "enabled": True},
            "invoice_history": {"enabled": True},
            "payment_method_update": {"enabled": True, "payment_method_configuration": None},
            "subscription_cancel": {
                "cancellation_reason": {"enabled": True, "feedback_options": None, "options": reasons},
                "enabled": True, "mode": "at_period_end", "proration_behavior": "none",
            },
            "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
            "subscription_update": {
                "billing_cycle_anchor": None, "default_allowed_updates": [], "enabled": False, "products": [],
                "proration_behavior": "none", "schedule_at_period_end": {"conditions": []},
                "trial_update_behavior": "end_trial",
            },
        },
    )  # fmt: skip


def portal_session(state: StripeState, configuration: Shape, params: dict[str, Any]) -> Shape:
    made = state.add(
        "bps", "billing_portal.session",
        configuration=configuration["id"], customer=params["customer"], locale=params.get("locale"),
        return_url=params.get("return_url") or configuration["default_return_url"],
        flow=_flow(params["flow_data"]) if "flow_data" in params else None,
    )  # fmt: skip
    made["url"] = f"{state.site_url}/portal/{made['id']}"
    return made


def _flow(given: dict[str, Any]) -> Shape:
    """A flow as Stripe answers it."""
    kinds = ("customer_update", "subscription_cancel", "subscription_pause", "subscription_update")
    confirm = given["subscription_update_confirm"]
    items = [{"id": one["id"], "price": one.get("price"), "quantity": one.get("quantity")} for one in confirm["items"]]
    ending = {"type": "portal_homepage", **given.get("after_completion", {})}
    return {
        **dict.fromkeys(kinds),
        "type": given["type"],
        "after_completion": {"hosted_confirmation": None, "redirect": None, **ending},
        "subscription_update_confirm": {**confirm, "discounts": confirm.get("discounts"), "items": items},
    }


def setup_intent(state: StripeState, params: dict[str, Any]) -> Shape:
    made = state.add(
        "seti", "setup_intent",
        customer=params.get("customer"), description=params.get("description"),
        metadata=dict(params.get("metadata", {})), payment_method=params.get("payment_method"),
        payment_method_types=params.get("payment_method_types", ["card"]), status="requires_payment_method",
        usage=params.get("usage", "off_session"),
    )  # fmt: skip
    made["client_secret"] = f"{made['id']}_secret_fake"
    return made
