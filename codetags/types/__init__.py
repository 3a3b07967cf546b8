"""What the services return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from codetags.types.campaigns import CampaignCounts as CampaignCounts
from codetags.types.campaigns import CampaignPage as CampaignPage
from codetags.types.campaigns import RegisteredCampaign as RegisteredCampaign

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


#: No hit has a day before this one; this day itself means "without a date".
EARLIEST = date(1970, 1, 1)


class Outcome(StrEnum):
    """The result of a hit.

    SEEN: looks like a visitor whom the backstop remembers, but may be another one. AGAIN: the same landing, counted
    before. OUTSIDE: outside the code's dates.
    """

    COUNTED = "counted"
    SEEN = "seen"
    AGAIN = "again"
    OUTSIDE = "outside"


class Reason(StrEnum):
    """Why a call was not counted. UNREADABLE has no code; the others are counted for each code too."""

    REPEAT = "repeat"
    LIMITED = "limited"
    BOT = "bot"
    STAFF = "staff"
    PREFETCH = "prefetch"
    CROSS_SITE = "cross_site"
    OUTSIDE = "outside"
    UNREADABLE = "unreadable"


class Device(StrEnum):
    """What a visitor holds in hand. OTHER: televisions, consoles, and what does not say."""

    PHONE = "phone"
    TABLET = "tablet"
    DESKTOP = "desktop"
    OTHER = "other"


class Audience(NamedTuple):
    """What a hit adds to its code's sums, besides the hour. Each "" = not known, not sent or not asked.

    language: ISO 639 ("fr"). referrer: the host of the page before, lower case; ~OTHER for one that is not kept.
    country: ISO 3166 ("CH").
    """

    device: Device
    language: str = ""
    referrer: str = ""
    country: str = ""


#: Calls that were not counted, by reason; every reason is there, in the order of Reason.
Excluded = dict[Reason, int]


@dataclass(frozen=True, slots=True)
class CodeCounts:
    """One code's figures. last_30_days: hits by day, oldest first; excluded: calls that were not counted.

    registered: as the registry says, None for a code that it does not have.
    """

    code: str
    label: str
    count: int
    last_seen: datetime | None
    last_30_days: tuple[int, ...]
    excluded: Excluded
    registered: RegisteredCode | None

    @property
    def outside(self) -> int:
        """Hits before its start, after its end or while archived."""
        return self.excluded.get(Reason.OUTSIDE, 0)


@dataclass(frozen=True, slots=True)
class RegisteredCode:
    """A code of the registry: counted from `start` to `end` (None: open), never while archived.

    counts_for: the code that its hits count for, "" for its own. campaign: the name of its campaign, "" for none;
    campaign_id: its primary key.
    """

    code: str
    label: str
    note: str
    start: date | None
    end: date | None
    is_archived: bool
    counts_for: str
    campaign: str = ""
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True)
class CodePage:
    """One page of the list of codes: `total` codes in all; `next` is the cursor of the page after, None at the end.

    excluded: calls that were not counted, of all codes.
    """

    codes: tuple[CodeCounts, ...]
    total: int
    next: str | None
    excluded: Excluded = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayCount:
    """Hits of one code on one day, and its calls of that day that were not counted."""

    day: date
    count: int
    excluded: Excluded

    @property
    def excluded_count(self) -> int:
        """The calls that were not counted, whatever the reason."""
        return sum(self.excluded.values())


@dataclass(frozen=True, slots=True)
class Rollup:
    """The result of a roll-up: codes checked, and rows of DailyHits added or raised.

    is_complete: False when codes are left, which the next roll-up checks.
    """

    codes: int
    rows: int
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class Restored:
    """The result of a restore: codes checked, and hits that were restored."""

    codes: int
    hits: int


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import: codes, hits that were new, and names that are not codes."""

    codes: int
    hits: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One counted hit for the outgoing webhook. `entry`: its text in the outbox."""

    id: str
    code: str
    at: datetime
    entry: bytes


@dataclass(frozen=True, slots=True)
class OutboxState:
    """Hits that wait, are parked, or were dropped since the beginning. failures: failed steps in a row.

    oldest: when the oldest waiting hit was counted.
    """

    waiting: int
    parked: int
    dropped: int
    failures: int
    next_try: datetime | None
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of one step: hits posted, refused (to be tried again), parked; whether more can be posted now."""

    sent: int = 0
    refused: int = 0
    parked: int = 0
    more: bool = False
    problem: str = ""


class Storage(StrEnum):
    """Where the browser keeps an item."""

    COOKIE = "cookie"
    LOCAL = "local"
    SESSION = "session"


#: The category that needs no consent.
NECESSARY = "necessary"


@dataclass(frozen=True, slots=True)
class StorageItem:
    """A cookie or storage item that the site sets.

    duration:    None = until the browser (or, for session storage, the tab) is closed; FOREVER = until it is deleted.
    category:    `necessary`, or any other: that is off until a visitor agrees.
    where:       which pages set it, where not all do, such as the administration.
    """

    name: str
    purpose: _StrOrPromise
    duration: timedelta | None
    storage: Storage = Storage.COOKIE
    category: str = NECESSARY
    where: _StrOrPromise = ""


#: Kept until it is deleted.
FOREVER = timedelta.max


@dataclass(frozen=True, slots=True)
class Choice:
    """What a visitor chose: the accepted categories (always with `necessary`), and the version of the policy."""

    version: str
    categories: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlacementCount:
    """Hits of one placement. label: as in the registry; "" for one that it lacks.

    at: ~OTHER for placements beyond the bound of those outside the registry.
    """

    at: str
    label: str
    count: int
    is_registered: bool


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What the hits of a code on some days are made up of, the most first. ~OTHER: values beyond the bound of a day.

    hours:  168 sums, from Monday 00:00 on, by the site's clock. Their sum is the hits that were broken down.
    What is missing to that sum in languages, referrers and countries was not said, or there was none.
    A number is None where it is hidden: see `for_the_public`.
    """

    placements: tuple[PlacementCount, ...]
    hours: tuple[int | None, ...]
    devices: dict[Device, int | None]
    languages: dict[str, int]
    referrers: dict[str, int]
    countries: dict[str, int]
