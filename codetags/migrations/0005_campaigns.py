import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from kv.labels import label_of, with_label


class Migration(migrations.Migration):
    dependencies = [
        (label_of("codetags"), "0004_list_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("key", models.CharField(editable=False, max_length=360, unique=True)),
                ("start", models.DateField(blank=True, null=True, verbose_name="first day")),
                (
                    "end",
                    models.DateField(
                        blank=True,
                        help_text="For the reader: each code is counted by its own dates.",
                        null=True,
                        verbose_name="last day",
                    ),
                ),
                ("note", models.TextField(blank=True, verbose_name="note")),
                (
                    "cost_cents",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(9007199254740991),
                        ],
                        verbose_name="cost (cents)",
                    ),
                ),
            ],
            options={
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
                "ordering": ("key",),
            },
        ),
        migrations.AddField(
            model_name="codetag",
            name="campaign",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text=(
                    "What the code is part of. Its hits, also the earlier ones, count for the campaign chosen here."
                ),
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="codes",
                to=with_label("codetags.campaign"),
                verbose_name="campaign",
            ),
        ),
        migrations.AddIndex(
            model_name="codetag",
            index=models.Index(fields=["campaign", "code"], name="codetags_by_campaign"),
        ),
    ]
