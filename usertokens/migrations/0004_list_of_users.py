"""The admin's list of users gets a table; until now its model only carried permissions."""

from django.db import migrations, models

from kv.labels import label_of

_ORDERS = ("name", "joined", "seen", "plan", "balance", "debt", "subscription")


class Migration(migrations.Migration):
    dependencies = [(label_of("usertokens"), "0003_mails")]

    operations = [
        # It had no table, so nothing is deleted; its content type and permissions stay.
        migrations.DeleteModel(name="TokenLedger"),
        migrations.CreateModel(
            name="TokenLedger",
            fields=[
                ("user_id", models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=254, verbose_name="Username")),
                ("joined", models.DateTimeField(null=True, verbose_name="Signed up")),
                ("seen", models.DateField(null=True, verbose_name="Last log-in")),
                ("plan", models.CharField(blank=True, max_length=100, verbose_name="Plan")),
                ("balance", models.BigIntegerField(null=True, verbose_name="Balance")),
                ("debt", models.BigIntegerField(default=0, verbose_name="Debt")),
                (
                    "subscription",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "none"),
                            ("active", "active"),
                            ("trial", "trial"),
                            ("ending", "ends"),
                            ("unpaid", "unpaid"),
                            ("paused", "paused"),
                        ],
                        db_default="",
                        default="",
                        max_length=10,
                        verbose_name="Subscription",
                    ),
                ),
                ("summed", models.PositiveBigIntegerField(db_default=0, default=0, editable=False)),
            ],
            options={
                "verbose_name": "user's tokens",
                "verbose_name_plural": "users' tokens",
                "permissions": [
                    ("view_any", "Can see any user's activity and tokens"),
                    ("act_for_any", "Can act and spend tokens for any user"),
                    ("manage_tokens", "Can grant and adjust tokens, set plans and reset users"),
                ],
                "default_permissions": (),
                "indexes": [models.Index(fields=[name, "user_id"], name=f"usertokens_by_{name}") for name in _ORDERS],
            },
        ),
        migrations.CreateModel(
            name="DailySpending",
            fields=[
                ("date", models.DateField(primary_key=True, serialize=False)),
                ("tokens", models.BigIntegerField(default=0)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="StaffAction",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={"default_permissions": ()},
        ),
    ]
