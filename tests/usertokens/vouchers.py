"""Vouchers to test with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kv.times import utc_now
from usertokens.models import Redemption, Voucher
from usertokens.services import make_vouchers
from usertokens.services.voucher_codes import code_key


def make(**terms: Any) -> str:
    """The code of a new voucher for 100 tokens, unless `terms` say otherwise."""
    wanted: dict[str, Any] = {"count": 1, "tokens": 100, "label": "test"} | terms
    if end := terms.get("valid_until"):
        wanted["now"] = min(end - timedelta(days=1), utc_now())  # one that is over now was made before
    (code,) = make_vouchers(**wanted)
    return code


def state_of(code: str) -> tuple[int, list[str]]:
    """The uses of a voucher, and the states of its redemptions."""
    voucher = Voucher.objects.get(key=code_key(code))
    rows = Redemption.objects.filter(voucher=voucher).order_by("id")
    return voucher.uses, [row.state for row in rows]
