"""The registry of codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.dispatch import Signal
from django.utils.translation import gettext_lazy as _

from codetags.errors import BadAlias, CodeIsFixed, MalformedCode
from codetags.models.campaigns import Campaign
from codetags.services.codes import parse_code
from codetags.services.patterns import LONGEST
from kv.sql.model_fields import MomentField
from kv.times import utc_now
from kv.web.text_fields import clean_entry

#: Sent when many rows are added or changed at once, which sends no post_save. Arguments: codes, using.
codes_changed = Signal()


def looks_like_a_code(text: str) -> None:
    """Refuse text that is not a code. Raises Django's ValidationError."""
    try:
        parse_code(text)
    except MalformedCode as error:
        raise ValidationError(
            _("This is not a code: by default four letters or digits, such as BT26."), code="malformed"
        ) from error


def code_with_label(code: str, label: str) -> str:
    """How the admin and its log name a code of the registry."""
    return f"{code} · {label}"


class CodeTagQuerySet(models.QuerySet["CodeTag"]):
    """Changes of many codes at once: the codes themselves stay, and the changes are mirrored to the store."""

    def update(self, **values: Any) -> int:
        """Change the rows, but not their codes, and do not make them aliases. Raises CodeIsFixed or BadAlias."""
        if "code" in values:
            raise CodeIsFixed
        # An alias is checked when it is saved alone; several at once could count for each other.
        if any(values.get(name) is not None for name in ("counts_for", "counts_for_id")):
            raise BadAlias(str(_("Choose a code that counts for itself.")))
        values.setdefault("updated_at", utc_now())
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
    """A planned code, for example on a poster, with a label and optional dates.

    An existing code can't be changed, since it is printed. counts_for: another code that its hits count for; then the
    dates of that one apply.
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
    campaign = models.ForeignKey(
        Campaign,
        # A campaign with codes can't be deleted: what it cost and brought would be gone by a slip.
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        # The index below begins with it.
        db_index=False,
        related_name="codes",
        verbose_name=_("campaign"),
        help_text=_("What the code is part of. Its hits, also the earlier ones, count for the campaign chosen here."),
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
    created_at = MomentField(_("created at"), auto_now_add=True)
    updated_at = MomentField(_("changed at"), auto_now=True, db_index=True)

    objects = CodeTagQuerySet.as_manager()

    class Meta:
        ordering = ("code",)
        indexes = [
            # Of the admin's list: its dates.
            models.Index(fields=["created_at"], name="codetags_by_time"),
            # The codes of a campaign are read from it alone.
            models.Index(fields=["campaign", "code"], name="codetags_by_campaign"),
        ]
        verbose_name = _("code")
        verbose_name_plural = _("registry of codes")

    def __str__(self) -> str:
        return code_with_label(self.code, self.label)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with the code in upper case. Raises CodeIsFixed or BadAlias."""
        self.code = self.code.upper()
        if self._was_renamed():
            raise CodeIsFixed
        if problem := self.alias_problem():
            raise BadAlias(problem)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Clean the texts; check that the code is unchanged, the dates are in order, and no alias counts for an alias.

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
            if not getattr(self, name):  # which the field itself has refused, or a form with something better to say
                continue
            field: Any = self._meta.get_field(name)
            try:
                # Check the field again: cleaning can make a text shorter or longer.
                text = clean_entry(getattr(self, name), lines=name == "note")
                setattr(self, name, field.clean(text, self))
            except ValidationError as error:
                raise ValidationError({name: error}) from error

    def _was_renamed(self) -> bool:
        known = type(self).objects.filter(pk=self.pk).values_list("code", flat=True).first()
        return known is not None and known != self.code

    def alias_problem(self) -> str:
        """Why this code can't count for `counts_for`; "" when it can, or has none."""
        if self.counts_for is None:
            return ""
        if self.counts_for.pk == self.pk or self.counts_for.counts_for_id is not None:
            return str(_("Choose a code that counts for itself."))
        if not self._state.adding and self.aliases.exists():
            return str(_("Other codes count for this one."))
        return ""
