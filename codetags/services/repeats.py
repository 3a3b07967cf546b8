"""A call or a form that is sent again makes nothing a second time: what it made is in the same transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from codetags.errors import IdempotencyConflict
from codetags.models import MadeCodes
from kv.times import utc_now

_KEPT = timedelta(days=7)


class Repeat:
    """What one caller asks for under an id. key: "" for a call that is new each time."""

    def __init__(self, user_id: Any, key: str, body: Mapping[str, Any]) -> None:
        self._key = _hashed([str(user_id), key]) if key else ""
        self._body = _hashed(body)

    def made(self) -> list[str]:
        """The codes that were made under this id; none for a call that is new. Raises IdempotencyConflict."""
        known = MadeCodes.objects.filter(key=self._key).first() if self._key else None
        if known is None:
            return []
        if known.body != self._body:
            raise IdempotencyConflict
        return known.codes.split(" ")

    def note(self, codes: Sequence[str], now: datetime | None = None) -> None:
        """Keep in mind what was made. Raises IntegrityError when the same call was quicker elsewhere."""
        if self._key:
            moment = now or utc_now()
            MadeCodes.objects.filter(created_at__lt=moment - _KEPT).delete()
            MadeCodes.objects.create(key=self._key, body=self._body, codes=" ".join(codes), created_at=moment)


def made_codes(user_id: Any, key: str) -> list[str]:
    """What this user's call under the id has made; none for one that is not known, or forgotten."""
    known = MadeCodes.objects.filter(key=_hashed([str(user_id), key])).first()
    return known.codes.split(" ") if known else []


def _hashed(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
