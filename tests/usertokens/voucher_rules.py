"""What the ledger's machine does with vouchers: made, redeemed, left behind by a crash, finished, taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from kv.errors import StoreUnavailable
from kv.times import from_ms
from tests.usertokens.model import Model, Source
from tests.usertokens.model_periods import DAY, HOUR, WEEK
from usertokens.errors import (
    IdempotencyConflict,
    VoucherForNewUsers,
    VoucherNotYet,
    VoucherOver,
    VoucherUsed,
)
from usertokens.models import Redemption, Voucher
from usertokens.services import make_vouchers, vouchers
from usertokens.services.voucher_codes import code_key

#: Whoever redeems is given so long before the duty finishes it, ms.
_UNDER_WAY = 60_000


@dataclass
class ModelVoucher:
    """Its terms (times in ms since 1970, lives in days), and how often it was used."""

    tokens: int
    max_uses: int
    starts: int | None
    ends: int | None
    account_days: int | None
    grant_days: int | None
    priority: int
    uses: int = 0
    is_stopped: bool = False

    def refusal(self, now: int, joined: int | None) -> type[Exception] | None:
        """Why a user who has not used it can't; None: the user can. joined: None for somebody without an account."""
        if self.is_stopped or (self.ends is not None and now >= self.ends):
            return VoucherOver
        if self.starts is not None and now < self.starts:
            return VoucherNotYet
        if self.uses >= self.max_uses:
            return VoucherUsed
        if self.account_days is not None and (joined is None or joined < now - self.account_days * DAY):
            return VoucherForNewUsers
        return None


@dataclass
class ModelRedemption:
    """state: as the row's. key: the idempotency key of the request, "" for none. is_noted: the row has its entry."""

    at: int
    expires: int | None
    key: str
    state: str = "open"
    entry: int = 0
    is_noted: bool = False


