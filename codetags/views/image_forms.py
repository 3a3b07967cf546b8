"""The form of QR images, for the pages that offer them."""

from __future__ import annotations

from typing import Any

from codetags.forms import CodeImageForm
from codetags.views.links import Landing


def code_image_form(landings: tuple[Landing, ...], data: Any = None) -> CodeImageForm:
    """The form of QR images, with the languages in which the site has a landing page."""
    return CodeImageForm(data, languages=[(landing.language, landing.name) for landing in landings])
