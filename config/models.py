"""Sessions by user, so that users can see and end theirs. No addresses are stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class OpenSession(models.Model):
    """A session of a user. It has ended when its row in Django's own table is gone."""

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
