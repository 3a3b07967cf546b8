"""The types of event that the app emits: docs/events.md says what each one's data are."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kv.events.kinds import EventType

TYPES = (
    EventType("payment.failed", _("A payment has failed.")),
    EventType("payment.refunded", _("A payment was refunded.")),
    EventType("payment.disputed", _("A payment is disputed.")),
    EventType("topup.automatic.succeeded", _("An automatic top-up was paid.")),
    EventType("topup.automatic.failed", _("An automatic top-up has failed.")),
    EventType("topup.automatic.action_required", _("A user must confirm an automatic top-up.")),
)
