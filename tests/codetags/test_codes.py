"""How a code is read out of a link, and which patterns codes may have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import override_settings

from codetags.errors import BadPattern, MalformedCode
from codetags.services.codes import is_code, parse_code, read_code, read_link, write_remembered
from codetags.services.patterns import check_pattern

#: Query and code; null: no parameter of ours; "": one without a code. landing.js is held to the same in tests/browser.
LINKS: list[tuple[str, str | None]] = json.loads((Path(__file__).parent / "spelled_links.json").read_text())


def read(query: str) -> str | None:
    try:
        return read_link(query.removeprefix("?"))
    except MalformedCode:
        return ""


class TestReadLink:
    @pytest.mark.parametrize(("query", "code"), LINKS, ids=[query for query, _ in LINKS])
    def test_as_people_spell_it(self, query: str, code: str | None) -> None:
        assert read(query) == code

    @override_settings(CODETAGS_PATTERN="[A-Z]{2}-?[0-9]*[-_]?")
    def test_what_the_pattern_allows_at_the_end_stays(self) -> None:
        assert [read(f"qr={text}") for text in ("ab-", "ab-1_", "ab-.", "AB-12?x")] == ["AB-", "AB-1_", "AB", "AB-12"]

    def test_of_values_the_first_that_has_a_code_counts(self) -> None:
        assert read_code(["x", " bbbb.", "CCCC"]) == "BBBB"
        with pytest.raises(MalformedCode):
            read_code([])

    def test_the_cookie_names_a_code_once(self) -> None:
        assert write_remembered(("AAAA", "BBBB"), "AAAA", "CCCC", "CCCC") == "BBBB.AAAA.CCCC"


#: What browsers and Python read alike; and what one of them reads, what has no code or no end, and small letters.
PATTERNS: dict[str, list[str]] = json.loads((Path(__file__).parent / "patterns.json").read_text())


class TestPattern:
    @pytest.mark.parametrize("pattern", PATTERNS["shared"])
    def test_what_browsers_read_alike_is_taken(self, pattern: str) -> None:
        check_pattern(pattern)

    @pytest.mark.parametrize("pattern", [*PATTERNS["refused"], "A" * 300])
    def test_all_else_is_refused_in_one_line(self, pattern: str) -> None:
        with pytest.raises(BadPattern) as refused:
            check_pattern(pattern)
        assert "\n" not in str(refused.value)

    @override_settings(CODETAGS_PATTERN=r"\d{4}")
    def test_digits_are_ascii(self) -> None:
        assert parse_code("1234") == "1234"
        assert not is_code("١٢٣٤")
