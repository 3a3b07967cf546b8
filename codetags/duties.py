"""Background work of the app: post the outbox, emit events, copy daily counts to SQL, mirror the registry."""

from __future__ import annotations

from codetags.services.breakdown_copies import drop_step
from codetags.services.code_events import emit_hits
from codetags.services.column_upkeep import add_missing_codes
from codetags.services.columns import mend_columns
from codetags.services.outbox import deliver_events
from codetags.services.registry import mirror_registry
from codetags.services.rollup import roll_up_step
from kv.work.duties import Duty

#: Codes that one step adds to the columns: some tenths of a second.
_STEP = 2000


def deliver() -> bool:
    """One step of the outbox; True when more hits can be posted now."""
    return deliver_events().more


def roll_up() -> bool:
    """One step of a roll-up, then of taking old breakdowns out of the store; True while there is more to do."""
    return roll_up_step() or drop_step()


def mirror() -> None:
    """Mirror changes that were made without the admin, or while the store was unavailable."""
    mirror_registry(always=False)


def keep_columns() -> bool:
    """Add codes that the columns do not have, in steps; True while some are left. Then mend what does not add up."""
    if add_missing_codes(_STEP):
        return True
    mend_columns()
    return False


DELIVER = Duty("codetags_deliver", every=2, lease=30, run=deliver)
ROLL_UP = Duty("codetags_rollup", every=900, lease=120, run=roll_up)
MIRROR = Duty("codetags_registry", every=300, lease=60, run=mirror)
COLUMNS = Duty("codetags_columns", every=3600, lease=120, run=keep_columns)
EVENTS = Duty("codetags_events", every=2, lease=15, run=emit_hits)
DUTIES = (DELIVER, EVENTS, ROLL_UP, MIRROR, COLUMNS)
