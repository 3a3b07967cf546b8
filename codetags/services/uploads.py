"""Files that wait for their confirmation: in the store, so that any process of any machine can go on with them."""

from __future__ import annotations

import re
import zlib
from secrets import token_hex
from typing import Any

from codetags import keys
from kv.store.connection import call, call_write

#: So long a preview can be confirmed.
UPLOAD_SECONDS = 3600
_NAME = re.compile(r"[0-9a-f]{32}\Z")


def keep_upload(user_id: Any, data: bytes) -> str:
    """Keep a file, and return the name by which the same user finds it again. Raises StoreUnavailable."""
    name = token_hex(16)
    call_write("SET", keys.upload(str(user_id), name), zlib.compress(data, 1), "EX", UPLOAD_SECONDS)
    return name


def read_upload(user_id: Any, name: str) -> bytes | None:
    """The file; None when it is not there any more, or is another user's. Raises StoreUnavailable."""
    kept = call("GET", keys.upload(str(user_id), name)) if _NAME.match(name) else None
    return None if kept is None else zlib.decompress(kept)


def drop_upload(user_id: Any, name: str) -> None:
    """The file is not needed any more. Raises StoreUnavailable."""
    if _NAME.match(name):
        call_write("UNLINK", keys.upload(str(user_id), name))
