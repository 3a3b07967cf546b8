"""Every operation in any order, with time moving, beside a plain model.

Same balances, same journal, same usage; after each step the equation holds, and the explanation proves it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kv.times import from_ms
from tests.samples import samples
from tests.usertokens.account_rules import AccountRules
from tests.usertokens.budget_rules import BudgetRules
from tests.usertokens.model import Model, Source
from tests.usertokens.model_budgets import Hold
from tests.usertokens.model_periods import DAY, HOUR
from tests.usertokens.paying import PLANS, PayingRules
from tests.usertokens.pricing import PRICES, PricingRules
from usertokens.errors import (
    AlreadyExpired,
    BudgetExceeded,
    HoldEnded,
    HoldNotYours,
    IdempotencyConflict,
    InsufficientTokens,
    NotReversible,
    ReversedTooMuch,
)
from usertokens.models import ArchivedEntry, Redemption, TokenLedger, Usage, UserUsage, Voucher
from usertokens.services import balances, holds, journal, purchases
from usertokens.services.audits import check_ledgers
from usertokens.types import BOUGHT, GIVEN

pytestmark = pytest.mark.django_db

amounts = st.integers(1, 400)
moments = st.sampled_from([1, 1000, 61_000, HOUR, 5 * HOUR, DAY, 3 * DAY, 8 * DAY, 33 * DAY])


class LedgerMachine(PayingRules, PricingRules, BudgetRules, AccountRules):
    """What each rule asks of the store it asks of the model as well."""

    store: Any

    @initialize(cap=st.sampled_from([0, 30]), start=st.integers(0, 400 * DAY))
    def begin(self, cap: int, start: int) -> None:
        self.store.flushall()
        for model in (Redemption, Voucher, ArchivedEntry, UserUsage, Usage, TokenLedger, User):
            model.objects.all().delete()
        self.settings = override_settings(PLAN_ALLOWANCES=PLANS, ALLOWANCE_ROLLOVER_CAP=cap, TOKEN_ACTIONS=dict(PRICES))
        self.settings.enable()
        self.time = int(datetime(2027, 1, 30, 22, tzinfo=UTC).timestamp() * 1000) + start
        self.vouchers, self.strangers, self.gone = {}, 0, {}
        self.sign_up(17, Model(PLANS, cap, prices={action: Fraction(price) for action, price in PRICES.items()}))

    def teardown(self) -> None:
        if hasattr(self, "settings"):
            self.settings.disable()

    @property
    def now(self) -> datetime:
        return from_ms(self.time)

    @rule(step=moments)
    def wait(self, step: int) -> None:
        self.time += step

    @rule(amount=amounts, key=st.sampled_from(["", "", "a", "b"]), generation=st.booleans())
    def spend(self, amount: int, key: str, *, generation: bool) -> None:
        def ask() -> Any:
            if generation:
                return balances.record_generation(self.user, amount, key=key, now=self.now).movement
            return balances.spend_tokens(self.user, amount, key=key, now=self.now)

        if kept := self.known(key):
            if kept[1] == (amount, generation):
                answer = ask()
                assert (answer.transaction_id, answer.balance, answer.repeated) == (*kept[2], True)
            else:
                with pytest.raises(IdempotencyConflict):
                    ask()
            return
        self.model.settle(self.time)
        if self.model.balance < amount:
            with pytest.raises(InsufficientTokens) as caught:
                ask()
            assert caught.value.balance == self.model.balance
            return
        if self.model.is_over(None, amount, self.time):
            with pytest.raises(BudgetExceeded):
                ask()
            return
        parts = self.model.burn(amount)
        entry = self.model.write("spend", -amount)
        self.model.taken[entry] = parts
        self.model.use(entry, self.time, None, amount, 1)
        answer = ask()
        assert (answer.transaction_id, answer.balance, answer.repeated) == (str(entry), self.model.balance, False)
        if key:
            self.keys[key] = (self.time, (amount, generation), (str(entry), answer.balance))

    @rule(amount=amounts, life=st.sampled_from([None, HOUR, 3 * DAY, 40 * DAY, -HOUR]), priority=st.integers(0, 99))
    def add(self, amount: int, life: int | None, priority: int) -> None:
        expires = None if life is None else self.time + life
        self.model.settle(self.time)
        moment = None if expires is None else from_ms(expires)
        if life is not None and life < 0:
            with pytest.raises(AlreadyExpired):
                balances.add_tokens(
                    self.user, amount, reason="gift", expires_at=moment, priority=priority, now=self.now
                )
            return
        self.model.grant("grant", amount, priority, expires, "given")
        balances.add_tokens(self.user, amount, reason="gift", expires_at=moment, priority=priority, now=self.now)

    @rule(change=st.integers(-200, 200).filter(bool))
    def adjust(self, change: int) -> None:
        self.model.settle(self.time)
        if self.model.balance + change < 0 and change < 0:
            with pytest.raises(InsufficientTokens):
                balances.adjust_tokens(self.user, change, reason="count", actor="1", now=self.now)
            return
        if change > 0:
            self.model.grant("adjust", change, GIVEN, None, "adjustment")
        else:
            self.model.burn(-change)
            self.model.write("adjust", change)
        balances.adjust_tokens(self.user, change, reason="count", actor="1", now=self.now)

    @rule(amount=amounts, ttl=st.sampled_from([1, 60, 86400]), by_service=st.booleans())
    def hold(self, amount: int, ttl: int, *, by_service: bool) -> None:
        self.model.settle(self.time)
        if self.model.balance < amount:
            with pytest.raises(InsufficientTokens):
                holds.hold_tokens(self.user, amount, ttl_seconds=ttl, by_service=by_service, now=self.now)
            return
        if self.model.is_over(None, amount, self.time):
            with pytest.raises(BudgetExceeded):
                holds.hold_tokens(self.user, amount, ttl_seconds=ttl, by_service=by_service, now=self.now)
            return
        parts = self.model.burn(amount)
        entry = self.model.write("hold", -amount)
        by = "service" if by_service else "user"
        self.model.holds[entry] = Hold(entry, amount, self.time + ttl * 1000, by, parts)
        made = holds.hold_tokens(self.user, amount, ttl_seconds=ttl, by_service=by_service, now=self.now)
        assert (made.balance, made.expires_at) == (self.model.balance, from_ms(self.time + ttl * 1000))
        self.hold_ids[entry] = made.id

    @precondition(lambda self: self.hold_ids)
    @rule(data=st.data(), share=st.sampled_from([None, 1, 50, 10_000]), by_service=st.booleans())
    def end_hold(self, data: st.DataObject, share: int | None, *, by_service: bool) -> None:
        entry = data.draw(st.sampled_from(sorted(self.hold_ids)))
        captures = data.draw(st.booleans())
        self.model.settle(self.time)

        def ask() -> Any:
            if captures:
                return holds.capture_hold(self.user, self.hold_ids[entry], share, by_service=by_service, now=self.now)
            return holds.release_hold(self.user, self.hold_ids[entry], by_service=by_service, now=self.now)

        refusal = self.refusal_of(entry, by_service=by_service, share=share, captures=captures)
        if refusal is not None:
            with pytest.raises(refusal):
                ask()
            return
        held, action = self.model.holds[entry].amount, self.model.holds[entry].action
        kept = (held if share is None else share) if captures else 0
        if captures and share is None and action:
            kept, self.model.carried[action] = self.model.price(action, self.model.holds[entry].quantity)
        made = self.model.end_hold(entry, kept, "capture" if captures else "release", self.time)
        answer = ask()
        assert (answer.transaction_id, answer.amount) == (str(made), kept if captures else held)

    def refusal_of(self, entry: int, *, by_service: bool, share: int | None, captures: bool) -> type[Exception] | None:
        hold = self.model.holds.get(entry)
        if hold is None:
            return HoldEnded
        if hold.by == "service" and not by_service:
            return HoldNotYours
        needed = (share or 0) if captures else 0
        if captures and share is None and hold.action:
            needed, _ = self.model.price(hold.action, hold.quantity)
        if needed > hold.amount and needed - hold.amount > self.model.balance:
            return InsufficientTokens
        return BudgetExceeded if self.model.is_over(hold.action, needed - hold.amount, self.time) else None

    @precondition(lambda self: self.model.journal)
    @rule(data=st.data(), amount=st.sampled_from([None, 1, 20, 10_000]))
    def reverse(self, data: st.DataObject, amount: int | None) -> None:
        spent = [number for number, row in enumerate(self.model.journal, 1) if row[0] in ("spend", "capture")]
        entries = st.integers(1, len(self.model.journal))
        entry = data.draw(entries | st.sampled_from(spent) if spent else entries)
        self.model.settle(self.time)
        taken = self.model.taken.get(entry)
        if taken is None:
            with pytest.raises(NotReversible):
                balances.reverse_entry(self.user, entry, amount, reason="mend", now=self.now)
            return
        before = self.model.given_back.get(entry, 0)
        left = sum(tokens for _, tokens in taken) - before
        tokens = left if amount is None else amount
        if tokens > left or not tokens:
            with pytest.raises(ReversedTooMuch):
                balances.reverse_entry(self.user, entry, amount, reason="mend", now=self.now)
            return
        # Token by token, the last burned first, leaving out what was given back before.
        line = [number for number, count in reversed(taken) for _ in range(count)][before : before + tokens]
        parts = [(number, line.count(number)) for number in dict.fromkeys(line)]
        self.model.given_back[entry] = before + tokens
        self.model.give("reverse", parts, self.time)
        balances.reverse_entry(self.user, entry, amount, reason="mend", now=self.now)

    @rule(name=st.sampled_from(["p1", "p2", "p3"]), amount=st.sampled_from([100, 500]))
    def purchase(self, name: str, amount: int) -> None:
        self.model.settle(self.time)
        known = self.model.sources.get(name)
        if known and known.amount != amount:
            with pytest.raises(IdempotencyConflict):
                purchases.grant_tokens(self.user, amount, reason="top-up", key=name, now=self.now)
            return
        if known is None:
            self.model.grant("grant", amount, BOUGHT, None, "purchase")
            self.model.sources[name] = Source(self.model.grants_made, amount)
        answer = purchases.grant_tokens(self.user, amount, reason="top-up", key=name, now=self.now)
        assert answer is not None
        assert answer.applied is (known is None)

    @precondition(lambda self: self.model.sources)
    @rule(data=st.data(), what=st.sampled_from(["reverse", "restore", "freeze", "unfreeze"]), total=st.integers(0, 600))
    def money_moves(self, data: st.DataObject, what: str, total: int) -> None:
        name = data.draw(st.sampled_from(sorted(self.model.sources)))
        self.model.settle(self.time)
        getattr(self.model, f"{what}_source")(self.model.sources[name], total, self.time)
        more = (total,) if what in ("reverse", "restore") else ()
        answer = getattr(purchases, f"{what}_grant")(self.user, name, *more, now=self.now)
        source = self.model.sources[name]
        assert (answer.taken_back, answer.frozen, answer.debt) == (source.taken_back, source.frozen, self.model.debt)

    @rule()
    def archive(self) -> None:
        self.model.settle(self.time)
        journal.archive_journal(self.user, older_than=self.now - timedelta(days=2), now=self.now)

    @invariant()
    def same_as_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        self.model.settle(self.time)
        balance = balances.get_balance(self.user, now=self.now)
        tokens = balance.tokens
        assert (tokens.balance, tokens.held, tokens.debt) == (self.model.balance, self.model.held, self.model.debt)
        assert tokens.allowance == self.model.allowance
        assert [(grant.id, grant.left) for grant in balance.grants] == [
            (grant.id, grant.left) for grant in self.model.burn_order()
        ]
        new = len(self.model.journal) - self.seen
        if new:
            found = journal.list_transactions(self.user, limit=new, now=self.now).results
            assert [(entry.type, entry.amount, entry.balance_after) for entry in reversed(found)] == self.model.journal[
                -new:
            ]
            self.seen = len(self.model.journal)
        self.same_budgets()
        self.same_redemptions()
        self.same_usage()
        assert check_ledgers([self.user], now=self.now)[0].problems == ()
        self.is_explained()


@pytest.mark.slow
def test_thousands_of_steps_beside_the_model(store: Any) -> None:
    LedgerMachine.store = store
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=samples(50), stateful_step_count=60, deadline=None, report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
        ),
    )  # fmt: skip
