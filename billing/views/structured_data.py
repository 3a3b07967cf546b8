"""What is for sale, for search engines: schema.org's Product and Offer as JSON-LD.

A block of data is no script: browsers never run it, so the Content-Security-Policy lets it stand without a nonce
(https://html.spec.whatwg.org/multipage/scripting.html#data-block).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.conf import app_settings
from billing.services.links import page_url
from billing.types import Offer, PlanOffers
from kv.web.formats import format_number, money_digits

# UN/CEFACT's codes of a month and a year.
_UNITS = {"month": "MON", "year": "ANN"}
# Inside an HTML element nothing may end it or begin another one.
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def products_data(request: HttpRequest, plans: Iterable[PlanOffers], topups: Iterable[Offer]) -> SafeString:
    """The element with all that is for sale; "" when nothing is."""
    address = page_url("pricing")
    url = (
        f"{app_settings.SITE_URL.rstrip('/')}{address}"
        if app_settings.SITE_URL
        else request.build_absolute_uri(address)
    )
    found = [_plan(one, url) for one in plans]
    found += [_topup(offer, url) for offer in topups]
    if not found:
        return SafeString("")
    text = json.dumps({"@context": "https://schema.org", "@graph": found}, ensure_ascii=False).translate(_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308 (escaped above)


def _plan(one: PlanOffers, url: str) -> dict[str, Any]:
    tokens = int(app_settings.PLAN_ALLOWANCES.get(one.plan, 0))
    text = ngettext("%(number)s token a month", "%(number)s tokens a month", tokens) % {"number": format_number(tokens)}
    return {
        "@type": "Product",
        "name": str(one.plan),
        "description": text,
        "offers": [_offer(offer, url) for offer in one.offers],
    }


def _topup(offer: Offer, url: str) -> dict[str, Any]:
    name = ngettext("%(tokens)s token", "%(tokens)s tokens", offer.tokens) % {"tokens": format_number(offer.tokens)}
    text = _("Tokens that stay until they are used.")
    return {"@type": "Product", "name": name, "description": text, "offers": [_offer(offer, url)]}


def _offer(offer: Offer, url: str) -> dict[str, Any]:
    price = money_digits(offer.amount_cents, offer.currency)
    found: dict[str, Any] = {
        "@type": "Offer",
        "price": price,
        "priceCurrency": offer.currency,
        "availability": "https://schema.org/InStock",
        "url": url,
    }
    if offer.interval in _UNITS:
        found["priceSpecification"] = {
            "@type": "UnitPriceSpecification",
            "price": price,
            "priceCurrency": offer.currency,
            "referenceQuantity": {"@type": "QuantitativeValue", "value": 1, "unitCode": _UNITS[offer.interval]},
        }
    return found
