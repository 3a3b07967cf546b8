"""Mails whose HTML is valid: every kind in four languages, by the W3C's checker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.flows.test_valid_html import errors_in
from tests.outside import package
from tests.usertokens.mailing import SITE
from tests.usertokens.test_letters import CASES, LANGUAGES, SAMPLES, unsent
from usertokens.services.mail_texts import make_message

if TYPE_CHECKING:
    from pathlib import Path


def test_every_mail_is_valid(tmp_path: Path, settings: Any) -> None:
    package("vnu-jar")
    settings.SITE_URL = SITE
    for kind, number in CASES:
        for language in LANGUAGES:
            message = make_message(unsent(kind, language), SAMPLES[kind][number], "ada@example.net")
            (tmp_path / f"{kind}-{number}-{language}.html").write_text(str(message.alternatives[0][0]))
    assert errors_in(tmp_path) == []
