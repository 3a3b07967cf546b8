"""Every text of every part is there in every language, and says the same with the same placeholders."""

from __future__ import annotations

import re
from functools import cache
from gettext import translation
from pathlib import Path
from typing import TYPE_CHECKING

import django
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from config.messages import LANGUAGES, ROOT, catalogues, collect_messages

if TYPE_CHECKING:
    from babel.messages.catalog import Message

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]+>")
# What a printer of the language would not let pass.
UNTYPOGRAPHIC = {
    "fr": re.compile(r"(?<![\u202f\u00a0])[;:?!»](?=\s|$)|«(?![\u202f\u00a0])|['\"]"),
    "de": re.compile(r"[\"“](?=\w)|'"),
    "es": re.compile(r"^[^¿]*\?|^[^¡]*!|['\"]"),
}
DJANGO = Path(django.__file__).parent
PARTS = [(locale, language) for locale in catalogues() for language in LANGUAGES]
NAMES = [f"{locale.relative_to(ROOT)}-{language}" for locale, language in PARTS]


@cache
def _template(locale: Path) -> Catalog:
    return collect_messages(catalogues()[locale])


@cache
def _translated(locale: Path, language: str) -> Catalog:
    path = locale / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return Catalog()  # then every text is untranslated, which one test says
    with path.open("rb") as text:
        return read_po(text, locale=language)


def _texts(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _pairs(locale: Path, language: str) -> list[tuple[Message, Message | None]]:
    """Each text in the code beside its entry in the catalogue."""
    template = _template(locale)
    if not len(template):
        return []
    catalog = _translated(locale, language)
    return [(message, catalog.get(message.id, message.context)) for message in template if message.id]


@pytest.mark.parametrize(("locale", "language"), PARTS, ids=NAMES)
class TestCatalogue:
    def test_every_text_is_translated(self, locale: Path, language: str) -> None:
        missing = [
            source.id
            for source, entry in _pairs(locale, language)
            if entry is None or not _texts(entry.string) or not all(_texts(entry.string)) or entry.fuzzy
        ]
        assert missing == []

    def test_placeholders_and_markup_stay(self, locale: Path, language: str) -> None:
        # A plural form may leave the number out ("one visitor") if one form of the original does.
        changed = [
            text
            for source, entry in _pairs(locale, language)
            for text in (_texts(entry.string) if entry else ())
            if sorted(PLACEHOLDER.findall(text)) not in [sorted(PLACEHOLDER.findall(one)) for one in _texts(source.id)]
        ]
        assert changed == []

    def test_spaces_at_the_ends_stay(self, locale: Path, language: str) -> None:
        changed = [
            text
            for source, entry in _pairs(locale, language)
            for text in (_texts(entry.string) if entry else ())
            if (text[:1].isspace(), text[-1:].isspace())
            != (_texts(source.id)[0][:1].isspace(), _texts(source.id)[0][-1:].isspace())
        ]
        assert changed == []

    def test_nothing_is_left_over(self, locale: Path, language: str) -> None:
        template = _template(locale)
        if not len(template):
            assert not (locale / language).exists()
            return
        catalog = _translated(locale, language)
        assert [entry.id for entry in catalog if entry.id and template.get(entry.id, entry.context) is None] == []
        assert list(catalog.obsolete) == []

    def test_typography_is_the_languages_own(self, locale: Path, language: str) -> None:
        texts = [text for _, entry in _pairs(locale, language) for text in (_texts(entry.string) if entry else ())]
        assert [text for text in texts if UNTYPOGRAPHIC[language].search(PLACEHOLDER.sub("x", text))] == []

    def test_an_app_does_not_reword_djangos_own_texts(self, locale: Path, language: str) -> None:
        """All catalogues are merged into one: "Change" for a column of ours would rename the admin's link as well.

        Such a text takes a context. The site's own catalogue may reword: there it is meant.
        """
        if locale == ROOT / "locale":
            return
        reworded = []
        for source, entry in _pairs(locale, language):
            for folder in ("conf", "contrib/admin", "contrib/auth"):
                known = translation("django", DJANGO / folder / "locale", [language])
                if source.context is None and entry and isinstance(source.id, str):
                    theirs = known.gettext(source.id)
                    reworded += [source.id] if theirs not in (source.id, entry.string) else []
        assert reworded == []
