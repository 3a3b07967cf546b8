"""What the store and a backup may refuse, as exceptions."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import redis.exceptions


class ServiceAway(Exception):
    """Another server that a duty needs, such as the mail server, can't be used now: the duty is tried again later."""


class StoreUnavailable(Exception):
    """The store of counts can't be reached, is not ready, or refuses to write. Nothing was acknowledged; ask again."""


class NotReplicated(StoreUnavailable):
    """The write is on the primary, but fewer replicas than KV_WAIT_REPLICAS confirmed it in time."""


class NoEmbeddedServer(StoreUnavailable):
    """This machine has no embedded server to start."""


class UnknownEventType(ValueError):
    """No installed app names this type of event."""


class UnsafeWebhookAddress(Exception):
    """Nothing may be posted to that address. The message says why."""


class WebhookRefused(Exception):
    """The receiver refuses this one body. `status`: its HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the receiver answered {status}")
        self.status = status


class WebhookUnavailable(Exception):
    """The receiver can't be reached, or accepts nothing at the moment. The message says why.

    after: seconds that the receiver asks to be left alone for; 0: it has not said.
    """

    def __init__(self, message: str, after: int = 0) -> None:
        super().__init__(message)
        self.after = after


class UnusableBackup(Exception):
    """A backup file that can't be restored. Nothing was."""


class DamagedBackup(UnusableBackup):
    """A backup file is cut short or altered."""


class NotABackup(UnusableBackup):
    """A file of another kind."""


class BackupTooNew(UnusableBackup):
    """A backup of a later version of the project."""


class ForeignValues(UnusableBackup):
    """A backup of format 1 whose values this server can't read."""


# What a server that is up says when it can't take a write now: loading, failing over, full, or its disk is.
_AWAY_PREFIXES = (
    "LOADING", "MISCONF", "OOM", "READONLY", "MASTERDOWN", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "BUSY ",
    "UNKILLABLE",
)  # fmt: skip


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn whatever the client library raises for a store that is away into StoreUnavailable.

    An OSError is left alone: redis-py turns a socket's into its own errors, and a file's says nothing of the store.
    """
    try:
        yield
    except _AWAY as error:
        raise unavailable(error) from error
    except redis.exceptions.ResponseError as error:
        raise_if_away(error)
        raise


def unavailable(error: Exception) -> StoreUnavailable:
    """What to raise for a client library's error. It names the kind only: the full text may hold an address."""
    refused = _refused_certificate(error)
    return StoreUnavailable(f"its certificate is refused: {refused}" if refused else _kind(error))


def _refused_certificate(error: BaseException) -> str:
    """Why the server's certificate was not believed, "" when it was something else that failed."""
    found = _REFUSED.search(f"{error} {error.__cause__ or ''}")
    return found[1].strip() if found else ""


def _kind(error: Exception) -> str:
    """The kind of failure for logs, and the client library's name for it."""
    origin = error.__cause__ or error.__context__
    if isinstance(error, (redis.exceptions.TimeoutError, TimeoutError)):
        word = "timeout"
    elif isinstance(error, redis.exceptions.BusyLoadingError):
        word = "loading"
    elif isinstance(error, redis.exceptions.AuthenticationError):
        word = "login refused"
    elif isinstance(origin, OSError) and origin.errno in _NOBODY_LISTENS:
        word = "refused"
    elif isinstance(error, redis.exceptions.ConnectionError):
        word = "connection failed"
    else:
        word = "failed"
    return f"{word} ({type(error).__name__})"


def raise_if_away(error: redis.exceptions.ResponseError) -> None:
    """Raise StoreUnavailable when the server's error reply means "not now" and not "this is wrong"."""
    text = str(error)
    # An error from within a script carries the inner error behind a text of its own.
    full = "-OOM" in text or "OOM command" in text
    if full or text.startswith(_AWAY_PREFIXES) or isinstance(error, tuple(_AWAY_REPLIES)):
        raise StoreUnavailable(_word(error, text)) from error


def meaning_of(error: Exception) -> Exception:
    """What an error reply is raised as."""
    if not isinstance(error, redis.exceptions.ResponseError):
        return unavailable(error)
    try:
        raise_if_away(error)
    except StoreUnavailable as away:
        return away
    return error


def _word(error: redis.exceptions.ResponseError, text: str) -> str:
    """The server's error code. redis-py removes it from the text of the errors that it has a class for."""
    known = next((word for kind, word in _AWAY_REPLIES.items() if isinstance(error, kind)), "")
    if not known:
        known = "OOM" if "OOM" in text else text.split(" ", 1)[0]
    return "loading (LOADING)" if known == "LOADING" else known


_REFUSED = re.compile(r"certificate verify failed: ([^(]+)")
_NOBODY_LISTENS = (errno.ECONNREFUSED, errno.ENOENT)
_AWAY = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.ClusterError,
    redis.exceptions.RedisClusterException,
)
_AWAY_REPLIES: dict[type[redis.exceptions.RedisError], str] = {
    redis.exceptions.ReadOnlyError: "READONLY",
    redis.exceptions.OutOfMemoryError: "OOM",
    redis.exceptions.ClusterDownError: "CLUSTERDOWN",
    redis.exceptions.MasterDownError: "MASTERDOWN",
    redis.exceptions.TryAgainError: "TRYAGAIN",
}
