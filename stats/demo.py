"""Sample figures for `manage.py demo`: three months of a small site that is grows slowly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from ipaddress import IPv4Address
from random import Random

from kv.days import at_hour, local_day
from stats.conf import VISIT_LIMIT, app_settings
from stats.services.figures import read_figures
from stats.services.payment_code_counts import record_payment_code
from stats.services.usage import list_usage, record_usage
from stats.services.visits import exclude_visit, record_visit
from stats.types import Reason

# Addresses that no visitor can have (RFC 2544 reserves them for benchmarks).
_NETWORK = int(IPv4Address("198.18.0.0"))
_ADDRESSES = 2**17
_FEWEST_VISITS, _MOST_VISITS = 25, 75
_WEEKEND = 0.55
_RETURNING = 0.35
_CODES_PER_VISIT = 0.08
_TOOLS_PER_VISIT = 0.5
_MOST_BY_ONE = 20
# For every hundred counted visits, how many more are excluded for each reason.
_EXCLUDED = {Reason.BOT: 30, Reason.OPTED_OUT: 7, Reason.STAFF: 4, Reason.PREFETCH: 3, Reason.CROSS_SITE: 1}
_PRICES = (450, 990, 1250, 1900, 2500, 3990, 4990, 7500, 12000, 24900, 89000)


def is_fresh() -> bool:
    """Whether nothing has been counted yet. Raises StoreUnavailable."""
    known = read_figures()
    return not (known.visitors or known.qr_total or any(use.count for use in list_usage()))


def fill(*, days: int, rng: Random, now: datetime, advance: Callable[[int], None]) -> None:
    """Record visits, excluded visits, payment codes and uses of tools through the services, day by day.

    days:    how many; the last is the day of `now`.
    rng:     the only source of chance: the same seed makes the same figures.
    advance: called with the number of records written.
    Raises StoreUnavailable; what was written until then stays.
    """
    visitors = _Visitors(rng)
    today = local_day(now)
    for back in range(days - 1, -1, -1):
        day = today - timedelta(days=back)
        moment = min(at_hour(day, 12), now)
        visits = _visits_of(day, 1 - back / days, rng)
        for _ in range(visits):
            record_visit(address=visitors.next_address(), now=moment)
        written = visits + _exclude(visits, visitors, moment, rng)
        written += _make_codes(visits, day, moment, rng) + _use_tools(visits, moment, rng)
        advance(written)


class _Visitors:
    """The addresses of visits: new visitors, and known ones who come back."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._known: list[str] = []
        self._visits: Counter[str] = Counter()
        # All visits of one address may fall into one window of the rate limit.
        window = VISIT_LIMIT.window
        self._most = min(_MOST_BY_ONE, window.amount) if window else _MOST_BY_ONE

    def next_address(self) -> str:
        """A canonical address: a known visitor's or a new one, by chance. The rate limit bounds the visits of each."""
        if self._known and self._rng.random() < _RETURNING:
            address = self._rng.choice(self._known)
            if self._visits[address] < self._most:
                self._visits[address] += 1
                return address
        return self.new_address()

    def new_address(self) -> str:
        """The address of a visitor who was not here before."""
        while self._visits[address := str(IPv4Address(_NETWORK + self._rng.randrange(_ADDRESSES)))]:
            pass
        self._visits[address] += 1
        self._known.append(address)
        return address


def _visits_of(day: date, progress: float, rng: Random) -> int:
    """Visits of a day: they grow from month to month, are fewer at weekends, and peak on a few days."""
    expected = _FEWEST_VISITS + (_MOST_VISITS - _FEWEST_VISITS) * progress
    if day.isoweekday() > 5:  # noqa: PLR2004 (ISO 8601: Saturday is 6)
        expected *= _WEEKEND
    if rng.random() < 0.03:  # noqa: PLR2004 (about three such days in three months)
        expected *= rng.uniform(1.8, 2.6)
    return max(1, round(rng.gauss(expected, expected * 0.12)))


def _exclude(visits: int, visitors: _Visitors, moment: datetime, rng: Random) -> int:
    written = 0
    for reason, percent in _EXCLUDED.items():
        for _ in range(round(visits * percent / 100 * rng.uniform(0.6, 1.4))):
            exclude_visit(address=visitors.new_address(), reason=reason, now=moment)
            written += 1
    return written


def _make_codes(visits: int, day: date, moment: datetime, rng: Random) -> int:
    count = round(visits * _CODES_PER_VISIT * rng.uniform(0.4, 1.6))
    for number in range(count):
        cents = rng.choice(_PRICES) * rng.choice((1, 1, 1, 2, 3))
        if cents <= app_settings.STATS_MAX_QR_CENTS:
            record_payment_code(id=f"demo:{day.isoformat()}:{number}", amount_cents=cents, now=moment)
    return count


def _use_tools(visits: int, moment: datetime, rng: Random) -> int:
    tools = app_settings.STATS_TOOLS
    if not tools:
        return 0
    count = round(visits * _TOOLS_PER_VISIT * rng.uniform(0.7, 1.3))
    for tool in rng.choices(tools, weights=[1 / (place + 1) for place in range(len(tools))], k=count):
        record_usage(tool=tool, now=moment)
    return count
