"""Codes added to the registry, one or many of a pattern, and codes changed: all through one set of rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError

from codetags.errors import CodeExists, InvalidCode, NoCodesLeft, UnknownCode
from codetags.models import CodeTag
from codetags.services.code_imports import write_codes
from codetags.services.code_patterns import draw_codes, usual_pattern
from codetags.services.code_plans import plan_codes
from codetags.services.repeats import Repeat
from kv.sql.transactions import atomic_for
from kv.web.tables import Row

#: Codes of one call or form.
MOST_MADE = 10_000
# Rounds in which somebody else has taken a code, or made the same call, between a look and the write.
_ROUNDS = 5


def register_code(values: Mapping[str, Any], *, user_id: Any = None, key: str = "", now: datetime | None = None) -> str:
    """Add a code and return it. values: by column; without a code one is made.

    key: the caller's idempotency key; the same key with the same values returns the first code again.
    Raises CodeExists, InvalidCode, IdempotencyConflict, NoCodesLeft, or StoreUnavailable where a code is made.
    """
    code = str(values.get("code") or "")

    def choose() -> Sequence[str]:
        return [code.strip().upper()] if code else draw_codes(usual_pattern(), 1)

    (made,) = _add(choose, values, Repeat(user_id, key, values), user_id, now, is_chosen=bool(code))
    return made


def make_codes(
    pattern: str,
    number: int,
    values: Mapping[str, Any],
    *,
    user_id: Any = None,
    key: str = "",
    now: datetime | None = None,
) -> list[str]:
    """Add `number` new codes of a pattern, and return them. None exists already, or ever did.

    pattern: "?" is a random letter or digit; see `draw_codes`.
    values:  by column, for each of them. In the label {n} is the number of the code, from 1 on, and {code} itself.
    key:     an id of this call: the same one with the same input returns the same codes again.
    Raises NoCodesLeft, InvalidCode, IdempotencyConflict, StoreUnavailable, or ValueError for a number out of range.
    """
    if not 1 <= number <= MOST_MADE:
        raise ValueError(f"number: 1 to {MOST_MADE} is required")
    asked = {**values, "pattern": pattern, "number": number}
    return _add(lambda: draw_codes(pattern, number), values, Repeat(user_id, key, asked), user_id, now)


def change_code(code: str, values: Mapping[str, Any], *, user_id: Any = None) -> None:
    """Change a code that exists. values: those that change, by column. Raises UnknownCode or InvalidCode."""
    with atomic_for(CodeTag):
        plan = plan_codes([Row(0, {**values, "code": code})], lock=True)
        if plan.rows[0].before is None:
            raise UnknownCode(code)
        if plan.wrong:
            raise InvalidCode(plan.wrong[0].errors)
        write_codes(plan, user_id)


def _add(
    choose: Callable[[], Sequence[str]],
    values: Mapping[str, Any],
    repeat: Repeat,
    user_id: Any,
    now: datetime | None,
    *,
    is_chosen: bool = False,
) -> list[str]:
    taken: IntegrityError | None = None
    for _ in range(_ROUNDS):
        try:
            with atomic_for(CodeTag):
                if made := repeat.made():
                    return made
                codes = list(choose())
                rows = [Row(number, _cells(values, code, number)) for number, code in enumerate(codes, 1)]
                plan = plan_codes(rows)
                if any(row.before is not None for row in plan.rows):
                    if is_chosen:
                        raise CodeExists(codes[0])
                    continue
                if plan.wrong:
                    raise InvalidCode(plan.wrong[0].errors)
                write_codes(plan, user_id, only_new=True)
                repeat.note(codes, now)
                return codes
        except IntegrityError as error:
            # Another process has added one of the codes since, or has answered the same call: look again.
            taken = error
    raise taken or NoCodesLeft("few")


def _cells(values: Mapping[str, Any], code: str, number: int) -> dict[str, Any]:
    label = str(values.get("label") or "").replace("{n}", str(number)).replace("{code}", code)
    return {**values, "code": code, "label": label}
