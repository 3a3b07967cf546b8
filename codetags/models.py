"""Relational truth of the app: the registry of codes, and the daily counts as SQL keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.dispatch import Signal
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from codetags.errors import BadAlias, CodeIsFixed, MalformedCode
from codetags.services.codes import parse_code
from codetags.services.patterns import LONGEST
from kv.web.text_fields import clean_entry

#: Rows were added or changed many at once, which sends no post_save. Arguments: codes, using.
codes_changed = Signal()


def looks_like_a_code(text: str) -> None:
    """Refuse what no visitor's link could carry. Raises Django's ValidationError."""
    try:
        parse_code(text)
    except MalformedCode as error:
        raise ValidationError(
            _("This is not a code: by default four letters or digits, such as BT26."), code="malformed"
        ) from error


class CodeTagQuerySet(models.QuerySet["CodeTag"]):
    """Changes of many codes at once: they change no code itself, and the store hears of them as of any other."""

    def update(self, **values: Any) -> int:
        """Change the rows, but not their codes, nor what they count for to another. Raises CodeIsFixed or BadAlias."""
        if "code" in values:
            raise CodeIsFixed
        # Each alias is looked at when it is saved; many at once could count for each other.
        if any(values.get(name) is not None for name in ("counts_for", "counts_for_id")):
            raise BadAlias(str(_("Choose a code that counts for itself.")))
        values.setdefault("updated_at", timezone.now())
        codes = list(self.values_list("code", flat=True))
        changed = super().update(**values)
        codes_changed.send(self.model, codes=codes, using=self.db)
        return changed

    def bulk_create(self, objs: Iterable[CodeTag], *args: Any, **kwargs: Any) -> list[CodeTag]:
        """Add the rows, their codes in capitals. Raises BadAlias."""
        objs = list(objs)
        for tag in objs:
            tag.code = tag.code.upper()
            if problem := tag.alias_problem():
                raise BadAlias(problem)
        created = super().bulk_create(objs, *args, **kwargs)
        codes_changed.send(self.model, codes=[tag.code for tag in created], using=self.db)
        return created


class CodeTag(models.Model):
    """A code that somebody has planned: printed on a poster, with a name and, if wanted, dates.

    A code that exists keeps its name, since posters carry it. counts_for: another code that its hits count for; the
    dates are that one's then.
    """

    code = models.CharField(
        _("code"),
        max_length=LONGEST,
        unique=True,
        validators=[looks_like_a_code],
        help_text=_("As in qr=BT26. Lower-case letters become capitals."),
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
    counts_for = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="aliases",
        limit_choices_to={"counts_for": None},
        verbose_name=_("counts for"),
        help_text=_("A second code of the same campaign: from now on its hits count for the code chosen here."),
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

    objects = CodeTagQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        verbose_name = _("code")
        verbose_name_plural = _("registry of codes")

    def __str__(self) -> str:
        return f"{self.code} · {self.label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Codes are kept in capitals, however they came. Raises CodeIsFixed or BadAlias."""
        self.code = self.code.upper()
        if self._was_renamed():
            raise CodeIsFixed
        if problem := self.alias_problem():
            raise BadAlias(problem)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Texts without what nobody sees, the code as it was, the dates in order, no alias of an alias.

        Raises Django's ValidationError.
        """
        self.code = self.code.upper()
        self._clean_texts()
        if self._was_renamed():
            raise ValidationError({"code": _("A code that exists can’t be changed. Add another that counts for it.")})
        if self.start and self.end and self.end < self.start:
            raise ValidationError({"end": _("The last day is before the first.")})
        if problem := self.alias_problem():
            raise ValidationError({"counts_for": problem})

    def _clean_texts(self) -> None:
        for name in ("label", "note"):
            field: Any = self._meta.get_field(name)
            try:
                # The field's own checks again: a text can get shorter, and longer too.
                text = clean_entry(getattr(self, name), lines=name == "note")
                setattr(self, name, field.clean(text, self))
            except ValidationError as error:
                raise ValidationError({name: error}) from error

    def _was_renamed(self) -> bool:
        known = type(self).objects.filter(pk=self.pk).values_list("code", flat=True).first()
        return known is not None and known != self.code

    def alias_problem(self) -> str:
        """Why this code can't count for that one; "" when it can, or counts for itself."""
        if self.counts_for is None:
            return ""
        if self.counts_for.pk == self.pk or self.counts_for.counts_for_id is not None:
            return str(_("Choose a code that counts for itself."))
        if not self._state.adding and self.aliases.exists():
            return str(_("Other codes count for this one."))
        return ""


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
