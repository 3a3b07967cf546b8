"""The tables of events out: who receives them, and the outbox."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from kv.sql.model_fields import MomentField
from kv.times import utc_now


class EventState(models.TextChoices):
    """What has become of an event of the outbox."""

    WAITING = "waiting", _("waiting")
    DELIVERED = "delivered", _("delivered")
    PARKED = "parked", _("parked")


class EventReceiver(models.Model):
    """Another system that is told of events: where they are posted, and which.

    types:   names of the types that it has chosen.
    secret, old_secret: `whsec_` and base64; the old one is valid until `old_secret_until`, so that a receiver can
             replace it. Neither is ever shown again.
    failures, paused_until: failed posts in a row, and the pause behind the last.
    claimed_until: a worker posts to it now, until then.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(_("name"), max_length=80)
    url = models.CharField(_("URL"), max_length=500)
    types = models.JSONField(_("events"), default=list)
    is_on = models.BooleanField(_("switched on"), default=True)
    secret = models.CharField(max_length=120)
    old_secret = models.CharField(max_length=120, blank=True)
    old_secret_until = MomentField(null=True, blank=True)
    created_at = MomentField(_("made at"), default=utc_now)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    paused_until = MomentField(_("paused until"), null=True, blank=True)
    claimed_until = MomentField(null=True, blank=True)
    note = models.CharField(_("last error"), max_length=200, blank=True)
    delivered_at = MomentField(_("last delivery"), null=True, blank=True)

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("receiver of events")
        verbose_name_plural = _("receivers of events")

    def __str__(self) -> str:
        return self.name


class OutgoingEvent(models.Model):
    """An event for one receiver.

    key: names the event within its type, so that it is written once for each receiver.
    user_id: of the user whom it is about, "" for none; kept apart from `data` so that it goes with the user.
    due_at: of a waiting one, when to try next at the earliest.
    """

    id = models.BigAutoField(primary_key=True)
    # Without a constraint: another process may write an event for a receiver that was deleted a second ago, and the
    # transaction of whoever emits it must not fail for that. `tidy_events` deletes such rows.
    receiver: Any = models.ForeignKey(
        EventReceiver, on_delete=models.CASCADE, db_constraint=False, db_index=False, verbose_name=_("receiver")
    )
    type = models.CharField(_("type"), max_length=60)
    key = models.CharField(_("event"), max_length=200)
    data = models.JSONField(_("data"), default=dict)
    user_id = models.CharField(_("user"), max_length=64, blank=True, db_index=True)
    at = MomentField(_("happened at"))
    state = models.CharField(_("state"), max_length=10, choices=EventState.choices, default=EventState.WAITING.value)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    note = models.CharField(_("last error"), max_length=200, blank=True)
    created_at = MomentField(_("made at"), default=utc_now)
    due_at = MomentField(_("due at"), default=utc_now)
    delivered_at = MomentField(_("delivered at"), null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        default_permissions = ("view",)
        permissions = [("replay_event", "Can send events again")]
        verbose_name = _("outgoing event")
        verbose_name_plural = _("outgoing events")
        constraints = [models.UniqueConstraint(fields=["receiver", "type", "key"], name="kv_event_once")]
        indexes = [
            # What is to be posted next, and what is to be deleted.
            models.Index(fields=["receiver", "state", "due_at", "id"], name="kv_event_due"),
            # Of the admin's list: its order, and the same for each of its filters.
            models.Index(fields=["created_at", "id"], name="kv_event_time"),
            models.Index(fields=["state", "created_at", "id"], name="kv_event_state"),
            models.Index(fields=["type", "created_at", "id"], name="kv_event_type"),
            models.Index(fields=["receiver", "created_at", "id"], name="kv_event_receiver"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.key}"
