"""A ledger in plain Python, as simply as it can be said.

Every grant is looked at every time, nothing is packed or remembered.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import UTC, datetime

HOUR = 3_600_000
DAY = 24 * HOUR
WEEK = 7 * DAY


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
class Hold:
    entry: int
    amount: int
    expires: int
    by: str
    parts: list[tuple[int, int]]


@dataclass
class Source:
    grant: int
    amount: int
    taken_back: int = 0
    frozen: int = 0


@dataclass
class Model:
    """`plan_tokens` is PLAN_ALLOWANCES, `cap` ALLOWANCE_ROLLOVER_CAP; every time is in ms."""

    plan_tokens: dict[str, int]
    cap: int = 0
    plan: str = "Free"
    debt: int = 0
    grants: dict[int, Grant] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    journal: list[tuple[str, int, int]] = field(default_factory=list)
    taken: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    given_back: dict[int, int] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    ends: int = 0
    anchor: int = 0
    paid: int = 0
    allowance: int = 0
    grants_made: int = 0

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

    def end_hold(self, entry: int, captured: int, kind: str, now: int) -> int:
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
        made = self.give(kind, parts, now)
        if kept:
            self.taken[made] = kept
        return made

    # --- what money does
    def reverse_source(self, source: Source, total: int, now: int) -> None:
        missing = min(total, source.amount) - source.taken_back
        if missing <= 0:
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
        if back > 0:
            source.taken_back -= back
            self.give("restore", [(source.grant, back)], now)

    def freeze_source(self, source: Source, _: int, now: int) -> None:
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
    def settle(self, now: int, declared: tuple[int, int] | str | None = None) -> None:
        for entry in sorted(entry for entry, hold in self.holds.items() if hold.expires <= now):
            self.end_hold(entry, 0, "hold_expired", now)
        kept = min(self.expire(now), self.cap)
        fresh, ends = self.next_period(now, declared)
        if fresh:
            self.allowance = 0
        else:
            for grant in self.grants.values():
                if grant.source == "allowance" and grant.expires == self.ends:
                    grant.expires = ends
        self.ends = ends
        if kept:
            self.grant("rollover", kept, 10, ends, "rollover")
        owed = self.plan_tokens[self.plan] - self.allowance
        unpaid = 0 < self.paid <= now
        if (fresh or declared is not None) and owed > 0 and not unpaid:
            self.allowance += owed
            self.grant("allowance", owed, 20, ends, "allowance")

    def expire(self, now: int) -> int:
        """What was left of grants that are over leaves; answers how much of it was allowance."""
        left_over = 0
        for grant in sorted(self.grants.values(), key=lambda grant: grant.id):
            if grant.left and grant.is_over(now):
                tokens, grant.left = grant.left, 0
                self.write("expire", -tokens)
                left_over += tokens if grant.source in ("allowance", "rollover") else 0
        return left_over

    def next_period(self, now: int, declared: tuple[int, int] | str | None) -> tuple[bool, int]:
        """Whether a new period begins, and when the period that runs then ends."""
        fresh, ends = now >= self.ends, self.ends
        if declared == "calendar":
            self.anchor = self.paid = 0
        elif isinstance(declared, tuple):
            self.anchor, self.paid = declared
            if declared[0] <= now < declared[1]:
                starts, ends = declared if declared[1] - declared[0] <= 32 * DAY else month_around(declared[0], now)
                fresh = fresh or starts >= self.ends - HOUR
        if fresh and ends == self.ends:
            starts, ends = month_around(self.anchor, now)
            if not self.anchor and starts < self.ends >= ends - 27 * HOUR and self.ends % (HOUR // 4) == 0:
                ends = month_around(0, ends)[1]
        return fresh, ends


def month_around(anchor: int, now: int) -> tuple[int, int]:
    """The month counted from `anchor` in which `now` lies."""
    count = 0
    while months_after(anchor, count + 12) <= now:
        count += 12
    while months_after(anchor, count + 1) <= now:
        count += 1
    return months_after(anchor, count), months_after(anchor, count + 1)


def months_after(anchor: int, count: int) -> int:
    start = datetime.fromtimestamp(anchor // 1000, UTC)
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    moved = start.replace(year=year, month=month + 1, day=day)
    return int(moved.timestamp()) * 1000 + anchor % 1000
