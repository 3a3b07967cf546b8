"""Vouchers and who redeemed them. The database counts the uses, the ledger grants: see services/vouchers.py."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kv.sql.model_fields import MomentField
from usertokens.types import GIVEN, LARGEST_AMOUNT, RedemptionState

#: Uses of one voucher, days of an account or of a grant, and the last priority of the ledger.
MOST_USES, MOST_DAYS, LAST_PRIORITY = 1_000_000, 3660, 999


def _at_most(largest: int, *, least: int = 1) -> list[MinValueValidator | MaxValueValidator]:
    return [MinValueValidator(least), MaxValueValidator(largest)]


class Voucher(models.Model):
    """A code that grants tokens. Never deleted: a code that was given out is not made again.

    code: as it is shown. key: the code as it is compared, in capitals without spaces and hyphens.
    max_uses: users who may redeem it, each once. uses: those who did, those with closed accounts too.
    account_days: only for users who signed up so many days ago at most. grant_days: from the redemption until the
    granted tokens expire. None: all users; never.
    """

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(_("Code"), max_length=64)
    key = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(pgettext_lazy("voucher", "Name"), max_length=80)
    tokens = models.BigIntegerField(_("Tokens"), validators=_at_most(LARGEST_AMOUNT))
    max_uses = models.PositiveIntegerField(pgettext_lazy("voucher", "Uses"), default=1, validators=_at_most(MOST_USES))
    uses = models.PositiveIntegerField(pgettext_lazy("voucher", "Used"), default=0, editable=False)
    valid_from = MomentField(_("Valid from"), null=True, blank=True)
    valid_until = MomentField(_("Valid until"), null=True, blank=True)
    account_days = models.PositiveIntegerField(
        _("New users only, days"), null=True, blank=True, validators=_at_most(MOST_DAYS)
    )
    grant_days = models.PositiveIntegerField(
        _("Tokens expire after, days"), null=True, blank=True, validators=_at_most(MOST_DAYS)
    )
    priority = models.PositiveIntegerField(_("Priority"), default=GIVEN, validators=_at_most(LAST_PRIORITY, least=0))
    stopped_at = MomentField(pgettext_lazy("voucher", "Stopped"), null=True, blank=True, editable=False)
    created_at = MomentField(pgettext_lazy("voucher", "Made"), editable=False)

    class Meta:
        default_permissions = ("add", "change", "view")
        ordering = ("-created_at", "-id")
        verbose_name = _("voucher")
        verbose_name_plural = _("vouchers")
        constraints = [models.CheckConstraint(condition=Q(uses__lte=F("max_uses")), name="usertokens_voucher_uses")]
        indexes = [
            # Of the dashboard, which asks whether any is open.
            models.Index(
                fields=["valid_until"],
                condition=Q(stopped_at__isnull=True, uses__lt=F("max_uses")),
                name="usertokens_voucher_open",
            ),
            # Of the admin's list: its order, and the same for its filter.
            models.Index(fields=["created_at", "id"], name="usertokens_voucher_time"),
            models.Index(fields=["label", "created_at", "id"], name="usertokens_voucher_label"),
        ]

    def __str__(self) -> str:
        return self.code


class Redemption(models.Model):
    """One use of a voucher by one user. tokens, expires_at: of its grant.

    entry: the journal's entry of the grant, once it is made. request_key: the digest of the request's idempotency key,
    in hex. staff, note: who takes it back, and why.
    """

    STATES = [
        (RedemptionState.OPEN.value, pgettext_lazy("voucher", "being granted")),
        (RedemptionState.GRANTED.value, pgettext_lazy("voucher", "granted")),
        (RedemptionState.REVOKING.value, pgettext_lazy("voucher", "being taken back")),
        (RedemptionState.REVOKED.value, pgettext_lazy("voucher", "taken back")),
    ]
    id = models.BigAutoField(primary_key=True)
    voucher = models.ForeignKey(Voucher, models.PROTECT, verbose_name=_("voucher"), related_name="redemptions")
    user_id = models.CharField(_("user"), max_length=64, db_index=True)
    state = models.CharField(
        pgettext_lazy("voucher", "state"), max_length=10, choices=STATES, default=RedemptionState.OPEN.value
    )
    tokens = models.BigIntegerField(_("Tokens"))
    expires_at = MomentField(_("tokens expire"), null=True)
    entry = models.PositiveBigIntegerField(null=True, editable=False)
    request_key = models.CharField(max_length=24, blank=True, default="", editable=False)
    redeemed_at = MomentField(pgettext_lazy("voucher", "redeemed"))
    staff = models.CharField(max_length=150, blank=True, default="", editable=False)
    note = models.CharField(_("reason"), max_length=200, blank=True, default="")

    class Meta:
        default_permissions = ("view",)
        ordering = ("-redeemed_at", "-id")
        verbose_name = _("redeemed voucher")
        verbose_name_plural = _("redeemed vouchers")
        constraints = [models.UniqueConstraint(fields=["voucher", "user_id"], name="usertokens_redemption_once")]
        indexes = [
            models.Index(fields=["redeemed_at", "id"], name="usertokens_redemption_time"),
            models.Index(fields=["state", "redeemed_at", "id"], name="usertokens_redemption_state"),
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id}: {self.user_id}"
