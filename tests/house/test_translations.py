"""Every text of every part is there in every language, and says the same with the same placeholders."""

from __future__ import annotations

import re
from functools import cache
from gettext import translation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.apps import apps
from django.utils.translation import override, pgettext

from codetags.forms import ListForm
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


def _merged(language: str) -> dict[Any, dict[str, str]]:
    """What each text of any catalogue is in `language`, by the folder it stands in.

    Django merges all of them into one: its own, those of every installed app, the site's. The first app of
    INSTALLED_APPS wins over later ones and over Django's, the site's folder over all.
    """
    folders = [DJANGO / "conf", *(Path(app.path) for app in apps.get_app_configs()), ROOT]
    found: dict[Any, dict[str, str]] = {}
    for folder in dict.fromkeys(folders):
        if not (folder / "locale" / language).is_dir():
            continue
        catalogue: dict[Any, str] = vars(translation("django", folder / "locale", [language]))["_catalog"]
        for key, text in catalogue.items():
            if key:
                found.setdefault(key, {})[folder.name if folder.is_relative_to(ROOT) else str(folder)] = text
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_text_has_one_translation(language: str) -> None:
    """A text of ours that is another app's as well, with another meaning, takes a context.

    Two catalogues of other people's that differ are their affair, and so is an apostrophe that is no typographer's.
    """
    ours = {folder.parent.name for folder in catalogues()}
    collisions = {
        key: places
        for key, places in _merged(language).items()
        if ours & set(places) and len({str(text).replace("'", "’") for text in places.values()}) > 1
    }
    assert collisions == {}


@pytest.mark.parametrize(
    ("language", "since", "until", "origin"),
    [("fr", "Du", "Au", "Origine"), ("de", "Von", "Bis", "Herkunft"), ("es", "Desde", "Hasta", "Origen")],
)
def test_what_is_read_in_the_end(language: str, since: str, until: str, origin: str) -> None:
    """By Django's own look-up, all catalogues merged: the same English word in two places."""
    with override(language):
        labels = [str(ListForm().fields[name].label) for name in ("since", "until")]
        assert labels == [since, until]
        assert pgettext("origin of tokens", "From") == origin


def test_contexts_are_collected(tmp_path: Path) -> None:
    """Of templates and of Python: lazy, plural, and beside the same words without one."""
    (tmp_path / "one.html").write_text(
        "{% load i18n %}{% translate 'May' %}{% translate 'May' context 'month' %}"
        "{% translate 'May' context 'verb' as word %}"
        "{% blocktranslate context 'count' count n=3 %}one{% plural %}{{ n }} of them{% endblocktranslate %}"
        "{% blocktranslate trimmed context 'long' with a=b %}\n  May {{ a }}\n{% endblocktranslate %}"
    )
    (tmp_path / "two.py").write_text(
        "pgettext('python', 'May')\npgettext_lazy('lazy', 'May')\nnpgettext('plural', 'one', 'many', 2)\n"
        "npgettext_lazy('lazy plural', 'one', 'many', 2)\n"
    )
    found = {(message.context, message.id) for message in collect_messages([tmp_path], below=tmp_path) if message.id}
    assert found == {
        (None, "May"),
        ("month", "May"),
        ("verb", "May"),
        ("count", ("one", "%(n)s of them")),
        ("long", "May %(a)s"),
        ("python", "May"),
        ("lazy", "May"),
        ("plural", ("one", "many")),
        ("lazy plural", ("one", "many")),
    }
