"""Sample codes for `manage.py demo`: campaigns whose hits rise and fall, and two codes outside the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import IPv4Address
from random import Random

from django.core.management.base import CommandError

from codetags.conf import app_settings
from codetags.models import CodeTag
from codetags.services.codes import is_code
from codetags.services.counts import list_codes
from codetags.services.hits import record_hit
from kv.days import at_hour, local_day

# Addresses that no visitor can have (RFC 2544 reserves them for benchmarks); each hit takes the next one.
_NETWORK = int(IPv4Address("198.19.0.0"))
_ADDRESSES = 2**16
_AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
_WEEKEND = 0.7


@dataclass(frozen=True, slots=True)
class _Campaign:
    """A code. label: "" = not in the registry. begins: days after the first day. half_life: days, of the daily hits."""

    code: str
    label: str
    begins: int
    hits: int
    half_life: float


_CAMPAIGNS = (
    _Campaign("DEMO", "Demonstration at the counter", 0, 6, 400),
    _Campaign("BT26", "Business trade fair 2026, stand", 12, 90, 4),
    _Campaign("POST", "Poster, main station", 5, 22, 45),
    _Campaign("TRAM", "Tram line 4, inside", 20, 16, 30),
    _Campaign("MAIL", "Letter to customers, spring", 30, 70, 5),
    _Campaign("CARD", "Business cards", 0, 3, 1000),
    _Campaign("CAFE", "Café on the square, table cards", 0, 8, 120),
    _Campaign("NEWS", "Advertisement in the local paper", 47, 55, 6),
    _Campaign("FLY1", "Flyer, old town", 10, 18, 14),
    _Campaign("OPEN", "Open day", 70, 80, 2),
    _Campaign("X7Q2", "", 25, 2, 60),
    _Campaign("TEST", "", 3, 2, 20),
)


def is_fresh() -> bool:
    """Whether no code is registered and none has a hit yet. Raises StoreUnavailable."""
    return not CodeTag.objects.exists() and not list_codes(limit=1).total


def check() -> None:
    """Raise CommandError when an outgoing webhook is set: its receiver would take sample hits for real ones."""
    if app_settings.QR_ANALYTICS_EXTERNAL_URL:
        raise CommandError("QR_ANALYTICS_EXTERNAL_URL is set: sample hits would be sent there.")


def fill(*, days: int, rng: Random, now: datetime, advance: Callable[[int], None]) -> None:
    """Add the codes to the registry and record hits of all codes through the service, day by day.

    days:    how many; the last is the day of `now`.
    rng:     the only source of chance: the same seed makes the same hits.
    advance: called with the number of records written.
    Raises what `check` does, and StoreUnavailable.
    """
    check()
    campaigns = [campaign for campaign in _CAMPAIGNS if is_code(campaign.code)]
    today = local_day(now)
    first = today - timedelta(days=days - 1)
    for campaign in campaigns:
        if campaign.label:
            CodeTag.objects.get_or_create(code=campaign.code, defaults={"label": campaign.label})
    visitors = 0
    for number in range(days):
        day = first + timedelta(days=number)
        moment = min(at_hour(day, 12), now)
        before = visitors
        for campaign in campaigns:
            for _ in range(_hits(campaign, number, day, rng)):
                address = str(IPv4Address(_NETWORK + visitors % _ADDRESSES))
                record_hit(code=campaign.code, address=address, agent=_AGENT, now=moment)
                visitors += 1
        advance(visitors - before)


def _hits(campaign: _Campaign, number: int, day: date, rng: Random) -> int:
    age = number - campaign.begins
    if age < 0:
        return 0
    expected = campaign.hits * 0.5 ** (age / campaign.half_life)
    if day.isoweekday() > 5:  # noqa: PLR2004 (ISO 8601: Saturday is 6)
        expected *= _WEEKEND
    return max(0, round(rng.gauss(expected, expected**0.5)))
