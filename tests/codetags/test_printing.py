"""QR images for print: every kind is read by two decoders at its size, and other programs read that size."""

from __future__ import annotations

import io
import itertools
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from codetags.errors import (
    CallTooLong,
    InvertedColours,
    LowContrast,
    PixelsTooFew,
    PixelsTooMany,
    SquaresTooSmall,
    UnprintableImage,
    UnprintableText,
)
from codetags.services.code_images import KINDS, LEVELS, draw_print
from codetags.services.printing.layouts import LEAST_SQUARE, lay_out
from codetags.services.printing.letters import bold, regular
from codetags.services.printing.logos import read_logo
from codetags.services.printing.looks import Look, check_colours
from kv.web.qr_codes import QUIET_ZONE
from tests.outside.decoders import draw, pdf_sizes, pdf_texts, read_codes

if TYPE_CHECKING:
    from typing import Any

SHORT = "https://ab.example/?qr=BT26"
LINK = "https://countinghouse.example/de/?qr=BT26&at=tram-12"
LONG = (
    "https://www.a-rather-long-name-of-a-shop.example/subdirectory/de/landing/page?qr=BT26ABCD&utm_source=tram-stop-12"
)
COLOURS = [("#000000", "#ffffff"), ("#123456", "#ffeecc"), ("#7a0019", "#f2f2f2"), ("#005f56", "#ffffff")]


def a_logo(width: int = 300, height: int = 200, colour: str = "#c81e1e", kind: str = "PNG") -> bytes:
    """A picture as somebody uploads it: a disc, as dark as the squares around it or as light."""
    picture = Image.new("RGBA" if kind == "PNG" else "RGB", (width, height))
    ImageDraw.Draw(picture).ellipse((0, 0, width - 1, height - 1), fill=colour)
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


LOGOS = {"none": b"", "red": a_logo(), "black": a_logo(64, 64, "#000000"), "photo": a_logo(700, 900, "#777777", "JPEG")}


@cache
def made(logo: str) -> bytes:
    """A logo as the page makes it."""
    return read_logo(LOGOS[logo]) if LOGOS[logo] else b""


# Each size with each pair of colours and each logo; of each kind of file each of them, with and without a frame.
LOOKS = [
    ("svg", 20, 0, "none", ""),
    ("png", 20, 1, "red", "Scan"),
    ("pdf", 20, 2, "black", ""),
    ("svg", 20, 3, "photo", "Scan"),
    ("png", 50, 0, "black", "Scannez-moi"),
    ("pdf", 50, 1, "photo", ""),
    ("svg", 50, 2, "red", "Scannez-moi"),
    ("png", 50, 3, "none", ""),
    ("pdf", 130, 0, "red", "Scannez-moi"),
    ("svg", 130, 1, "black", ""),
    ("png", 130, 2, "photo", "Scannez-moi"),
    ("pdf", 130, 3, "none", ""),
]


def test_the_looks_are_of_every_kind() -> None:
    for place, choices in ((1, {20, 50, 130}), (2, {0, 1, 2, 3}), (3, set(LOGOS))):
        for kind in KINDS:
            assert {look[place] for look in LOOKS if look[0] == kind} == choices
    assert {(look[0], bool(look[4])) for look in LOOKS} == {
        (kind, framed) for kind in KINDS for framed in (True, False)
    }


@pytest.mark.parametrize(("kind", "size", "colours", "logo", "call"), LOOKS)
def test_every_kind_is_read_at_its_size(kind: str, size: int, colours: int, logo: str, call: str) -> None:
    dark, light = COLOURS[colours]
    dpi = 300 if size < 100 else 150
    look = Look(size=size, dpi=dpi, dark=dark, light=light, call=call, logo=made(logo))
    picture = draw(kind, draw_print(LINK, kind=kind, look=look), dpi=dpi)
    assert picture.width == pytest.approx(size / 25.4 * dpi, abs=1)
    assert read_codes(picture) == [LINK]
    # As a copier or a newspaper makes it of it, held not quite still.
    radius = picture.width / lay_out(LINK, look).width / 4
    assert read_codes(picture.convert("L").filter(ImageFilter.GaussianBlur(radius))) == [LINK]


# A logo has one level, whatever was asked for.
@pytest.mark.parametrize(("level", "logo"), [*((level, "none") for level in LEVELS), ("l", "black")])
@pytest.mark.parametrize("url", [SHORT, LINK, LONG], ids=["short", "link", "long"])
def test_every_length_and_level(level: str, url: str, logo: str) -> None:
    look = Look(level=level, logo=made(logo))
    assert read_codes(draw("png", draw_print(url, kind="png", look=look))) == [url]


