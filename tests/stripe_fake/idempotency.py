"""Idempotency keys: what was answered under one is answered again, for a day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.stripe_fake.errors import ApiError, invalid
from tests.stripe_fake.state import Shape, StripeState
from tests.stripe_fake.times import DAY

_KIND = "idempotency_error"
_LONGEST = 255


@dataclass(frozen=True)
class Kept:
    """A request with its key, and its answer of any status, 500 included."""

    path: str
    asked: str
    status: int
    body: Shape
    request_id: str
    at: int


class Keys:
    """The idempotency keys of one state."""

    def __init__(self, state: StripeState) -> None:
        self._state = state

    def replay(self, key: str, path: str, params: dict[str, Any]) -> Kept | None:
        """The answer that a key has already; None for a new one. Raises ApiError for other parameters."""
        if len(key) > _LONGEST:
            raise invalid(f"Idempotency keys may be at most {_LONGEST} characters long.")
        kept: Kept | None = self._state.answers.get(key)
        if kept is None or kept.at <= self._state.now - DAY:
            return None
        if kept.path != path:
            raise ApiError(
                400, _KIND,
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{kept.path}'). Try using a key other than '{key}' if you meant to execute a different request.",
            )  # fmt: skip
        if kept.asked != _fingerprint(params):
            raise ApiError(
                400, _KIND,
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
                f"using a key other than '{key}' if you meant to execute a different request.",
            )  # fmt: skip
        return kept

    def keep(self, key: str, path: str, params: dict[str, Any], answer: tuple[int, Shape], request_id: str) -> None:
        """Remember an answer. Refusals before anything was done (parameters, keys, limits) are not brought here."""
        self._state.answers[key] = Kept(path, _fingerprint(params), *answer, request_id, self._state.now)

    @contextmanager
    def alone(self, key: str | None) -> Iterator[None]:
        """Reserve a key for one request. Raises ApiError (409) while another request holds it."""
        if key is None:
            yield
            return
        with self._state.lock:
            if key in self._state.in_flight:
                raise ApiError(
                    409, _KIND,
                    "There is currently another in-progress request using this Idempotent Key (that probably means you "
                    f"submitted twice, and the other request is still going through): {key}. Please try again later.",
                    code="idempotency_key_in_use",
                )  # fmt: skip
            self._state.in_flight.add(key)
        try:
            yield
        finally:
            with self._state.lock:
                self._state.in_flight.discard(key)


def _fingerprint(params: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True, default=str).encode()).hexdigest()
