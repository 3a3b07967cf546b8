"""Which sessions are whose, so that a user can see and end them. Without addresses."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class OpenSession(models.Model):
    """A session of a user. One whose row in Django's own table is gone is over."""

    session_key = models.CharField(max_length=40, primary_key=True)
    # No constraint: a page that is still served notes its session while the account is deleted, and neither may fail.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_constraint=False, related_name="open_sessions"
    )
    begun_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField()
    # The browser's family alone, such as "Firefox": a whole agent string would tell devices apart for others too.
    browser = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return self.browser
