"""The payment page again: reloads, changes, symbols and accounts that need more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from stats.services.figures import read_figures
from tests.stats.test_pages import PAYMENT, text_of

if TYPE_CHECKING:
    from django.test import Client


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


class TestPayAgain:
    def test_the_same_order_counts_once_a_day_for_a_visitor(self, client: Client) -> None:
        for _ in range(10):
            assert "Counted" in text_of(client.post("/pay", PAYMENT))
        assert (read_figures().qr_total, read_figures().revenue_cents) == (1, 123450)
        client.post("/pay", PAYMENT, REMOTE_ADDR="203.0.113.9")
        client.post("/pay", PAYMENT | {"remittance_text": "Invoice 115"})
        assert read_figures().qr_total == 3

    def test_the_same_form_counts_each_of_its_orders_once(self, client: Client) -> None:
        for amount in ("1", "2", "1", "2"):
            client.post("/pay", PAYMENT | {"form_id": "a", "amount": amount})
        assert read_figures().qr_total == 2
        client.post("/pay", PAYMENT | {"form_id": "b", "amount": "1"})
        assert read_figures().qr_total == 3

    def test_receipts_of_a_reloaded_page_count_once(self, client: Client) -> None:
        for _ in range(3):
            html = text_of(client.post("/pay", PAYMENT | {"script": "1", "form_id": "a"}))
            (receipt,) = re.findall(r'data-receipt="([^"]+)"', html)
            client.post("/api/stats/qr", {"receipt": receipt}, content_type="application/json")
        assert read_figures().qr_total == 1

    @pytest.mark.parametrize(("edit", "form_id"), [("same", "a"), ("new", "")])
    def test_what_was_entered_can_be_changed(self, client: Client, edit: str, form_id: str) -> None:
        html = text_of(client.post("/de/pay", PAYMENT | {"edit": edit, "form_id": "a", "iban": "wrong"}))
        assert 'value="Zoë & Söhne"' in html
        assert 'value="wrong"' in html
        assert "errorlist" not in html
        assert re.search(rf'name="form_id"[^>]*value="{form_id}"' if form_id else 'name="form_id" id', html)
        assert read_figures().qr_total == 0


def test_a_swiss_account_needs_its_bic(client: Client) -> None:
    order = PAYMENT | {"iban": "CH9300762011623852957"}
    html = text_of(client.post("/pay", order))
    assert 'id="id_bic_error"' in html
    assert "Enter the BIC too" in html
    assert "<svg viewBox=" in text_of(client.post("/pay", order | {"bic": "POFICHBEXXX"}))


class TestSymbols:
    def test_are_named_before_the_code_is_made(self, client: Client) -> None:
        order = PAYMENT | {"beneficiary": "Café ☕", "remittance_text": "🎉 für Zoë"}
        html = text_of(client.post("/pay", order))
        assert ">☕ (U+2615, HOT BEVERAGE)" in html
        assert ">🎉 (U+1F389, PARTY POPPER)" in html
        assert "payment-code" not in html
        assert read_figures().qr_total == 0
        (acknowledged,) = re.findall(r'name="symbols" value="([^"]+)"', html)
        assert "<svg viewBox=" in text_of(client.post("/pay", order | {"symbols": acknowledged}))
        assert "U+2605" in text_of(client.post("/pay", order | {"symbols": acknowledged, "remittance_text": "★"}))

    @pytest.mark.parametrize("name", ["Zoë & Söhne", "Łódź", "Ελλάδα", "Київ", "O’Neill – Ltd.", "Nguyễn"])
    def test_letters_are_none(self, client: Client, name: str) -> None:
        assert "<svg viewBox=" in text_of(client.post("/pay", PAYMENT | {"beneficiary": name}))
