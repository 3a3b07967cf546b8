"""What is kept of a service's token beside its hash: its last 8 characters, and when it was last used.

A use costs no query. It is noted in the process, at most once a minute for each token, and written some seconds later
by a thread of its own. So a process that is killed may lose the last minute.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from logging import getLogger

from django.db import Error, connections
from knox.models import get_token_model

from config.models import TokenNote
from kv.sql.upserts import upsert_rows
from kv.store.guard import is_test_run
from kv.times import utc_now

log = getLogger(__name__)

#: Characters that are shown.
ENDING = 8
#: A token's use is noted again after so many seconds.
EVERY = 60.0
#: Seconds from the first use until all are written.
_PAUSE = 5.0
#: Rows of one step.
_STEP = 500

_lock = threading.Lock()
_noted: dict[str, float] = {}
_waiting: dict[str, tuple[str, datetime]] = {}


def note_use(digest: str, token: str) -> None:
    """This token was used now. For the busiest call: nearly always one look into a dictionary."""
    now = time.monotonic()
    last = _noted.get(digest)
    if last is not None and now - last < EVERY:
        return
    with _lock:
        _noted[digest] = now
        is_first = not _waiting
        _waiting[digest] = (token[-ENDING:], utc_now())
    if is_first and not is_test_run():
        timer = threading.Timer(_PAUSE, _write_in_thread)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError:  # no more threads, or the process is ending
            with _lock:
                # The next use of each begins anew.
                for one in _waiting:
                    _noted.pop(one, None)
                _waiting.clear()


def write_uses() -> int:
    """Write the uses that wait; how many. Raises Django's database errors, keeping none of them: the next use is."""
    with _lock:
        uses = dict(_waiting)
        _waiting.clear()
        if len(_noted) > _STEP:
            _noted.clear()
    if uses:
        rows = sorted((digest, ending, at) for digest, (ending, at) in uses.items())
        upsert_rows(TokenNote, ("digest", "ending", "used_at"), rows, unique=("digest",))
    return len(uses)


def note_made(digest: str, token: str) -> None:
    """A token was made: keep its last characters, which nobody can know later."""
    TokenNote.objects.update_or_create(digest=digest, defaults={"ending": token[-ENDING:]})


def forget() -> None:
    """Note each token's next use: for tests."""
    with _lock:
        _noted.clear()
        _waiting.clear()


def tidy_notes() -> bool:
    """Delete notes of tokens that are gone, at most a step of them; True when more may be left."""
    known = get_token_model().objects.values("digest")
    gone = list(TokenNote.objects.exclude(digest__in=known).values_list("pk", flat=True)[:_STEP])
    TokenNote.objects.filter(pk__in=gone).delete()
    return len(gone) == _STEP


def _write_in_thread() -> None:
    try:
        write_uses()
    except Error as error:
        log.warning("the last use of tokens was not written: %s", type(error).__name__)
    finally:
        connections.close_all()
