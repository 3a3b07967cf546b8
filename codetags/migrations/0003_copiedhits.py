from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [
        (label_of("codetags"), "0002_counts_for"),
    ]

    operations = [
        migrations.CreateModel(
            name="CopiedHits",
            fields=[
                ("code", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("hits", models.BigIntegerField()),
                ("last", models.DateField()),
                ("last_hits", models.BigIntegerField()),
            ],
            options={"default_permissions": ()},
        ),
    ]
