"""What staff see of services' tokens: their last characters, and when they were last used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("site", "0002_addresses"),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenNote",
            fields=[
                ("digest", models.CharField(max_length=128, primary_key=True, serialize=False)),
                ("ending", models.CharField(max_length=8)),
                ("used_at", models.DateTimeField(null=True)),
            ],
        ),
    ]
