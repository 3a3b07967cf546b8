"""Signal handlers: what has changed in the database, and scripts must know, goes to the store once it is committed."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from codetags.models import CodeTag, Placement, codes_changed
from codetags.services.code_events import sync_wanted
from codetags.services.former_codes import note_former
from codetags.services.placement_mirror import mirror_placements
from codetags.services.registry import mirror_code, mirror_codes
from kv.errors import StoreUnavailable
from kv.models import EventReceiver

log = logging.getLogger(__name__)


@receiver((post_save, post_delete), sender=CodeTag)
def mirror_changed_code(sender: type[CodeTag], instance: CodeTag, using: str, **kwargs: Any) -> None:
    """Mirror the code once the transaction is committed."""
    transaction.on_commit(partial(_mirror, instance.code), using=using)


@receiver(post_delete, sender=CodeTag)
def note_deleted_code(sender: type[CodeTag], instance: CodeTag, using: str, **kwargs: Any) -> None:
    """Keep in mind that the code existed, in the transaction that deletes it."""
    note_former([instance.code], using=using)


@receiver(codes_changed, sender=CodeTag)
def mirror_changed_codes(sender: type[CodeTag], codes: list[str], using: str, **kwargs: Any) -> None:
    """The same for many codes at once."""
    transaction.on_commit(partial(_mirror, *codes), using=using)


@receiver((post_save, post_delete), sender=Placement)
def mirror_changed_placement(sender: type[Placement], instance: Placement, using: str, **kwargs: Any) -> None:
    """Mirror the placements of its code once the transaction is committed."""
    transaction.on_commit(partial(_mirror_placements, instance.code.code), using=using)


@receiver((post_save, post_delete), sender=EventReceiver)
def note_receivers(sender: type[EventReceiver], using: str, **kwargs: Any) -> None:
    """Tell the script of a hit whether a receiver of events wants hits. The worker does so too."""
    transaction.on_commit(_note_wanted, using=using)


def _note_wanted() -> None:
    with suppress(StoreUnavailable):
        sync_wanted()


def _mirror_placements(code: str) -> None:
    try:
        mirror_placements([code])
    except StoreUnavailable:
        log.warning("code %s: the store is unavailable, the change of a placement is mirrored later", code)


def _mirror(*codes: str) -> None:
    try:
        if len(codes) == 1:
            mirror_code(codes[0])
        else:
            mirror_codes(codes)
    except StoreUnavailable:
        # The change is in SQL; the duty codetags_registry mirrors it within minutes.
        named = codes[0] if len(codes) == 1 else f"{codes[0]} and {len(codes) - 1} more"
        log.warning("code %s: the store is unavailable, the change of the registry is mirrored later", named)
