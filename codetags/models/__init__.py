"""The tables of the app: the registry of codes and their campaigns, and the daily counts that are copied to SQL."""

from codetags.models.campaigns import Campaign
from codetags.models.codes import CodeTag, code_with_label, codes_changed, looks_like_a_code
from codetags.models.counts import CodeCount, CopiedHits, DailyBreakdown, DailyHits
from codetags.models.made import FormerCode, MadeCodes
from codetags.models.placements import Placement, looks_like_a_placement

__all__ = [
    "Campaign",
    "CodeCount",
    "CodeTag",
    "CopiedHits",
    "DailyBreakdown",
    "DailyHits",
    "FormerCode",
    "MadeCodes",
    "Placement",
    "code_with_label",
    "codes_changed",
    "looks_like_a_code",
    "looks_like_a_placement",
]