@pytest.mark.parametrize("url", [SHORT, LINK, LONG], ids=["short", "link", "long"])
@pytest.mark.parametrize("call", ["", "Scan"], ids=["bare", "framed"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_that_is_accepted_is_read(kind: str, url: str, call: str) -> None:
    size = _least_size(url, call)
    content = draw_print(url, kind=kind, look=Look(size=size, dpi=600, call=call))
    assert read_codes(draw(kind, content, dpi=600)) == [url]
    with pytest.raises((SquaresTooSmall, CallTooLong)) as refused:
        draw_print(url, kind=kind, look=Look(size=size - 1, dpi=600, call=call))
    assert isinstance(refused.value, SquaresTooSmall | CallTooLong)
    assert size - 1 < refused.value.least_size <= size


@cache
def _least_size(url: str, call: str) -> int:
    """The least whole number of millimetres that is accepted."""
    least = lay_out(url, Look(call=call)).width * LEAST_SQUARE
    return next(size for size in itertools.count(int(least)) if _is_accepted(url, Look(size=size, dpi=600, call=call)))


def _is_accepted(url: str, look: Look) -> bool:
    try:
        draw_print(url, kind="svg", look=look)
    except UnprintableImage:
        return False
    return True


@pytest.mark.parametrize("call", ["", "Scan me"], ids=["bare", "framed"])
@pytest.mark.parametrize("size", [40, 90])
class TestSizes:
    def height(self, size: int, call: str) -> float:
        return lay_out(LINK, Look(call=call)).height_of(size)

    @pytest.mark.parametrize("dpi", [150, 300, 400])
    def test_png_has_its_resolution_and_its_pixels(self, size: int, call: str, dpi: int) -> None:
        picture = Image.open(io.BytesIO(draw_print(LINK, kind="png", look=Look(size=size, dpi=dpi, call=call))))
        across, down = picture.info["dpi"]
        assert across == down == pytest.approx(dpi, abs=0.0127)  # whole pixels a metre
        assert picture.width / across * 25.4 == pytest.approx(size, abs=25.4 / dpi)
        assert picture.height / down * 25.4 == pytest.approx(self.height(size, call), abs=25.4 / dpi)

    def test_svg_and_pdf_have_their_size(self, size: int, call: str) -> None:
        look = Look(size=size, call=call)
        root = ET.fromstring(draw_print(LINK, kind="svg", look=look))
        assert root.attrib["width"] == f"{size}mm"
        assert root.attrib["height"].endswith("mm")
        assert float(root.attrib["height"][:-2]) == pytest.approx(self.height(size, call), abs=0.001)
        _x, _y, width, height = map(float, root.attrib["viewBox"].split())
        assert width / height == pytest.approx(size / self.height(size, call), abs=0.0001)
        # As a program of its own reads it: millimetres at 254 dots an inch are ten pixels.
        drawn = draw("svg", draw_print(LINK, kind="svg", look=look), dpi=254)
        assert drawn.size == pytest.approx((size * 10, self.height(size, call) * 10), abs=1)
        ((wide, high),) = pdf_sizes(draw_print(LINK, kind="pdf", look=look))
        assert (wide, high) == pytest.approx((size, self.height(size, call)), abs=0.001)

    def test_four_squares_stay_light_all_around(self, size: int, call: str) -> None:
        look = Look(size=size, call=call, dark="#123456", light="#ffeecc")
        layout = lay_out(LINK, look)
        for kind in KINDS:
            picture = draw(kind, draw_print(LINK, kind=kind, look=look))
            square = picture.width / layout.width
            left, top, side = layout.inner
            # A pixel in from the frame, and out of the squares.
            inside = [left * square + 2, top * square + 2, (left + side) * square - 2, (top + side) * square - 2]
            ring = QUIET_ZONE * square - 4
            for box in (
                (inside[0], inside[1], inside[2], inside[1] + ring),
                (inside[0], inside[3] - ring, inside[2], inside[3]),
                (inside[0], inside[1], inside[0] + ring, inside[3]),
                (inside[2] - ring, inside[1], inside[2], inside[3]),
            ):
                part = picture.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))
                assert part.getcolors() == [(part.width * part.height, (0xFF, 0xEE, 0xCC))], kind


