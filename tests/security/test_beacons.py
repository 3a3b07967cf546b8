"""Bodies of the type text/plain: any page may have a browser send one, with cookies and without a preflight."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from stats.services.usage import list_usage
from tests.security.table import BROWSER, ROWS, Cast, Row

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store", "lane")]

PUBLIC = ("/api/stats/visit", "/api/track-usage", "/api/analytics/qr", "/api/stats/qr")
# Stripe's webhook reads bytes, whatever their type, and checks their signature.
WRITES = [row for row in ROWS if row.method != "GET" and row.path != "/api/webhooks/stripe"]


def send(client: Any, row: Row, **headers: str) -> Any:
    body = json.dumps(row.body or {"a": 1})
    return client.generic(row.method, row.path, body, content_type="text/plain;charset=UTF-8", headers=headers)


@pytest.mark.parametrize("row", [row for row in WRITES if not row.path.startswith(PUBLIC)], ids=str)
def test_calls_that_act_for_somebody_read_none(row: Row) -> None:
    cast = Cast.engaged(row.permission)
    for caller in ("owner", "permitted staff"):
        answer = send(cast.enter(caller), row, **{"User-Agent": BROWSER})
        # A call without fields reads no body.
        assert answer.status_code in {403, 404, 415}, answer.content


def test_a_session_counts_no_payment_code() -> None:
    row = next(row for row in ROWS if row.path == "/api/stats/qr")
    client = Cast.engaged(row.permission).enter("permitted staff")
    assert send(client, row).status_code == 415
    assert client.post(row.path, row.body, content_type="application/json").status_code == 201


def test_a_visit_of_staff_is_not_counted() -> None:
    """The beacon brings the session's cookie."""
    client = Cast.engaged("").enter("staff")
    answer = client.post("/api/stats/visit", "{ }", content_type="text/plain", headers={"User-Agent": BROWSER})
    assert (answer.status_code, answer.json()["reason"]) == (200, "staff")


def test_a_session_needs_no_token_for_it() -> None:
    client = Cast.engaged("").enter("owner", csrf=True)
    answer = client.post(
        "/api/track-usage", '{"tool": "payment-qr"}', content_type="text/plain", headers={"User-Agent": BROWSER}
    )
    assert answer.status_code == 200
    assert {use.tool: use.count for use in list_usage()}["payment-qr"] == 1


def test_too_large_is_too_large() -> None:
    client = Cast.engaged("").enter("public")
    body = json.dumps({"tool": "payment-qr", "id": "a" * 70_000})
    answer = client.post("/api/track-usage", body, content_type="text/plain", headers={"User-Agent": BROWSER})
    assert (answer.status_code, User.objects.count()) == (413, 7)
