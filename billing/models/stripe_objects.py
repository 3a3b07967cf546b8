"""Which Stripe customer is which user, and every event that Stripe sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.types import EventState
from kv.sql.model_fields import MomentField


class StripeCustomer(models.Model):
    """A user's customer at Stripe: made once, and stored before the first checkout opens.

    When the account is deleted the row stays without a user, so that later events about the customer apply to nobody.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="stripe_customers",
        verbose_name=_("user"),
    )
    # Null until Stripe has answered. With the same idempotency key a repeated request returns the same customer.
    customer_id = models.CharField(_("customer"), max_length=64, unique=True, null=True)  # noqa: DJ001 (unique, so no "")
    idempotency_key = models.UUIDField(_("idempotency key"), default=uuid.uuid4, editable=False)
    # The one that this user's checkouts use. Others were found because Stripe's objects name the user.
    is_own = models.BooleanField(_("made for this user"), default=True)
    livemode = models.BooleanField(_("real money"), default=False)
    created_at = MomentField(_("made at"), auto_now_add=True)
    synced_at = MomentField(_("last read at"), null=True, blank=True)
    next_sync_at = MomentField(
        _("to be read again at"),
        null=True,
        blank=True,
        db_index=True,
        help_text=_("When a period, a grace time or a plan ends by itself."),
    )
    closed_at = MomentField(_("closed at"), null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name = _("Stripe customer")
        verbose_name_plural = _("Stripe customers")
        permissions = [("sync_customer", "Can read a customer anew from Stripe")]
        constraints = [
            models.UniqueConstraint(
                fields=("user", "livemode"), condition=models.Q(is_own=True), name="billing_one_own_customer"
            )
        ]

    def __str__(self) -> str:
        return self.customer_id or "–"


class GuestCheckout(models.Model):
    """A checkout without a customer that names a user. Stripe lists it under no customer, so its id is stored here.

    When the account is deleted the row stays without a user, so that later events about it apply to nobody.
    """

    session_id = models.CharField(_("checkout"), max_length=255, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="stripe_guest_checkouts",
        verbose_name=_("user"),
    )
    livemode = models.BooleanField(_("real money"), default=False)
    created_at = MomentField(_("made at"), auto_now_add=True)

    class Meta:
        ordering = ("-pk",)
        default_permissions = ("view",)
        verbose_name = _("guest checkout")
        verbose_name_plural = _("guest checkouts")

    def __str__(self) -> str:
        return self.session_id


class StripeEvent(models.Model):
    """One event as it came in. Only ids are stored: the state is fetched from Stripe, never taken from a payload."""

    STATES = [
        (EventState.RECEIVED.value, _("received")),
        (EventState.PROCESSING.value, _("being applied")),
        (EventState.DONE.value, _("done")),
        (EventState.FAILED.value, _("failed")),
        (EventState.PARKED.value, _("parked")),
    ]
    event_id = models.CharField(_("event"), max_length=64, unique=True)
    type = models.CharField(_("type"), max_length=80)
    object_id = models.CharField(_("object"), max_length=255, blank=True)
    customer_id = models.CharField(_("customer"), max_length=64, blank=True, db_index=True)
    livemode = models.BooleanField(_("real money"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=STATES, default=EventState.RECEIVED.value)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    error = models.CharField(_("what went wrong"), max_length=200, blank=True)
    happened_at = MomentField(_("happened at"))
    received_at = MomentField(_("received at"), auto_now_add=True)
    # received: earliest time of the next try. processing: end of the claim; after it another worker takes the event.
    due_at = MomentField(_("due at"))
    done_at = MomentField(_("done at"), null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        default_permissions = ("view",)
        permissions = [("replay_event", "Can replay events from Stripe")]
        verbose_name = _("Stripe event")
        verbose_name_plural = _("Stripe events")
        indexes = [
            models.Index(fields=("state", "due_at"), name="billing_inbox"),
            # Of the admin's list: its order, and the same for each of its filters.
            models.Index(fields=("received_at", "id"), name="billing_by_time"),
            models.Index(fields=("state", "received_at", "id"), name="billing_by_state"),
            models.Index(fields=("type", "received_at", "id"), name="billing_by_type"),
            models.Index(fields=("livemode", "received_at", "id"), name="billing_by_mode"),
            # Of its search too, for the beginning of an id.
            models.Index(fields=("object_id",), name="billing_by_object", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
