"""The staff's list at 100 000 codes against the same page at 100.

Both stand in one server under two prefixes and are asked in turn: a machine that is busy now and then hits both alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
from codetags.services.column_upkeep import add_missing_codes
from codetags.services.registry import mirror_registry
from kv.days import local_day
from kv.store.connection import connection

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ROUNDS = 30
_FEW, _MANY = 100, 100_000


def run() -> Iterator[Row]:
    """Every second code registered; each with a series of 30 days. The first page, and the last."""
    with admin_client() as client:
        with override_settings(KV_PREFIX="few:"):
            fill(_FEW)
        fill(_MANY)
        times = {name: _times(client, last=name == "last page") for name in ("first page", "last page")}
    for name, (few, many) in times.items():
        yield Row(
            f"codetags: list of 100 000, {name}",
            f"{many:.1f} ms",
            "the same page at 100 codes",
            f"{few:.1f} ms",
            many / few,
            "≤1.5",
        )


@contextmanager
def admin_client() -> Iterator[Client]:
    """A client that is logged in as a superuser, on an empty store and an empty database."""
    plain = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    with fresh_store(), override_settings(STORAGES={**settings.STORAGES, **plain}):
        database.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            client = Client(headers={"Host": "127.0.0.1"})
            client.force_login(User.objects.create_superuser("bench", password="bench"))
            yield client
        finally:
            database.creation.destroy_test_db(database.settings_dict["NAME"], verbosity=0)


def fill(number_of_codes: int) -> None:
    """So many codes, every second one registered; each with hits on the last 30 days."""
    today = local_day()
    days = [(today - timedelta(days=back)).isoformat() for back in range(30)]
    now = timezone.now().timestamp() * 1000
    client: Any = connection()
    codes = [_code(number) for number in range(number_of_codes)]
    for first in range(0, len(codes), 2000):
        pipeline = client.pipeline(transaction=False)
        for place, code in enumerate(codes[first : first + 2000], first):
            hits = (place * 7919) % 5000 + 1
            pipeline.set(keys.count(code), hits)
            pipeline.hset(keys.days(code), mapping=dict(zip(days, _parts(hits, len(days)), strict=True)))
            pipeline.zadd(keys.rank(), {code: hits})
            pipeline.zadd(keys.last_seen(), {code: now - place})
        pipeline.execute()
    tags = [CodeTag(code=code, label=f"Poster {code}") for code in codes[::2]]
    CodeTag.objects.bulk_create(tags, 1000, ignore_conflicts=True)
    mirror_registry()
    add_missing_codes()


def _parts(hits: int, days: int) -> list[int]:
    return [hits // days + (place < hits % days) for place in range(days)]


def _code(number: int) -> str:
    signs = []
    for _ in range(4):
        number, rest = divmod(number, 36)
        signs.append(_SIGNS[rest])
    return "".join(signs)


def _times(client: Client, *, last: bool) -> tuple[float, float]:
    """The median of the page's time at few and at many codes, ms."""
    took: dict[str, list[float]] = {"few:": [], "": []}
    for turn in range(_ROUNDS + 3):
        for prefix, number in (("few:", _FEW), ("", _MANY)):
            query = f"?p={number // 50 if last else 1}"
            with override_settings(KV_PREFIX=prefix):
                began = time.perf_counter()
                answer = client.get(f"/admin/codetags/codecount/{query}")
                spent = (time.perf_counter() - began) * 1000
            if answer.status_code != 200 or b'name="code"' not in answer.content:
                raise RuntimeError(f"{query}: {answer.status_code}")
            if turn >= 3:  # the first rounds warm up
                took[prefix].append(spent)
    return statistics.median(took["few:"]), statistics.median(took[""])
