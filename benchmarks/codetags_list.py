"""The staff's list at 100 000 codes against the same page at 100."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client, override_settings
from django.utils import timezone

from benchmarks.measure import Row
from benchmarks.store import fresh_store
from codetags import keys
from codetags.models import CodeTag
from codetags.services.calendar import local_day
from codetags.services.registry import mirror_registry
from kv.connection import connection

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ROUNDS = 30
_FEW, _MANY = 100, 100_000


def run() -> Iterator[Row]:
    """Every second code registered; each with a series of 30 days. The first page, and the last."""
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with fresh_store(), override_settings(STORAGES={**settings.STORAGES, **plain}):
        database.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            user = User.objects.create_superuser("bench", password="bench")
            client = Client(headers={"Host": "127.0.0.1"})
            client.force_login(user)
            _fill(0, _FEW)
            few = _times(client, "?p=1"), _times(client, f"?p={_FEW // 50}")
            _fill(_FEW, _MANY)
            many = _times(client, "?p=1"), _times(client, f"?p={_MANY // 50}")
        finally:
            database.creation.destroy_test_db(database.settings_dict["NAME"], verbosity=0)
    for name, few_ms, many_ms in zip(("first page", "last page"), few, many, strict=True):
        yield Row(
            f"codetags: list of 100 000, {name}",
            f"{many_ms:.1f} ms",
            "the same page at 100 codes",
            f"{few_ms:.1f} ms",
            many_ms / few_ms,
            "≤1.5",
        )


def _fill(start: int, end: int) -> None:
    today = local_day()
    days = [(today - timedelta(days=back)).isoformat() for back in range(30)]
    now = timezone.now().timestamp() * 1000
    client: Any = connection()
    codes = [_code(number) for number in range(start, end)]
    for first in range(0, len(codes), 2000):
        pipeline = client.pipeline(transaction=False)
        for place, code in enumerate(codes[first : first + 2000], start + first):
            hits = (place * 7919) % 5000
            pipeline.set(keys.count(code), hits)
            pipeline.hset(keys.days(code), mapping=dict.fromkeys(days, 1 + hits % 9))
            pipeline.zadd(keys.rank(), {code: hits})
            pipeline.zadd(keys.last_seen(), {code: now - place})
        pipeline.execute()
    CodeTag.objects.bulk_create([CodeTag(code=code, label=f"Poster {code}") for code in codes[::2]], 1000)
    mirror_registry()


def _code(number: int) -> str:
    signs = []
    for _ in range(4):
        number, rest = divmod(number, 36)
        signs.append(_SIGNS[rest])
    return "".join(signs)


def _times(client: Client, query: str) -> float:
    """The median of the page's time, ms."""
    took = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        answer = client.get(f"/admin/codetags/codecount/{query}")
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{query}: {answer.status_code}")
    return statistics.median(took)
