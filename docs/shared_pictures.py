"""Draws the icons of phones and the pictures of shared links into static/site/: part of `make pictures`.

Both come from static/site/favicon.svg and from the catalogues, so a new language needs no drawing.
"""

from __future__ import annotations

import gettext
import io
import re
from html import escape
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "static/site"
LANGUAGES = ("en", "fr", "de", "es")
SENTENCE = "Visitors, payment codes and tokens, counted once."
GREEN, PAPER, INK = "#0b5a45", "#fbf8f1", "#1e1b16"
SERIF = "'Iowan Old Style','Palatino Linotype',Palatino,P052,'Liberation Serif',serif"


def draw_all(browser: Browser) -> None:
    """Icons at 180, 192 and 512 pixels, one that any mask may cut, and a picture for each language."""
    # A phone rounds the corners itself: only browsers show the icon as it is.
    for size, corner in ((180, 0), (192, 6), (512, 6)):
        _draw(browser, f"icon-{size}", _icon(corner=corner), size, size)
    _draw(browser, "icon-maskable", _icon(corner=0, inset=4), 512, 512)
    for language in LANGUAGES:
        _draw(browser, f"shared-{language}", _card(language), 1200, 630)


def _icon(*, corner: int, inset: int = 0) -> str:
    """The favicon, its ground with other corners, its lines `inset` of 32 units further from the edge.

    A mask leaves at least the middle 80 % (https://www.w3.org/TR/appmanifest/#icon-masks).
    """
    drawing = re.sub(r'rx="\d+"', f'rx="{corner}"', (SITE / "favicon.svg").read_text())
    lines = _lines()
    scale = (32 - 2 * inset) / 32
    moved = f'<g transform="translate({inset} {inset}) scale({scale})">{lines}</g>'
    return drawing.replace(lines, moved).replace("<svg ", '<svg style="display:block;width:100vw;height:100vh" ')


def _lines() -> str:
    (lines,) = re.findall(r"<path.*/>", (SITE / "favicon.svg").read_text())
    return str(lines)


def _card(language: str) -> str:
    words = gettext.translation("django", ROOT / "locale", [language], fallback=language == "en").gettext(SENTENCE)
    lines = _lines().replace(PAPER, "currentColor")
    return f"""<style>
body {{ margin: 0; width: 1200px; height: 630px; box-sizing: border-box; padding: 88px 96px 80px;
 display: flex; flex-direction: column; justify-content: space-between;
 background: {PAPER}; color: {INK}; border-bottom: 20px solid {GREEN}; font-family: {SERIF} }}
header {{ display: flex; align-items: center; gap: 22px; font-size: 42px; color: {GREEN} }}
svg {{ width: 72px; height: 72px }}
p {{ margin: 0; font-size: 84px; line-height: 1.12; letter-spacing: -.015em; text-wrap: balance }}
</style><header><svg viewBox="2 5 28 22">{lines}</svg>Countinghouse</header><p lang="{language}">{escape(words)}</p>"""


def _draw(browser: Browser, name: str, content: str, width: int, height: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content(f"<!doctype html><style>body {{ margin: 0 }}</style>{content}")
    picture = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    picture.quantize(64, dither=Image.Dither.NONE).save(SITE / f"{name}.png", optimize=True)
    page.close()
