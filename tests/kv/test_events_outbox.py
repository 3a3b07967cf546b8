"""Events are written for the receivers that want them, once for each, in the transaction of whoever emits them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from kv.errors import UnknownEventType
from kv.events import emit, is_wanted
from kv.events.kinds import event_types
from kv.events.wanted import forget_look
from kv.models import EventReceiver, OutgoingEvent

pytestmark = pytest.mark.django_db

#: CONTRACT: no other, and none left out.
TYPES = {
    "code.hit", "balance.low", "budget.reached", "tokens.granted", "tokens.spent", "tokens.expired", "grant.expiring",
    "plan.changed", "payment.failed", "payment.refunded", "payment.disputed", "topup.automatic.succeeded",
    "topup.automatic.failed", "topup.automatic.action_required", "user.created", "user.deleted", "stats.daily",
}  # fmt: skip


def receiver(*types: str, **values: Any) -> EventReceiver:
    return EventReceiver.objects.create(name="Shop", url="https://example.com/", types=list(types), **values)


def test_the_types_are_those_that_the_contract_names() -> None:
    assert set(event_types()) == TYPES


def test_each_receiver_that_wants_it_gets_a_row() -> None:
    both = receiver("user.created", "plan.changed")
    receiver("plan.changed")
    receiver("user.created", is_on=False)
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    emit("user.created", {"user_id": "7"}, key="7", at=at)
    assert [(row.receiver_id, row.data, row.user_id, row.at) for row in OutgoingEvent.objects.all()] == [
        (both.pk, {"user_id": "7"}, "7", at)
    ]
    assert is_wanted("user.created", "code.hit")
    assert not is_wanted("code.hit")


def test_the_same_key_is_written_once_for_each_receiver_and_type() -> None:
    receiver("user.created", "user.deleted")
    emit("user.created", {"user_id": "7"}, key="7")
    receiver("user.created")
    emit("user.created", {"user_id": "7"}, key="7")
    emit("user.deleted", {"user_id": "7"}, key="7")
    assert OutgoingEvent.objects.count() == 3


def test_what_is_rolled_back_was_never_emitted() -> None:
    receiver("user.created")
    with transaction.atomic():
        emit("user.created", {"user_id": "7"}, key="7")
        transaction.set_rollback(True)
    assert not OutgoingEvent.objects.exists()


def test_without_a_receiver_nothing_is_asked_but_one_look(django_assert_num_queries: Any) -> None:
    forget_look()
    with django_assert_num_queries(1):
        for user_id in range(50):
            emit("user.created", {"user_id": str(user_id)}, key=str(user_id))


def test_a_deleted_receiver_gets_nothing_more() -> None:
    row = receiver("user.created")
    emit("user.created", {"user_id": "7"}, key="7")
    row.delete()
    assert not OutgoingEvent.objects.exists()
    emit("user.created", {"user_id": "8"}, key="8")
    assert not OutgoingEvent.objects.exists()


@pytest.mark.parametrize("key", ["", "k" * 201])
def test_a_key_has_a_length(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        emit("user.created", {}, key=key)


def test_a_text_that_postgresql_does_not_store_holds_nothing_up() -> None:
    receiver("tokens.spent")
    emit("tokens.spent", {"user_id": "7", "reason": "a\0b", "tokens": 5}, key="7")
    assert OutgoingEvent.objects.get().data == {"user_id": "7", "reason": "ab", "tokens": 5}


def test_a_type_of_no_app_is_refused() -> None:
    with pytest.raises(UnknownEventType):
        emit("user.renamed", {}, key="7")
