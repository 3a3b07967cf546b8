"""The types of event that the app emits: docs/events.md says what each one's data are."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kv.events.kinds import EventType

TYPES = (EventType("code.hit", _("A hit of a campaign code was counted.")),)
