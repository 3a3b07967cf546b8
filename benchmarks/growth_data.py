"""What a site of a given size holds, loaded in bulk as the services leave it: for growth.py."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from benchmarks.codetags_rollup import fill as fill_codes
from benchmarks.usertokens_memory import copy_users, user_template
from billing.models import StripeEvent
from billing.types import EventState
from codetags.models import CodeTag
from codetags.services.rollup import roll_up_step
from kv.sql.batches import in_batches
from kv.store.connection import call_many, connection
from stats import keys as stats_keys
from stats.services.visitors import visitor_from_hash

#: Days with a hit of each code, and journal entries of each user.
_DAYS, _ENTRIES = 10, 10


@dataclass(frozen=True)
class Size:
    """How many of each there are. Every second code is registered; there is an event of Stripe's for each user."""

    visitors: int
    codes: int
    users: int

    @property
    def label(self) -> str:
        """For the table."""
        return f"{self.visitors:,} visitors, {self.codes:,} codes, {self.users:,} users"

    def part(self, divisor: int) -> Size:
        """A smaller site of the same proportions."""
        return Size(self.visitors // divisor, self.codes // divisor, self.users // divisor)


def code_name(number: int) -> str:
    """One of the codes."""
    return f"C{number:06}"


def load(size: Size) -> None:
    """Fill the store and the database, both empty."""
    _load_visitors(size.visitors)
    fill_codes(size.codes, _DAYS, "C", hours_ago=1)
    while roll_up_step():
        pass
    tags = [CodeTag(code=code_name(number), label=f"Poster {number}") for number in range(0, size.codes, 2)]
    CodeTag.objects.bulk_create(tags, 1000)
    User.objects.bulk_create((User(username=f"user{number}", password="!") for number in range(size.users)), 1000)
    first = User.objects.order_by("pk").values_list("pk", flat=True)[0]
    copy_users(user_template(connection(), _ENTRIES - 1, bought=100_000), size.users, start=first)
    _load_events(size.users)


def _load_visitors(number: int) -> None:
    source, shards = random.Random(1), defaultdict[int, list[int]](list)
    for _ in range(number):
        visitor = visitor_from_hash(source.randbytes(32))
        shards[visitor.shard].append(visitor.member)
    for batch in in_batches(shards.items(), 1000):
        call_many([("SADD", stats_keys.visitors_shard(shard), *members) for shard, members in batch])
    call_many([("SET", stats_keys.visitors(), number)])


def _load_events(number: int) -> None:
    now = timezone.now()
    events = (
        StripeEvent(
            event_id=f"evt_{one:09}",
            type="invoice.paid",
            object_id=f"in_{one:09}",
            customer_id=f"cus_{one:09}",
            livemode=False,
            state=EventState.DONE.value,
            happened_at=now - timedelta(minutes=one % 100_000),
            due_at=now - timedelta(minutes=one % 100_000),
            done_at=now - timedelta(minutes=one % 100_000),
        )
        for one in range(number)
    )
    for batch in in_batches(events, 2000):
        StripeEvent.objects.bulk_create(batch)
