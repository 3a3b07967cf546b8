"""Makes vouchers: any number of codes with the same terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import islice

from django.db import IntegrityError

from kv.process.threads import async_twin
from kv.sql.transactions import atomic_for
from kv.times import utc_now
from kv.web.texts import NothingVisible, UnreadableText, clean_text
from usertokens.errors import BadPattern
from usertokens.models import Voucher
from usertokens.models.vouchers import MOST_DAYS, MOST_USES
from usertokens.services import ledger
from usertokens.services.voucher_codes import PATTERN, code_key, draw_codes, read_pattern
from usertokens.types import GIVEN, LARGEST_AMOUNT

#: Codes of one call.
MOST_CODES = 100_000
_LONGEST_LABEL = 80
_BATCH = 500
# Rounds for one batch. Codes are one in a thousand: the second round finds those that the first one found taken.
_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What each voucher of one call has, named as the arguments of `make_vouchers` and the columns of `Voucher`."""

    tokens: int
    label: str
    max_uses: int
    valid_from: datetime | None
    valid_until: datetime | None
    account_days: int | None
    grant_days: int | None
    priority: int


def make_vouchers(
    count: int,
    tokens: int,
    *,
    label: str,
    pattern: str = PATTERN,
    max_uses: int = 1,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    account_days: int | None = None,
    grant_days: int | None = None,
    priority: int = GIVEN,
    now: datetime | None = None,
) -> list[str]:
    """Make `count` vouchers, each of which grants `tokens`; return their codes. None exists already, or ever did.

    label:        for staff; users do not see it. pattern: "?" is a random character; without any, the code itself.
    max_uses:     users who may redeem each of them, each user once.
    valid_from, valid_until: when it can be redeemed; the end itself is too late.
    account_days: only for users who signed up so many days ago at most. grant_days: until the granted tokens expire.
    Raises BadPattern, also when the pattern has no code left, or ValueError for a number out of range and for an end
    that has passed.
    """
    terms = Terms(
        tokens=tokens, label=label, max_uses=max_uses, valid_from=valid_from, valid_until=valid_until,
        account_days=account_days, grant_days=grant_days, priority=priority,
    )  # fmt: skip
    return [voucher.code for batch in iterate_made(count, pattern, terms, now=now) for voucher in batch]


amake_vouchers = async_twin(make_vouchers, uses_database=True)


def iterate_made(count: int, pattern: str, terms: Terms, *, now: datetime | None = None) -> Iterator[list[Voucher]]:
    """The same in batches: each is committed when it comes. Everything is checked before the first."""
    ledger.require_whole(1, MOST_CODES, count=count)
    columns = asdict(_checked(terms, now or utc_now()))
    pattern = read_pattern(pattern, count)

    def voucher(code: str) -> Voucher:
        return Voucher(code=code, key=code_key(code), created_at=now or utc_now(), **columns)

    def batches() -> Iterator[list[Voucher]]:
        left = count
        while left:
            batch = _make_batch(pattern, min(left, _BATCH), voucher)
            left -= len(batch)
            yield batch

    return batches()


def _checked(terms: Terms, now: datetime) -> Terms:
    """The terms, their label as it is stored. Raises ValueError."""
    ledger.require_whole(1, LARGEST_AMOUNT, tokens=terms.tokens)
    ledger.require_whole(1, MOST_USES, max_uses=terms.max_uses)
    ledger.require_whole(0, ledger.LAST_PRIORITY, priority=terms.priority)
    for name, days in (("account_days", terms.account_days), ("grant_days", terms.grant_days)):
        if days is not None:
            ledger.require_whole(1, MOST_DAYS, **{name: days})
    if terms.valid_until and terms.valid_until <= now:
        raise ValueError("valid_until: this moment has passed already")
    if terms.valid_from and terms.valid_until and terms.valid_from >= terms.valid_until:
        raise ValueError("valid_until: a time after valid_from is required")
    try:
        label = clean_text(terms.label).strip()
    except (UnreadableText, NothingVisible):
        label = ""
    if not 1 <= len(label) <= _LONGEST_LABEL:
        raise ValueError(f"label: 1 to {_LONGEST_LABEL} readable characters are required")
    return replace(terms, label=label)


def _make_batch(pattern: str, count: int, voucher: Callable[[str], Voucher]) -> list[Voucher]:
    """Make and commit vouchers that exist neither now nor before: no row is ever deleted. Raises BadPattern."""
    found: dict[str, str] = {}
    for _ in range(_ROUNDS):
        for code in islice(draw_codes(pattern), count - len(found)):
            found.setdefault(code_key(code), code)
        taken = Voucher.objects.filter(key__in=found).values_list("key", flat=True)
        for key in taken:
            del found[key]
        if len(found) < count:
            continue
        try:
            with atomic_for(Voucher):
                return Voucher.objects.bulk_create(map(voucher, found.values()))
        except IntegrityError:
            continue  # another process has made one of them since
    raise BadPattern("taken", "no code is left of this pattern" if "?" in pattern else "this code exists already")
