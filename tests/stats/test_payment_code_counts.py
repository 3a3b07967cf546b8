"""A payment code counts once for each id, with its amount, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from kv.store.numbers import LARGEST_WHOLE
from stats import keys
from stats.errors import TotalTooLarge
from stats.services.figures import read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.receipts import read_receipt, sign_receipt
from stats.services.series import list_days
from stats.types import CountedPaymentCode

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


def totals() -> tuple[int, int]:
    known = read_figures()
    return known.qr_total, known.revenue_cents


class TestRecordPaymentCode:
    def test_counts_the_code_and_its_amount(self) -> None:
        assert record_payment_code(id="one", amount_cents=1250) == CountedPaymentCode(
            counted=True, qr_total=1, revenue_cents=1250
        )
        assert record_payment_code(id="two", amount_cents=1) == CountedPaymentCode(
            counted=True, qr_total=2, revenue_cents=1251
        )

    def test_without_an_amount_counts_one_code_and_no_cents(self) -> None:
        record_payment_code(id="one", amount_cents=1250)
        counted = CountedPaymentCode(counted=True, qr_total=2, revenue_cents=1250)
        assert record_payment_code(id="two", amount_cents=None) == counted
        today = list_days(days=1)[0]
        assert (today.payment_codes, today.revenue_cents) == (2, 1250)

    def test_the_same_id_counts_once_whatever_the_amount(self) -> None:
        record_payment_code(id="one", amount_cents=1250)
        again = CountedPaymentCode(counted=False, qr_total=1, revenue_cents=1250)
        assert record_payment_code(id="one", amount_cents=1250) == again
        assert record_payment_code(id="one", amount_cents=99) == again

    def test_of_200_at_once_with_one_receipt_one_counts(self) -> None:
        receipt = sign_receipt(1250)

        def turn_in(_: int) -> CountedPaymentCode:
            read = read_receipt(receipt)
            return record_payment_code(id=read.id, amount_cents=read.amount_cents)

        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(turn_in, range(200)))
        assert sum(answer.counted for answer in answers) == 1
        assert totals() == (1, 1250)

    def test_an_id_is_remembered_for_thirty_days(self, store: Any) -> None:
        record_payment_code(id="one", amount_cents=1)
        (mark,) = store.scan_iter(match="*{stats}:qr:*")
        assert 30 * 86400 - 10 <= store.ttl(mark) <= 30 * 86400
        store.delete(mark)
        assert record_payment_code(id="one", amount_cents=1).counted

    def test_an_id_can_not_pass_for_a_receipt_s(self) -> None:
        """Ids of callers are printable ASCII too; the receipt's own begins with a word that no nonce has."""
        receipt = read_receipt(sign_receipt(5))
        record_payment_code(id=receipt.id.removeprefix("receipt:"), amount_cents=7)
        assert record_payment_code(id=receipt.id, amount_cents=5).counted

    def test_the_id_itself_is_not_kept(self, store: Any) -> None:
        record_payment_code(id="order-of-mrs-smith", amount_cents=1)
        assert b"smith" not in b"".join(store.scan_iter())

    @pytest.mark.parametrize("known", [False, True])
    def test_over_the_limit_of_one_code_it_is_not_counted(self, known: bool, settings: Any) -> None:
        settings.STATS_MAX_QR_CENTS = 1000
        if known:
            record_payment_code(id="other", amount_cents=1000)
        before = totals()
        answer = record_payment_code(id="one", amount_cents=1001)
        assert (answer.counted, answer.qr_total, answer.revenue_cents) == (False, *before)
        assert totals() == before
        assert record_payment_code(id="one", amount_cents=1000).counted

    def test_a_total_never_leaves_the_exact_numbers(self, store: Any) -> None:
        store.set(keys.revenue(), LARGEST_WHOLE - 10)
        with pytest.raises(TotalTooLarge):
            record_payment_code(id="one", amount_cents=11)
        assert totals() == (0, LARGEST_WHOLE - 10)
        assert record_payment_code(id="one", amount_cents=10).revenue_cents == LARGEST_WHOLE

    def test_large_amounts_add_up_exactly(self, settings: Any) -> None:
        settings.STATS_MAX_QR_CENTS = 99_999_999_999
        for number in range(20):
            record_payment_code(id=f"id-{number}", amount_cents=99_999_999_999)
        assert totals() == (20, 20 * 99_999_999_999)

    @pytest.mark.parametrize("amount", [-100, 0, 12.5, True, "100"])
    def test_what_is_no_amount_is_refused(self, amount: Any, store: Any) -> None:
        record_payment_code(id="one", amount_cents=100)
        before = store.keys("*")
        with pytest.raises(ValueError, match="amount_cents"):
            record_payment_code(id="two", amount_cents=amount)
        with pytest.raises(ValueError, match="amount_cents"):
            sign_receipt(amount)
        assert totals() == (1, 100)
        assert store.keys("*") == before

    def test_goes_into_the_day_of_now(self) -> None:
        record_payment_code(id="one", amount_cents=1250, now=NOW)
        (day,) = list_days(days=1, now=NOW)
        assert (day.payment_codes, day.revenue_cents) == (1, 1250)
