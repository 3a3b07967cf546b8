"""What was made or existed once: so that nothing is made twice, and no code comes again by chance."""

from __future__ import annotations

from django.db import models

from codetags.services.patterns import LONGEST
from kv.sql.model_fields import MomentField


class FormerCode(models.Model):
    """A code that was in the registry and was deleted: it may still be printed. New codes leave it out."""

    code = models.CharField(max_length=LONGEST, primary_key=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.code


class MadeCodes(models.Model):
    """The codes of one call or form, so that it makes them once however often it is sent. Kept for seven days.

    key: a hash of the caller and the id that the caller gave. body: a hash of what was asked for.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=64, unique=True)
    body = models.CharField(max_length=64)
    codes = models.TextField()
    created_at = MomentField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.codes[:40]
