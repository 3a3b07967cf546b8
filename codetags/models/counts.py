"""The daily counts that are copied to SQL, and the permission to see counts."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from codetags.services.patterns import LONGEST
from kv.sql.managers import TablelessManager


class DailyHits(models.Model):
    """Hits of one code on one day, copied by the roll-up. 1970-01-01: imported hits without a date."""

    code = models.CharField(max_length=LONGEST)
    date = models.DateField()
    count = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["code", "date"], name="codetags_one_row_a_day")]
        # A query for a range of days reads only this index.
        indexes = [models.Index(fields=["date", "code", "count"], name="codetags_range")]

    def __str__(self) -> str:
        return f"{self.code} {self.date}: {self.count}"


class CopiedHits(models.Model):
    """The hits of one code that DailyHits covers: the store's total when it was last copied, and its last day's."""

    code = models.CharField(max_length=LONGEST, primary_key=True)
    hits = models.BigIntegerField()
    last = models.DateField()
    last_hits = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.hits}"


class DailyBreakdown(models.Model):
    """What the hits of one code on one day are made up of, copied by the roll-up. fields: JSON, as in the store."""

    code = models.CharField(max_length=LONGEST)
    date = models.DateField()
    fields = models.TextField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["code", "date"], name="codetags_one_breakdown_a_day")]
        # Those that are old enough to leave the store.
        indexes = [models.Index(fields=["date", "code"], name="codetags_breakdown_age")]

    def __str__(self) -> str:
        return f"{self.code} {self.date}"


class CodeCount(models.Model):
    """No table: it only carries the permission to see the counts, and their entry in the admin."""

    objects = TablelessManager()

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_counts", "Can see the counts of campaign codes")]
        verbose_name = _("count of a campaign code")
        verbose_name_plural = _("Campaign codes: counts")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
