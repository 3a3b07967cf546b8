"""Models: the permissions of the app, and the log of figures that were adjusted by hand."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from kv.sql.managers import TablelessManager
from kv.sql.model_fields import MomentField


class Statistics(models.Model):
    """No table: it only carries the app's permissions and its entry in the admin."""

    objects = TablelessManager()

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("view_statistics", "Can see the site statistics"),
            ("record_qr", "Can count payment codes without a receipt"),
        ]
        verbose_name = verbose_name_plural = _("Site statistics")

    def __str__(self) -> str:
        return "statistics"


class Adjustment(models.Model):
    """One change of a figure by hand, with the reason. Rows are never changed or deleted."""

    at = MomentField(_("at"), auto_now_add=True)
    figure = models.CharField(
        _("figure"), max_length=80, help_text=_("visitors, qr_total, revenue_cents or usage:<tool>")
    )
    delta = models.BigIntegerField(_("change"))
    total = models.BigIntegerField(_("total after"))
    reason = models.CharField(_("reason"), max_length=280)
    # None in rows that are older than the ids.
    idempotency_key = models.CharField(max_length=64, unique=True, blank=True, null=True, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("by")
    )

    class Meta:
        ordering = ("-at", "-pk")
        default_permissions = ("view",)
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")

    def __str__(self) -> str:
        return f"{self.figure} {self.delta:+d}"
