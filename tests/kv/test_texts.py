"""Texts hold nothing that nobody sees."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from kv.rest.fields import TextField
from kv.web.texts import NothingVisible, UnreadableText, clean_text, is_visible


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain", "plain"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("a\u200bb\u202ec\ufeff\u00ad\u2066d", "abcd"),
        ("a\u200db", "ab"),
        ("ㅤx\u3164\u2800", "ㅤx".replace("\u3164", "")),
        ("نامه\u200cای", "نامه\u200cای"),
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"),
        ("\u200dनमस्ते\u200d", "नमस्ते"),
        ("\U0001fae8", "\U0001fae8"),
        ("Łódź Ελλάδα Київ 山川", "Łódź Ελλάδα Київ 山川"),
    ],
)
def test_what_is_kept(text: str, kept: str) -> None:
    assert clean_text(text) == kept


@pytest.mark.parametrize(
    "text",
    ["a\x00", "a\x07b", "a\nb", "a\tb", "\ufffd", "a\u0378", "\ue000", "\uffff", "\U0001ffff", "a\u2028b"],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UnreadableText):
        clean_text(f"ok {text}")


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u00a0\u200b", "\u3164", "\u0301", "\u200d", "\u2800\u2800"])
def test_something_can_be_seen(text: str) -> None:
    with pytest.raises(NothingVisible):
        clean_text(text)
    assert not any(map(is_visible, clean_text(text, blank=True)))


def test_lines_where_they_may_be() -> None:
    assert clean_text("a\n\tb\r\né", lines=True) == "a\n\tb\r\né"
    with pytest.raises(UnreadableText):
        clean_text("a\x0bb", lines=True)


def test_no_joiners_where_banks_read() -> None:
    assert clean_text("نامه\u200cای", joiners=False) == "نامهای"


@pytest.mark.parametrize(("sent", "kept"), [("e\u0301\u200b ", "é"), ("a\u202eb", "ab")])
def test_the_api_s_texts_are_cleaned(sent: str, kept: str) -> None:
    assert TextField().run_validation(sent) == kept
    assert TextField(is_id=True, trim_whitespace=False).run_validation(sent) == sent


@pytest.mark.parametrize("sent", ["\u200b", "a\x07", "a\ufffd", "a\nb", "\u0378"])
def test_the_api_refuses_what_can_not_be_read(sent: str) -> None:
    with pytest.raises(ValidationError):
        TextField().run_validation(sent)


@given(st.text(), st.booleans(), st.booleans())
def test_is_in_its_one_form(text: str, lines: bool, joiners: bool) -> None:
    try:
        kept = clean_text(text, lines=lines, joiners=joiners)
    except (UnreadableText, NothingVisible):
        return
    assert clean_text(kept, lines=lines, joiners=joiners) == kept
    assert unicodedata.is_normalized("NFC", kept)
    assert any(map(is_visible, kept))
