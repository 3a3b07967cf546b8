"""Campaigns by their names, which are equal in any case of their letters, and their codes by hits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, router
from django.db.models import Q

from codetags import keys
from codetags.models import Campaign
from codetags.models.campaigns import name_key
from codetags.services.code_log import log_new_campaigns
from codetags.services.rankings import CountedRanking
from kv.sql.batches import in_batches
from kv.sql.transactions import atomic_for
from kv.store.connection import call

#: Codes whose hits one command reads: the store answers it within some milliseconds.
_CHUNK = 5000
#: Campaigns that one statement names.
_ROWS = 500
_SUGGESTED = 100


def get_campaign(name: str) -> Campaign | None:
    """The campaign of this name; None for one that nobody has made."""
    return Campaign.objects.filter(key=name_key(name.strip())).first()


def get_campaigns(names: Iterable[str]) -> dict[str, Campaign]:
    """The campaigns of these names; a name that nobody has made is not in the result."""
    asked = {name: name_key(name.strip()) for name in names}
    known = {one.key: one for one in Campaign.objects.filter(key__in=asked.values())} if asked else {}
    return {name: known[key] for name, key in asked.items() if key in known}


def ensure_campaign(name: str, *, user_id: Any = None) -> Campaign:
    """The campaign of this name, made where there is none. Raises Django's ValidationError for what is no name.

    user_id: who asks for it, for the admin's log; None: nobody.
    """
    if found := get_campaign(name):
        return found
    campaign = Campaign(name=name)
    try:
        campaign.full_clean(exclude=["key"])
    except ValidationError:
        if found := get_campaign(campaign.name):  # of the cleaned name, or made meanwhile
            return found
        raise
    try:
        with atomic_for(Campaign):
            campaign.save()
            log_new_campaigns(user_id, [(campaign.pk, campaign.name)])
    except IntegrityError:
        found = get_campaign(campaign.name)
        if found is None:
            raise
        return found
    return campaign


def ensure_campaigns(names: Iterable[str], *, user_id: Any = None) -> dict[str, int]:
    """The primary keys of the campaigns of these names, made where there are none, in a few statements for all.

    names: as an import has cleaned them. user_id: as in `ensure_campaign`.
    """
    found = _pks(names)
    missing = sorted(name for name, pk in found.items() if pk is None)
    if missing:
        try:
            with atomic_for(Campaign):
                rows = [Campaign(name=name, key=name_key(name)) for name in missing]
                Campaign.objects.bulk_create(rows, batch_size=_ROWS)
                made = _pks(missing)
                log_new_campaigns(user_id, [(made[name], name) for name in missing])
        except IntegrityError:  # another process has made one of them meanwhile
            made = {name: ensure_campaign(name, user_id=user_id).pk for name in missing}
        found |= made
    return {name: pk for name, pk in found.items() if pk is not None}


def _pks(names: Iterable[str]) -> dict[str, int | None]:
    keys_of = {name: name_key(name) for name in names}
    campaigns = Campaign.objects.using(router.db_for_write(Campaign))
    known: dict[str, int] = {}
    for chunk in in_batches(list(keys_of.values()), _ROWS):
        known.update(campaigns.filter(key__in=chunk).order_by().values_list("key", "pk"))
    return {name: known.get(key) for name, key in keys_of.items()}


def newest_names() -> list[str]:
    """The names of the newest campaigns, to choose from."""
    return list(Campaign.objects.order_by("-pk").values_list("name", flat=True)[:_SUGGESTED])


def codes_of(campaign: Campaign, search: str = "") -> list[str]:
    """Its codes, from Z to A. search: only those with it in code, label or note."""
    rows = campaign.codes.order_by("-code")
    if search:
        rows = rows.filter(Q(code__icontains=search) | Q(label__icontains=search) | Q(note__icontains=search))
    return list(rows.values_list("code", flat=True))


def rank_campaign(campaign: Campaign, search: str = "") -> CountedRanking:
    """Its codes by their hits of all time, also those without any. Raises StoreUnavailable."""
    codes = codes_of(campaign, search)
    return CountedRanking(codes, [int(float(score or 0)) for score in scores(keys.rank(), codes)])


def scores(name: str, codes: Sequence[str]) -> list[bytes | None]:
    """What a sorted set of codes has for each of these, None for nothing. Raises StoreUnavailable."""
    return [score for chunk in in_batches(codes, _CHUNK) for score in call("ZMSCORE", name, *chunk)]
