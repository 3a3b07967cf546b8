"""Automatic top-ups: what users want, and each charge of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kv.sql.model_fields import MomentField


class OffReason(models.TextChoices):
    """Why it is off, where it was not the user."""

    STAFF = "staff", _("stopped by staff")
    DISPUTED = "disputed", _("a payment is disputed")


class ChargeState(models.TextChoices):
    """The state of an automatic charge. While it is being charged its money may have moved; once paid its tokens came.

    Of CANCELED and CAPPED no money moved: it was switched off or replaced before, or the cap of the month was reached.
    """

    CHARGING = "charging", _("being charged")
    ACTION = "needs_action", _("needs the user’s confirmation")
    SUCCEEDED = "succeeded", _("paid")
    DECLINED = "declined", _("card declined")
    FAILED = "failed", _("could not be charged")
    CANCELED = "canceled", _("cancelled")
    CAPPED = "capped", _("over the cap")


#: Charges whose money may still move.
OPEN_STATES = (ChargeState.CHARGING, ChargeState.ACTION)


class AutoTopUp(models.Model):
    """A user's automatic top-up: what is bought when the balance falls to the threshold, and by which card.

    tokens: the package, one of BILLING_TOPUPS. monthly_cap: minor units of its currency. declines: in a row.
    card: what users know it by, such as "visa 4242". card_session: the checkout in which it was saved.
    action_intent: the payment that waits for the card's owner, "" for none.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="auto_top_up", verbose_name=_("user")
    )
    is_on = models.BooleanField(pgettext_lazy("automatic top-up", "switched on"), default=False)
    threshold = models.BigIntegerField(_("threshold"), null=True)
    tokens = models.BigIntegerField(_("tokens"), null=True)
    monthly_cap = models.BigIntegerField(_("cap a month"), null=True)
    livemode = models.BooleanField(_("real money"), default=False)
    customer_id = models.CharField(_("customer"), max_length=64, blank=True)
    payment_method = models.CharField(max_length=64, blank=True)
    card = models.CharField(_("card"), max_length=40, blank=True)
    card_session = models.CharField(max_length=255, blank=True)
    declines = models.PositiveSmallIntegerField(_("declined in a row"), default=0)
    paused_at = MomentField(_("paused at"), null=True, blank=True)
    off_reason = models.CharField(_("why it is off"), max_length=10, choices=OffReason.choices, blank=True)
    action_intent = models.CharField(max_length=64, blank=True)
    changed_at = MomentField(_("changed at"))

    class Meta:
        ordering = ("-pk",)
        default_permissions = ("view",)
        permissions = [("stop_autotopup", "Can stop the automatic top-up of a user")]
        verbose_name = _("automatic top-up")
        verbose_name_plural = _("automatic top-ups")
        # Of the worker's walk.
        indexes = [models.Index(fields=("id",), condition=models.Q(is_on=True), name="billing_auto_on")]

    def __str__(self) -> str:
        return str(self.user_id)


class AutomaticCharge(models.Model):
    """One fall of a balance for which a card is charged. The row is written before the charge, once for each fall.

    cents: minor units of `currency`. month: the first day of the site's month whose cap it counts for.
    due_at: when the worker looks at it again, None when it is over. key_number: Stripe's idempotency keys end with it.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("user"))
    fall = models.CharField(_("fall"), max_length=64)
    fell_at = MomentField(_("fell at"))
    state = models.CharField(_("state"), max_length=12, choices=ChargeState.choices, default=ChargeState.CHARGING.value)
    error = models.CharField(_("what went wrong"), max_length=100, blank=True)
    tokens = models.BigIntegerField(_("tokens"))
    cents = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    month = models.DateField(_("month"))
    livemode = models.BooleanField(_("real money"), default=False)
    customer_id = models.CharField(_("customer"), max_length=64)
    payment_method = models.CharField(max_length=64)
    intent_id = models.CharField(_("payment"), max_length=64, blank=True)
    key_number = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    made_at = MomentField(_("made at"))
    due_at = MomentField(null=True, blank=True)
    done_at = MomentField(_("done at"), null=True, blank=True)

    class Meta:
        ordering = ("-pk",)
        default_permissions = ("view",)
        verbose_name = _("automatic charge")
        verbose_name_plural = _("automatic charges")
        constraints = [models.UniqueConstraint(fields=("user", "fall"), name="billing_one_charge_a_fall")]
        indexes = [
            models.Index(fields=("user", "month"), name="billing_charges_of_month"),
            models.Index(fields=("intent_id",), name="billing_charges_by_payment"),
            models.Index(fields=("due_at",), condition=models.Q(due_at__isnull=False), name="billing_charges_due"),
            models.Index(fields=("made_at", "id"), name="billing_charges_by_time"),
            models.Index(fields=("state", "made_at", "id"), name="billing_charges_by_state"),
        ]

    def __str__(self) -> str:
        return self.intent_id or self.fall
