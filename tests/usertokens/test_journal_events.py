"""What happens to users and their tokens reaches who wants it; nothing is kept where nobody does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from kv.events import emit
from kv.models import EventReceiver, OutgoingEvent
from kv.times import to_ms, utc_now
from tests.kv.event_receiver import register
from usertokens import duties, keys
from usertokens.errors import UnknownPlan
from usertokens.models import EventCursor
from usertokens.services import journal_events
from usertokens.services.accounts import delete_account, forget_user
from usertokens.services.activity import create_user_stats
from usertokens.services.balances import add_tokens, get_balance, reverse_entry, spend_tokens
from usertokens.services.event_flags import OF_JOURNAL, sync_wanted
from usertokens.services.holds import capture_hold, hold_tokens, release_hold
from usertokens.services.journal import archive_journal
from usertokens.services.notices import queue_notices
from usertokens.services.plans import apply_plan, change_plan, set_plan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]
URL = "https://example.com/"


@pytest.fixture
def user() -> str:
    return str(get_user_model().objects.create_user("zoe").pk)


@pytest.fixture
def wanted(user: str) -> EventReceiver:
    """A receiver of all that journals say. What came before it is no event."""
    spend_tokens(user, 1, reason="before")
    row = register(URL, *OF_JOURNAL)
    sync_wanted(now=later(0.5))
    return row


def later(seconds: float = 1) -> Any:
    return utc_now() + timedelta(seconds=seconds)


def drain() -> None:
    while duties.emit_events():
        pass


def events(*names: str) -> list[tuple[str, dict[str, Any]]]:
    rows = OutgoingEvent.objects.order_by("pk")
    rows = rows.filter(type__in=names) if names else rows
    return [(row.type, row.data) for row in rows]


class TestJournal:
    def test_spends_captures_and_grants_are_events(self, user: str, wanted: EventReceiver) -> None:
        now = later()
        spent = spend_tokens(user, 3, reason="article", now=now)
        hold = hold_tokens(user, 10, ttl_seconds=60, reason="job", now=now)
        captured = capture_hold(user, hold.id, 4, now=now)
        release_hold(user, hold_tokens(user, 2, ttl_seconds=60, now=now).id, now=now)
        given = add_tokens(user, 50, reason="gift", now=now)
        reverse_entry(user, int(spent.transaction_id), reason="back", now=now)
        drain()
        assert [(name, data["tokens"], data["reason"]) for name, data in events()] == [
            ("tokens.spent", 3, "article"),
            ("tokens.spent", 4, "job"),
            ("tokens.granted", 50, "gift"),
        ]
        assert events()[0][1] == {
            "user_id": user,
            "transaction_id": int(spent.transaction_id),
            "type": "spend",
            "tokens": 3,
            "balance": spent.balance,
            "reason": "article",
        }
        assert [data["transaction_id"] for _, data in events()[1:]] == [
            int(captured.transaction_id),
            int(given.transaction_id),
        ]

    def test_each_is_emitted_once(self, user: str, wanted: EventReceiver) -> None:
        for _ in range(3):
            spend_tokens(user, 1, now=later())
            drain()
            journal_events.drain_batch([user])
        EventCursor.objects.all().delete()
        journal_events.drain_batch([user])
        assert len(events()) == 3

    def test_what_was_not_noted_is_found_by_the_walk(self, user: str, wanted: EventReceiver, store: Any) -> None:
        spend_tokens(user, 1, now=later())
        store.delete(keys.news())
        drain()
        assert events() == []
        while duties.walk_journals():
            pass
        assert len(events()) == 1

    def test_tokens_that_expire_and_allowances_that_come(self, user: str, wanted: EventReceiver) -> None:
        add_tokens(user, 7, reason="short", expires_at=later(3), now=later())
        get_balance(user, now=later(4))
        other = str(get_user_model().objects.create_user("max").pk)
        get_balance(other, now=later())
        journal_events.drain_batch([user, other])
        found = [(name, data["type"], data["tokens"]) for name, data in events()]
        assert ("tokens.expired", "expire", 7) in found
        assert any(name == "tokens.granted" and kind == "allowance" for name, kind, _ in found)

    def test_a_long_journal_is_read_in_order_from_store_and_archive(
        self, user: str, wanted: EventReceiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_events, "ENTRIES", 5)
        for number in range(1, 24):
            spend_tokens(user, 1, reason=str(number), now=later(number))
            if number == 12:
                archive_journal(user, older_than=None)
        drain()
        assert [data["reason"] for _, data in events()] == [str(number) for number in range(1, 24)]

    def test_after_an_older_backup_nothing_is_left_out(self, user: str, wanted: EventReceiver, store: Any) -> None:
        names = [name for name in keys.everything(user) if store.exists(name)]
        dumped = {name: store.dump(name) for name in names}
        for reason in ("one", "two", "three"):
            spend_tokens(user, 1, reason=reason, now=later(2))
        drain()
        store.delete(*keys.everything(user))
        for name, value in dumped.items():
            store.restore(name, 0, value)
        spend_tokens(user, 1, reason="after", now=later(9))
        drain()
        assert [data["reason"] for _, data in events()] == ["one", "two", "three", "after"]

    def test_users_of_whom_nobody_wants_to_know_have_nothing_more(self, user: str, store: Any) -> None:
        spend_tokens(user, 1)
        drain()
        assert not EventCursor.objects.exists()
        assert store.exists(keys.news(), keys.wanted_events()) == 0

    def test_when_nobody_wants_them_any_more_all_is_removed(self, user: str, wanted: EventReceiver, store: Any) -> None:
        spend_tokens(user, 1, now=later())
        drain()
        spend_tokens(user, 1, now=later())
        wanted.delete()
        drain()
        duties.walk_journals()
        assert not EventCursor.objects.exists()
        assert store.exists(keys.news(), keys.wanted_events()) == 0
        register(URL, *OF_JOURNAL)
        sync_wanted(now=later(5))
        drain()
        journal_events.drain_batch([user])
        assert events() == [], "what happened meanwhile is no event"

    def test_a_spend_costs_one_command_more_and_none_without_receivers(
        self, user: str, wanted: EventReceiver, store: Any
    ) -> None:
        assert store.smembers(keys.news()) == set()
        get_balance(user)
        assert store.smembers(keys.news()) == set(), "nothing is noted for who only looks"
        spend_tokens(user, 1)
        assert store.smembers(keys.news()) == {user.encode()}


class TestNotices:
    def test_a_fall_is_an_event_also_without_mail(self, user: str, settings: Any) -> None:
        register(URL, "balance.low")
        sync_wanted()
        settings.LOW_BALANCE = 50
        spent = spend_tokens(user, 60)
        drain()
        drain()
        assert events() == [
            ("balance.low", {"user_id": user, "balance": spent.balance, "threshold": 50}),
        ]

    def test_tokens_about_to_expire_are_told_of_once(self, user: str) -> None:
        register(URL, "grant.expiring")
        add_tokens(user, 7, reason="short", expires_at=later(2 * 86400))
        for _ in range(2):
            queue_notices([user])
        ((name, data),) = events()
        assert (name, data["user_id"], data["tokens"]) == ("grant.expiring", user, 7)
        assert data["expires_at"].endswith("Z")

    def test_no_receiver_no_event(self, user: str, settings: Any) -> None:
        settings.LOW_BALANCE = 50
        spend_tokens(user, 60)
        drain()
        queue_notices([user])
        assert events() == []


class TestPlans:
    @pytest.fixture(autouse=True)
    def receiver(self) -> None:
        register(URL, "plan.changed")

    def test_each_change_is_an_event(self, user: str) -> None:
        create_user_stats(user)
        for place, plan in enumerate(("Plus", "Plus", "Free", "Plus")):
            set_plan(user, plan, now=later(place))
        change_plan(user, "Premium", now=later(9))
        assert [(data["from"], data["to"]) for _, data in events()] == [
            ("Free", "Plus"), ("Plus", "Free"), ("Free", "Plus"), ("Plus", "Premium"),
        ]  # fmt: skip

    def test_one_that_is_older_or_refused_is_none(self, user: str) -> None:
        create_user_stats(user)
        assert apply_plan(user, "Plus", version=2)
        assert not apply_plan(user, "Premium", version=1)
        with pytest.raises(UnknownPlan):
            set_plan(user, "Gold")
        forget_user(user)
        assert not apply_plan(user, "Premium", version=3)
        assert events() == []

    def test_a_repeated_one_is_one(self, user: str) -> None:
        create_user_stats(user)
        for _ in range(2):
            apply_plan(user, "Plus", version=1)
        assert len(events()) == 1


class TestOneBrokenJournal:
    @pytest.mark.parametrize("walk", [False, True])
    def test_the_others_go_on(
        self, wanted: EventReceiver, user: str, walk: bool, monkeypatch: Any, caplog: Any
    ) -> None:
        other = str(get_user_model().objects.create_user("eve").pk)
        for one in (user, other):
            spend_tokens(one, 2, reason="secret", now=later())

        def broken(name: str, data: dict[str, Any], **options: Any) -> None:
            if data["user_id"] == user:
                raise KeyError(data["reason"])
            emit(name, data, **options)

        with monkeypatch.context() as patched:
            patched.setattr("usertokens.services.journal_events.emit", broken)
            if walk:
                journal_events.drain_batch([user, other])
            else:
                drain()
        assert {data["user_id"] for _, data in events("tokens.spent")} == {other}
        assert f"the events of user {user} were not emitted: KeyError" in caplog.text
        assert "secret" not in caplog.text
        journal_events.drain_batch([user, other])
        assert {data["user_id"] for _, data in events("tokens.spent")} == {user, other}


class TestUsers:
    def test_sign_up_and_deletion(self) -> None:
        register(URL, "user.created", "user.deleted", "plan.changed")
        user = get_user_model().objects.create_user("max")
        user_id = str(user.pk)
        set_plan(user_id, "Plus")
        delete_account(user)
        assert events() == [("user.deleted", {"user_id": user_id})], "what came before is deleted with the user"

    def test_an_id_that_is_another_users_now_is_told_again(self) -> None:
        register(URL, "user.created", "user.deleted")
        for name in ("max", "moritz"):
            get_user_model().objects.create_user(name, pk=77).delete()
        assert [name for name, _ in events("user.deleted")] == ["user.deleted"] * 2

    def test_saving_again_is_no_sign_up(self) -> None:
        register(URL, "user.created")
        user = get_user_model().objects.create_user("max")
        user.save()
        assert events() == [("user.created", {"user_id": str(user.pk)})]

    def test_a_closed_account_has_no_more_events(self, user: str, wanted: EventReceiver) -> None:
        spend_tokens(user, 1, now=later())
        forget_user(user)
        drain()
        journal_events.drain_batch([user])
        assert events() == []
        assert not EventCursor.objects.exists()


def test_moments_are_those_of_the_journal(user: str, wanted: EventReceiver) -> None:
    at = later(3)
    spend_tokens(user, 1, now=at)
    drain()
    assert to_ms(OutgoingEvent.objects.get().at) == to_ms(at)
