"""What the site keeps about accounts beside Django's own tables: open sessions, e-mail addresses, recovery codes,
what staff see of services' tokens.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models


class OpenSession(models.Model):
    """A session of a user, without the visitor's address. It has ended when its row in Django's own table is gone."""

    session_key = models.CharField(max_length=40, primary_key=True)
    # No constraint: a request may record its session while the account is being deleted, and neither may fail.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_constraint=False, related_name="open_sessions"
    )
    begun_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()
    # Only the browser's family, such as "Firefox": a whole agent string would identify devices.
    browser = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return self.browser


class EmailAddress(models.Model):
    """An address of a user: one that waits for its link (verified_at is null), and one that is verified.

    `User.email` holds the verified one, or one that staff entered. It is what everything else reads; this row makes the
    address unique, also when two confirm it at once.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="email_addresses")
    address = models.EmailField(max_length=254)
    #: In lower case.
    key = models.CharField(max_length=254)
    #: When the link was asked for. Part of the link's secret: asked for again, the older link is no longer valid.
    asked_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(verified_at__isnull=False), name="site_address_once"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(verified_at__isnull=False), name="site_verified_once"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(verified_at__isnull=True), name="site_waiting_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class AccountMail(models.Model):
    """A mail about an account that waits to be sent. It holds no link: links are made when it is sent.

    user: null for a request about an address that nobody has, which takes as long as one that somebody has.
    """

    kind = models.CharField(max_length=20)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    #: The receiver of a notice to an address that the user no longer has; otherwise "".
    address = models.EmailField(max_length=254, blank=True)
    language = models.CharField(max_length=16)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.kind


class AccountCode(models.Model):
    """A recovery code of an account, as a keyed hash. It sets a new password, once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="account_codes")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.pk)


class TokenNote(models.Model):
    """What is known of a service's token beside knox's row: how it ends, and when it was last used, to the minute.

    digest: knox's; no foreign key, since tokens are also deleted by SQL. Rows whose token is gone are tidied.
    """

    digest = models.CharField(max_length=128, primary_key=True)
    ending = models.CharField(max_length=8)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.ending
