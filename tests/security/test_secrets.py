"""Every secret that a stranger may guess at is compared in constant time, or looked up by its hash."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken

from stats.services.receipts import sign_receipt
from tests.security.table import BROWSER
from tests.site_client import SiteClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

SECRET = "whsec_known_to_stripe"


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What was handed to the comparison that takes as long for a near miss as for none."""
    pairs: list[tuple[Any, Any]] = []
    compare = hmac.compare_digest

    def compare_digest(one: Any, other: Any) -> bool:
        pairs.append((one, other))
        return compare(one, other)

    monkeypatch.setattr("hmac.compare_digest", compare_digest)
    places = "django.utils.crypto.secrets", "knox.auth", "config.authentication"
    for place in (f"{module}.compare_digest" for module in places):
        monkeypatch.setattr(place, compare_digest)
    monkeypatch.setattr("stripe._util.secure_compare", compare_digest)
    return pairs


def heard(pairs: list[tuple[Any, Any]], word: str) -> bool:
    return any(word in (side.decode() if isinstance(side, bytes) else side) for pair in pairs for side in pair)


def test_a_webhooks_signature(compared: list[tuple[Any, Any]], settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = (SECRET,)
    wrong = "f" * 64
    headers = {"Stripe-Signature": f"t={int(time.time())},v1={wrong}", "User-Agent": "Stripe/1.0"}
    answer = SiteClient().post("/api/webhooks/stripe", {}, content_type="application/json", headers=headers)
    assert answer.status_code == 400
    assert heard(compared, wrong)


def test_a_receipts_signature(compared: list[tuple[Any, Any]]) -> None:
    value, _, signature = sign_receipt(500).rpartition(":")
    wrong = signature[:-2] + "xy"
    body = json.dumps({"receipt": f"{value}:{wrong}"})
    answer = SiteClient().post("/api/stats/qr", body, content_type="application/json")
    assert answer.status_code == 400
    assert heard(compared, wrong)


def test_a_services_token(compared: list[tuple[Any, Any]]) -> None:
    row, text = AuthToken.objects.create(User.objects.create_user("service"))
    wrong = text[:-2] + ("00" if text[-2:] != "00" else "11")
    assert SiteClient().get("/api/tokens", headers={"Authorization": f"Token {wrong}"}).status_code == 401
    assert sum(row.digest in map(str, pair) for pair in compared) == 2, "ours, and knox's own that says no"
    assert not heard(compared, wrong), "its hash is compared, not the token"


def test_a_forms_token_and_a_password(compared: list[tuple[Any, Any]]) -> None:
    User.objects.create_user("ada", password="a ledger well set")
    client = SiteClient(enforce_csrf_checks=True, headers={"User-Agent": BROWSER})
    client.get("/accounts/login")
    form = {"username": "ada", "password": "wrong", "csrfmiddlewaretoken": "x" * 32}
    assert client.post("/accounts/login", form).status_code == 403
    known = len(compared)
    assert known
    form["csrfmiddlewaretoken"] = client.cookies["csrftoken"].value
    assert client.post("/accounts/login", form).status_code == 200
    assert len(compared) >= known + 2


def test_a_sessions_key_is_looked_up(compared: list[tuple[Any, Any]]) -> None:
    """128 bits and more, by an index: nothing is compared that a stranger could time letter by letter."""
    client = SiteClient()
    client.force_login(User.objects.create_user("ada"))
    assert len(client.cookies["sessionid"].value) >= 32
    stranger = SiteClient()
    stranger.cookies["sessionid"] = client.cookies["sessionid"].value[:-1]
    assert stranger.get("/api/dashboard").status_code == 401
    assert client.get("/api/dashboard").status_code == 200
    assert compared, "the hash of the session's user is"
