"""Vouchers, and who has redeemed which."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [
        (label_of("usertokens"), "0005_usage"),
    ]

    operations = [
        migrations.CreateModel(
            name="Voucher",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=64, verbose_name="Code")),
                ("key", models.CharField(editable=False, max_length=64, unique=True)),
                ("label", models.CharField(max_length=80, verbose_name="Name")),
                (
                    "tokens",
                    models.BigIntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000000000),
                        ],
                        verbose_name="Tokens",
                    ),
                ),
                (
                    "max_uses",
                    models.PositiveIntegerField(
                        default=1,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000000),
                        ],
                        verbose_name="Uses",
                    ),
                ),
                ("uses", models.PositiveIntegerField(default=0, editable=False, verbose_name="Used")),
                ("valid_from", models.DateTimeField(blank=True, null=True, verbose_name="Valid from")),
                ("valid_until", models.DateTimeField(blank=True, null=True, verbose_name="Valid until")),
                (
                    "account_days",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3660),
                        ],
                        verbose_name="New users only, days",
                    ),
                ),
                (
                    "grant_days",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3660),
                        ],
                        verbose_name="Tokens expire after, days",
                    ),
                ),
                (
                    "priority",
                    models.PositiveIntegerField(
                        default=50,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(999),
                        ],
                        verbose_name="Priority",
                    ),
                ),
                ("stopped_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="Stopped")),
                ("created_at", models.DateTimeField(editable=False, verbose_name="Made")),
            ],
            options={
                "verbose_name": "voucher",
                "verbose_name_plural": "vouchers",
                "ordering": ("-created_at", "-id"),
                "default_permissions": ("add", "change", "view"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("stopped_at__isnull", True), ("uses__lt", models.F("max_uses"))),
                        fields=["valid_until"],
                        name="usertokens_voucher_open",
                    ),
                    models.Index(fields=["created_at", "id"], name="usertokens_voucher_time"),
                    models.Index(fields=["label", "created_at", "id"], name="usertokens_voucher_label"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("uses__lte", models.F("max_uses"))), name="usertokens_voucher_uses"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Redemption",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("user_id", models.CharField(db_index=True, max_length=64, verbose_name="user")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "being granted"),
                            ("granted", "granted"),
                            ("revoking", "being taken back"),
                            ("revoked", "taken back"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("tokens", models.BigIntegerField(verbose_name="Tokens")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="tokens expire")),
                ("entry", models.PositiveBigIntegerField(editable=False, null=True)),
                ("request_key", models.CharField(blank=True, default="", editable=False, max_length=24)),
                ("redeemed_at", models.DateTimeField(verbose_name="redeemed")),
                ("staff", models.CharField(blank=True, default="", editable=False, max_length=150)),
                ("note", models.CharField(blank=True, default="", max_length=200, verbose_name="reason")),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to=f"{label_of('usertokens')}.voucher",
                        verbose_name="voucher",
                    ),
                ),
            ],
            options={
                "verbose_name": "redeemed voucher",
                "verbose_name_plural": "redeemed vouchers",
                "ordering": ("-redeemed_at", "-id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["redeemed_at", "id"], name="usertokens_redemption_time"),
                    models.Index(fields=["state", "redeemed_at", "id"], name="usertokens_redemption_state"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("voucher", "user_id"), name="usertokens_redemption_once")
                ],
            },
        ),
    ]
