"""Sample users for `manage.py demo`: forty users with different habits, each with a ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from kv.days import at_hour, local_day
from usertokens.conf import app_settings
from usertokens.errors import InsufficientTokens
from usertokens.services.activity import create_user_stats, record_login, set_mood
from usertokens.services.balances import add_tokens, record_generation, spend_tokens
from usertokens.services.conversations import record_conversation
from usertokens.services.plans import set_plan
from usertokens.services.prices import action_names, price_of

NAMES = (
    *("ada", "amir", "anneke", "bruno", "carla", "chiara", "dario", "dilan", "elif", "emil", "esther", "fatima"),
    *("felix", "greta", "hugo", "ida", "ines", "jakob", "jeanne", "karim", "klara", "leila", "leon", "lucia", "malik"),
    *("marta", "mila", "nadia", "nils", "olga", "pablo", "petra", "rafael", "rosa", "samir", "selma", "theo", "ute"),
    *("vera", "yuna"),
)  # fmt: skip
AFTERWARDS = f"The sample users have no password: `manage.py changepassword {NAMES[0]}` lets you in as one of them."
_SUMMARIES = (
    "Asked for a shorter version of a cover letter",
    "Compared three offers for a new heating system",
    "Drafted the minutes of the tenants' meeting",
    "Explained what changes with the new tax form",
    "Found titles for an article on urban gardens",
    "Planned a week of meals for four",
    "Put a complaint to the railway into friendlier words",
    "Sorted out the dates for the summer timetable",
    "Translated a recipe from Portuguese",
    "Wrote a speech for a sixtieth birthday",
)
_REASONS = ("article", "image", "summary", "translation")


@dataclass(frozen=True, slots=True)
class _Habit:
    """How a user uses the site: day of the sign-up, chance of a visit a day, generations a visit, plan, top-ups."""

    joined: int
    keenness: float
    generations: int
    plan: str
    tops_up: bool


def is_fresh() -> bool:
    """Whether there are no users except administrators."""
    users = get_user_model()
    known = {field.name for field in users._meta.get_fields()}  # noqa: SLF001 (Django's public name for it)
    others = {"is_superuser": False} if "is_superuser" in known else {}
    return not users._default_manager.filter(**others).exists()  # noqa: SLF001 (likewise)


def fill(*, days: int, rng: Random, now: datetime, advance: Callable[[int], None]) -> None:
    """Create the users and their days, through the services.

    days:    how many; the last one is the day of `now`.
    rng:     decides everything, so the same seed makes the same data.
    advance: called with the number of records written.
    Raises StoreUnavailable; records written before stay.
    """
    for name in NAMES:
        habit = _Habit(
            joined=rng.randrange(max(days - 3, 1)),
            keenness=rng.choice((0.05, 0.15, 0.3, 0.3, 0.6, 0.9)),
            generations=rng.choice((0, 1, 1, 2, 4)),
            plan=rng.choices(*_plans())[0],
            tops_up=rng.random() < 0.15,  # noqa: PLR2004 (about one in seven)
        )
        user_id = _make_user(name, _moment(habit.joined, 8, days, now))
        if user_id is None:
            continue
        for number in range(habit.joined, days):
            if number == habit.joined or rng.random() < habit.keenness:
                advance(_live_a_day(user_id, habit, number=number, days=days, rng=rng, now=now))


def _plans() -> tuple[list[str], list[int]]:
    """The plans to choose from ("" for the free one), each later one rarer, and how often each comes."""
    paid = list(app_settings.PLAN_ALLOWANCES)[1:]
    return ["", *paid], [70, *(max(22 - 14 * place, 1) for place in range(len(paid)))]


def _make_user(name: str, joined: datetime) -> str | None:
    """The new user's id; None when the name is taken: that user is not changed."""
    users: Any = get_user_model()
    with transaction.atomic():
        user, is_new = users.objects.get_or_create(**{users.USERNAME_FIELD: name})
        if not is_new:
            return None
        user.set_unusable_password()
        user.date_joined = joined
        user.save()
        # Before the commit: the receiver of the sign-up would create the first day as today.
        create_user_stats(str(user.pk), now=joined)
    return str(user.pk)


def _moment(number: int, hour: int, days: int, now: datetime) -> datetime:
    day = local_day(now) - timedelta(days=days - 1 - number)
    return min(at_hour(day, hour), now)


def _live_a_day(user_id: str, habit: _Habit, *, number: int, days: int, rng: Random, now: datetime) -> int:
    morning, noon, evening = (_moment(number, hour, days, now) for hour in (8, 12, 18))
    record_login(user_id, now=morning)
    written = 1
    if habit.plan and number == habit.joined:
        set_plan(user_id, habit.plan, now=morning)
    if habit.tops_up and rng.random() < 0.1:  # noqa: PLR2004 (every tenth day or so)
        add_tokens(user_id, rng.choice((200, 500)), reason="top-up", now=morning)
        written += 1
    written += _use_tokens(user_id, habit, noon, rng)
    if rng.random() < 0.4:  # noqa: PLR2004 (two days in five)
        summary, conversation = rng.choice(_SUMMARIES), UUID(int=rng.getrandbits(128), version=4)
        record_conversation(user_id, summary=summary, conversation_id=conversation, now=evening)
        written += 1
    if rng.random() < 0.5:  # noqa: PLR2004 (every other day)
        set_mood(user_id, Decimal(rng.randrange(40, 100)) / 10, now=evening)
        written += 1
    return written


def _use_tokens(user_id: str, habit: _Habit, moment: datetime, rng: Random) -> int:
    written = 0
    try:
        for _ in range(rng.randrange(habit.generations + 1)):
            record_generation(user_id, now=moment)
            written += 1
        if rng.random() < 0.3:  # noqa: PLR2004 (three days in ten)
            spend_tokens(user_id, rng.randrange(1, 12), reason=rng.choice(_REASONS), now=moment)
            written += 1
        for action in action_names():
            if rng.random() < 0.4:  # noqa: PLR2004 (two days in five)
                # About a token's worth of units, up to a few tokens.
                price = price_of(action)
                units = max(price.per * rng.randrange(1, 40) // (10 * price.tokens), 1)
                spend_tokens(user_id, action=action, quantity=units, now=moment)
                written += 1
    except InsufficientTokens:
        return written  # nothing more until the next allowance
    return written
