"""Usage by user, action and day; it replaces the tokens of each day, and is added up from the first entry on."""

from typing import Any

from django.db import migrations, models

from kv.labels import label_of


def _count_again(apps: Any, schema_editor: Any) -> None:
    ledger = apps.get_model(label_of("usertokens"), "TokenLedger")
    ledger.objects.using(schema_editor.connection.alias).update(summed=0)


def _columns() -> list[Any]:
    return [
        ("date", models.DateField()),
        ("action", models.CharField(blank=True, max_length=64)),
        ("count", models.BigIntegerField(default=0)),
        ("quantity", models.BigIntegerField(default=0)),
        ("spent", models.BigIntegerField(default=0)),
    ]


class Migration(migrations.Migration):
    dependencies = [(label_of("usertokens"), "0004_list_of_users")]

    operations = [
        migrations.CreateModel(
            name="Usage",
            fields=[("id", models.BigAutoField(primary_key=True, serialize=False)), *_columns()],
            options={
                "verbose_name": "usage of tokens",
                "verbose_name_plural": "usage of tokens",
                "default_permissions": ("view",),
                "constraints": [models.UniqueConstraint(fields=("date", "action"), name="usertokens_usage_once")],
            },
        ),
        migrations.CreateModel(
            name="UserUsage",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("user_id", models.CharField(max_length=64)),
                *_columns(),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("user_id", "date", "action"), name="usertokens_use_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="archivedentry",
            name="action",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="archivedentry",
            name="quantity",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.DeleteModel(name="DailySpending"),
        migrations.RunPython(_count_again, migrations.RunPython.noop),
    ]
