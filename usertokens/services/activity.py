"""A user's activity: days, streaks, mood. Each call is one script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from kv.days import local_day
from kv.process.threads import async_twin
from kv.store.connection import call, call_many
from kv.store.replies import pairs
from kv.store.scripts import Script
from usertokens import keys
from usertokens.conf import default_plan
from usertokens.errors import BadMood
from usertokens.services import ledger
from usertokens.services.calendar import day_number
from usertokens.types import BEST_MOOD, LoginCounted, RecentConversation, UserStats

#: Days in the calendar of a user's activity: twelve weeks.
CALENDAR_DAYS = 84
#: Days whose mood is kept.
MOOD_DAYS = 366
_HALF = 42

create_user_stats_script = Script("usertokens", "create_user_stats")
record_login_script = Script("usertokens", "record_login")
set_mood_script = Script("usertokens", "set_mood")


@dataclass(frozen=True, slots=True)
class DayMood:
    """The last mood of a day, 0 to 10."""

    day: date
    score: float


def create_user_stats(user_id: str, *, now: datetime | None = None) -> bool:
    """Create the user's activity; False when it exists already. Raises AccountClosed."""
    args = [local_day(now).isoformat(), default_plan()]
    reply = ledger.check_reply(user_id, create_user_stats_script.run(activity_keys(user_id), args))
    return bool(reply[1] == b"1")


def get_user_stats(user_id: str) -> UserStats | None:
    """The user's activity; None when there is none."""
    found, last_login = call_many([("HGETALL", keys.stats(user_id)), ("GET", keys.last_login(user_id))])
    flat = [part for pair in pairs(found) for part in pair]
    return read_stats(flat, last_login or b"") if flat else None


aget_user_stats = async_twin(get_user_stats)


def record_login(user_id: str, *, now: datetime | None = None) -> LoginCounted:
    """Count the site's day once; after a log-in yesterday the streak grows. Grants the allowance when it is due.

    Receivers of Django's `user_logged_in` call it already. Raises AccountClosed.
    """
    today = local_day(now)
    args = [*ledger.common_args(user_id, now), today.isoformat(), day_number(today), default_plan()]
    names = [*keys.ledger(user_id), keys.last_login(user_id)]
    reply = ledger.check_reply(user_id, record_login_script.run(names, args))
    return LoginCounted(reply[1] == b"1", int(reply[2]), int(reply[3]), int(reply[4]))


arecord_login = async_twin(record_login)


def set_mood(user_id: str, score: Decimal | float, *, now: datetime | None = None) -> None:
    """Set the mood, 0 to 10 with at most one decimal. Raises BadMood or AccountClosed."""
    number = Decimal(str(score))
    if not 0 <= number <= BEST_MOOD or number != round(number, 1):
        raise BadMood(str(score))
    text = f"{number:.1f}".removesuffix(".0")
    ledger.check_reply(
        user_id,
        set_mood_script.run(
            [*activity_keys(user_id), keys.moods(user_id)],
            [text, local_day(now).isoformat(), default_plan(), MOOD_DAYS],
        ),
    )


aset_mood = async_twin(set_mood)


def list_moods(user_id: str) -> tuple[DayMood, ...]:
    """The last mood of each day that has one, oldest first, at most MOOD_DAYS. Raises StoreUnavailable."""
    rows = (row.decode().split("=") for row in call("LRANGE", keys.moods(user_id), 0, -1))
    return tuple(DayMood(date.fromisoformat(day), float(score)) for day, score in rows)


def activity_keys(user_id: str) -> list[str]:
    """The keys of scripts that touch the activity alone."""
    return [keys.stats(user_id), keys.last_login(user_id), keys.tombstone(user_id)]


def read_stats(values: Sequence[bytes], last_login: bytes) -> UserStats:
    """The activity of {field, value, …}; a field that is missing has its first day's value."""
    fields = dict(zip(values[::2], values[1::2], strict=True))
    recent = json.loads(fields.get(b"recent_conversations") or b"[]")
    return UserStats(
        conversations=int(fields.get(b"conversations", 0)),
        generations=int(fields.get(b"generations", 0)),
        mood_score=float(fields.get(b"mood_score", 0)),
        days_active=int(fields.get(b"days_active", 0)),
        login_streak=int(fields.get(b"login_streak", 0)),
        longest_streak=int(fields.get(b"longest_streak", 0)),
        recent_conversations=tuple(
            RecentConversation(item["id"], item["summary"], datetime.fromisoformat(item["at"])) for item in recent
        ),
        plan=fields[b"plan"].decode() if b"plan" in fields else default_plan(),
        last_login=date.fromisoformat(last_login.decode()) if last_login else None,
        last_84_days=_days(fields.get(b"days", b"0:0")),
    )


def _days(packed: bytes) -> tuple[bool, ...]:
    higher, lower = map(int, packed.split(b":"))
    bits = higher << _HALF | lower
    return tuple(bool(bits >> back & 1) for back in reversed(range(CALENDAR_DAYS)))
