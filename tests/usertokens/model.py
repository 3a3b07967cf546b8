"""A ledger in plain Python, as simply as it can be said: nothing is packed or remembered."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from tests.usertokens.model_budgets import BudgetModel
from tests.usertokens.model_periods import HOUR, Period, Said, month_around


@dataclass
class Grant:
    id: int
    priority: int
    expires: int | None
    source: str
    left: int

    def is_over(self, now: int) -> bool:
        return self.expires is not None and self.expires <= now


@dataclass
class Source:
    grant: int
    amount: int
    taken_back: int = 0
    frozen: int = 0
    #: The account was reset since.
    is_void: bool = False


@dataclass
class Model(BudgetModel):
    """`plan_tokens` is PLAN_ALLOWANCES, `cap` ALLOWANCE_ROLLOVER_CAP; every time is in ms."""

    plan_tokens: dict[str, int]
    cap: int = 0
    plan: str = "Free"
    debt: int = 0
    grants: dict[int, Grant] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    journal: list[tuple[str, int, int]] = field(default_factory=list)
    taken: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    #: By the voucher's code.
    vouchers: dict[str, Source] = field(default_factory=dict)
    starts: int = 0
    ends: int = 0
    anchor: int = 0
    periods: list[Period] = field(default_factory=list)
    is_billed: bool = False
    interrupted: tuple[int, int, int] | None = None
    allowance: int = 0
    grants_made: int = 0
    prices: dict[str, Fraction] = field(default_factory=dict)
    carried: dict[str, Fraction] = field(default_factory=dict)

    @property
    def balance(self) -> int:
        return sum(grant.left for grant in self.grants.values()) - self.debt

    @property
    def held(self) -> int:
        return sum(hold.amount for hold in self.holds.values())

    def burn_order(self) -> list[Grant]:
        live = [grant for grant in self.grants.values() if grant.left]
        return sorted(live, key=lambda grant: (grant.priority, grant.expires or 2**60, grant.id))

    def write(self, kind: str, amount: int) -> int:
        self.journal.append((kind, amount, self.balance))
        return len(self.journal)

    # --- moving tokens
    def burn(self, amount: int) -> list[tuple[int, int]]:
        parts = []
        for grant in self.burn_order():
            part = min(grant.left, amount)
            if part:
                grant.left -= part
                amount -= part
                parts.append((grant.id, part))
        self.debt += amount
        return parts

    def give(self, kind: str, parts: list[tuple[int, int]], now: int) -> int:
        lost = []
        for number, returned in parts:
            paid = min(returned, self.debt)
            self.debt -= paid
            tokens = returned - paid
            self.grants[number].left += tokens
            if tokens and self.grants[number].is_over(now):
                lost.append((number, tokens))
        entry = self.write(kind, sum(tokens for _, tokens in parts))
        if lost:
            for number, tokens in lost:
                self.grants[number].left -= tokens
            self.write("expire", -sum(tokens for _, tokens in lost))
        return entry

    def grant(self, kind: str, amount: int, priority: int, expires: int | None, source: str) -> int:
        self.grants_made += 1
        paid = min(amount, self.debt)
        self.debt -= paid
        self.grants[self.grants_made] = Grant(self.grants_made, priority, expires, source, amount - paid)
        return self.write(kind, amount)

    def price(self, action: str, quantity: int) -> tuple[int, Fraction]:
        """The whole tokens of so many units, and what is carried on then. A new price rounds down what it was."""
        price = self.prices[action]
        cost, before = price * quantity, self.carried.get(action, Fraction(0))
        if cost.denominator == 1:
            return int(cost), before
        cost += Fraction(math.floor(before * price.denominator), price.denominator)
        return math.floor(cost), cost % 1

    def end_hold(self, entry: int, captured: int, kind: str, now: int, quantity: int | None = None) -> int:
        hold = self.holds.pop(entry)
        self.ended.add(entry)
        kept, parts, rest = [], [], captured
        for number, tokens in hold.parts:
            part = min(tokens, rest)
            rest -= part
            if part:
                kept.append((number, part))
            if tokens > part:
                parts.append((number, tokens - part))
        if rest:
            kept += self.burn(rest)
            made = self.write(kind, -rest)
        else:
            made = self.give(kind, parts, now)
        if kept:
            self.taken[made] = kept
        if captured or (kind == "capture" and hold.action):
            self.use(made, now, hold.action, captured, hold.quantity if quantity is None else quantity)
        return made

    # --- what money does
    def reverse_source(self, source: Source, total: int, now: int) -> None:
        missing = min(total, source.amount) - source.taken_back
        if missing <= 0 or source.is_void:
            return
        source.taken_back += missing
        grant = self.grants[source.grant]
        thawed = min(source.frozen, missing)
        source.frozen -= thawed
        if thawed:
            grant.left += thawed
            self.write("unfreeze", thawed)
            grant.left -= thawed
        own = min(grant.left, missing - thawed)
        grant.left -= own
        self.burn(missing - thawed - own)
        self.write("refund", -missing)

    def restore_source(self, source: Source, total: int, now: int) -> None:
        back = source.taken_back - total
        if back > 0 and not source.is_void:
            source.taken_back -= back
            self.give("restore", [(source.grant, back)], now)

    def freeze_source(self, source: Source, _: int, now: int) -> None:
        if source.is_void:
            return
        grant = self.grants[source.grant]
        tokens, grant.left = grant.left, 0
        source.frozen += tokens
        if tokens:
            self.write("freeze", -tokens)

    def unfreeze_source(self, source: Source, _: int, now: int) -> None:
        tokens, source.frozen = source.frozen, 0
        if tokens:
            self.give("unfreeze", [(source.grant, tokens)], now)

    # --- what happens by itself
    def settle(self, now: int, said: Said | None = None) -> None:
        """What is due. said: what a plan's change says."""
        is_paid_for = any(one.granted and one.month_around(one.month)[1] == self.ends for one in self.periods)
        if said is not None:
            is_paid_for = self.hear(now, said) or is_paid_for
        for entry in sorted(entry for entry, hold in self.holds.items() if hold.expires <= now):
            self.end_hold(entry, 0, "hold_expired", now)
        kept = min(self.expire(now), self.cap)
        owed: list[tuple[int, int]] = []
        shown, waiting = self.bring(now, owed)
        is_over = now >= self.ends or (is_paid_for and shown is None)
        if (shown or (waiting and self.is_billed)) and not is_over and not is_paid_for and self.allowance:
            gone = self.make_way() if shown and owed and self.allowance < shown.granted else 0
            self.interrupted = (self.starts, self.ends, self.allowance - gone)
        if self.interrupted and self.interrupted[1] <= now:
            self.interrupted = None
        by_calendar = shown is None and not self.is_billed
        is_over = self.choose(now, shown, waiting, is_over=is_over)
        missing = self.plan_tokens[self.plan] - self.allowance
        by_hand = said is not None and said.periods is None
        if missing > 0 and (by_hand or (by_calendar and (is_over or said is not None))):
            owed.append((missing, self.ends))
            self.allowance += missing
            if shown is not None:
                shown.granted = self.allowance
        if kept:
            self.grant("rollover", kept, 10, self.ends, "rollover")
        for tokens, end in owed:
            self.grant("allowance", tokens, 20, end, "allowance")

    def bring(self, now: int, owed: list[tuple[int, int]]) -> tuple[Period | None, Period | None]:
        """What paid periods bring now goes to `owed`; answers the one that is shown and one that waits to be paid."""
        shown = waiting = None
        for one in self.periods:
            if one.is_void or not one.starts <= now < one.ends:
                continue
            month, end = one.month_around(now)
            if one.plan and one.month != month:
                one.month, one.granted = month, 0
            missing = self.plan_tokens[one.plan] - one.granted if one.plan else 0
            if missing > 0:
                owed.append((missing, end))
                one.granted += missing
            if one.month == month and one.granted:
                shown = shown or one
            else:
                waiting = waiting or one
        return shown, waiting

    def choose(self, now: int, shown: Period | None, waiting: Period | None, *, is_over: bool) -> bool:
        """The period that runs from now on; answers whether the allowance of calendar months begins anew."""
        before = min(self.ends, now)
        if shown is not None:
            self.starts, self.ends = shown.month_around(now)
            self.allowance = shown.granted
        elif self.is_billed and waiting:
            (self.starts, self.ends), self.allowance = waiting.month_around(now), 0
        elif not self.is_billed and self.interrupted and (is_over or not self.allowance):
            self.starts, self.ends, self.allowance = self.interrupted
            self.interrupted, is_over = None, True
        elif is_over:
            starts, self.ends = month_around(self.anchor, now)
            if not self.is_billed and not self.anchor and starts < before >= self.ends - 27 * HOUR:
                self.ends = self.ends if before % (HOUR // 4) else month_around(0, self.ends)[1]
            self.starts, self.allowance = max(starts, before), 0
        return is_over

    def hear(self, now: int, said: Said) -> bool:
        """Take over what is said; whether a plan that was set by hand goes on as a paid one."""
        if said.periods is None:
            self.is_billed = False
            for one in self.periods:
                one.plan = ""
            return False
        by_hand = not self.is_billed and self.anchor > 0
        known = {one.key: one for one in self.periods}
        for one in self.periods:
            one.plan = ""
        first: list[Period] = []
        for key, plan, starts, ends in said.periods:
            one = known.get(key) or Period(key, plan, starts, ends)
            if key not in known and by_hand and starts <= now < ends and one.month_around(now)[0] == self.starts:
                one.month, one.granted = self.starts, self.allowance
            end = one.month_around(one.month)[1] if one.granted else None
            one.plan, one.ends = plan, ends
            if end is not None:
                for grant in self.grants.values():
                    if grant.source == "allowance" and grant.expires == end:
                        grant.expires = one.month_around(one.month)[1]
            first.append(one)
        self.periods = [*first, *(one for one in self.periods if one not in first)]
        self.is_billed = not said.by_calendar
        self.anchor = said.periods[0][2] if said.periods and not said.by_calendar else 0
        return by_hand

    def make_way(self) -> int:
        """What is left of the calendar month's allowance goes; answers how much that was."""
        gone = 0
        for grant in self.grants.values():
            if grant.source == "allowance" and grant.expires == self.ends:
                gone += grant.left
                grant.left = 0
        if gone:
            self.write("expire", -gone)
        return gone

    def expire(self, now: int) -> int:
        """What was left of grants that are over leaves; answers how much of it was allowance."""
        left_over = 0
        for grant in sorted(self.grants.values(), key=lambda grant: grant.id):
            if grant.left and grant.is_over(now):
                tokens, grant.left = grant.left, 0
                self.write("expire", -tokens)
                left_over += tokens if grant.source in ("allowance", "rollover") else 0
        return left_over
