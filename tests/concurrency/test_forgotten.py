"""An account is deleted while something of it is on its way into the database: none of that is left behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from usertokens.errors import AccountClosed
from usertokens.models import ArchivedEntry, Conversation, ConversationTally
from usertokens.services import accounts, balances, conversations, journal

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 10


def in_a_thread(threads: ThreadPoolExecutor, work: Callable[[], Any]) -> Any:
    def alone() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return threads.submit(alone)


def is_empty() -> bool:
    return not any(model.objects.exists() for model in (Conversation, ConversationTally, ArchivedEntry))


def test_a_conversation_that_is_being_saved(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written, deleting = Event(), Event()
    run = conversations.record_conversation_script.run

    def then_wait(*args: Any) -> Any:
        reply = run(*args)
        written.set()
        assert deleting.wait(LONG)
        return reply

    def noting(execute: Any, sql: str, *rest: Any) -> Any:
        # It gets no further than the tally, which the save has locked. SQLite has one lock for all tables, so that it
        # may wait before: at its first write.
        is_write = connection.vendor == "sqlite" and not sql.startswith("SELECT")
        if is_write or "usertokens_conversationtally" in sql:
            deleting.set()
        return execute(sql, *rest)

    def forget() -> int:
        assert written.wait(LONG)
        with connection.execute_wrapper(noting):
            return accounts.forget_user("5")

    monkeypatch.setattr(conversations.record_conversation_script, "run", then_wait)
    with ThreadPoolExecutor(2) as threads:
        saved = in_a_thread(threads, lambda: conversations.record_conversation("5", summary="one"))
        forgotten = in_a_thread(threads, forget)
        assert saved.result(LONG).created
        forgotten.result(LONG)
    assert is_empty()


def test_entries_that_are_being_archived(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    balances.spend_tokens("5", 3, now=timezone.now() - timedelta(days=100))
    write = ArchivedEntry.objects.bulk_create

    def behind_the_deletion(rows: Any, **options: Any) -> Any:
        accounts.forget_user("5")
        return write(rows, **options)

    monkeypatch.setattr(ArchivedEntry.objects, "bulk_create", behind_the_deletion)
    with pytest.raises(AccountClosed):
        journal.archive_journal("5", older_than=timezone.now())
    assert is_empty()
