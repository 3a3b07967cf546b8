"""Days, streaks and conversations, as the services count them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from kv.errors import StoreUnavailable
from usertokens import keys
from usertokens.errors import AccountClosed, BadMood
from usertokens.models import Conversation
from usertokens.services import accounts, activity, conversations
from usertokens.services.conversations import record_conversation_script

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def login(days: float) -> tuple[int, int, int]:
    counted = activity.record_login("5", now=NOON + timedelta(days=days))
    return counted.days_active, counted.login_streak, counted.longest_streak


class TestDays:
    def test_a_day_counts_once(self, store: Any) -> None:
        assert [login(day) for day in (0, 0.1, 0.2)] == [(1, 1, 1)] * 3

    def test_streaks(self, store: Any) -> None:
        assert [login(day) for day in (0, 1, 2, 4, 5, 9)] == [
            (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 1, 3), (5, 2, 3), (6, 1, 3),
        ]  # fmt: skip

    def test_a_clock_behind_takes_nothing_back(self, store: Any) -> None:
        login(0)
        login(1)
        assert login(0.5) == (2, 2, 2)
        assert login(2) == (3, 3, 3)

    def test_the_sites_day_counts(self, store: Any) -> None:
        late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
        with override_settings(TIME_ZONE="Pacific/Auckland"):
            activity.record_login("5", now=late)
        assert store.get(keys.last_login("5")) == b"2026-03-11"

    def test_over_a_leap_day_and_a_year(self, store: Any) -> None:
        for start in (datetime(2028, 2, 28, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)):
            store.flushall()
            streaks = [activity.record_login("5", now=start + timedelta(days=day)).login_streak for day in range(3)]
            assert streaks == [1, 2, 3]

    def test_the_calendar_keeps_twelve_weeks(self, store: Any) -> None:
        for day in (0, 1, 50, 83, 84, 200):
            login(day)
        stats = activity.get_user_stats("5")
        assert stats is not None
        assert sum(stats.last_84_days) == 1
        login(201)
        login(240)
        stats = activity.get_user_stats("5")
        assert stats is not None
        assert [back for back, seen in enumerate(reversed(stats.last_84_days)) if seen] == [0, 39, 40]


class TestStats:
    def test_made_once(self, store: Any) -> None:
        assert activity.get_user_stats("5") is None
        assert activity.create_user_stats("5") is True
        activity.set_mood("5", 3)
        assert activity.create_user_stats("5") is False
        assert activity.get_user_stats("5") is not None
        fields = {name.decode() for name in store.hkeys(keys.stats("5"))}
        assert fields >= {
            "conversations", "generations", "mood_score", "days_active", "recent_conversations", "plan",
            "login_streak", "longest_streak",
        }  # fmt: skip

    @pytest.mark.parametrize("score", [-1, 10.1, 8.55])
    def test_moods_that_are_none(self, store: Any, score: float) -> None:
        with pytest.raises(BadMood):
            activity.set_mood("5", score)

    def test_a_closed_account_stays_closed(self, store: Any) -> None:
        activity.create_user_stats("5")
        accounts.forget_user("5")
        for act in (activity.create_user_stats, activity.record_login, lambda user: activity.set_mood(user, 5)):
            with pytest.raises(AccountClosed):
                act("5")
        with pytest.raises(AccountClosed):
            conversations.record_conversation("5", summary="late")
        assert Conversation.objects.count() == 0
        assert list(store.scan_iter(match="user:*")) == []


class TestConversations:
    def test_a_store_that_is_away_saves_nothing(self, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*_: Any) -> Any:
            raise StoreUnavailable("test")

        with monkeypatch.context() as patch:
            patch.setattr(record_conversation_script, "run", away)
            with pytest.raises(StoreUnavailable):
                conversations.record_conversation("5", summary="one")
        assert Conversation.objects.count() == 0
        assert conversations.record_conversation("5", summary="one").conversations == 1

    def test_a_crash_between_store_and_database_heals_on_retry(
        self, store: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Crash(Exception):
            pass

        run = record_conversation_script.run
        number = uuid.uuid4()

        def crash(keys: Any, args: Any) -> Any:
            run(keys, args)
            raise Crash

        with monkeypatch.context() as patch:
            patch.setattr(record_conversation_script, "run", crash)
            with pytest.raises(Crash):
                conversations.record_conversation("5", summary="one", conversation_id=number)
        assert store.hget(keys.stats("5"), "conversations") == b"1"
        assert conversations.find_drifted(["5"]) == ["5"]
        saved = conversations.record_conversation("5", summary="one", conversation_id=number)
        assert (saved.created, saved.conversations) == (True, 1)
        assert conversations.find_drifted(["5"]) == []

    def test_the_same_ids_again_and_again_count_once_each(self, store: Any) -> None:
        ids = [uuid.uuid4() for _ in range(6)]
        for turn in range(18):
            conversations.record_conversation("5", summary=f"c{turn}", conversation_id=ids[turn % 6])
        assert Conversation.objects.count() == 6
        assert store.hget(keys.stats("5"), "conversations") == b"6"
        assert conversations.find_drifted(["5"]) == []

    def test_comparing_many_users_takes_two_queries(self, store: Any, django_assert_num_queries: Any) -> None:
        users = [str(number) for number in range(20)]
        for number, user_id in enumerate(users):
            for turn in range(number % 5):
                conversations.record_conversation(user_id, summary=f"c{turn}")
        with django_assert_num_queries(2):
            assert conversations.find_drifted(users) == []
        store.hset(keys.stats("7"), "recent_conversations", "[]")
        store.hset(keys.stats("4"), "conversations", "3")
        Conversation.objects.filter(user_id="9", summary="c3").update(summary="c4")
        Conversation.objects.filter(user_id="14", summary="c0").update(summary="an older one")
        with django_assert_num_queries(2):
            assert conversations.find_drifted(users) == ["4", "7", "9"]
