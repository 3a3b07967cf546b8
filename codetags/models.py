"""Relational truth of the app: the registry of codes, and the daily counts as SQL keeps them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from codetags.errors import MalformedCode
from codetags.services.codes import LONGEST, parse_code


def looks_like_a_code(text: str) -> None:
    """Refuse what no visitor's link could carry. Raises Django's ValidationError."""
    try:
        parse_code(text)
    except MalformedCode as error:
        raise ValidationError(
            _("This is not a code: by default four letters or digits, such as BT26."), code="malformed"
        ) from error


class CodeTag(models.Model):
    """A code that somebody has planned: printed on a poster, with a name and, if wanted, dates."""

    code = models.CharField(
        _("code"),
        max_length=LONGEST,
        unique=True,
        validators=[looks_like_a_code],
        help_text=_("As in qr=BT26. Small letters become capitals."),
    )
    label = models.CharField(_("label"), max_length=120, help_text=_("What the code stands for, such as a poster."))
    note = models.TextField(_("note"), blank=True)
    start = models.DateField(
        _("counted from"), null=True, blank=True, help_text=_("Hits before this day are counted apart.")
    )
    end = models.DateField(
        _("counted until"), null=True, blank=True, help_text=_("Hits after this day are counted apart.")
    )
    archived = models.BooleanField(
        _("archived"), default=False, help_text=_("No longer in use; its hits are counted apart.")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("created by"),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed at"), auto_now=True, db_index=True)

    class Meta:
        ordering = ("code",)
        verbose_name = _("code")
        verbose_name_plural = _("registry of codes")

    def __str__(self) -> str:
        return f"{self.code} · {self.label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Codes are kept in capitals, however they came."""
        self.code = self.code.upper()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """The code in capitals, the dates in order. Raises Django's ValidationError."""
        self.code = self.code.upper()
        if self.start and self.end and self.end < self.start:
            raise ValidationError({"end": _("The last day is before the first.")})


class DailyHits(models.Model):
    """Hits of one code on one day, as the roll-up copied them. 1970-01-01 stands for hits taken over without a date."""

    code = models.CharField(max_length=LONGEST)
    date = models.DateField()
    count = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["code", "date"], name="codetags_one_row_a_day")]
        # A range of days is answered from the index alone.
        indexes = [models.Index(fields=["date", "code", "count"], name="codetags_range")]

    def __str__(self) -> str:
        return f"{self.code} {self.date}: {self.count}"


class CodeCount(models.Model):
    """No table: the holder of the permission to see the counts, and of their page's place in the admin."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_counts", "Can see the counts of campaign codes")]
        verbose_name = _("count of a campaign code")
        verbose_name_plural = _("Campaign codes: counts")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
