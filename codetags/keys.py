"""Every Redis key this app owns. No other module spells a key.

`{qr}` is the hash tag: all keys share a slot, so one script may touch them.
"""

from __future__ import annotations

from datetime import date

from codetags.conf import app_settings
from codetags.types import EARLIEST
from kv.globs import literal

#: What follows KV_PREFIX in the app's keys, for backups.
BACKED_UP = ("{qr}:",)
#: What follows from those, and is made anew from them when it is missing. In no backup: its keys are of one moment.
DERIVED = ("{qr}columns:",)
FAMILIES = (*BACKED_UP, *DERIVED)

#: The code under which unknown codes beyond CODETAGS_MAX_UNKNOWN are counted. No real code can have this name.
OTHER = "~OTHER"

#: How many days of excluded calls are kept: a little more than the first chart on a code's page shows.
EXCLUDED_DAYS = 100
EXCLUDED_SECONDS = EXCLUDED_DAYS * 86_400
#: The most fields of such a day. Further codes are counted as ~OTHER, so that bots that try codes fill no memory.
EXCLUDED_FIELDS = 20_000

#: Placements of a code that are counted by name though the registry does not have them; further ones as ~OTHER.
MOST_PLACEMENTS = 50
#: Languages, referring hosts and countries of a code and day, each, that are counted by name; further ones as ~OTHER.
MOST_VALUES = 20

#: The field of a daily series for imported hits without a date. So the total is always the sum of the series.
UNDATED = EARLIEST.isoformat()


def count(code: str) -> str:
    """STRING hits of a code. No TTL. Written by record_hit, import_hits, restore_days."""
    return f"{_prefix()}count:{code}"


def days(code: str) -> str:
    """HASH hits by day (YYYY-MM-DD; 1970-01-01: without a date), the parts of `count`. No TTL. Written as `count`."""
    return f"{_prefix()}days:{code}"


def breakdown(code: str, day: str) -> str:
    """HASH what the hits of a code on a day (YYYY-MM-DD) are made up of: hits by field. No TTL.

    Written by record_hit, restore_breakdown.

    A field is "@" and a placement, "h" and an hour (0-23), "d" and a device class, "l" and a language, "r" and a
    referring host, "c" and a country; of the last three and of placements ~OTHER in the place of a value beyond the
    bound. "#l", "#r", "#c": how many values there are.
    """
    return f"{_prefix()}by:{code}:{day}"


def placements(code: str) -> str:
    """ZSET placement of a code by its hits; those of the registry from 0 on. No TTL.

    Written by record_hit, mirror_placements, restore_breakdown.
    """
    return f"{_prefix()}placements:{code}"


def registered_placements() -> str:
    """HASH code → how many placements the registry has for it, 0 where it has only others. No TTL. As `placements`."""
    return f"{_prefix()}registry:placements"


def dropped() -> str:
    """STRING "YYYY-MM-DD CODE": the breakdowns up to this one, by day and code, have left the store. No TTL.

    Written by drop_breakdowns.
    """
    return f"{_prefix()}dropped"


def slots() -> str:
    """HASH code → its place in `names` and in every column, from 0 on: every code with hits. No TTL.

    Written with the first hit of a code, by add_series, reset_code.
    """
    return f"{_columns()}slots"


def names() -> str:
    """STRING the codes by slot, as code_names.lua has them. No TTL. Written as `slots`."""
    return f"{_columns()}names"


def column(period: str) -> str:
    """STRING hits of every code on one day (YYYY-MM-DD) or in a month (YYYY-MM): for each slot an unsigned integer.

    Of 32 bits, the first byte is the highest. No TTL. Written with `days`, by add_series.
    """
    return f"{_columns()}{period}"


def spare_column() -> str:
    """STRING a column while trim_columns copies it; never there otherwise."""
    return f"{_columns()}spare"


def campaigns() -> str:
    """STRING the campaign of each slot: its primary key as an unsigned integer of 64 bits, 0 for none. No TTL.

    May end before `names` does: the slots behind its end are added by the first list that needs them. Written by
    add_campaigns, note_campaigns.
    """
    return f"{_columns()}campaigns"


def columns_of(day: str) -> tuple[str, str]:
    """The columns of a day (YYYY-MM-DD) and of its month."""
    return column(day), column(day[:7])


def derived() -> str:
    """The glob of `slots`, `names` and every column, for SCAN."""
    return literal(_columns()) + "*"


def last_seen() -> str:
    """ZSET code by the time of its last hit, ms since 1970. No TTL. Written by record_hit, restore_days."""
    return f"{_prefix()}last_seen"


def rank() -> str:
    """ZSET code by its hits; the registry's codes from 0 on. No TTL. Written with every count, and by mirror_code."""
    return f"{_prefix()}rank"


def registry() -> str:
    """HASH code → "start|end|archived" (YYYY-MM-DD or empty; "1" or "0"), of an alias "|its code" behind it. No TTL.

    Written by mirror_code.
    """
    return f"{_prefix()}registry"


def registry_version() -> str:
    """STRING the version of the SQL registry that is mirrored. No TTL. Written by mirror_registry."""
    return f"{_prefix()}registry:version"


def unknown() -> str:
    """SET codes outside the registry that are counted by name, at most CODETAGS_MAX_UNKNOWN. No TTL. By record_hit."""
    return f"{_prefix()}unknown"