class TestRefused:
    def test_too_few_and_too_many_pixels_say_what_is_right(self) -> None:
        with pytest.raises(PixelsTooFew) as few:
            draw_print(LINK, kind="png", look=Look(size=25, dpi=150))
        least = few.value.least_dpi
        assert read_codes(draw("png", draw_print(LINK, kind="png", look=Look(size=25, dpi=least)))) == [LINK]
        with pytest.raises(PixelsTooFew):
            draw_print(LINK, kind="png", look=Look(size=25, dpi=least - 1))
        with pytest.raises(PixelsTooMany) as many:
            draw_print(LINK, kind="png", look=Look(size=1000, dpi=300))
        picture = draw("png", draw_print(LINK, kind="png", look=Look(size=1000, dpi=many.value.most_dpi)))
        assert 3900 < picture.width <= 4000
        with pytest.raises(PixelsTooMany):
            draw_print(LINK, kind="png", look=Look(size=1000, dpi=many.value.most_dpi + 1))

    @pytest.mark.parametrize("kind", ["svg", "pdf"])
    def test_no_resolution_matters_where_there_are_no_pixels(self, kind: str) -> None:
        assert draw_print(LINK, kind=kind, look=Look(size=1000, dpi=1200))

    def test_words_that_would_be_too_small(self) -> None:
        with pytest.raises(CallTooLong) as refused:
            draw_print(LINK, kind="svg", look=Look(size=25, call="W" * 40))
        size = refused.value.least_size
        assert draw_print(LINK, kind="svg", look=Look(size=size + 0.001, call="W" * 40))

    def test_colours(self) -> None:
        with pytest.raises(InvertedColours):
            check_colours("#ffffff", "#000000")
        with pytest.raises(LowContrast) as refused:
            check_colours("#777777", "#ffffff")
        assert refused.value.contrast == pytest.approx(4.48, abs=0.01)  # as WCAG's own tools say
        check_colours("#767676", "#ffffff")

    @pytest.mark.parametrize(
        ("text", "letters"), [("Привет", "Привет"), ("扫 me 我", "扫我"), ("Łódź", "ź"), ("👍", "👍")]
    )
    def test_letters_that_the_font_lacks_are_named(self, text: str, letters: str) -> None:
        with pytest.raises(UnprintableText) as refused:
            draw_print(LINK, kind="svg", look=Look(call=text))
        assert refused.value.letters == letters


class TestWords:
    TEXT = "Größe ß € ñ Ç é œ ¿¡ « à »"

    def test_every_letter_of_western_europe_can_be_printed(self) -> None:
        for letters in (bold(), regular()):
            for letter in "äöüÄÖÜßéèêëàâçîïôùûüÿœæÉÈÀÇŒñÑáíóúÁÍÓÚ¿¡€„“”«»‘’–—…·°§&@šžłøåÅØ":
                assert letters.check(letter) == letter
                assert letters.width(letter) > 0

    def test_in_pdf_they_are_text_in_a_font_of_the_file(self) -> None:
        content = draw_print(LINK, kind="pdf", look=Look(size=90, call=self.TEXT))
        (text,) = pdf_texts(content)
        assert text.strip() == self.TEXT
        assert b"/FontFile2" in content
        assert b"Helvetica" not in content
        plain = draw_print(LINK, kind="pdf", look=Look())
        assert b"Helvetica" not in plain

    def test_in_svg_they_are_paths(self) -> None:
        content = draw_print(LINK, kind="svg", look=Look(size=90, call=self.TEXT)).decode()
        assert "<text" not in content
        assert "font" not in content

    @pytest.mark.parametrize("kind", KINDS)
    def test_they_stand_in_the_band_and_look_alike(self, kind: str) -> None:
        look = Look(size=90, call=self.TEXT)
        with_words = draw(kind, draw_print(LINK, kind=kind, look=look))
        layout = lay_out(LINK, look)
        square = with_words.width / layout.width
        band = with_words.convert("L").crop(
            (0, round((layout.inner[1] + layout.inner[2]) * square) + 2, with_words.width, with_words.height)
        )
        box = band.point(lambda shade: 255 if shade > 128 else 0).getbbox()
        assert box is not None
        left, top, right, bottom = box
        assert left > 0
        assert right < band.width
        assert (left + right) / 2 == pytest.approx(band.width / 2, abs=band.width * 0.01)
        assert (top + bottom) / 2 == pytest.approx(band.height / 2, abs=band.height * 0.1)
        assert (right - left) / band.width == pytest.approx(0.935, abs=0.02)

    def test_a_narrow_space_of_french_is_a_space(self) -> None:
        assert bold().check("Scannez-moi\u202f!") == "Scannez-moi !"


HEX = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@settings(max_examples=12, suppress_health_check=[HealthCheck.filter_too_much])
@given(one=HEX, other=HEX, framed=st.booleans(), logo=st.sampled_from(["none", "red", "black"]))
def test_what_is_accepted_is_read_in_grey_and_blurred_too(one: str, other: str, framed: bool, logo: str) -> None:
    def accepted(dark: str, light: str) -> bool:
        try:
            check_colours(dark, light)
        except UnprintableImage:
            return False
        return True

    pairs = [pair for pair in ((one, other), (other, one)) if accepted(*pair)]
    assume(pairs)
    ((dark, light),) = pairs
    look = Look(size=30, dpi=200, dark=dark, light=light, call="Scan me" if framed else "", logo=made(logo))
    picture = draw("png", draw_print(LINK, kind="png", look=look))
    grey = picture.convert("L")
    assert read_codes(grey) == [LINK]
    square = picture.width / lay_out(LINK, look).width
    assert read_codes(grey.filter(ImageFilter.GaussianBlur(square / 3))) == [LINK]


def test_the_same_input_gives_the_same_file() -> None:
    look: dict[str, Any] = {"call": "Scan me", "logo": read_logo(LOGOS["red"])}
    for kind in KINDS:
        assert draw_print(LINK, kind=kind, look=Look(**look)) == draw_print(LINK, kind=kind, look=Look(**look))
