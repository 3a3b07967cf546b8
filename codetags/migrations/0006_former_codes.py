from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [
        (label_of("codetags"), "0005_campaigns"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerCode",
            fields=[
                ("code", models.CharField(max_length=32, primary_key=True, serialize=False)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="MadeCodes",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=64, unique=True)),
                ("body", models.CharField(max_length=64)),
                ("codes", models.TextField()),
                ("created_at", models.DateTimeField(db_index=True)),
            ],
            options={"default_permissions": ()},
        ),
    ]
