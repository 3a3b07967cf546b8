"""The outbox of mails, and which of them each user gets, in which language."""

from django.db import migrations, models

from kv.labels import label_of


class Migration(migrations.Migration):
    dependencies = [(label_of("usertokens"), "0002_database_id")]

    operations = [
        migrations.CreateModel(
            name="MailLanguage",
            fields=[
                ("user_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("language", models.CharField(max_length=20)),
                ("is_chosen", models.BooleanField(default=False)),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="MailChoice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("user_id", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=30)),
                ("is_on", models.BooleanField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["kind", "is_on"], name="usertokens_choice_kind")],
                "constraints": [models.UniqueConstraint(fields=("user_id", "kind"), name="usertokens_choice_once")],
            },
        ),
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("user_id", models.CharField(db_index=True, max_length=64, verbose_name="user")),
                ("kind", models.CharField(max_length=30, verbose_name="kind")),
                ("key", models.CharField(max_length=255, verbose_name="event")),
                ("data", models.JSONField(default=dict)),
                ("language", models.CharField(max_length=20, verbose_name="language")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("skipped", "not sent"),
                            ("failed", "failed"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("note", models.CharField(blank=True, max_length=60, verbose_name="what went wrong")),
                ("created_at", models.DateTimeField(verbose_name="made at")),
                ("due_at", models.DateTimeField(verbose_name="due at")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent at")),
            ],
            options={
                "verbose_name": "e-mail",
                "verbose_name_plural": "e-mails",
                "ordering": ("-created_at", "-id"),
                "permissions": [("retry_mail", "Can send failed mails again")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["state", "due_at", "id"], name="usertokens_mail_due"),
                    models.Index(fields=["created_at", "id"], name="usertokens_mail_time"),
                    models.Index(fields=["state", "created_at", "id"], name="usertokens_mail_state"),
                    models.Index(fields=["kind", "created_at", "id"], name="usertokens_mail_kind"),
                ],
                "constraints": [models.UniqueConstraint(fields=("kind", "key"), name="usertokens_mail_once")],
            },
        ),
    ]
