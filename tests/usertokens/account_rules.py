"""What the ledger's machine does with whole accounts: added up, explained, reset, closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from kv.times import from_ms
from tests.usertokens.model import Model
from tests.usertokens.voucher_rules import VoucherRules
from usertokens.errors import AccountClosed, OpenHolds
from usertokens.models import ArchivedEntry, Redemption, UserUsage
from usertokens.services import balances, budgets, directory, holds, purchases, vouchers
from usertokens.services.accounts import delete_account
from usertokens.services.explanations import explain_balance
from usertokens.services.resets import reset_user
from usertokens.services.usage import all_usage, sum_usage

Sums = dict[str, tuple[int, int, int]]


class AccountRules(VoucherRules):
    """Part of `test_machine.LedgerMachine`, which has the model and the time. joined: ms."""

    store: Any
    model: Model
    time: int
    user: str
    joined: int
    version: int
    said: list[tuple[str, str, int, int, bool]]
    keys: dict[str, tuple[int, Any, Any]]
    hold_ids: dict[int, str]
    seen: int
    #: What closed accounts have used, by action.
    gone: Sums
    #: The balance after the last step at a moment.
    balances: dict[int, int]
    #: The last entry before the last reset.
    first: int

    @property
    def now(self) -> datetime:
        return from_ms(self.time)

    def sign_up(self, number: int, model: Model) -> None:
        """A new user, beside a new model."""
        self.model, self.user, self.joined = model, str(number), self.time
        User.objects.create(pk=number, username=f"user{number}", date_joined=self.now)
        self.hold_ids, self.keys, self.redemptions, self.balances = {}, {}, {}, {}
        self.seen = self.version = self.first = 0
        self.said = []

    @rule()
    def add_up(self) -> None:
        """The worker's walk: what was used goes to the tables; the site's sums have the accounts that are gone too."""
        directory.copy_users([(self.user, f"user{self.user}", from_ms(self.joined))])
        assert {name: sums for name, *sums in sum_usage()} == {
            name: list(sums) for name, sums in _sums(self.model, self.gone).items()
        }

    @precondition(lambda self: self.balances)
    @rule(data=st.data())
    def explain_an_earlier_moment(self, data: st.DataObject) -> None:
        moment = data.draw(st.sampled_from(sorted(self.balances)))
        if moment > self.time:
            return
        explained = explain_balance(self.user, at=from_ms(moment), now=self.now)
        assert (explained.problems, explained.balance) == ((), self.balances[moment])

    @precondition(lambda self: len(self.model.journal) > self.first + 8)
    @rule()
    def reset(self) -> None:
        self.model.settle(self.time)
        if self.model.holds:
            with pytest.raises(OpenHolds):
                reset_user(self.user, now=self.now)
            return
        if self.model.periods and not self.model.periods[0].starts <= self.time < self.model.periods[0].ends:
            return  # which one is the plan's own then depends on how many old ones the store still knows
        self.first = len(self.model.journal)
        _reset(self.model, self.time, is_known_to_billing=self.version > 0)
        self.keys.clear()
        dashboard = reset_user(self.user, now=self.now)
        assert dashboard.tokens.balance == self.model.balance

    @precondition(lambda self: len(self.model.journal) > 12)
    @rule()
    def close(self) -> None:
        """The account is closed for good: nothing is left, nothing late comes in. Another user goes on."""
        self.gone = _sums(self.model, self.gone)
        delete_account(User.objects.get(pk=self.user))
        assert self.store.keys(f"*{{{self.user}}}*") == [f"closed:{{{self.user}}}".encode()]
        assert not any(rows.objects.filter(user_id=self.user) for rows in (ArchivedEntry, Redemption, UserUsage))
        for refused in (
            lambda: balances.spend_tokens(self.user, 1, now=self.now),
            lambda: balances.add_tokens(self.user, 1, reason="gift", now=self.now),
            lambda: balances.get_balance(self.user, now=self.now),
            lambda: holds.hold_tokens(self.user, 1, ttl_seconds=60, now=self.now),
            lambda: budgets.set_budget(self.user, day=1, now=self.now),
            lambda: explain_balance(self.user, now=self.now),
            lambda: all_usage(self.user),
        ):
            with pytest.raises(AccountClosed):
                refused()
        assert purchases.grant_tokens(self.user, 1, reason="late", key="late", now=self.now) is None
        if code := next((code for code in self.open_vouchers()), None):
            with pytest.raises(AccountClosed):
                vouchers.redeem_voucher(self.user, code, now=self.now)
        before = self.model
        self.sign_up(int(self.user) + 1, Model(before.plan_tokens, before.cap, prices=before.prices))

    def same_usage(self) -> None:
        """What the tables and the journal after them say was used is what the model counted."""
        assert all_usage(self.user) == self.model.usage

    def is_explained(self) -> None:
        """The explanation of the present balance proves it."""
        explained = explain_balance(self.user, now=self.now)
        assert explained.problems == ()
        tokens = (explained.balance, explained.held, explained.debt)
        assert tokens == (self.model.balance, self.model.held, self.model.debt)
        self.balances[self.time] = self.model.balance


def _reset(model: Model, now: int, *, is_known_to_billing: bool) -> None:
    """The first day again. What billing said stays, and its own period brings its tokens again."""
    for source in (*model.sources.values(), *model.vouchers.values()):
        source.frozen, source.is_void = 0, True
    for kept in (model.grants, model.taken, model.given_back, model.uses, model.carried):
        kept.clear()
    model.journal.append(("reset", -model.journal[-1][2], 0))
    model.debt = model.starts = model.ends = model.allowance = 0
    model.interrupted = None
    if not is_known_to_billing:
        model.plan, model.periods, model.is_billed, model.anchor = "Free", [], False, 0
    for place, one in enumerate(model.periods):
        one.month = one.granted = 0
        one.is_void = place > 0 or not model.is_billed
    model.settle(now)


def _sums(model: Model, more: Sums) -> Sums:
    """By action: how often, of how many units, for how many tokens."""
    found = dict(more)
    for (_, action), sums in model.usage.items():
        found[action] = tuple(map(sum, zip(found.get(action, (0, 0, 0)), sums, strict=True)))  # type: ignore[assignment] # three of each
    return found
