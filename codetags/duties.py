"""Background work of the app: post the outbox, copy daily counts to SQL, mirror the registry."""

from __future__ import annotations

from codetags.services.outbox import deliver_events
from codetags.services.registry import mirror_registry
from codetags.services.rollup import roll_up_step
from kv.work.duties import Duty


def deliver() -> bool:
    """One step of the outbox; True when more hits can be posted now."""
    return deliver_events().more


def roll_up() -> bool:
    """One step of a roll-up; True while codes are left."""
    return roll_up_step()


def mirror() -> None:
    """Mirror changes that were made without the admin, or while the store was unavailable."""
    mirror_registry(always=False)


DELIVER = Duty("codetags_deliver", every=2, lease=30, run=deliver)
ROLL_UP = Duty("codetags_rollup", every=900, lease=120, run=roll_up)
MIRROR = Duty("codetags_registry", every=300, lease=60, run=mirror)
DUTIES = (DELIVER, ROLL_UP, MIRROR)
