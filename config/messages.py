"""Collects the texts to translate: `make messages` for all, `python -m config.messages stats` for one app.

`pybabel compile` compiles them (Makefile), and hatch_build.py does so for a wheel.

Babel collects, as a machine may have no xgettext; Django's own lexer turns templates into what Babel can read. The
site's texts go to locale/, each app's to its own locale/, so that an app that is used alone has its languages.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.frontend import parse_keywords
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from babel.messages.extract import _ExtractionResult, _PyOptions

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("fr", "de", "es")
METHODS = [
    ("**.py", "python"),
    ("**.html", "config.messages:extract_template"),
    ("**.txt", "config.messages:extract_template"),
]
# Babel knows Python's own names; these are Django's.
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    **parse_keywords(
        ["gettext_lazy", "gettext_noop", "ngettext_lazy:1,2", "pgettext_lazy:1c,2", "npgettext_lazy:1c,2,3"]
    ),
}
# Headers that change on every run, or that Babel fills with placeholders.
NOISE = (
    b'"POT-Creation-Date:',
    b'"PO-Revision-Date:',
    b'"Generated-By:',
    b'"Project-Id-Version:',
    b'"Report-Msgid-Bugs-To:',
    b'"Last-Translator:',
    b'"Language-Team:',
)


def extract_template(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: _PyOptions
) -> Iterator[_ExtractionResult]:
    """Yield the texts of one Django template, as Babel's extractor for Python does.

    Django's lexer returns calls of gettext among filler. Lines are stripped: their indentation would not parse.
    """
    lines = templatize(fileobj.read().decode()).splitlines()
    yield from extract_python(
        io.BytesIO("\n".join(line.strip() for line in lines).encode()), keywords, comment_tags, options
    )


def catalogues() -> dict[Path, tuple[Path, ...]]:
    """Map each locale directory to the directories whose texts it holds: one of each app, one of the site."""
    apps = sorted(path.parent for path in ROOT.glob("*/apps.py") if path.parent.name != "config")
    return {
        ROOT / "locale": (ROOT / "config", ROOT / "templates"),
        **{app / "locale": (app,) for app in apps},
    }


def collect_messages(folders: Iterable[Path], *, below: Path = ROOT) -> Catalog:
    """Every text marked for translation in the folders, with the files that hold it, relative to `below`."""
    catalog = Catalog(charset="utf-8")
    for folder in folders:
        for name, _line, message, comments, context in extract_from_dir(
            str(folder), METHODS, keywords=KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
        ):
            place = (folder / name).relative_to(below).as_posix()
            catalog.add(message, locations=[(place, 1)], auto_comments=comments, context=context)
    return catalog


def update_catalogue(path: Path, language: str, template: Catalog) -> bool:
    """Update one .po file: translations stay, texts that are gone are removed. Return whether the file changed."""
    before = path.read_bytes() if path.exists() else b""
    catalog = (
        read_po(io.BytesIO(before), locale=language)
        if before
        else Catalog(locale=Locale.parse(language), charset="utf-8")
    )
    catalog.header_comment = ""
    catalog.fuzzy = False
    # No fuzzy matching: an untranslated text fails the tests, a wrong guess would not.
    catalog.update(template, no_fuzzy_matching=True)
    text = io.BytesIO()
    write_po(text, catalog, width=120, ignore_obsolete=True, sort_output=True, include_lineno=False)
    lines = text.getvalue().lstrip().splitlines(keepends=True)
    after = b"".join(line for line in lines if not line.startswith(NOISE))
    if after == before:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(after)
    return True


def update_all(parts: Collection[str] = ()) -> list[Path]:
    """Update the catalogues and return the files that changed. An app without a text gets no catalogue.

    parts: names of apps, or `site` for the texts of no app; empty for all.
    """
    changed = []
    for locale, folders in catalogues().items():
        name = "site" if locale.parent == ROOT else locale.parent.name
        template = collect_messages(folders) if not parts or name in parts else Catalog()
        for language in LANGUAGES if len(template) else ():
            path = locale / language / "LC_MESSAGES" / "django.po"
            if update_catalogue(path, language, template):
                changed.append(path)
    return changed


if __name__ == "__main__":
    for path in update_all(sys.argv[1:]):
        sys.stdout.write(f"updated {path.relative_to(ROOT)}\n")
