"""What the admin calls things, in each language: also those of packages that have no translations of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.utils import translation

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The same word in another language.
SAME = {
    "de": {"Code", "Host", "Name", "Status", "Tokens"},
    "fr": {"Code", "Service", "Status", "User Agent", "code", "codes", "e-mail", "e-mails", "type"},
    "es": {"Host", "Plan", "Status", "Tokens", "tokens"},
}


def names() -> Iterator[str]:
    """Of every group, list and column."""
    for model, shown in admin.site._registry.items():
        options: Any = model._meta
        yield from map(str, (options.verbose_name, options.verbose_name_plural, options.app_config.verbose_name))
        for column in shown.list_display:
            yield str(label_for_field(column, model, shown))


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_each_is_translated(language: str) -> None:
    with translation.override("en"):
        english = list(names())
    with translation.override(language):
        there = list(names())
    same = {name for name, other in zip(english, there, strict=True) if name == other and name.strip()}
    assert sorted(same - SAME[language]) == []
