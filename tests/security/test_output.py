"""What strangers, clerks and Stripe wrote is shown as text: no script in a page, no formula in a table."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User

from billing.models import StripeCustomer, StripeEvent
from codetags.models import CodeTag
from codetags.services.hits import record_hit
from stats.models import Adjustment
from tests.security.table import BROWSER
from tests.site_client import SiteClient
from usertokens.services import balances, conversations

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("lane")]

TAG = "<script>alert(1)</script>"
ATTRIBUTE = "\"' onmouseover=alert(1) x='"
NASTY = TAG + ATTRIBUTE + "{{ 7|add:7 }}{% now %}"
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1")


@pytest.fixture(autouse=True)
def _quiet(store: Any, settings: Any) -> None:
    settings.RATE_LIMITS = None
    settings.STATS_TOOLS = ("payment-qr",)


@pytest.fixture
def chief() -> SiteClient:
    client = SiteClient(headers={"User-Agent": BROWSER})
    client.force_login(User.objects.create_superuser("chief", password="x"))
    return client


def shown(client: SiteClient, path: str) -> str:
    answer: Any = client.get(path)
    assert answer.status_code == 200, path
    return str((answer.getvalue() if answer.streaming else answer.content).decode())


def harmless(page: str) -> bool:
    """Whether neither the tag nor the quotes that would end an attribute stand there as they were written."""
    return TAG not in page and ATTRIBUTE not in page and "14{% now" not in page


@pytest.mark.parametrize("path", [
    "/admin/codetags/codecount/", "/admin/codetags/codecount/?q=script", "/admin/codetags/codecount/DEMO/",
    "/admin/codetags/codetag/", "/admin/codetags/codecount/?fragment=1",
])  # fmt: skip
def test_labels_and_notes_of_codes(path: str, chief: SiteClient) -> None:
    CodeTag.objects.create(code="DEMO", label=NASTY[:120], note=NASTY)
    record_hit(code="DEMO", address="198.51.100.1", agent="Firefox")
    page = shown(chief, path)
    assert harmless(page)
    assert "&lt;script&gt;" in page or "fragment" not in path


def test_a_search_for_a_script(chief: SiteClient) -> None:
    for path in ("/admin/codetags/codecount/", "/admin/usertokens/tokenledger/", "/admin/codetags/codetag/"):
        assert harmless(shown(chief, f"{path}?q={NASTY.replace('%', '%25').replace('&', '%26')}"))


def test_names_reasons_and_summaries_of_users(chief: SiteClient) -> None:
    user = User.objects.create_user(NASTY)
    user_id = str(user.pk)
    balances.spend_tokens(user_id, 1, reason=NASTY, key="k")
    conversations.record_conversation(user_id, summary=NASTY)
    own = SiteClient()
    own.force_login(user)
    for path in ("/dashboard", "/dashboard/history", "/accounts/profile", "/accounts/delete"):
        assert harmless(shown(own, path)), path
    for path in ("/admin/usertokens/tokenledger/", f"/admin/usertokens/tokenledger/{user_id}/", "/admin/auth/user/"):
        assert harmless(shown(chief, path)), path


def test_what_stripe_says(chief: SiteClient) -> None:
    event = StripeEvent.objects.create(
        event_id="evt_1", type=NASTY[:80], object_id=NASTY, customer_id=NASTY[:64], livemode=False, error=NASTY,
        state="parked", happened_at="2026-01-01T00:00Z", due_at="2026-01-01T00:00Z",
    )  # fmt: skip
    customer = StripeCustomer.objects.create(customer_id=NASTY[:64], livemode=False)
    for path in ("stripeevent/", f"stripeevent/{event.pk}/change/", "stripecustomer/",
                 f"stripecustomer/{customer.pk}/change/"):  # fmt: skip
        assert harmless(shown(chief, f"/admin/billing/{path}")), path


def test_tools_and_reasons_of_the_statistics(chief: SiteClient, store: Any, settings: Any) -> None:
    settings.STATS_TOOLS = (TAG,)
    store.set("{usage}:" + TAG, 5)
    Adjustment.objects.create(figure="visitors", delta=1, total=1, reason=NASTY[:200])
    for path in ("/admin/stats/statistics/", "/admin/stats/adjustment/", "/statistics"):
        assert harmless(shown(chief, path)), path


def test_a_payment_form_that_is_sent_back() -> None:
    words = dict.fromkeys(("beneficiary", "iban", "amount", "remittance_text", "reference", "bic", "script"), NASTY)
    right = {
        "beneficiary": NASTY[:70],
        "iban": "DE89370400440532013000",
        "amount": "1.00",
        "remittance_text": NASTY[:90],
    }
    for form in (words, right):
        answer = SiteClient().post("/pay", form, headers={"User-Agent": BROWSER})
        assert harmless(answer.content.decode())


@pytest.mark.parametrize("path", ["/nothing/{}", "/?q={}", "/accounts/login?next=/{}", "/cookies?lang={}", "/fr/{}"])
def test_an_address_is_not_repeated_as_it_is(path: str) -> None:
    answer = SiteClient().get(path.format(TAG + ATTRIBUTE), headers={"User-Agent": BROWSER, "Referer": TAG})
    assert harmless(answer.content.decode())


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_in_a_table_is_text(formula: str, chief: SiteClient) -> None:
    CodeTag.objects.create(code="DEMO", label=formula)
    record_hit(code="DEMO", address="198.51.100.1", agent="Firefox")
    user = User.objects.create_user("ada")
    balances.spend_tokens(str(user.pk), 1, reason=formula, key="k")
    own = SiteClient()
    own.force_login(user)
    for client, path in ((chief, "/admin/codetags/codecount/export.csv"), (own, "/dashboard/history.csv")):
        rows = list(csv.reader(io.StringIO(shown(client, path), newline="")))
        assert any(cell == f"'{formula}" for row in rows for cell in row), path
        cells = {cell for row in rows for cell in row if not cell.lstrip("-").isdigit()}
        assert not [cell for cell in cells if cell.startswith(FORMULAS)]
        assert len({len(row) for row in rows}) == 1, "nothing in a cell begins a new one"


@pytest.mark.parametrize("code", ["A\r\nX", 'A"B', "A;B", "../x", "%0d%0aX-Y:1"])
def test_a_code_names_no_file(code: str, chief: SiteClient, settings: Any) -> None:
    settings.CODETAGS_PATTERN = "[A-Z0-9]{4}"
    answer = chief.get(f"/admin/codetags/codecount/{code}/qr.svg", {"download": "1"})
    assert answer.status_code in (400, 404)
    assert "Content-Disposition" not in answer.headers
