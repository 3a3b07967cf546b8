"""The header Idempotency-Key, as every call that takes it reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kv.rest.codes import Code
from kv.rest.errors import InvalidInput
from kv.rest.fields import CALLER_ID
from kv.rest.schema import parameter

_KEY = re.compile(r"[\x20-\x7e]{1,64}\Z")

KEY_HEADER = parameter(
    "Idempotency-Key", CALLER_ID, "header", description="The same key and body again: the first answer."
)
IDEMPOTENCY_CONFLICT = Code(409, "idempotency_conflict", "The Idempotency-Key was used with other input.")


def read_key(meta: Mapping[str, Any]) -> str:
    """The value of the header Idempotency-Key, of a request's META; "" without one. Raises InvalidInput."""
    key = meta.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return ""
    if not _KEY.match(key):
        raise InvalidInput("Idempotency-Key", "1 to 64 printable ASCII characters are required.")
    return str(key)