class VoucherRules(RuleBasedStateMachine):
    """Part of `test_machine.LedgerMachine`, which has the model, the time, the user and the idempotency keys."""

    model: Model
    time: int
    user: str
    joined: int
    keys: dict[str, tuple[int, Any, Any]]
    #: Of all users.
    vouchers: dict[str, ModelVoucher]
    strangers: int
    #: Of the present user.
    redemptions: dict[str, ModelRedemption]

    @property
    def now(self) -> datetime:
        return from_ms(self.time)

    @rule(
        tokens=st.integers(1, 400),
        max_uses=st.sampled_from([1, 1, 2, 50]),
        starts=st.sampled_from([None, None, -HOUR, DAY]),
        life=st.sampled_from([None, None, HOUR, 8 * DAY]),
        account_days=st.sampled_from([None, None, None, 1, 30]),
        grant_days=st.sampled_from([None, None, 1, 40]),
        priority=st.integers(0, 99),
    )
    def make_voucher(
        self, *, tokens: int, max_uses: int, starts: int | None, life: int | None, account_days: int | None,
        grant_days: int | None, priority: int,
    ) -> None:  # fmt: skip
        begins = None if starts is None else self.time + starts
        ends = None if life is None else (begins or self.time) + life
        code = f"CODE-{len(self.vouchers)}"

        def ask() -> list[str]:
            return make_vouchers(
                1, tokens, label="machine", pattern=code, max_uses=max_uses, account_days=account_days,
                valid_from=None if begins is None else from_ms(begins),
                valid_until=None if ends is None else from_ms(ends), grant_days=grant_days, priority=priority,
                now=self.now,
            )  # fmt: skip

        if ends is not None and ends <= self.time:
            with pytest.raises(ValueError, match="valid_until"):
                ask()
            return
        self.vouchers[code] = ModelVoucher(tokens, max_uses, begins, ends, account_days, grant_days, priority)
        assert ask() == [code]

    @precondition(lambda self: self.vouchers)
    @rule(data=st.data(), key=st.sampled_from(["", "", "a", "b"]), dies=st.sampled_from([False, False, False, True]))
    def redeem(self, data: st.DataObject, key: str, *, dies: bool) -> None:
        code = data.draw(st.sampled_from(sorted(self.vouchers)))

        def ask() -> Any:
            return vouchers.redeem_voucher(self.user, code, key=key, now=self.now)

        if known := self.known(key):
            if known[1] == ("redeem", code):
                answer = ask()
                assert (answer.transaction_id, answer.balance, answer.repeated) == (*known[2], True)
            else:
                with pytest.raises(IdempotencyConflict):
                    ask()
            return
        voucher, mine = self.vouchers[code], self.redemptions.get(code)
        if mine is None:
            refusal = voucher.refusal(self.time, self.joined)
            if refusal is not None:
                with pytest.raises(refusal):
                    ask()
                return
            mine = self.count_use(code, key)
            if dies:
                with (
                    patch.object(vouchers, "_grant", side_effect=StoreUnavailable("away")),
                    pytest.raises(StoreUnavailable),
                ):
                    ask()
                return
        elif mine.state != "open" and not (key and key == mine.key and mine.state == "granted"):
            with pytest.raises(VoucherUsed) as caught:
                ask()
            assert caught.value.by_you
            return
        was_granted = mine.state == "granted"
        if not self.grant_redemption(code):
            with pytest.raises(IdempotencyConflict):
                ask()
            return
        answer = ask()
        assert (answer.transaction_id, answer.amount) == (str(mine.entry), voucher.tokens)
        assert (answer.balance, answer.repeated) == (self.model.balance, was_granted)

    @precondition(lambda self: self.vouchers)
    @rule(data=st.data())
    def somebody_else_redeems(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from(sorted(self.vouchers)))
        self.strangers += 1
        user_id = f"{9000 + self.strangers}"
        refusal = self.vouchers[code].refusal(self.time, None)
        if refusal is not None:
            with pytest.raises(refusal):
                vouchers.redeem_voucher(user_id, code, now=self.now)
            return
        self.vouchers[code].uses += 1
        assert vouchers.redeem_voucher(user_id, code, now=self.now).amount == self.vouchers[code].tokens

    @precondition(lambda self: self.vouchers)
    @rule(data=st.data())
    def stop_voucher(self, data: st.DataObject) -> None:
        code = data.draw(st.sampled_from(sorted(self.vouchers)))
        self.vouchers[code].is_stopped = True
        Voucher.objects.filter(code=code).update(stopped_at=self.now)

    @precondition(lambda self: any(one.state in ("open", "granted") for one in self.redemptions.values()))
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        """Staff mark it; `finish` does it, also of what was spent meanwhile."""
        live = sorted(code for code, one in self.redemptions.items() if one.state in ("open", "granted"))
        code = data.draw(st.sampled_from(live))
        self.redemptions[code].state = "revoking"
        rows = Redemption.objects.filter(voucher__code=code, user_id=self.user)
        assert vouchers.take_back(rows, staff="1", note="mistake") == 1

    @precondition(lambda self: any(one.state in ("open", "revoking") for one in self.redemptions.values()))
    @rule()
    def finish(self) -> None:
        """The duty: grants what a crash has left behind a minute ago, and takes back what is to be."""
        in_order = sorted(self.redemptions, key=lambda code: self.redemptions[code].at)
        for code in in_order:
            one = self.redemptions[code]
            if one.state == "open" and one.at < self.time - _UNDER_WAY:
                self.grant_redemption(code)
        for code in in_order:
            if code in self.redemptions and self.redemptions[code].state == "revoking":
                self.revoke(code)
        assert not vouchers.finish_redemptions(now=self.now)

    def open_vouchers(self) -> list[str]:
        """Those that somebody without an account could redeem."""
        return [code for code, one in self.vouchers.items() if one.refusal(self.time, None) is None]

    def known(self, key: str) -> tuple[int, Any, Any] | None:
        """What was answered under an idempotency key within a week."""
        kept = self.keys.get(key)
        return kept if key and kept and self.time - kept[0] < WEEK else None

    def count_use(self, code: str, key: str) -> ModelRedemption:
        voucher = self.vouchers[code]
        voucher.uses += 1
        expires = None if voucher.grant_days is None else self.time + voucher.grant_days * DAY
        self.redemptions[code] = ModelRedemption(self.time, expires, key)
        return self.redemptions[code]

    def grant_redemption(self, code: str) -> bool:
        """Grant what was counted; False when the ledger refuses, and the use is given back."""
        one, voucher = self.redemptions[code], self.vouchers[code]
        if not one.is_noted and voucher.grant_days is not None and one.expires is not None and one.expires <= self.time:
            one.expires = self.time + voucher.grant_days * DAY
        if not self.grant(code):
            voucher.uses -= 1
            del self.redemptions[code]
            return False
        one.state, one.is_noted = "granted", True
        return True

    def grant(self, code: str) -> bool:
        """The ledger's part, once for ever; False when the idempotency key was used for something else meanwhile."""
        one, voucher = self.redemptions[code], self.vouchers[code]
        if known := self.known(one.key):
            return bool(known[1] == ("redeem", code))
        self.model.settle(self.time)
        if code not in self.model.vouchers:
            one.entry = self.model.grant("grant", voucher.tokens, voucher.priority, one.expires, "voucher")
            self.model.vouchers[code] = Source(self.model.grants_made, voucher.tokens)
            if one.key:
                self.keys[one.key] = (self.time, ("redeem", code), (str(one.entry), self.model.balance))
        return True

    def revoke(self, code: str) -> None:
        one = self.redemptions[code]
        if one.is_noted or self.grant(code):
            self.model.settle(self.time)
            if one.expires is None or one.expires > self.time:
                self.model.reverse_source(self.model.vouchers[code], self.vouchers[code].tokens, self.time)
        one.state = "revoked"

    def same_redemptions(self) -> None:
        """The tables say what the model does."""
        rows = Redemption.objects.filter(user_id=self.user).values_list("voucher__code", "state")
        assert dict(rows) == {code: one.state for code, one in self.redemptions.items()}
        uses = dict(Voucher.objects.values_list("code", "uses"))
        assert uses == {code: one.uses for code, one in self.vouchers.items()}
        assert {code_key(code) for code in uses} == set(Voucher.objects.values_list("key", flat=True))
