"""Vouchers under races and failures: never too many uses; at the end each use is a grant, and each grant a use."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections

from kv.errors import StoreUnavailable
from tests.usertokens.vouchers import make, state_of
from usertokens.errors import AccountClosed, IdempotencyConflict, VoucherOver, VoucherUsed
from usertokens.models import Redemption, Voucher
from usertokens.services import delete_account, get_balance, make_vouchers, purchases, redeem_voucher, vouchers
from usertokens.services.audits import check_ledgers

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def threads() -> int:
    # PostgreSQL takes 100 connections, and another test process has some.
    return 64 if connection.vendor == "sqlite" else 32


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What each thread answered; all begin at the same time."""
    start = threading.Barrier(threads())

    def one(number: int) -> Any:
        try:
            start.wait(60)
            return work(number)
        except (VoucherUsed, VoucherOver) as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(one, range(threads())))


def balance(user_id: str) -> int:
    return get_balance(user_id).tokens.balance


def test_many_users_and_few_uses(store: Any) -> None:
    code = make(tokens=7, max_uses=10)
    users = [str(1000 + number) for number in range(threads())]
    answers = at_once(lambda number: redeem_voucher(users[number], code))
    refused = [one for one in answers if isinstance(one, VoucherUsed)]
    assert len(refused) == threads() - 10
    assert not any(one.by_you for one in refused)
    assert state_of(code) == (10, ["granted"] * 10)
    winners = set(Redemption.objects.values_list("user_id", flat=True))
    assert {user for user in users if balance(user) == 107} == winners
    assert len(winners) == 10


@pytest.mark.parametrize("key", ["", "k"])
def test_one_user_many_times(store: Any, key: str) -> None:
    code = make(tokens=7, max_uses=100)
    answers = at_once(lambda _: redeem_voucher("7", code, key=key))
    moved = [one for one in answers if not isinstance(one, Exception)]
    assert {one.transaction_id for one in moved} == {"2"}
    assert len(moved) == (threads() if key else 1)
    assert state_of(code) == (1, ["granted"])
    assert balance("7") == 107


def test_of_two_tries_that_finish_it_together_one_is_answered_with_it(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = make(tokens=7, max_uses=100)
    real, moved = vouchers._grant, []

    def overtaken(row: Redemption, now: datetime | None) -> Any:
        monkeypatch.setattr(vouchers, "_grant", real)
        moved.append(redeem_voucher("7", code))
        return real(row, now)

    monkeypatch.setattr(vouchers, "_grant", overtaken)
    with pytest.raises(VoucherUsed) as refused:
        redeem_voucher("7", code)
    assert refused.value.by_you
    assert [one.amount for one in moved] == [7]
    assert balance("7") == 107


def test_one_is_stopped_and_taken_back_meanwhile(store: Any) -> None:
    code = make(tokens=7, max_uses=100)

    def work(number: int) -> Any:
        if number == threads() // 2:
            Voucher.objects.update(stopped_at=NOW)
            vouchers.take_back(Redemption.objects.all(), staff="1", note="")
            return vouchers.revoke_some(Redemption.objects.all())
        return redeem_voucher(str(2000 + number), code)

    at_once(work)
    # Those that were counted between the stop and the marks of before are taken back by the next call.
    vouchers.take_back(Redemption.objects.all(), staff="1", note="")
    while vouchers.finish_redemptions():
        pass
    rows = Redemption.objects.all()
    assert {row.state for row in rows} <= {"revoked"}
    assert Voucher.objects.get().uses == len(rows)
    assert {balance(row.user_id) for row in rows} <= {100}


def test_many_create_codes_of_one_small_pattern(db: None) -> None:
    made = at_once(lambda _: make_vouchers(3, 5, label="n", pattern="AB-????"))
    codes = [code for some in made for code in some]
    assert len(set(codes)) == len(codes) == 3 * threads()


class Flaky:
    """The store goes before a script, or after it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.real, self.is_on = rng, purchases.run_source, True

    def __call__(self, *args: Any, **more: Any) -> Any:
        if self.is_on and self.rng.random() < 0.25:
            raise StoreUnavailable("before")
        state = self.real(*args, **more)
        if self.is_on and self.rng.random() < 0.25:
            raise StoreUnavailable("after")
        return state


def _steps(rng: random.Random) -> Iterator[Callable[[list[str], datetime], object]]:
    def redeem(codes: list[str], now: datetime) -> object:
        return redeem_voucher(str(rng.randrange(1, 6)), rng.choice(codes), key=rng.choice(["", "a", "b"]), now=now)

    def revoke(codes: list[str], now: datetime) -> object:
        rows = Redemption.objects.filter(user_id=str(rng.randrange(1, 6)), voucher__code=rng.choice(codes))
        vouchers.take_back(rows, staff="9", note="")
        return vouchers.revoke_some(rows, now=now)

    def finish(_codes: list[str], now: datetime) -> object:
        return vouchers.finish_redemptions(now=now)

    while True:
        yield rng.choices([redeem, revoke, finish], [8, 2, 2])[0]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_fails_and_when(store: Any, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    flaky = Flaky(rng)
    monkeypatch.setattr(purchases, "run_source", flaky)
    codes = [make(tokens=10**place, max_uses=rng.randrange(1, 5)) for place in range(4)]
    now = NOW
    steps = _steps(rng)
    for _ in range(60):
        now += timedelta(seconds=rng.randrange(0, 50))
        with suppress(StoreUnavailable, VoucherUsed, IdempotencyConflict):
            next(steps)(codes, now)
        for voucher in Voucher.objects.all():
            assert voucher.uses == voucher.redemptions.count() <= voucher.max_uses
    flaky.is_on = False
    now += timedelta(seconds=61)
    while vouchers.finish_redemptions(now=now):
        pass
    assert set(Redemption.objects.values_list("state", flat=True)) <= {"granted", "revoked"}
    for user in map(str, range(1, 6)):
        granted = Redemption.objects.filter(user_id=user, state="granted")
        assert get_balance(user, now=now).tokens.balance == 100 + sum(row.tokens for row in granted)
        assert check_ledgers([user], now=now)[0].problems == ()


def test_an_account_that_is_closed_meanwhile_leaves_no_row(store: Any) -> None:
    user = User.objects.create_user("ada")
    user_id = str(user.pk)
    codes = make_vouchers(threads(), 5, label="n")

    def work(number: int) -> Any:
        if number == 5:
            return delete_account(user)
        try:
            return redeem_voucher(user_id, codes[number])
        except AccountClosed as closed:
            return closed

    at_once(work)
    while vouchers.finish_redemptions(now=NOW + timedelta(days=3650)):
        pass
    assert not Redemption.objects.filter(user_id=user_id, state="open").exists()
