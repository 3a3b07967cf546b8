"""`usertokens_vouchers`: makes vouchers and prints them, lists them, finishes what was left."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from tests.usertokens.vouchers import make, state_of
from usertokens.models import Redemption, Voucher
from usertokens.services import get_balance, redeem_voucher

pytestmark = pytest.mark.django_db


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("usertokens_vouchers", *args, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_codes_as_csv(store: Any) -> None:
    found = rows(
        run("700", "--tokens", "25", "--name", "Fair", "--uses", "2", "--new-users", "7", "--expire-after", "30")
    )
    assert len(found) == len({row["code"] for row in found}) == 700 == Voucher.objects.count()
    one = found[0]
    assert (one["name"], one["tokens"], one["uses"], one["used"], one["state"]) == ("Fair", "25", "2", "0", "open")
    assert (one["new_users_days"], one["expire_days"], one["priority"]) == ("7", "30", "50")
    assert one["link"].endswith(f"/redeem?code={one['code']}")


@override_settings(TIME_ZONE="UTC")
def test_days_and_times(store: Any) -> None:
    run("1", "--tokens", "5", "--from", "2126-12-01", "--until", "2126-12-31")
    run("1", "--tokens", "5", "--from", "2126-12-01T10:00", "--until", "2126-12-31T10:00:00+01:00")
    day, time = Voucher.objects.order_by("id")
    assert (day.valid_from, day.valid_until) == (datetime(2126, 12, 1, tzinfo=UTC), datetime(2127, 1, 1, tzinfo=UTC))
    assert (time.valid_from, time.valid_until) == (
        datetime(2126, 12, 1, 10, tzinfo=UTC), datetime(2126, 12, 31, 9, tzinfo=UTC),
    )  # fmt: skip


def test_a_list(store: Any) -> None:
    code = make(label="A", tokens=40)
    make(label="B")
    redeem_voucher("7", code)
    assert len(rows(run())) == 2
    (row,) = rows(run("--name", "A"))
    assert (row["code"], row["used"], row["state"]) == (code, "1", "used_up")


def test_nothing_is_made_for_show(store: Any) -> None:
    assert "would make 5 of the pattern SALE-????-????" in run(
        "5", "--tokens", "5", "--pattern", "sale-????-????", "--dry-run"
    )
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["5", "--tokens", "5", "--until", "2025-12-31"], "--until: this moment has passed"),
        (["5", "--tokens", "5", "--until", "2026-11-29T10:00", "--dry-run"], "--until: this moment has passed"),
        (["5"], "--tokens"), (["5", "--tokens", "0"], "tokens"), (["0", "--tokens", "5"], "count"),
        (["100001", "--tokens", "5"], "count"), (["9", "--tokens", "5", "--pattern", "AB??"], "--pattern"),
        (["2", "--tokens", "5", "--pattern", "TAKEN"], "--pattern"),
        (["1", "--tokens", "5", "--pattern", "TAKEN"], "exists"),
        (["1", "--tokens", "5", "--uses", "0"], "--uses"), (["1", "--tokens", "5", "--until", "tomorrow"], "tomorrow"),
        (["1", "--tokens", "5", "--from", "2027-01-02", "--until", "2027-01-01"], "--until"),
        (["1", "--tokens", "5", "--name", "x" * 81], "--name"),
        (["1", "--tokens", "5", "--expire-after", "0"], "--expire-after"),
        (["1", "--tokens", "5", "--until", "9999-12-31"], "9999"), (["--finish", "--dry-run"], "--finish"),
        (["--tokens", "5"], "COUNT"), (["5", "--tokens", "0"], "^--tokens: a whole"),
        (["1", "--tokens", "5", "--uses", "0"], "^--uses: a whole"),
        (["1", "--tokens", "5", "--from", "2027-01-02", "--until", "2027-01-01"], "^--until: a time"),
    ],
)  # fmt: skip
def test_what_can_not_be(store: Any, args: list[str], said: str) -> None:
    make(pattern="TAKEN")
    with pytest.raises(CommandError, match=said):
        run(*args)
    assert Voucher.objects.count() == 1


def test_it_finishes(store: Any) -> None:
    code = make(tokens=40)
    voucher = Voucher.objects.get()
    Voucher.objects.update(uses=1)
    Redemption.objects.create(
        voucher=voucher, user_id="7", tokens=40, redeemed_at=datetime.now(UTC) - timedelta(minutes=2)
    )
    assert run("--finish") == ""
    assert state_of(code) == (1, ["granted"])
    assert get_balance("7").tokens.balance == 140
