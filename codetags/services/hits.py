"""Count hits of codes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.core.signals import setting_changed

from codetags import keys
from codetags.conf import CODE_LIMIT, CODES_LIMIT, app_settings
from codetags.services.audiences import device_class
from codetags.services.excluded_hits import exclude_hit_steps
from codetags.types import Audience, Outcome, Reason
from kv.days import site_time
from kv.process.threads import async_twin
from kv.store.prepared import PreparedCall, parameters
from kv.store.scripts import Script
from kv.store.steps import Steps, drive
from kv.times import to_ms
from kv.web.addresses import address_hash
from kv.web.agents import AGENT_LENGTH

_OUTCOMES = {outcome.value.encode(): outcome for outcome in Outcome}
#: A crowd: so many visitors of one address on one code within CROWD_SECONDS. In it, two visitors with equal
#: fingerprints are counted as two.
CROWD = 5
CROWD_SECONDS = 60
#: How long the id of a landing is remembered. landing.js keeps an unreported landing for a shorter time.
LANDING_SECONDS = 90_000
# Of what stands for a visitor of one code, and for a landing: bytes. Of what stands for an address: hex digits.
_DIGEST, _CALLER = 12, 32

record_hit_script = Script("codetags", "record_hit")
# Which code an alias counts for, as the script last answered. The script checks it with each hit, so an old entry does
# no harm.
_targets: dict[str, str] = {}
_MOST_TARGETS = 1000


class Caller(NamedTuple):
    """Who calls, as `record_hit` takes it apart."""

    address: str
    agent: str
    traits: str = ""


def record_hit(
    *,
    code: str,
    address: str,
    agent: str,
    traits: str = "",
    landing: str = "",
    remembered: Collection[str] = (),
    at: str = "",
    audience: Audience | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Count one hit of a well-formed code, once for each visitor within CODETAGS_BACKSTOP_SECONDS; one round trip.

    address: canonical, see kv.web.addresses. agent: the User-Agent; traits: other headers that the browser sends with
    every call. None of them is stored: a keyed fingerprint, different for each code, identifies the visitor while the
    backstop lasts, by the server's clock.
    landing: an id made for one landing. Hits with the same id count once within a day.
    remembered: codes that were counted for this visitor before.
    at: the placement, see `read_placement`; "" for none. audience: what `read_audience` has read of the request; None:
    only the device class, of `agent`. Both are counted below the code, in its sums of the day.

    The first hit of an alias in a process takes a second round trip. Raises RateLimited or StoreUnavailable, and then
    has counted nothing.
    """
    return drive(
        record_hit_steps(
            code=code,
            caller=Caller(address, agent, traits),
            landing=landing,
            remembered=remembered,
            at=at,
            audience=audience,
            now=now,
        )
    )


def record_hit_steps(
    *,
    code: str,
    caller: Caller,
    landing: str = "",
    remembered: Collection[str] = (),
    at: str = "",
    audience: Audience | None = None,
    now: datetime | None = None,
) -> Steps[Outcome]:
    """The work of `record_hit`."""
    visitor = address_hash(caller.address)
    moment = site_time(now)
    today = moment.date().isoformat()
    settings = app_settings
    fields: tuple[str, ...] = ()
    if settings.CODETAGS_BREAKDOWNS:
        audience = audience or Audience(device_class(caller.agent[:AGENT_LENGTH]))
        fields = _breakdown_fields(audience, moment.hour)
    event = secrets.token_hex(16) if settings.QR_ANALYTICS_EXTERNAL_URL else ""
    target = _targets.get(code, code)
    for _ in range(3):  # more than twice only when the alias changes meanwhile
        values = {
            "code": code,
            "target": target,
            "visitor": visitor.hex()[:_CALLER],
            "fingerprint": _fingerprint(visitor, target, caller),
            "landing": _mark(target, landing) if landing else "",
            "event": event,
        }
        call = _prepared(today, len(code.encode()), len(target.encode()), len(values["landing"]), len(event))
        reply = yield call.bind(values, str(to_ms(now)), "1" if landing else "", at, *fields)
        if reply[0] != b"alias":
            break
        target = _learn(code, reply[1].decode())
        if target in remembered:
            yield from exclude_hit_steps(code, Reason.REPEAT, now)
            return Outcome.AGAIN
    return _outcome(reply)


arecord_hit = async_twin(record_hit)


def target_of(code: str) -> str:
    """The code that `code` counts for, as far as this process knows: itself, unless it is an alias."""
    return _targets.get(code, code)


@lru_cache(maxsize=256)
def _prepared(today: str, code: int, target: int, landing: int, event: int) -> PreparedCall:
    """What all hits of a day have in common, settings among it. The rest are lengths in bytes."""
    lengths = {
        "code": code, "target": target, "visitor": _CALLER, "fingerprint": 2 * _DIGEST, "landing": landing,
        "event": event,
    }  # fmt: skip
    of, settings = parameters(lengths), app_settings
    return PreparedCall(
        record_hit_script,
        keys.hit(of["target"], of["fingerprint"], of["visitor"], today, of["landing"]),
        (
            of["code"],
            of["target"],
            today,
            settings.CODETAGS_BACKSTOP_SECONDS,
            settings.CODETAGS_MAX_UNKNOWN,
            keys.OTHER,
            *CODE_LIMIT.script_args,
            *CODES_LIMIT.script_args,
            settings.QR_ANALYTICS_EXTERNAL_MAX_WAITING,
            CROWD,
            CROWD_SECONDS,
            keys.EXCLUDED_SECONDS,
            keys.EXCLUDED_FIELDS,
            LANDING_SECONDS,
            keys.MOST_PLACEMENTS,
            keys.MOST_VALUES,
            of["event"],
        ),
        lengths,
    )


setting_changed.connect(lambda **_: _prepared.cache_clear(), weak=False)


@lru_cache(maxsize=1000)
def _breakdown_fields(audience: Audience, hour: int) -> tuple[str, ...]:
    """The fields of `keys.breakdown` that a hit adds to."""
    fields = [f"h{hour}", f"d{audience.device}"]
    if audience.language:
        fields.append(f"l{audience.language}")
    if audience.referrer:
        fields.append(f"r{audience.referrer}")
    if audience.country:
        fields.append(f"c{audience.country}")
    return tuple(fields)


def _learn(code: str, target: str) -> str:
    if code == target:
        _targets.pop(code, None)
    else:
        if len(_targets) >= _MOST_TARGETS:
            _targets.clear()
        _targets[code] = target
    return target


def _outcome(reply: Any) -> Outcome:
    if reply[0] == b"limited":
        raise (CODE_LIMIT if reply[1] == b"code" else CODES_LIMIT).exceeded(reply[2])
    return _OUTCOMES.get(reply[0], Outcome.SEEN)


def _fingerprint(visitor: bytes, code: str, caller: Caller) -> str:
    text = f"{code}\n{caller.agent[:AGENT_LENGTH]}\n{caller.traits[:AGENT_LENGTH]}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, key=visitor, digest_size=_DIGEST).hexdigest()


def _mark(code: str, landing: str) -> str:
    # Without the address, which may have changed: a phone that tries again may have left the Wi-Fi.
    return hashlib.blake2b(f"{code}\n{landing}".encode(), digest_size=_DIGEST).hexdigest()
