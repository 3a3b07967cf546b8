"""Signal handlers: mirror a change of the registry to the store as soon as it is committed."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from codetags.models import CodeTag, codes_changed
from codetags.services.registry import mirror_code, mirror_codes
from kv.errors import StoreUnavailable

log = logging.getLogger(__name__)


@receiver((post_save, post_delete), sender=CodeTag)
def mirror_changed_code(sender: type[CodeTag], instance: CodeTag, using: str, **kwargs: Any) -> None:
    """Mirror the code once the transaction is committed."""
    transaction.on_commit(partial(_mirror, instance.code), using=using)


@receiver(codes_changed, sender=CodeTag)
def mirror_changed_codes(sender: type[CodeTag], codes: list[str], using: str, **kwargs: Any) -> None:
    """The same for many codes at once."""
    transaction.on_commit(partial(_mirror, *codes), using=using)


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
