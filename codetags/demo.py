"""Sample codes for `manage.py demo`: campaigns whose hits rise and fall, and two codes outside the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import IPv4Address
from random import Random

from django.core.management.base import CommandError

from codetags.conf import app_settings
from codetags.models import Campaign, CodeTag, Placement
from codetags.services.campaigns import ensure_campaign
from codetags.services.codes import is_code
from codetags.services.counts import list_codes
from codetags.services.hits import record_hit
from codetags.types import Audience, Device
from kv.days import at_hour, local_day

# Addresses that no visitor can have (RFC 2544 reserves them for benchmarks); each hit takes the next one.
_NETWORK = int(IPv4Address("198.19.0.0"))
_ADDRESSES = 2**16
_AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"
# What visitors of a small Swiss town might bring; the first of each is the most frequent one.
_DEVICES = (Device.PHONE,) * 8 + (Device.DESKTOP, Device.TABLET)
_LANGUAGES = ("de", "de", "de", "fr", "fr", "en", "it", "es")
_REFERRERS = ("",) * 8 + ("news.example.org", "events.example.com")
_COUNTRIES = ("CH",) * 6 + ("DE", "FR")
#: Placements of some codes, with the labels of those that are registered.
_PLACEMENTS = {
    "BT26": {"hall-1": "Hall 1, entrance", "hall-2": "Hall 2, café", "stand": ""},
    "POST": {"platform-1": "Platform 1", "platform-4": "Platform 4", "kiosk": ""},
    "TRAM": {"tram-12": "Tram 12, inside", "tram-18": "Tram 18, inside"},
}
_WEEKEND = 0.7


@dataclass(frozen=True, slots=True)
class _Campaign:
    """What several codes are for. begins, ends: days after the first day; cost: EUR cents, None for none entered."""

    name: str
    codes: tuple[str, ...]
    begins: int
    ends: int | None
    cost: int | None
    note: str


@dataclass(frozen=True, slots=True)
class _Code:
    """A code. label: "" = not in the registry. begins: days after the first day. half_life: days, of the daily hits."""

    code: str
    label: str
    begins: int
    hits: int
    half_life: float


_CAMPAIGNS = (
    _Campaign("Spring in town", ("POST", "TRAM", "FLY1", "CAFE"), 0, 75, 184_500, "Posters, flyers and table cards."),
    _Campaign(
        "Business trade fair 2026", ("BT26", "OPEN"), 10, 75, 320_000, "Stand 12 in hall 3, and the open day after it."
    ),
    _Campaign("Letters and the press", ("MAIL", "NEWS"), 30, 60, 96_000, ""),
    _Campaign("Everyday", ("DEMO", "CARD"), 0, None, None, "What costs nothing of its own."),
)
_CODES = (
    _Code("DEMO", "Demonstration at the counter", 0, 6, 400),
    _Code("BT26", "Business trade fair 2026, stand", 12, 90, 4),
    _Code("POST", "Poster, main station", 5, 22, 45),
    _Code("TRAM", "Tram line 4, inside", 20, 16, 30),
    _Code("MAIL", "Letter to customers, spring", 30, 70, 5),
    _Code("CARD", "Business cards", 0, 3, 1000),
    _Code("CAFE", "Café on the square, table cards", 0, 8, 120),
    _Code("NEWS", "Advertisement in the local paper", 47, 55, 6),
    _Code("FLY1", "Flyer, old town", 10, 18, 14),
    _Code("OPEN", "Open day", 70, 80, 2),
    _Code("X7Q2", "", 25, 2, 60),
    _Code("TEST", "", 3, 2, 20),
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
    codes = [code for code in _CODES if is_code(code.code)]
    today = local_day(now)
    first = today - timedelta(days=days - 1)
    campaigns = _add_campaigns(first)
    for code in codes:
        if code.label:
            known = {"label": code.label, "campaign": campaigns.get(code.code)}
            tag, _ = CodeTag.objects.get_or_create(code=code.code, defaults=known)
            for name, label in _PLACEMENTS.get(code.code, {}).items():
                if label:
                    Placement.objects.get_or_create(code=tag, name=name, defaults={"label": label})
    visitors = 0
    for number in range(days):
        day = first + timedelta(days=number)
        before = visitors
        for code in codes:
            for _ in range(_hits(code, number, day, rng)):
                address = str(IPv4Address(_NETWORK + visitors % _ADDRESSES))
                _record(code.code, address, day, now, Random(visitors))  # noqa: S311 (sample data)
                visitors += 1
        advance(visitors - before)


def _add_campaigns(first: date) -> dict[str, Campaign]:
    """Add the campaigns; that of each code."""
    found: dict[str, Campaign] = {}
    for one in _CAMPAIGNS:
        campaign = ensure_campaign(one.name)
        campaign.start = first + timedelta(days=one.begins)
        campaign.end = None if one.ends is None else first + timedelta(days=one.ends)
        campaign.note, campaign.cost_cents = one.note, one.cost
        campaign.save()
        found |= dict.fromkeys(one.codes, campaign)
    return found


def _record(code: str, address: str, day: date, now: datetime, chance: Random) -> None:
    """One hit at some hour of the day, of some visitor."""
    hour = min(max(round(chance.gauss(14, 4)), 6), 23)
    audience = Audience(
        chance.choice(_DEVICES), chance.choice(_LANGUAGES), chance.choice(_REFERRERS), chance.choice(_COUNTRIES)
    )
    at = chance.choice([*_PLACEMENTS.get(code, ()), ""])
    record_hit(code=code, address=address, agent=_AGENT, at=at, audience=audience, now=min(at_hour(day, hour), now))


def _hits(code: _Code, number: int, day: date, rng: Random) -> int:
    age = number - code.begins
    if age < 0:
        return 0
    expected = code.hits * 0.5 ** (age / code.half_life)
    if day.isoweekday() > 5:  # noqa: PLR2004 (ISO 8601: Saturday is 6)
        expected *= _WEEKEND
    return max(0, round(rng.gauss(expected, expected**0.5)))
