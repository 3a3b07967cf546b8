"""What the page of each app promises, asked of a running project."""

from __future__ import annotations

import html
import re
import urllib.error
import urllib.request

import pytest

from tests.adoption.project import Browser
from tests.stripe_fake import Delivery, FakeStripe

APPS = ("stats", "usertokens", "codetags", "billing")
PAGES = ("stats.md", "tokens.md", "codetags.md", "billing.md")
#: Typed into `manage.py shell`: what is kept about a user goes with the user.
LEAVES = """
from django.contrib.auth import get_user_model
from usertokens.errors import AccountClosed
from usertokens.services import get_balance
user = get_user_model().objects.create_user("leaves@example.org")
user_id = str(user.pk)
assert get_balance(user_id).tokens.balance == 100
user.delete()
try:
    get_balance(user_id)
except AccountClosed:
    pass
else:
    raise SystemExit("the account is still there")
"""
SECRET = "whsec_of_a_project_of_somebody_else"


def visits(visitor: Browser, home: str = "/") -> None:
    """A visit, a tool's use, the pages."""
    page = visitor.get(home)
    assert all(part in page for part in ("Visitors", "stats/visit.js", "data-track-tool"))
    assert visitor.call("/api/stats/visit") == {"counted": True, "visitors": 1, "reason": None}
    assert visitor.call("/api/stats/visit")["reason"] == "seen"
    assert visitor.call("/api/track-usage", {"tool": "calculator"}) == {"tool": "calculator", "count": 1}
    assert "calculator" in visitor.get("/statistics").lower()  # its name, where the project gives it one
    assert "stats/receipts.js" in visitor.get("/pay")


def visits_in_the_admin(staff: Browser, admin: str = "/admin") -> None:
    assert "Statistics" in staff.get(f"{admin}/")
    assert "Visitors" in staff.get(f"{admin}/stats/statistics/")


def landings(visitor: Browser, home: str = "/") -> None:
    """A landing, once; the pages about cookies."""
    assert "codetags/landing.js" in visitor.get(f"{home}?qr=BT26")
    assert visitor.call("/api/analytics/qr?code=BT26") == {"code": "BT26", "counted": True}
    assert visitor.call("/api/analytics/qr?code=BT26") == {"code": "BT26", "counted": False}
    assert "qr_counted" in visitor.get("/cookies")
    assert "cookie-notice" in visitor.get("/privacy")


def landings_in_the_admin(staff: Browser, admin: str = "/admin") -> None:
    assert "BT26" in staff.get(f"{admin}/")
    assert "BT26" in staff.get(f"{admin}/codetags/codecount/")
    assert staff.call("/api/dashboard/code-tags", method="GET")["codes"][0]["count"] == 1


def tokens(user: Browser, balance: int = 100) -> None:
    """A spend, seen on the page and in the history."""
    assert user.call("/api/tokens/spend", {"amount": 3, "reason": "article"})["balance"] == balance - 3
    assert str(balance - 3) in user.get("/dashboard")
    assert "article" in user.get("/dashboard/history")
    assert "article" in user.get("/accounts/data")


def tokens_in_the_admin(staff: Browser, user_id: str, admin: str = "/admin") -> None:
    assert user_id in staff.get(f"{admin}/usertokens/tokenledger/")
    assert "article" in staff.get(f"{admin}/usertokens/tokenledger/{user_id}/")


def stripe_for(stripe: FakeStripe, webhook: str) -> dict[str, str]:
    """The environment of a project that sells by this Stripe, which sends its events to the project's webhook."""
    made = stripe.stock()
    stripe.state.on_event = Delivery(stripe.state, webhook, SECRET).deliver_in_background
    return {
        "STRIPE_SECRET_KEY": "sk_test_fake",
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": stripe.url,
        "STRIPE_PRODUCT_TEAM": made["plus"],
        "STRIPE_PRICE_1000": made["topup_1000"],
    }


def purchases(user: Browser) -> None:
    """A plan and a top-up are paid, and come by the webhook and the worker: nobody opens the way back."""
    assert "Team" in user.get("/pricing")
    before = user.call("/api/tokens", method="GET")["balance"]
    _pay(user.send("/pricing/checkout", {"plan": "Team", "interval": "month"}))
    user.project.until(lambda: user.call("/api/billing/subscription", method="GET")["plan"], "Team")
    _pay(user.send("/pricing/checkout", {"topup": "1000"}))
    user.project.until(lambda: user.call("/api/tokens", method="GET")["balance"] >= before + 1000 + 4900, wanted=True)
    assert user.call("/api/webhooks/stripe", {})["code"] == "bad_signature"


def purchases_in_the_admin(staff: Browser, admin: str = "/admin") -> None:
    assert "checkout.session.completed" in staff.get(f"{admin}/billing/stripeevent/")
    assert "cus_" in staff.get(f"{admin}/billing/stripecustomer/")


def _pay(onward: str) -> None:
    """Press "pay" on Stripe's page, to which the page leads."""
    found = re.search(r'href="(http://[^"]+)"', onward) or re.search(r'url=(http://[^"]+)"', onward)
    assert found, onward
    paid = urllib.request.Request(html.unescape(found[1]), data=b"do=pay", method="POST")
    opener = urllib.request.build_opener(_Stay())
    with pytest.raises(urllib.error.HTTPError) as answer:
        opener.open(paid, timeout=30)
    answer.value.close()
    assert answer.value.code in (302, 303)


class _Stay(urllib.request.HTTPRedirectHandler):
    """The way back is not taken."""

    def redirect_request(self, *args: object) -> None:
        return None
