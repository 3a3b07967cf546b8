"""The staff's lists at 100 000 codes and 1000 campaigns: of campaigns and of one's codes. The bars are absolute.

One campaign has 30 000 codes, the others have 60 each; 10 000 codes have none.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

from django.test import Client, override_settings

from benchmarks.codetags_list import admin_client, fill
from benchmarks.measure import Row
from benchmarks.store import commands_done, server_seconds
from codetags import keys
from codetags.models import Campaign, CodeTag
from kv.days import local_day
from kv.sql.batches import in_batches
from kv.sql.upserts import upsert_rows
from kv.store.connection import call
from kv.times import utc_now

_CODES, _CAMPAIGNS = 100_000, 1000
_ROUNDS = 7
_MS, _COMMANDS = 150, 200
_LIST, _API = "/admin/codetags/codecount/", "/api/dashboard/code-tags"


def run() -> Iterator[Row]:
    """Time, processor time (ours and the store's) and commands of the store, those within scripts too, of each page."""
    with admin_client() as client, override_settings(RATE_LIMITS=None):
        fill(_CODES)
        _join()
        pages = _addresses(client)
        took: dict[str, list[float]] = {name: [] for name in pages}
        worked: dict[str, list[float]] = {name: [] for name in pages}
        sent: dict[str, int] = {}
        for turn in range(_ROUNDS + 1):
            for name, address in pages.items():
                commands, work, began = commands_done(), _work(), time.perf_counter()
                answer = client.get(address)
                spent, work = time.perf_counter() - began, _work() - work
                sent[name] = commands_done() - commands
                if turn:  # the first round warms up
                    took[name].append(spent * 1000)
                    worked[name].append(work * 1000)
                if answer.status_code != 200 or answer.content.count(b"ampaign") < 2:
                    raise RuntimeError(f"{address}: {answer.status_code}")
    print(f"system load {os.getloadavg()[0]:.1f}", flush=True)
    for name, times in took.items():
        middle = statistics.median(times)
        yield Row(f"campaigns: {name}", f"{middle:.0f} ms", "a limit", f"{_MS} ms", middle / _MS, "≤1")
        work = statistics.median(worked[name])
        yield Row("  processor time", f"{work:.0f} ms", "a limit", f"{_MS} ms", work / _MS, "≤1")
        yield Row("  commands of the store", str(sent[name]), "a limit", str(_COMMANDS), sent[name] / _COMMANDS, "≤1")


def _work() -> float:
    """Seconds of processor time of this process and of the store."""
    return time.process_time() + server_seconds()


def _join() -> None:
    """Make the campaigns, and put codes into them; the first list packs which are whose."""
    names = [f"Campaign {number:04}" for number in range(_CAMPAIGNS)]
    Campaign.objects.bulk_create(Campaign(name=name, key=name.lower(), cost_cents=100_000) for name in names)
    campaigns = list(Campaign.objects.order_by("pk").values_list("pk", flat=True))
    codes = [code.decode() for code in call("ZREVRANGE", keys.rank(), 0, -1)]
    now = utc_now()
    rows = [(code, f"Poster {code}", "", False, _of(place, campaigns), now, now) for place, code in enumerate(codes)]
    columns = ("code", "label", "note", "archived", "campaign_id", "created_at", "updated_at")
    CodeTag.objects.all().delete()
    for chunk in in_batches(rows, 20_000):
        upsert_rows(CodeTag, columns, chunk, unique=("code",))


def _of(place: int, campaigns: list[int]) -> int | None:
    """The campaign of a code: the last one for the largest, none for every tenth."""
    if place % 10 == 0:
        return None
    return campaigns[-1] if place % 5 < 2 else campaigns[place % (len(campaigns) - 1)]


def _addresses(client: Client) -> dict[str, str]:
    today = local_day()
    first, last = (today - timedelta(days=29)).isoformat(), (today - timedelta(days=1)).isoformat()
    days, api_days = f"&since={first}&until={last}", f"&from={first}&to={last}"
    some = Campaign.objects.get(name="Campaign 0001")
    other = Campaign.objects.get(name="Campaign 0002")
    large = Campaign.objects.get(name=f"Campaign {_CAMPAIGNS - 1:04}")
    later = f"{_API}?group=campaign&limit=100"
    for _ in range(3):
        later = f"{_API}?group=campaign&limit=100&before={client.get(later).json()['next']}"
    chosen = [("code", code) for code in CodeTag.objects.order_by("code").values_list("code", flat=True)[:3]]
    compared = urlencode([*chosen, *(("campaign", one.name) for one in (some, large, other))])
    return {
        "admin, first page": f"{_LIST}?group=campaign",
        "admin, middle page": f"{_LIST}?group=campaign&p=10",
        "admin, last page": f"{_LIST}?group=campaign&p=21",
        "admin, 30 days": f"{_LIST}?group=campaign{days}",
        "admin, search": f"{_LIST}?group=campaign&q=01",
        "API, first page": f"{_API}?group=campaign&limit=100",
        "API, fourth page": later,
        "API, 30 days": f"{_API}?group=campaign&limit=100{api_days}",
        "admin, codes of one": f"{_LIST}?campaign={some.name}",
        "admin, codes of one, 30 days": f"{_LIST}?campaign={some.name}{days}",
        "admin, codes of the largest": f"{_LIST}?campaign={large.name}",
        "admin, the largest, page 400": f"{_LIST}?campaign={large.name}&p=400",
        "admin, the largest, 30 days": f"{_LIST}?campaign={large.name}{days}",
        "API, codes of one": f"{_API}?limit=100&campaign={some.name}",
        "API, codes of the largest": f"{_API}?limit=100&campaign={large.name}{api_days}",
        "admin, all codes": _LIST,
        "a campaign's page, 90 days": f"{_LIST}campaigns/{some.pk}/",
        "the same, 365 days": f"{_LIST}campaigns/{some.pk}/?days=365",
        "the largest campaign's page": f"{_LIST}campaigns/{large.pk}/",
        "six compared": f"{_LIST}compare/?{compared}",
    }
