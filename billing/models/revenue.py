"""The revenue, as read from Stripe."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.types import RevenueKind
from kv.sql.model_fields import MomentField


class RevenueEntry(models.Model):
    """A change of the balance at Stripe that is revenue: a payment, a refund, a dispute or a fee. Stripe changes none.

    amount, fee: minor units of `currency`, the one that Stripe pays out. It names no user and no customer.
    """

    entry_id = models.CharField(max_length=64, primary_key=True)
    livemode = models.BooleanField()
    # The first day of the site's month in which it was made.
    month = models.DateField()
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in RevenueKind])
    amount = models.BigIntegerField()
    fee = models.BigIntegerField()
    created_at = MomentField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=("livemode", "month", "currency", "kind"), name="billing_revenue_month")]

    def __str__(self) -> str:
        return self.entry_id


class RevenueMonth(models.Model):
    """The revenue of a month in a currency: sums of RevenueEntry, made anew whenever one of the month comes."""

    livemode = models.BooleanField()
    month = models.DateField()
    currency = models.CharField(max_length=3)
    payments = models.PositiveBigIntegerField(default=0)
    gross = models.BigIntegerField(default=0)
    refunds = models.BigIntegerField(default=0)
    disputes = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    net = models.BigIntegerField(default=0)
    # When the month was last compared with Stripe's own list, and Stripe's net less ours then.
    checked_at = MomentField(null=True)
    difference = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        permissions = [("view_revenue", "Can see the revenue")]
        verbose_name = verbose_name_plural = _("revenue")
        constraints = [
            models.UniqueConstraint(fields=("livemode", "month", "currency"), name="billing_one_row_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.currency}"


class BilledSubscription(models.Model):
    """A subscription at Stripe, for the recurring revenue. It names no user and no customer.

    yearly: minor units of `currency` a year, by its prices now; 0 while it brings nothing, as in a trial.
    """

    subscription_id = models.CharField(max_length=64, primary_key=True)
    livemode = models.BooleanField()
    currency = models.CharField(max_length=3)
    yearly = models.BigIntegerField()
    is_running = models.BooleanField()
    started_at = MomentField()
    ended_at = MomentField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=("livemode", "is_running", "currency"), name="billing_running"),
            models.Index(fields=("livemode", "ended_at"), name="billing_ended"),
        ]

    def __str__(self) -> str:
        return self.subscription_id


class RevenueReading(models.Model):
    """How far one list of Stripe's is read: the worker goes through it in steps.

    since:     only what was made from here on is read; None: all.
    began_at:  when the running pass began; None between passes.
    after:     the last id of the pages that are read, "" at the beginning of a pass.
    sums:      of a pass that checks months: its net by month and currency so far.
    done_at:   when the last pass was complete. error: why the last step failed, "" when it did not.
    """

    name = models.CharField(max_length=40, primary_key=True)
    since = MomentField(null=True)
    began_at = MomentField(null=True)
    after = models.CharField(max_length=64, blank=True)
    sums = models.JSONField(default=dict)
    done_at = MomentField(null=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
