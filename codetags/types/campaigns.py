"""What the services return about campaigns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class RegisteredCampaign:
    """What the registry says of a campaign. start, end: its days, None: open.

    cost_cents: EUR cents, None: not known.
    """

    id: int
    name: str
    note: str
    start: date | None
    end: date | None
    cost_cents: int | None


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """The figures of the codes that belong to a campaign now: how many they are, and the sums of their hits.

    campaign: None for the codes without one. last_30_days: hits by day, oldest first.
    """

    campaign: RegisteredCampaign | None
    codes: int
    count: int
    last_seen: datetime | None
    last_30_days: tuple[int, ...]

    @property
    def hits_per_euro(self) -> float | None:
        """The hits by euro that it cost; None where it cost nothing, or nobody knows what."""
        cost = self.campaign.cost_cents if self.campaign else None
        return self.count * 100 / cost if cost else None


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """One page of the list of campaigns: `total` rows in all; `next` is the cursor of the page after, None for none."""

    campaigns: tuple[CampaignCounts, ...]
    total: int
    next: str | None
