"""SVG files of codes, drawn by Chromium at any size and by every way of placing a picture, read by two decoders."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from codetags.services.code_images import draw_code_image
from stats.services.payment_codes import PaymentOrder, build_payload, make_payment_code
from tests.outside.decoders import read_codes

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LONGEST = PaymentOrder(
    beneficiary="N" * 70,
    iban="MT84MALT011000012345MTLCAST001S",
    amount_cents=99_999_999_999,
    bic="MALTMTMTXXX",
    remittance_text="m" * 140,
)
LINK = "https://countinghouse.example/de/?qr=BT26"
FILES = {
    "longest": lambda: make_payment_code(LONGEST).svg(),
    "link 1 l": lambda: draw_code_image(LINK, kind="svg", scale=1, level="l"),
    "link 40 h": lambda: draw_code_image(LINK, kind="svg", scale=40, level="h"),
}
# Width and height, and pixels of the screen to one of the page: the largest code has 77 modules.
SIZES = ((60, 60, 4), (300, 120, 4), (120, 300, 4), (400, 400, 1), (1000, 1000, 1))
PLACES = (
    '<img src="{source}" alt="" style="width:{width}px;height:{height}px">',
    '<img src="{source}" alt="" style="width:{width}px;height:{height}px;object-fit:contain">',
    '<div style="width:{width}px;height:{height}px;background:url({source}) center/contain no-repeat"></div>',
    '<object data="{source}" type="image/svg+xml" width="{width}" height="{height}"></object>',
)


@pytest.mark.parametrize("name", FILES)
def test_is_whole_at_every_size(browser: Browser, name: str) -> None:
    source = f"data:image/svg+xml;base64,{base64.b64encode(FILES[name]()).decode()}"
    expected = build_payload(LONGEST).decode() if name == "longest" else LINK
    for width, height, ratio in SIZES:
        page = browser.new_context(device_scale_factor=ratio, viewport={"width": 1100, "height": 1100}).new_page()
        for place in PLACES:
            page.set_content(f"<body style='margin:20px'>{place.format(source=source, width=width, height=height)}")
            shot = Image.open(io.BytesIO(page.locator("body > *").first.screenshot())).convert("L")
            assert read_codes(shot) == [expected], (place, width, height)
        page.context.close()
