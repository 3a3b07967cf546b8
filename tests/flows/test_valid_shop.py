"""HTML that is valid, of a site that sells: prices, what leads to a payment and away from it, and what staff see."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client, override_settings
from knox.models import AuthToken

from billing.models import AutoTopUp, StripeCustomer
from kv.models import EventReceiver, OutgoingEvent
from kv.times import utc_now
from tests.billing.books import books, read_all
from tests.billing.fixtures import browser_client, buyer, scenario, shop, stripe
from tests.flows.test_valid_html import PREFIXES, errors_in
from tests.outside import package
from tests.stats.callers import service_token
from tests.usertokens.vouchers import make
from usertokens.models import OutgoingMail, Redemption, Voucher
from usertokens.services import redeem_voucher

if TYPE_CHECKING:
    from pathlib import Path

    from tests.billing.scenario import Scenario

__all__ = ["books", "browser_client", "buyer", "scenario", "shop", "stripe"]

HERE = {"Sec-Fetch-Site": "same-origin"}
EVERYTHING: dict[str, Any] = {
    "BILLING_FEATURES": {"Free": ("Statistics",), "Plus": ("Statistics", "All <b>tools</b>")},
    "BILLING_TAX_NOTE": "Prices include 19 % VAT & more.",
    "BILLING_PROMOTION_CODES": True,
    "BILLING_TRIAL_DAYS": {"Premium": 14},
    "TOKEN_ACTIONS": {"image": 10},
}
STAFF = ("", "billing/revenuemonth/", "billing/stripecustomer/", "billing/stripeevent/", "usertokens/tokenledger/")


class Shelf:
    """The pages, each a file of the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, name: str, answer: Any) -> None:
        """Write a page that is HTML, whole."""
        text = answer.content
        assert text.lower().startswith(b"<!doctype html>"), (name, answer.status_code, text[:200])
        (self.folder / f"{re.sub(r'[^a-z0-9]+', '_', name.lower())}.html").write_bytes(text)

    def keep_all(self, client: Client, name: str, *paths: str) -> None:
        """These pages in each language."""
        for prefix in PREFIXES:
            for path in paths:
                answer = client.get(f"/{prefix}{path}", headers=HERE)
                assert answer.status_code == 200, (path, answer.status_code)
                self.keep(f"{name} {prefix} {path}", answer)


@override_settings(**EVERYTHING)
def test_of_strangers(scenario: Scenario, tmp_path: Path) -> None:
    package("vnu-jar")
    shelf, stranger = Shelf(tmp_path), Client(headers=HERE)
    choice = "next=/pricing/checkout%3Fplan%3DPlus%26interval%3Dyear"
    shelf.keep_all(
        stranger, "stranger", "pricing", "pricing?interval=year", "pricing/cancelled", f"accounts/login?{choice}",
        f"accounts/signup?{choice}",
    )  # fmt: skip
    assert errors_in(tmp_path) == []


@override_settings(**EVERYTHING)
def test_of_who_buys(scenario: Scenario, browser_client: Client, tmp_path: Path) -> None:
    package("vnu-jar")
    shelf, stripe = Shelf(tmp_path), scenario.stripe
    shelf.keep_all(browser_client, "before", "dashboard", "pricing", "pricing/auto-topup", "accounts/delete")
    for prefix in PREFIXES:
        arrived = browser_client.post(f"/{prefix}pricing/checkout", {"plan": "Plus", "interval": "year"})
        assert arrived.status_code in (200, 303), arrived.status_code
    expired = [stripe.actions.expire(one["id"])["id"] for one in stripe.state.of("checkout.session")]
    failed = scenario.buy_tokens(pays=False)
    shelf.keep_all(browser_client, "waiting", f"pricing/return?session_id={failed}")
    stripe.actions.settle(failed, paid=False)
    shelf.keep_all(browser_client, "failed", *(f"pricing/return?session_id={one}" for one in (failed, expired[0])))
    scenario.buy_plan("Premium")
    bought = stripe.state.of("checkout.session")[-1]["id"]
    scenario.deliver()
    stripe.actions.allow_switching(
        scenario.shop["plus"], scenario.shop["premium"],
        schedule_at_period_end={"conditions": [{"type": "decreasing_item_amount"}]},
    )  # fmt: skip
    shelf.keep_all(
        browser_client, "paid", f"pricing/return?session_id={bought}", "dashboard", "dashboard/history",
        "accounts/delete", "pricing",
    )  # fmt: skip
    for prefix in PREFIXES:
        lower = browser_client.post(f"/{prefix}pricing/checkout", {"plan": "Plus", "interval": "month"})
        shelf.keep(f"lower {prefix}", lower)
        wrong = browser_client.post(f"/{prefix}pricing/auto-topup", {"threshold": "0", "topup": "1000", "cap": "y"})
        shelf.keep(f"wrong {prefix}", wrong)
    assert errors_in(tmp_path) == []


@override_settings(**EVERYTHING)
def test_of_staff(books: Scenario, tmp_path: Path) -> None:
    """Also each form of a row, of all that sample data has none of."""
    package("vnu-jar")
    books.buy_plan("Plus")
    books.buy_tokens()
    books.deliver()
    read_all(books)
    fill(books)
    chief = Client(headers=HERE)
    chief.force_login(User.objects.create_superuser("chief"))
    shelf = Shelf(tmp_path)
    shelf.keep_all(chief, "staff", *(f"admin/{page}" for page in (*STAFF, f"usertokens/tokenledger/{books.user_id}/")))
    for model in (
        AuthToken,
        AutoTopUp,
        EventReceiver,
        OutgoingEvent,
        OutgoingMail,
        Redemption,
        StripeCustomer,
        Voucher,
    ):
        row = model._default_manager.order_by("pk")[0]
        place = f"admin/{model._meta.app_label}/{model._meta.model_name}/{quote(row.pk)}"
        shelf.keep_all(chief, "row", f"{place}/change/", f"{place}/history/")
    assert errors_in(tmp_path) == []


def fill(books: Scenario) -> None:
    """A row of everything that staff look at."""
    service_token("shop")
    AutoTopUp.objects.create(user=books.user, changed_at=utc_now())
    receiver = EventReceiver.objects.create(name="The shop", url="https://example.com/", types=[], secret="whsec_")
    OutgoingEvent.objects.create(receiver=receiver, type="code.hit", key="1", at=utc_now())
    OutgoingMail.objects.create(user_id=books.user_id, kind="receipt", key="1", created_at=utc_now(), due_at=utc_now())
    redeem_voucher(books.user_id, make(grant_days=30))
