"""What docs/translating.md says of words, as far as a machine can hold it: no second word for one thing."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Message

from config.messages import LANGUAGES, ROOT, catalogues, collect_messages
from tests.house.test_translations import _pairs, _texts

#: Variants that no text may have, and what stands in their place.
BANNED = {
    "en": {
        r"\bfingerprint\b": "keyed hash",
        r"\bsign(s|ed|ing)?[ -](in|out)\b": "log in, log out",
        r"\buser names?\b": "username",
        r"\bsmall letters?\b": "lower-case letters",
        r"\bwill stand\b": "will appear",
        r"\bdelete (the|your) account\b": "close account",
        r"^(make|write) (a|an|the)\b": "create, enter",
        r"\brevenue\b": "amount on payment codes",
        r"\brobots?\b": "bots",
        r"\bfollow(s|ed)? nobody\b|\bnobody followed\b": "track",
        r"\bmovements?\b": "transactions",
        r"\bthis is not right\b": "what is wrong",
        r"\bvery often in a short time\b": "too many attempts",
        r"\bto buy once\b": "top-up",
        r"\b(colors?|canceled|center|optimize[ds]?|organize[ds]?)\b": "British spelling",
    },
    "fr": {
        r"\bcondensats?\b|empreintes? à clé": "empreinte calculée avec une clé secrète",
        r"\bmagasin\b": "compteurs",
        r"^raisons?$|\bsa raison\b": "motif, finalité",
        r"\bil me faut\b": "créer un compte",
        r"\bjour le plus (haut|élevé)\b": "maximum",
        r"\brecettes\b": "montant des codes",
        r"\bréglages\b": "paramètres",
        r"\bmouvements?\b": "opérations",
    },
    "de": {
        r"\beigenen? leute\b": "Mitarbeitende",
        r"\bfreiwillig\b": "optional",
        r"\bannehmen\b(?<!nicht alles annehmen)": "akzeptieren",
        r"\bzeige alle\b|\bsichern$": "alle anzeigen, speichern",
        r"\bverschiedene (heute|in)\b": "Besucher (eindeutig)",
        r"\bverfolgt (werden|zu werden)|wird verfolgt\b|verfolgt niemanden(?! nach)": "nachverfolgen",
        r"\btreffer\b": "Aufruf",
        r"\bnachgesehen\b": "geprüft",
        r"\bvorlieben\b": "Einstellungen",
        r"\bgenaue zahlen\b": "zu groß",
        r"\bumsatz\b": "Betrag auf Zahlungscodes",
        r"\bbewegung(en)?\b": "Buchung",
        r"\bhash\b": "Hashwert",
    },
    "es": {
        r"\bresumen calculad|\bhash\b": "huella calculada con una clave",
        r"\bperiodos?\b": "período",
        r"\brobots?\b": "bot",
        r"\bvuelva a cargar\b": "recargue",
        r"(?<!estado de )\bánimo\b": "estado de ánimo",
        r"\bllamadas\b": "peticiones",
        r"\bel pago es conocido\b": "hemos recibido su pago",
        r"\bingresos\b": "importe de los códigos",
        r"\balmacén\b": "contadores",
    },
}


#: Of payment codes nobody knows whether they were paid. What Stripe took in is revenue.
REVENUE = {r"\brevenue\b", r"\bumsatz\b", r"\bingresos\b"}


def _sources(*, billing: bool) -> list[Message]:
    places = [locale for locale in catalogues() if (locale.parent.name == "billing") == billing]
    return [message for locale in places for message in collect_messages(catalogues()[locale]) if message.id]


def _found(language: str, texts: list[str], *, billing: bool) -> list[str]:
    return [
        f"{text!r}: {instead}"
        for text in texts
        for pattern, instead in BANNED[language].items()
        if not (billing and pattern in REVENUE) and re.search(pattern, text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("billing", [False, True])
def test_english_has_one_word_for_one_thing(billing: bool) -> None:
    texts = [text for message in _sources(billing=billing) for text in _texts(message.id)]
    assert _found("en", texts, billing=billing) == []


@pytest.mark.parametrize("billing", [False, True])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_one_word_for_one_thing(language: str, billing: bool) -> None:
    texts = [
        text
        for locale in catalogues()
        if (locale.parent.name == "billing") == billing
        for _, entry in _pairs(locale, language)
        for text in (_texts(entry.string) if entry else ())
    ]
    assert _found(language, texts, billing=billing) == []


def test_the_plural_of_token_in_german() -> None:
    """One token, many tokens; in a compound without an s."""
    plural = re.compile(r"(?<!ein )(?<!pro )(?<!^Zugangs-)\bToken\b(?!-)")  # the name of one service token
    texts = [
        text
        for locale in catalogues()
        for _, entry in _pairs(locale, "de")
        for text in (_texts(entry.string)[bool(entry.pluralizable) :] if entry else ())  # the first form is of one
    ]
    assert [text for text in texts if plural.search(text)] == []


def test_every_banned_word_is_one() -> None:
    """Each pattern is of a language of the glossary, and the glossary says what to write for it."""
    assert set(BANNED) == {"en", *LANGUAGES}
    assert (ROOT / "docs" / "translating.md").exists()
