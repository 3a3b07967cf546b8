from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [
        (label_of("billing"), "0003_list_indexes"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="stripeevent", name="billing_by_object"),
        migrations.AddIndex(
            model_name="stripeevent",
            index=models.Index(fields=["object_id"], name="billing_by_object", opclasses=["varchar_pattern_ops"]),
        ),
    ]
