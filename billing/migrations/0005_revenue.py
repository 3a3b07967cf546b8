"""The revenue, as read from Stripe's balance and subscriptions."""

from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [
        (label_of("billing"), "0004_search_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="RevenueReading",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("since", models.DateTimeField(null=True)),
                ("began_at", models.DateTimeField(null=True)),
                ("after", models.CharField(blank=True, max_length=64)),
                ("sums", models.JSONField(default=dict)),
                ("done_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BilledSubscription",
            fields=[
                ("subscription_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("livemode", models.BooleanField()),
                ("currency", models.CharField(max_length=3)),
                ("yearly", models.BigIntegerField()),
                ("is_running", models.BooleanField()),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["livemode", "is_running", "currency"], name="billing_running"),
                    models.Index(fields=["livemode", "ended_at"], name="billing_ended"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RevenueEntry",
            fields=[
                ("entry_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("livemode", models.BooleanField()),
                ("month", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "kind",
                    models.CharField(
                        choices=[("payment", "payment"), ("refund", "refund"), ("dispute", "dispute"), ("fee", "fee")],
                        max_length=10,
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("fee", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["livemode", "month", "currency", "kind"], name="billing_revenue_month")
                ],
            },
        ),
        migrations.CreateModel(
            name="RevenueMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("livemode", models.BooleanField()),
                ("month", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("payments", models.PositiveBigIntegerField(default=0)),
                ("gross", models.BigIntegerField(default=0)),
                ("refunds", models.BigIntegerField(default=0)),
                ("disputes", models.BigIntegerField(default=0)),
                ("fees", models.BigIntegerField(default=0)),
                ("net", models.BigIntegerField(default=0)),
                ("checked_at", models.DateTimeField(null=True)),
                ("difference", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "revenue",
                "verbose_name_plural": "revenue",
                "permissions": [("view_revenue", "Can see the revenue")],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("livemode", "month", "currency"), name="billing_one_row_a_month")
                ],
            },
        ),
    ]
