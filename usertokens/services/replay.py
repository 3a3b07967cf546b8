"""A journal carried out again in plain Python: what each entry did to each grant, to the holds and to the debt.

It shares nothing with the scripts that wrote the entries, so that it can prove them. Every entry changes its grants by
its `moves`; what they do not explain of its amount is debt, taken on or paid.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Container, Iterator, Mapping, Sequence

from kv.times import from_ms
from usertokens.types import Transaction
from usertokens.types.explanations import ExplainedGrant, ExplainedHold, Terms

#: Entries that name a new grant.
GRANTING = frozenset({"allowance", "rollover", "grant"})
#: Problems that are told, and reasons that are counted by themselves.
_MOST_PROBLEMS, _MOST_REASONS = 20, 1000
_NEWEST = 10
_FACTS = re.compile(r"(\d{1,13}):(\d{1,3}):\d+")


def tokens_of(pairs: Sequence[int]) -> Counter[int]:
    """The tokens of each grant in (grant, tokens, grant, tokens, …)."""
    tokens: Counter[int] = Counter()
    for place in range(0, len(pairs), 2):
        tokens[pairs[place]] += pairs[place + 1]
    return tokens


def _could_end(hold: ExplainedHold, entry: Transaction) -> bool:
    """Whether the entry may be the hold's end: the same tokens of the same grants, for the same reason and action."""
    used = tokens_of(entry.used)
    moved = tokens_of(entry.moves)
    made = hold.entry
    if hold.amount != entry.amount + used.total() or made.reason != entry.reason:
        return False
    if made.action and entry.action and made.action != entry.action:
        return False
    grants = {*hold.parts, *used, *moved}
    return all(hold.parts.get(grant, 0) >= used[grant] + moved[grant] for grant in grants)


