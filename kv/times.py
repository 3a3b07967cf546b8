"""Moments as scripts and keys hold them: whole milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, overload

from django.utils import timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def utc_now() -> datetime:
    """This moment, aware, whatever USE_TZ says."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def aware(moment: datetime) -> datetime:
    """The moment with a zone: the site's own for one without."""
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment, timezone.get_default_timezone())


@overload
def to_ms(moment: datetime) -> int: ...
@overload
def to_ms(moment: None) -> Literal[""]: ...
@overload
def to_ms(moment: datetime | None) -> int | Literal[""]: ...
def to_ms(moment: datetime | None) -> int | Literal[""]:
    """Milliseconds since 1970, rounded down; "" for None: a script then takes the time of the server's clock."""
    return "" if moment is None else (moment - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + milliseconds * _MILLISECOND


def server_ms(reply: Sequence[Any]) -> int:
    """Milliseconds since 1970, of what a server answers to TIME: seconds and microseconds."""
    seconds, microseconds = reply
    return int(seconds) * 1000 + int(microseconds) // 1000


def local_from_ms(milliseconds: int) -> datetime:
    """The moment, in the site's time zone."""
    return from_ms(milliseconds).astimezone(timezone.get_default_timezone())
