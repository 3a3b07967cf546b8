"""A receipt is good for a day and for nobody else's word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from stats.errors import BadReceipt
from stats.services import receipts
from stats.services.receipts import MAX_AGE_SECONDS, read_receipt, sign_receipt

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_says_what_was_signed() -> None:
    receipt = read_receipt(sign_receipt(1250, now=NOW), now=NOW)
    assert receipt.amount_cents == 1250
    assert receipt.id.startswith("receipt:")


def test_of_the_same_amount_are_all_different() -> None:
    assert len({read_receipt(sign_receipt(1250)).id for _ in range(100)}) == 100


def test_without_an_amount_says_so() -> None:
    assert read_receipt(sign_receipt(None, now=NOW), now=NOW).amount_cents is None


def test_fits_what_the_api_takes() -> None:
    assert len(sign_receipt(99_999_999_999)) <= 512


def test_is_good_for_a_day_and_no_longer() -> None:
    receipt = sign_receipt(1, now=NOW)
    read_receipt(receipt, now=NOW + timedelta(seconds=MAX_AGE_SECONDS))
    with pytest.raises(BadReceipt, match="older"):
        read_receipt(receipt, now=NOW + timedelta(seconds=MAX_AGE_SECONDS + 1))


def test_of_a_worker_whose_clock_is_ahead_is_good() -> None:
    read_receipt(sign_receipt(1, now=NOW + timedelta(seconds=30)), now=NOW)


@pytest.mark.parametrize("position", [0, 5, 20, -1, -10])
def test_altered_is_refused(position: int) -> None:
    receipt = list(sign_receipt(1250))
    receipt[position] = "A" if receipt[position] != "A" else "B"
    with pytest.raises(BadReceipt):
        read_receipt("".join(receipt))


@given(st.lists(st.text() | st.integers(), max_size=4), st.text(min_size=1).filter(lambda key: key.isprintable()))
def test_is_signed_as_django_signs(value: list[Any], secret: str) -> None:
    with override_settings(SECRET_KEY=secret):
        assert receipts._Signer(salt="stats.receipt").sign_object(value) == signing.Signer(
            salt="stats.receipt"
        ).sign_object(value)


def test_signed_with_the_key_of_before_is_good(settings: Any) -> None:
    receipt = sign_receipt(1250)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 20, [settings.SECRET_KEY]
    assert read_receipt(receipt).amount_cents == 1250


def test_signed_with_another_key_is_refused(settings: Any) -> None:
    receipt = sign_receipt(1250)
    settings.SECRET_KEY = "another" * 20
    with pytest.raises(BadReceipt):
        read_receipt(receipt)


def test_signed_for_another_purpose_is_refused() -> None:
    with pytest.raises(BadReceipt):
        read_receipt(signing.Signer(salt="something else").sign_object(["nonce", 1250, int(NOW.timestamp())]))


@pytest.mark.parametrize("value", ["text", [1], [1, 2, 3, 4], {"amount": 5}, None, 5])
def test_of_another_shape_is_refused(value: Any) -> None:
    with pytest.raises(BadReceipt):
        read_receipt(signing.Signer(salt="stats.receipt").sign_object(value))


@given(st.text(max_size=200))
def test_made_up_is_refused(text: str) -> None:
    with pytest.raises(BadReceipt):
        read_receipt(text)
