"""Vouchers: who may redeem which and when, each once, and what is left after a failure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from kv.errors import StoreUnavailable
from tests.usertokens.vouchers import make, state_of
from usertokens.errors import (
    AccountClosed,
    IdempotencyConflict,
    VoucherForNewUsers,
    VoucherNotYet,
    VoucherOver,
    VoucherRefused,
    VoucherUnknown,
    VoucherUsed,
)
from usertokens.models import Redemption, Voucher
from usertokens.services import (
    delete_account,
    get_balance,
    list_transactions,
    make_vouchers,
    redeem_voucher,
    reset_user,
    spend_tokens,
    vouchers,
)
from usertokens.services.audits import check_ledgers
from usertokens.services.exports import export_user

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def own(user: User) -> str:
    return str(user.pk)


def test_a_code_grants_its_tokens_once(own: str) -> None:
    code = make(tokens=500, priority=30)
    moved = redeem_voucher(own, code)
    assert (moved.amount, moved.balance) == (500, 600)
    (grant,) = [grant for grant in get_balance(own).grants if grant.source == "voucher"]
    assert (grant.left, grant.priority, grant.expires_at) == (500, 30, None)
    entry = list_transactions(own).results[0]
    assert (str(entry.id), entry.type, entry.reason) == (moved.transaction_id, "grant", "voucher")
    with pytest.raises(VoucherUsed) as refused:
        redeem_voucher(own, code)
    assert refused.value.by_you
    assert get_balance(own).tokens.balance == 600
    assert state_of(code) == (1, ["granted"])


@pytest.mark.parametrize(
    "entered",
    [
        "SUMMER-2026", "summer2026", " summer 2026 ", "s-u-m-m-e-r-2-0-2-6", "SUMMER\u20112026", "ＳＵＭＭＥＲ２０２６",
        "summer\u00a0– 2026\u200b", "\tsummer-2026\n",
    ],
)  # fmt: skip
def test_codes_are_compared_without_case_spaces_and_hyphens(own: str, entered: str) -> None:
    make(pattern="summer-2026", tokens=7)
    assert redeem_voucher(own, entered).amount == 7


@pytest.mark.parametrize(
    "entered", ["", " ", "---", "SUMMER-2025", "SUMMER", "ß" * 10, "\0", "a" * 300, "СУММЕР2026", "SUMMER_2026"]
)
def test_an_unknown_code(own: str, entered: str) -> None:
    make(pattern="summer-2026")
    with pytest.raises(VoucherUnknown):
        redeem_voucher(own, entered)


def test_it_is_valid_from_one_moment_until_before_another(own: str) -> None:
    code = make(valid_from=NOW, valid_until=NOW + DAY)
    with pytest.raises(VoucherNotYet) as early:
        redeem_voucher(own, code, now=NOW - timedelta(seconds=1))
    assert early.value.valid_from == NOW
    with pytest.raises(VoucherOver):
        redeem_voucher(own, code, now=NOW + DAY)
    assert redeem_voucher(own, code, now=NOW + DAY - timedelta(seconds=1)).amount == 100


def test_a_stopped_one_is_over(own: str) -> None:
    code = make()
    Voucher.objects.update(stopped_at=NOW)
    with pytest.raises(VoucherOver):
        redeem_voucher(own, code)


def test_it_is_used_up(own: str, other: User) -> None:
    code = make(max_uses=1)
    redeem_voucher(own, code)
    with pytest.raises(VoucherUsed) as refused:
        redeem_voucher(str(other.pk), code)
    assert not refused.value.by_you


@pytest.mark.parametrize(("ago", "days", "may"), [(6, 7, True), (8, 7, False), (0, 1, True), (400, 365, False)])
def test_for_new_users_only(user: User, ago: int, days: int, may: bool) -> None:
    user.date_joined = NOW - ago * DAY
    user.save()
    code = make(account_days=days)
    if may:
        assert redeem_voucher(str(user.pk), code, now=NOW).amount == 100
        return
    with pytest.raises(VoucherForNewUsers) as refused:
        redeem_voucher(str(user.pk), code, now=NOW)
    assert refused.value.days == days
    assert state_of(code) == (0, [])


def test_its_tokens_expire(own: str) -> None:
    code = make(grant_days=30)
    redeem_voucher(own, code, now=NOW)
    assert get_balance(own, now=NOW + 30 * DAY - DAY / 2).grants[-1].expires_at == NOW + 30 * DAY
    assert {grant.source for grant in get_balance(own, now=NOW + 31 * DAY).grants} == {"allowance"}


class TestIdempotency:
    def test_the_same_key_is_the_first_answer(self, own: str) -> None:
        code = make()
        first = redeem_voucher(own, code, key="k")
        spend_tokens(own, 50)
        again = redeem_voucher(own, code.lower().replace("-", ""), key="k")
        assert (again.transaction_id, again.amount, again.balance) == (first.transaction_id, 100, 200)
        assert again.repeated
        assert state_of(code) == (1, ["granted"])

    def test_another_code_or_operation_under_the_same_key_is_a_conflict(self, own: str) -> None:
        one, two = make(), make()
        redeem_voucher(own, one, key="k")
        spend_tokens(own, 5, key="s")
        for code, key in ((two, "k"), (two, "s")):
            with pytest.raises(IdempotencyConflict):
                redeem_voucher(own, code, key=key)
        with pytest.raises(IdempotencyConflict):
            spend_tokens(own, 5, key="k")
        assert state_of(two) == (0, [])

    def test_a_refusal_is_not_remembered(self, own: str) -> None:
        with pytest.raises(VoucherUnknown):
            redeem_voucher(own, "LATER-2026", key="k")
        make(pattern="LATER-2026")
        assert redeem_voucher(own, "LATER-2026", key="k").amount == 100

    def test_another_key_finds_it_used(self, own: str) -> None:
        code = make()
        redeem_voucher(own, code, key="k")
        with pytest.raises(VoucherUsed):
            redeem_voucher(own, code, key="l")


class TestBetweenUseAndGrant:
    """The process dies, or the store goes, when the use is counted and nothing is granted."""

    @pytest.fixture
    def code(self, own: str, monkeypatch: pytest.MonkeyPatch) -> str:
        code = make(tokens=40, max_uses=2)
        with monkeypatch.context() as patch:
            patch.setattr("usertokens.services.purchases.run_source", _away)
            with pytest.raises(StoreUnavailable):
                redeem_voucher(own, code, key="k", now=NOW)
        assert state_of(code) == (1, ["open"])
        assert get_balance(own, now=NOW).tokens.balance == 100
        return code

    @pytest.mark.parametrize("key", ["", "k"])
    def test_the_same_call_grants(self, own: str, code: str, key: str) -> None:
        assert redeem_voucher(own, code, key=key, now=NOW).balance == 140
        assert state_of(code) == (1, ["granted"])

    def test_the_worker_grants_and_the_same_call_gets_its_answer(self, own: str, code: str) -> None:
        assert not vouchers.finish_redemptions(now=NOW + timedelta(seconds=59))
        assert state_of(code) == (1, ["open"])
        vouchers.finish_redemptions(now=NOW + timedelta(seconds=61))
        assert state_of(code) == (1, ["granted"])
        spend_tokens(own, 1, now=NOW)
        assert redeem_voucher(own, code, key="k", now=NOW).balance == 140
        with pytest.raises(VoucherUsed):
            redeem_voucher(own, code, now=NOW)

    @pytest.mark.parametrize("key", ["worker", "", "k"])
    def test_tokens_that_come_late_last_as_long(self, own: str, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
        code = make(tokens=40, grant_days=3)
        with monkeypatch.context() as patch:
            patch.setattr("usertokens.services.purchases.run_source", _away)
            with pytest.raises(StoreUnavailable):
                redeem_voucher(own, code, key="k", now=NOW)
        late = NOW + 3 * DAY
        if key == "worker":
            vouchers.finish_redemptions(now=late)
        else:
            redeem_voucher(own, code, key=key, now=late)
        (grant,) = [grant for grant in get_balance(own, now=late).grants if grant.source == "voucher"]
        assert (grant.left, grant.expires_at) == (40, late + 3 * DAY)
        vouchers.take_back(Redemption.objects.all(), staff="1", note="")
        vouchers.revoke_some(Redemption.objects.all(), now=late + 2 * DAY)
        assert get_balance(own, now=late + 2 * DAY).tokens.debt == 0
        assert not [one for one in get_balance(own, now=late + 2 * DAY).grants if one.source == "voucher"]

    def test_it_can_be_taken_back_before_it_is_granted(self, own: str, code: str) -> None:
        row = Redemption.objects.select_related("voucher").get()
        vouchers.take_back(Redemption.objects.all(), staff="1", note="")
        vouchers.revoke_some(Redemption.objects.all(), now=NOW)
        assert get_balance(own, now=NOW).tokens.balance == 100
        # The process that had counted the use goes on only now.
        assert not vouchers.grant_redemption(row, now=NOW).applied
        assert get_balance(own, now=NOW).tokens.balance == 100
        assert state_of(code) == (1, ["revoked"])

    def test_a_closed_account_gives_the_use_back(self, own: str, code: str) -> None:
        row = Redemption.objects.select_related("voucher").get()
        Redemption.objects.all().delete()
        delete_account(User.objects.get(pk=own))
        # The row of a process that was slower than the deletion.
        row.save(force_insert=True)
        vouchers.finish_redemptions(now=NOW + DAY)
        assert state_of(code) == (0, [])


def _away(*_args: Any, **_more: Any) -> Any:
    raise StoreUnavailable("a test")


class TestTakingBack:
    def test_what_is_left_and_what_is_spent(self, own: str) -> None:
        code = make(tokens=40)
        redeem_voucher(own, code)
        spend_tokens(own, 120)
        assert vouchers.take_back(Redemption.objects.all(), staff="7", note="abuse") == 1
        vouchers.revoke_some(Redemption.objects.all())
        tokens = get_balance(own).tokens
        assert tokens.balance == -20, "20 of the 40 tokens were spent"
        assert tokens.debt == 20
        entry = list_transactions(own).results[0]
        assert (entry.amount, entry.reason, entry.actor) == (-40, "voucher taken back", "7")
        assert state_of(code) == (1, ["revoked"])
        assert vouchers.take_back(Redemption.objects.all(), staff="7", note="") == 0
        assert not vouchers.revoke_some(Redemption.objects.all())
        with pytest.raises(VoucherUsed):
            redeem_voucher(own, code)

    def test_expired_tokens_are_not_taken_twice(self, own: str) -> None:
        redeem_voucher(own, make(tokens=40, grant_days=3), now=NOW)
        later = NOW + 4 * DAY
        before = get_balance(own, now=later).tokens
        vouchers.take_back(Redemption.objects.all(), staff="7", note="")
        vouchers.revoke_some(Redemption.objects.all(), now=later)
        assert get_balance(own, now=later).tokens == before

    def test_a_reset_has_taken_them_already(self, own: str) -> None:
        code = make(tokens=40)
        redeem_voucher(own, code)
        reset_user(own)
        vouchers.take_back(Redemption.objects.all(), staff="7", note="")
        vouchers.revoke_some(Redemption.objects.all())
        assert (get_balance(own).tokens.balance, get_balance(own).tokens.debt) == (100, 0)
        with pytest.raises(VoucherUsed):
            redeem_voucher(own, code)


def test_a_download_has_them_and_closing_the_account_deletes_them(user: User, own: str) -> None:
    code = make(max_uses=3)
    redeem_voucher(own, code)
    (row,) = export_user(own)["vouchers"]
    assert (row["code"], row["tokens"], row["state"]) == (code, 100, "granted")
    delete_account(user)
    # The use stays counted.
    assert state_of(code) == (1, [])
    with pytest.raises((AccountClosed, VoucherRefused)):
        redeem_voucher(own, code)
    assert state_of(code) == (1, [])


def test_the_ledger_is_right_after_it_all(own: str, other: User) -> None:
    codes = make_vouchers(4, 30, label="n", max_uses=2, grant_days=2)
    for code in codes:
        for who in (own, str(other.pk)):
            redeem_voucher(who, code)
    vouchers.take_back(Redemption.objects.filter(user_id=own), staff="7", note="")
    vouchers.revoke_some(Redemption.objects.all())
    assert [report.problems for report in check_ledgers([own, str(other.pk)])] == [(), ()]
