"""One campaign with everything that is known of it; and the days of several codes and campaigns beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from codetags import keys
from codetags.models import Campaign, CodeTag
from codetags.services.campaign_counts import latest_hits, moment, registered_campaign
from codetags.services.campaign_slots import read_campaigns
from codetags.services.campaigns import rank_campaign, scores
from codetags.services.column_days import Group, Sums, sum_days
from codetags.services.column_format import code_at, free_slots, slots_in_series
from codetags.services.columns import read_names
from codetags.services.counts import list_ranked
from codetags.services.excluded_hits import read_sums
from codetags.types import CampaignCounts, CodeCounts, Excluded

#: The series of a campaign's codes are read one by one up to so many, and columns for more.
_FEW = 100


@dataclass(frozen=True, slots=True)
class CampaignDetails:
    """A campaign's figures; its days; its codes with the most hits; the calls of all of them that were not counted."""

    counts: CampaignCounts
    days: Sums
    codes: tuple[CodeCounts, ...]
    excluded: Excluded


def read_campaign(campaign: Campaign, *, since: date, until: date, before: date, limit: int) -> CampaignDetails:
    """A campaign on the days from `since` to `until`, both included, and those from `before` on as one sum.

    limit: of its codes. The counts are of all time, without the last 30 days. Raises StoreUnavailable.
    """
    ranking = rank_campaign(campaign)
    few = ranking.codes if len(ranking) <= _FEW else None
    names, campaigns = (b"", ()) if few is not None else _slots()
    (days,) = sum_days([_group(campaign, few, names, campaigns)], since, until, before=before)
    if few is None:
        seen = latest_hits([campaign.pk], campaigns).get(campaign.pk)
    else:
        times = scores(keys.last_seen(), few)
        seen = max((int(float(at)) for at in times if at is not None), default=None)
    counts = CampaignCounts(registered_campaign(campaign), len(ranking), sum(ranking.hits), moment(seen), ())
    return CampaignDetails(counts, days, list_ranked(ranking, limit=limit), read_sums(ranking.codes))


def compare_days(chosen: Sequence[str | Campaign], *, since: date, until: date, before: date) -> list[Sums]:
    """The days of each code and campaign, as `read_campaign` has them, in one step. Raises StoreUnavailable."""
    asked = [one.pk for one in chosen if not isinstance(one, str)]
    few = _codes_of_small(asked)
    names, campaigns = _slots() if len(few) < len(asked) else (b"", ())
    groups = [
        Group(series=(one,)) if isinstance(one, str) else _group(one, few.get(one.pk), names, campaigns)
        for one in chosen
    ]
    return sum_days(groups, since, until, before=before)


def _codes_of_small(campaigns: Sequence[int]) -> dict[int, list[str]]:
    """The codes of those of the campaigns that have few."""
    rows = CodeTag.objects.filter(campaign__in=campaigns).order_by()
    sizes = dict(rows.values_list("campaign").annotate(Count("pk")))
    few: dict[int, list[str]] = {pk: [] for pk in campaigns if sizes.get(pk, 0) <= _FEW}
    for pk, code in rows.filter(campaign__in=list(few)).values_list("campaign", "code"):
        few[pk].append(code)
    return few


def _slots() -> tuple[bytes, Sequence[int]]:
    """The names of all slots, and the campaign of each."""
    names = read_names()
    return names, read_campaigns(names)


def _group(campaign: Campaign, few: Sequence[str] | None, names: bytes, campaigns: Sequence[int]) -> Group:
    """few: all its codes; None where they are many."""
    if few is not None:
        return Group(series=few)
    in_series = [slot for slot in slots_in_series(names) if campaigns[slot] == campaign.pk]
    apart = {*free_slots(names), *in_series}
    slots = [slot for slot, one in enumerate(campaigns) if one == campaign.pk and slot not in apart]
    return Group(slots, [code_at(names, slot) for slot in in_series])
