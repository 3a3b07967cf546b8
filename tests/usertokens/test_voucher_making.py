"""Making vouchers: codes of a pattern, that nobody guesses and that never come twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from usertokens.errors import BadPattern
from usertokens.models import Voucher
from usertokens.services import make_vouchers

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class TestMaking:
    def test_codes_have_no_characters_that_are_taken_for_others(self, db: None) -> None:
        codes = make_vouchers(300, 5, label="n", pattern="A-????-????")
        assert len(set(codes)) == 300
        assert not set("".join(codes)) & set("01258BGILOQSUVZ")

    def test_none_exists_or_did(self, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also under a pattern with other hyphens: what is compared has none."""
        first = make_vouchers(8, 5, label="n", pattern="AB????")
        drawn = iter([*_dashed(first), *_new()])
        monkeypatch.setattr("usertokens.services.voucher_making.draw_codes", lambda _: drawn)
        second = make_vouchers(8, 5, label="n", pattern="AB-????")
        assert not {code.replace("-", "") for code in second} & set(first)

    def test_an_exhausted_pattern_says_so(self, db: None) -> None:
        make_vouchers(1, 5, label="n", pattern="WELCOME")
        with pytest.raises(BadPattern) as refused:
            make_vouchers(1, 5, label="n", pattern="wel-come")
        assert refused.value.reason == "taken"

    @pytest.mark.parametrize(
        ("pattern", "count", "reason"),
        [
            ("", 1, "form"), ("A--B", 1, "form"), ("-ABC", 1, "form"), ("ABC_D", 1, "form"), ("ÄBCD", 1, "form"),
            ("A\nBCD", 1, "form"), ("ABC", 1, "short"), ("?" * 65, 1, "long"), ("ABCD", 2, "one"), ("AB??", 1, "few"),
            ("AB????", 1000, "few"), ("AB CD", 1, "form"),
        ],
    )  # fmt: skip
    def test_a_pattern_that_can_not_be(self, db: None, pattern: str, count: int, reason: str) -> None:
        with pytest.raises(BadPattern) as refused:
            make_vouchers(count, 5, label="n", pattern=pattern)
        assert refused.value.reason == reason

    @pytest.mark.parametrize(
        "wrong",
        [
            {"count": 0}, {"count": 100_001}, {"tokens": 0}, {"tokens": 10**12 + 1}, {"max_uses": 0},
            {"priority": 1000},
            {"account_days": 0}, {"grant_days": 0}, {"label": " "}, {"label": "x" * 81}, {"tokens": 1.5},
            {"valid_from": NOW, "valid_until": NOW},
        ],
    )  # fmt: skip
    def test_a_number_out_of_range(self, db: None, wrong: dict[str, Any]) -> None:
        terms: dict[str, Any] = {"count": 1, "tokens": 5, "label": "n", **wrong}
        with pytest.raises(ValueError, match=next(iter(wrong)) if "valid_from" not in wrong else "valid_until"):
            make_vouchers(**terms)
        assert not Voucher.objects.exists()


def _dashed(codes: list[str]) -> list[str]:
    return [f"{code[:2]}-{code[2:]}" for code in codes]


def _new() -> list[str]:
    return [f"AB-CC{one}{two}" for one in "CDF" for two in "HJK"]