class Replay:
    """The state after the entries that `carry_out` was given, oldest first.

    never_ended: holds (their entries) that are open at present, whatever is carried out.
    problems: where the entries do not follow from each other; empty when they do.
    spent_on: tokens and times of spends and captures by action and reason, one of which is ""; beyond many under None.
    """

    def __init__(self, never_ended: Container[int] = ()) -> None:
        self.never_ended = never_ended
        self.terms = Terms()
        self.grants: dict[int, ExplainedGrant] = {}
        self.holds: dict[int, ExplainedHold] = {}
        self.debt = 0
        self.last: Transaction | None = None
        self.newest: deque[Transaction] = deque(maxlen=_NEWEST)
        self.problems: list[str] = []
        self.spent_on: dict[tuple[str, str] | None, tuple[int, int]] = {}

    @property
    def balance(self) -> int:
        """The balance that the last entry says."""
        return self.last.balance_after if self.last else 0

    def carry_out(self, entry: Transaction) -> None:
        """Take over the next entry."""
        self._check(entry)
        self.last = entry
        self.newest.append(entry)
        moved = tokens_of(entry.moves)
        if entry.type in GRANTING or (entry.type == "adjust" and entry.amount > 0):
            self._grant(entry)
        elif entry.type == "reset":
            self._reset(entry)
        else:
            _KINDS.get(entry.type, Replay._other)(self, entry, moved)
            for grant, change in moved.items():
                self._grant_of(entry, grant).left += change
            self._owe(entry, moved.total() - entry.amount)

    def read_facts(self, entry: Transaction) -> None:
        """Take from an expiry, also a later one, what it tells of its grants: source, priority, and when they end."""
        if entry.type != "expire":
            return
        for number in tokens_of(entry.moves):
            grant = self.grants.get(number)
            if grant is None or grant.ended_by is not None:
                continue
            grant.ended_by = entry.at
            grant.source = entry.reason or grant.source
            # See settle.lua: "expires:priority:granted" (ms) stands where a key would.
            facts = _FACTS.fullmatch(entry.key)
            if facts:
                grant.expires_at, grant.priority = from_ms(int(facts[1])), int(facts[2])

    def report(self, problem: str) -> None:
        """Keep a problem, of the first few."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)

    def _check(self, entry: Transaction) -> None:
        number, before = (self.last.id, self.last.balance_after) if self.last else (0, 0)
        if entry.id != number + 1:
            self.report(f"entries {number + 1} to {entry.id - 1} are missing")
        elif entry.balance_after != before + entry.amount:
            makes = before + entry.amount
            self.report(f"entry {entry.id} leaves {entry.balance_after}, the one before and its amount make {makes}")

    def _owe(self, entry: Transaction, more: int) -> None:
        """What the grants did not get or give of an entry's amount was debt, paid or taken on."""
        if more > 0 and entry.type != "refund":
            self.report(f"entry {entry.id} takes {more} tokens from no grant")
        if self.debt + more < 0:
            self.report(f"entry {entry.id} pays a debt of {-more}, there is {self.debt}")
        self.debt += more

    def _grant_of(self, entry: Transaction, number: int) -> ExplainedGrant:
        if number not in self.grants:
            self.report(f"entry {entry.id} moves tokens of grant {number}, which no entry before it has granted")
            self.grants[number] = ExplainedGrant(number, None)
        return self.grants[number]

    def _grant(self, entry: Transaction) -> None:
        number, left, *more = entry.moves or (0, 0)
        if more or not number:
            self.report(f"entry {entry.id} grants tokens, but not to one grant")
        terms = Terms(granted=entry.amount, paid_debt=entry.amount - left)
        self.grants[number] = ExplainedGrant(number, entry, terms, left)
        self.terms.granted += entry.amount
        self._owe(entry, left - entry.amount)

    def _reset(self, entry: Transaction) -> None:
        for grant in self.grants.values():
            grant.terms.reset += grant.left + grant.terms.frozen
            grant.left = grant.terms.frozen = 0
        self.terms.reset += self.terms.frozen - entry.amount
        self.terms.frozen = self.debt = 0
        if self.holds:
            self.report(f"entry {entry.id} resets the account while tokens are on hold")

    def _spend(self, entry: Transaction, moved: Counter[int]) -> None:
        for number, change in moved.items():
            self._grant_of(entry, number).terms.spent -= change
        self.terms.spent -= entry.amount
        self._count(entry, -entry.amount)

    def _hold(self, entry: Transaction, moved: Counter[int]) -> None:
        parts = {number: -change for number, change in moved.items()}
        for number, tokens in parts.items():
            self._grant_of(entry, number).terms.held += tokens
        self.terms.held -= entry.amount
        self.holds[entry.id] = ExplainedHold(entry, -entry.amount, parts)

    def _end_hold(self, entry: Transaction, moved: Counter[int]) -> None:
        used = tokens_of(entry.used)
        captured = used.total()
        # An end does not name its hold. Holds that it could end alike have the same tokens of the same grants.
        could = (number for number, hold in self.holds.items() if _could_end(hold, entry))
        ended = next((number for number in could if number not in self.never_ended), None)
        if ended is None:
            self.report(f"entry {entry.id} ends no hold that is open")
            parts: Mapping[int, int] = {number: used[number] + moved[number] for number in {*used, *moved}}
        else:
            parts = self.holds.pop(ended).parts
        for number in {*parts, *used, *moved}:
            terms, part = self._grant_of(entry, number).terms, parts.get(number, 0)
            terms.held -= part
            terms.spent += used[number]
            terms.paid_debt += part - used[number] - moved[number]
        self.terms.held -= entry.amount + captured
        self.terms.spent += captured
        if entry.type == "capture":
            self._count(entry, captured)

    def _expire(self, entry: Transaction, moved: Counter[int]) -> None:
        for number, change in moved.items():
            self._grant_of(entry, number).terms.expired -= change
        self.terms.expired -= entry.amount
        self.read_facts(entry)

    def _reverse(self, entry: Transaction, moved: Counter[int]) -> None:
        paid = entry.amount - moved.total()
        for number, change in moved.items():
            terms = self._grant_of(entry, number).terms
            # What pays debt does so grant by grant; no more than was spent of each.
            part = min(paid, max(terms.spent - terms.given_back - change, 0))
            terms.given_back += change + part
            terms.paid_debt += part
            paid -= part
        self.terms.given_back += entry.amount

    def _restore(self, entry: Transaction, moved: Counter[int]) -> None:
        self.terms.restored += entry.amount
        for number, change in self._whole(entry, moved):
            grant = self._grant_of(entry, number)
            grant.terms.restored += change
            grant.ended_by = None
        self._pay_debt(entry, moved)

    def _unfreeze(self, entry: Transaction, moved: Counter[int]) -> None:
        self.terms.frozen -= entry.amount
        for number, change in self._whole(entry, moved):
            self._grant_of(entry, number).terms.frozen -= change
        self._pay_debt(entry, moved)

    def _freeze(self, entry: Transaction, moved: Counter[int]) -> None:
        self.terms.frozen -= entry.amount
        for number, change in moved.items():
            self._grant_of(entry, number).terms.frozen -= change

    def _refund(self, entry: Transaction, moved: Counter[int]) -> None:
        self.terms.taken_back -= entry.amount
        for number, change in moved.items():
            self._grant_of(entry, number).terms.taken_back -= change

    def _other(self, entry: Transaction, moved: Counter[int]) -> None:
        """A correction downwards, and whatever else a later version may write."""
        self.terms.corrected -= entry.amount
        for number, change in moved.items():
            self._grant_of(entry, number).terms.corrected -= change

    def _whole(self, entry: Transaction, moved: Counter[int]) -> Iterator[tuple[int, int]]:
        """What came back to each grant before debt was paid from it: these entries have one grant."""
        first = True
        for number, change in moved.items():
            yield number, change + (entry.amount - moved.total() if first else 0)
            first = False

    def _pay_debt(self, entry: Transaction, moved: Counter[int]) -> None:
        for number in list(moved)[:1]:
            self._grant_of(entry, number).terms.paid_debt += entry.amount - moved.total()

    def _count(self, entry: Transaction, spent: int) -> None:
        name: tuple[str, str] | None = (entry.action, "" if entry.action else entry.reason)
        if name not in self.spent_on and len(self.spent_on) >= _MOST_REASONS:
            name = None
        tokens, times = self.spent_on.get(name, (0, 0))
        self.spent_on[name] = tokens + spent, times + 1


_KINDS: Mapping[str, Callable[[Replay, Transaction, Counter[int]], None]] = {
    "spend": Replay._spend,  # noqa: SLF001 (same module)
    "hold": Replay._hold,  # noqa: SLF001 (same module)
    "capture": Replay._end_hold,  # noqa: SLF001 (same module)
    "release": Replay._end_hold,  # noqa: SLF001 (same module)
    "hold_expired": Replay._end_hold,  # noqa: SLF001 (same module)
    "expire": Replay._expire,  # noqa: SLF001 (same module)
    "reverse": Replay._reverse,  # noqa: SLF001 (same module)
    "restore": Replay._restore,  # noqa: SLF001 (same module)
    "unfreeze": Replay._unfreeze,  # noqa: SLF001 (same module)
    "freeze": Replay._freeze,  # noqa: SLF001 (same module)
    "refund": Replay._refund,  # noqa: SLF001 (same module)
}
