"""Automatic top-ups: what users want, and each charge of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [
        (label_of("billing"), "0005_revenue"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AutomaticCharge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fall", models.CharField(max_length=64, verbose_name="fall")),
                ("fell_at", models.DateTimeField(verbose_name="fell at")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("charging", "being charged"),
                            ("needs_action", "needs the user’s confirmation"),
                            ("succeeded", "paid"),
                            ("declined", "card declined"),
                            ("failed", "could not be charged"),
                            ("canceled", "cancelled"),
                            ("capped", "over the cap"),
                        ],
                        default="charging",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=100, verbose_name="what went wrong")),
                ("tokens", models.BigIntegerField(verbose_name="tokens")),
                ("cents", models.BigIntegerField(verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("month", models.DateField(verbose_name="month")),
                ("livemode", models.BooleanField(default=False, verbose_name="real money")),
                ("customer_id", models.CharField(max_length=64, verbose_name="customer")),
                ("payment_method", models.CharField(max_length=64)),
                ("intent_id", models.CharField(blank=True, max_length=64, verbose_name="payment")),
                ("key_number", models.PositiveSmallIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("made_at", models.DateTimeField(verbose_name="made at")),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL, verbose_name="user"
                    ),
                ),
            ],
            options={
                "verbose_name": "automatic charge",
                "verbose_name_plural": "automatic charges",
                "ordering": ("-pk",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["user", "month"], name="billing_charges_of_month"),
                    models.Index(fields=["intent_id"], name="billing_charges_by_payment"),
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="billing_charges_due"
                    ),
                    models.Index(fields=["made_at", "id"], name="billing_charges_by_time"),
                    models.Index(fields=["state", "made_at", "id"], name="billing_charges_by_state"),
                ],
                "constraints": [models.UniqueConstraint(fields=("user", "fall"), name="billing_one_charge_a_fall")],
            },
        ),
        migrations.CreateModel(
            name="AutoTopUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_on", models.BooleanField(default=False, verbose_name="switched on")),
                ("threshold", models.BigIntegerField(null=True, verbose_name="threshold")),
                ("tokens", models.BigIntegerField(null=True, verbose_name="tokens")),
                ("monthly_cap", models.BigIntegerField(null=True, verbose_name="cap a month")),
                ("livemode", models.BooleanField(default=False, verbose_name="real money")),
                ("customer_id", models.CharField(blank=True, max_length=64, verbose_name="customer")),
                ("payment_method", models.CharField(blank=True, max_length=64)),
                ("card", models.CharField(blank=True, max_length=40, verbose_name="card")),
                ("card_session", models.CharField(blank=True, max_length=255)),
                ("declines", models.PositiveSmallIntegerField(default=0, verbose_name="declined in a row")),
                ("paused_at", models.DateTimeField(blank=True, null=True, verbose_name="paused at")),
                (
                    "off_reason",
                    models.CharField(
                        blank=True,
                        choices=[("staff", "stopped by staff"), ("disputed", "a payment is disputed")],
                        max_length=10,
                        verbose_name="why it is off",
                    ),
                ),
                ("action_intent", models.CharField(blank=True, max_length=64)),
                ("changed_at", models.DateTimeField(verbose_name="changed at")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="auto_top_up",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "automatic top-up",
                "verbose_name_plural": "automatic top-ups",
                "ordering": ("-pk",),
                "permissions": [("stop_autotopup", "Can stop the automatic top-up of a user")],
                "default_permissions": ("view",),
                "indexes": [models.Index(condition=models.Q(("is_on", True)), fields=["id"], name="billing_auto_on")],
            },
        ),
    ]
