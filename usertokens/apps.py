"""The app's configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from usertokens.keys import OF_USERS


class UserTokensConfig(AppConfig):
    """Registers the system checks and the receivers of sign-ups, log-ins, deletions and migrations."""

    name = "usertokens"
    verbose_name = _("Users' activity and tokens")
    default_auto_field = "django.db.models.BigAutoField"
    kv_families = OF_USERS
    mail_kinds = "usertokens.services.own_mail_kinds.KINDS"
    event_types = "usertokens.services.event_types.TYPES"

    def ready(self) -> None:
        """Register the checks and the receivers."""
        from django.conf import settings
        from django.contrib.auth.signals import user_logged_in
        from django.db.models.signals import post_delete, post_migrate, post_save

        from kv.models import EventReceiver
        from usertokens import checks  # noqa: F401 (it registers them)
        from usertokens.services import listeners

        user = settings.AUTH_USER_MODEL
        user_logged_in.connect(listeners.on_logged_in, dispatch_uid="usertokens.login")
        post_save.connect(listeners.on_user_saved, sender=user, dispatch_uid="usertokens.sign_up")
        post_migrate.connect(listeners.on_migrated, sender=self, dispatch_uid="usertokens.migrated")
        post_delete.connect(listeners.on_user_deleted, sender=user, dispatch_uid="usertokens.deleted")
        for changed in (post_save, post_delete):
            changed.connect(
                listeners.on_receiver_changed, sender=EventReceiver, dispatch_uid="usertokens.receiver_changed"
            )
