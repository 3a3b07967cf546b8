"""The database's own id, which the store's accounts are compared with."""

import uuid

from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [(label_of("usertokens"), "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="DatabaseId",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("uuid", models.UUIDField(default=uuid.uuid4)),
            ],
            options={"default_permissions": ()},
        ),
    ]
