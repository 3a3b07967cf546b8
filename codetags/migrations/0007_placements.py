import django.db.models.deletion
from django.db import migrations, models

import codetags.models.placements
from kv.labels import label_of, with_label


class Migration(migrations.Migration):
    dependencies = [
        (label_of("codetags"), "0006_former_codes"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyBreakdown",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=32)),
                ("date", models.DateField()),
                ("fields", models.TextField()),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["date", "code"], name="codetags_breakdown_age")],
                "constraints": [models.UniqueConstraint(fields=("code", "date"), name="codetags_one_breakdown_a_day")],
            },
        ),
        migrations.CreateModel(
            name="Placement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="As in at=tram-12. Capitals become lower-case letters.",
                        max_length=32,
                        validators=[codetags.models.placements.looks_like_a_placement],
                        verbose_name="placement",
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        blank=True,
                        help_text="What the placement stands for, such as a stop.",
                        max_length=120,
                        verbose_name="label",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="placements",
                        to=with_label("codetags.codetag"),
                        verbose_name="code",
                    ),
                ),
            ],
            options={
                "verbose_name": "placement",
                "verbose_name_plural": "placements",
                "ordering": ("name",),
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("code", "name"), name="codetags_one_placement_a_name")],
            },
        ),
    ]