def excluded() -> str:
    """HASH "<code> <reason>", and "<reason>" for all codes → calls that were not counted. No TTL.

    Written by record_hit and exclude_hit. The codes are those of the registry, of `unknown`, and ~OTHER.
    """
    return f"{_prefix()}left_out"


def forgotten() -> str:
    """HASH reason → excluded calls that a reset took out of `excluded`: counters are the sum of both. No TTL.

    Written by forget_excluded and forget_all_excluded; a reset leaves it.
    """
    return f"{_prefix()}left_out:forgotten"


def excluded_on(day: date) -> str:
    """HASH as `excluded`, of one day. TTL EXCLUDED_SECONDS. Written by record_hit and exclude_hit."""
    return f"{_prefix()}left_out:{day.isoformat()}"


def crowd(caller: str, code: str) -> str:
    """STRING how many visitors of one address hit one code within CROWD_SECONDS, its TTL. Written by record_hit."""
    return f"{_prefix()}crowd:{caller}:{code}"


def outbox() -> str:
    """LIST of "id code ms": counted hits still to POST, oldest first. No TTL; bounded. By record_hit, the deliverer."""
    return f"{_prefix()}outbox"


def outbox_tries() -> str:
    """HASH id → how often its POST failed. No TTL. Written by fail_event, settle_event."""
    return f"{_prefix()}outbox:tries"


def outbox_parked() -> str:
    """LIST as the outbox: hits that failed too often. No TTL; bounded. Written by fail_event, unpark_events."""
    return f"{_prefix()}outbox:parked"


def outbox_events() -> str:
    """LIST of "code ms total": counted hits still to emit as events, oldest first. No TTL; bounded. By record_hit."""
    return f"{_prefix()}outbox:events"


def outbox_state() -> str:
    """HASH dropped, reported: hits dropped, and how many of them are logged; failures, next (ms): the pause.

    events: how many hits may wait to be emitted as events, while a receiver wants them. No TTL.
    """
    return f"{_prefix()}outbox:state"


def rolled() -> str:
    """STRING the moment up to which SQL has every hit, ms since 1970. No TTL. Written by the roll-up."""
    return f"{_prefix()}rolled"


def rollup_queue() -> str:
    """ZSET codes that the running roll-up has not copied yet, all with score 0. No TTL; empty at its end.

    Written by the roll-up.
    """
    return f"{_prefix()}rollup:queue"


def rollup_listed() -> str:
    """STRING when the running roll-up began, ms since 1970, set once its queue is complete. No TTL; deleted at its end.

    Written by the roll-up.
    """
    return f"{_prefix()}rollup:listed"


def rollup_before() -> tuple[str, str]:
    """What version 0.2 called the two: a SET and a STRING that may have been left. Deleted by the next roll-up."""
    return f"{_prefix()}rollup:codes", f"{_prefix()}rollup:began"


def imported() -> str:
    """HASH source, tab, name → hits imported from there, so that a backfill may run again. No TTL. By import_hits."""
    return f"{_prefix()}imported"


def upload(user_id: str, name: str) -> str:
    """STRING a file of codes, compressed, between its preview and its confirmation. TTL UPLOAD_SECONDS.

    Written by keep_upload.
    """
    return f"{_prefix()}upload:{user_id}:{name}"


def family(part: str = "") -> str:
    """The glob of every key that begins so, for SCAN."""
    return literal(f"{_prefix()}{part}") + "*"


def hit(code: str, fingerprint: str, caller: str, today: str, mark: str = "") -> list[str]:
    """The keys of record_hit in its order, built at once: it is the busiest script.

    Those that no other function here names are described in place.
    """
    stem = _prefix()
    columns = f"{stem[:-1]}columns:"
    return [
        # STRING the backstop: "1" this visitor was counted, "0" outside the dates. TTL CODETAGS_BACKSTOP_SECONDS.
        f"{stem}seen:{code}:{fingerprint}",
        f"{stem}count:{code}",
        f"{stem}days:{code}",
        f"{stem}count:{OTHER}",
        f"{stem}days:{OTHER}",
        f"{stem}last_seen",
        f"{stem}rank",
        f"{stem}registry",
        f"{stem}unknown",
        f"{stem}crowd:{caller}:{code}",
        # Two LISTs of times (µs), TTL one window: the rate limit of one address on one code, and on all codes.
        f"{stem}rate:{caller}:{code}",
        f"{stem}rate:{caller}",
        f"{stem}outbox",
        f"{stem}outbox:state",
        f"{stem}left_out",
        f"{stem}left_out:{today}",
        # STRING "1": the landing with this id was counted. TTL LANDING_SECONDS.
        f"{stem}landing:{mark}",
        # As `slots`, `names` and `columns_of` have them.
        f"{columns}slots",
        f"{columns}names",
        f"{columns}{today}",
        f"{columns}{today[:7]}",
        f"{stem}outbox:events",
        f"{stem}by:{code}:{today}",
        f"{stem}by:{OTHER}:{today}",
        f"{stem}placements:{code}",
        f"{stem}registry:placements",
    ]


def _columns() -> str:
    return f"{app_settings.KV_PREFIX}{{qr}}columns:"


def _prefix() -> str:
    return f"{app_settings.KV_PREFIX}{{qr}}:"
