"""Campaigns: what several codes are made for."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kv.store.numbers import LARGEST_WHOLE
from kv.web.text_fields import clean_entry

LONGEST_NAME = 120


def name_key(name: str) -> str:
    """A name as names are compared: in any case of its letters, and in either encoding of an accent."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class Campaign(models.Model):
    """What several codes are made for, such as a fair: its dates and its cost, for the reader.

    Its dates stop no counting: those of a code do. key: the name as it is compared. cost_cents: EUR cents, None for a
    cost that nobody has entered.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(pgettext_lazy("campaign", "name"), max_length=LONGEST_NAME)
    # Some letters become up to three when their case is dropped.
    key = models.CharField(max_length=3 * LONGEST_NAME, unique=True, editable=False)
    start = models.DateField(_("first day"), null=True, blank=True)
    end = models.DateField(
        _("last day"), null=True, blank=True, help_text=_("For the reader: each code is counted by its own dates.")
    )
    note = models.TextField(_("note"), blank=True)
    cost_cents = models.BigIntegerField(
        _("cost (cents)"), null=True, blank=True, validators=[MinValueValidator(0), MaxValueValidator(LARGEST_WHOLE)]
    )

    class Meta:
        ordering = ("key",)
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with the key of the name."""
        self.key = name_key(self.name)
        if (fields := kwargs.get("update_fields")) is not None and "name" in fields:
            kwargs["update_fields"] = {*fields, "key"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Clean the texts; check that no other campaign has the name, and the days are in order.

        Raises Django's ValidationError.
        """
        for name in ("name", "note"):
            if not getattr(self, name):  # which the field itself has refused, or a form with something better to say
                continue
            field: Any = self._meta.get_field(name)
            try:
                # Check the field again: cleaning can make a text shorter or longer.
                setattr(self, name, field.clean(clean_entry(getattr(self, name), lines=name == "note"), self))
            except ValidationError as error:
                raise ValidationError({name: error}) from error
        if Campaign.objects.filter(key=name_key(self.name)).exclude(pk=self.pk).exists():
            raise ValidationError({"name": _("There is a campaign of this name.")})
        if self.start and self.end and self.end < self.start:
            raise ValidationError({"end": _("The last day is before the first.")})
