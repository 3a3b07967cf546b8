"""Where a code hangs: the placements that the registry knows by a label."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from codetags.services.patterns import is_placement
from kv.web.text_fields import clean_entry


def looks_like_a_placement(text: str) -> None:
    """Refuse text that is no placement. Raises Django's ValidationError."""
    if not is_placement(text.lower()):
        raise ValidationError(
            _("This is not a placement: 1 to 32 letters, digits and hyphens, such as tram-12."), code="malformed"
        )


class Placement(models.Model):
    """A planned place of a code. It is counted by name whatever the number of others. An existing name stays."""

    code = models.ForeignKey("CodeTag", on_delete=models.CASCADE, related_name="placements", verbose_name=_("code"))
    name = models.CharField(
        _("placement"),
        max_length=32,
        validators=[looks_like_a_placement],
        help_text=_("As in at=tram-12. Capitals become lower-case letters."),
    )
    label = models.CharField(
        _("label"), max_length=120, blank=True, help_text=_("What the placement stands for, such as a stop.")
    )

    class Meta:
        # Whoever may change a code may change its placements.
        default_permissions = ()
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["code", "name"], name="codetags_one_placement_a_name")]
        verbose_name = _("placement")
        verbose_name_plural = _("placements")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, with the name in lower case."""
        self.name = self.name.lower()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Clean the texts; check that the name is unchanged, since it is printed. Raises Django's ValidationError."""
        self.name = self.name.lower()
        self.label = clean_entry(self.label)
        known = type(self).objects.filter(pk=self.pk).values_list("name", flat=True).first()
        if known is not None and known != self.name:
            raise ValidationError({"name": _("A placement that exists can’t be renamed. Add another one.")})
