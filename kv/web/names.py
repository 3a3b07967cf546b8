"""Names of languages and countries in the active language: Babel's (CLDR), or Django's own where Babel is missing."""

from __future__ import annotations

from django.utils.translation import get_language, get_language_info

from kv.web.formats import active_locale


def language_name(code: str) -> str:
    """The name of a language by its ISO 639 code; the code itself where no name is known."""
    locale = active_locale(get_language())
    if locale and code in locale.languages:
        name = str(locale.languages[code])
    else:
        try:
            name = str(get_language_info(code)["name_translated"])
        except KeyError:
            return code
    return name[:1].upper() + name[1:]


def country_name(code: str) -> str:
    """The name of a country by its ISO 3166 code; the code itself where no name is known."""
    locale = active_locale(get_language())
    return str(locale.territories.get(code, code)) if locale else code
