from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [
        (label_of("usertokens"), "0006_vouchers"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventCursor",
            fields=[
                ("user_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("entry", models.BigIntegerField(default=-1)),
            ],
            options={
                "default_permissions": (),
            },
        ),
    ]
