"""Receivers of Django's signals: sign-ups, log-ins, deletions and migrations."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from logging import getLogger
from typing import Any

from django.conf import settings
from django.core.management.color import color_style
from django.db import DatabaseError, router, transaction
from django.utils.translation import get_language

from kv.errors import StoreUnavailable
from kv.events import emit
from kv.store.guard import is_test_run
from kv.times import to_ms, utc_now
from usertokens.checks import foreign_database
from usertokens.conf import mails_are_on
from usertokens.errors import AccountClosed, AccountNotClosed
from usertokens.models import DatabaseId
from usertokens.services.accounts import forget_user
from usertokens.services.activity import create_user_stats, record_login
from usertokens.services.databases import claim_store
from usertokens.services.directory import add_user
from usertokens.services.event_flags import sync_wanted
from usertokens.services.mail_choices import note_language

log = getLogger(__name__)
#: A ValueError is for an id that no key can carry, such as one with braces: that user has no ledger, but can log in.
_NO_LEDGER = (StoreUnavailable, AccountClosed, ValueError)


def on_user_saved(
    sender: Any,
    instance: Any,
    *,
    created: bool,
    raw: bool = False,
    using: str | None = None,
    update_fields: frozenset[str] | None = None,
    **_: Any,
) -> None:
    """A user signed up: create their activity after the commit. A new name is noted in the admin's list.

    A sign-up succeeds even when the store can't be reached.
    """
    if not raw and (created or update_fields is None or instance.USERNAME_FIELD in update_fields):
        add_user(instance)
    if created and not raw:
        emit("user.created", {"user_id": str(instance.pk)}, key=_now(instance.pk))
        transaction.on_commit(partial(_create, str(instance.pk)), using=using)


def on_logged_in(sender: Any, user: Any, **_: Any) -> None:
    """A user logged in. The log-in succeeds even when the store can't be reached; the next one is counted then."""
    if mails_are_on():
        note_language(str(user.pk), get_language() or settings.LANGUAGE_CODE)
    try:
        record_login(str(user.pk))
    except _NO_LEDGER as error:
        log.warning("a log-in was not counted: %s", type(error).__name__)


def on_user_deleted(sender: Any, instance: Any, using: str | None = None, **_: Any) -> None:
    """A user was deleted, by any code: delete their keys and rows after the commit."""
    emit("user.deleted", {"user_id": str(instance.pk)}, key=_now(instance.pk))
    transaction.on_commit(partial(_forget, str(instance.pk)), using=using)


def on_receiver_changed(sender: Any, using: str | None = None, **_: Any) -> None:
    """A receiver of events was saved or deleted: whether it wants what happens in the store. The worker looks too."""
    transaction.on_commit(_sync_wanted, using=using)


def on_migrated(sender: Any, using: str, **_: Any) -> None:
    """The tables are there: take the store for this database, and say on stderr when it belongs to another.

    Migrating succeeds even when the store can't be reached. A test run's database is none of a site's.
    """
    if is_test_run() or using != router.db_for_write(DatabaseId):
        return
    try:
        with transaction.atomic(using=using):
            foreign = claim_store(using)
    except (DatabaseError, StoreUnavailable) as error:
        log.info("the store was not compared with the database: %s", type(error).__name__)
        return
    if foreign:
        sys.stderr.write(f"{color_style().WARNING(str(foreign_database(foreign)))}\n")


def _now(user_id: object) -> str:
    """The key of an event about a user: an id that is free again may be another user's."""
    return f"{user_id}:{to_ms(utc_now())}"


def _sync_wanted() -> None:
    with suppress(StoreUnavailable):
        sync_wanted()


def _create(user_id: str) -> None:
    try:
        create_user_stats(user_id)
    except _NO_LEDGER as error:
        log.warning("a new user's activity was not made: %s", type(error).__name__)


def _forget(user_id: str) -> None:
    try:
        forget_user(user_id)
    except ValueError:
        log.warning("nothing is kept about user %r: no key can carry that id", user_id)
    except (StoreUnavailable, AccountNotClosed):
        log.exception(
            "user %s was deleted, what is kept about them was not: run `manage.py usertokens_forget %s`",
            user_id,
            user_id,
        )
