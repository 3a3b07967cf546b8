"""What is in the QR codes of a picture, as two decoders read it that nobody here wrote: ZXing-C++ and ZBar.

And the pictures of files: of PDF by PDFium, of SVG by resvg.
"""

from __future__ import annotations

import atexit
import io
import json
import struct
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2  # type: ignore[import-untyped] # brings no types
import resvg_py
import zxingcpp
from PIL import Image

from tests.outside import package, program

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_codes(picture: Image.Image) -> list[str]:
    """The texts of all codes of a picture, sorted. Fails where the decoders differ: each must read each code."""
    grey = picture.convert("L")
    one = sorted(found.text for found in zxingcpp.read_barcodes(grey))
    other = sorted(_by_zbar(grey))
    assert one == other, (one, other)
    return one


def draw(kind: str, content: bytes, dpi: int = 300) -> Image.Image:
    """The picture of a file of one page: svg, png or pdf."""
    if kind == "png":
        return Image.open(io.BytesIO(content)).convert("RGB")
    if kind == "svg":
        drawn = resvg_py.svg_to_bytes(svg_string=content.decode(), dpi=dpi)
        return Image.open(io.BytesIO(bytes(drawn))).convert("RGB")
    (page,) = pdf_pages(content, dpi)
    return page


def pdf_pages(content: bytes, dpi: int = 300) -> Iterator[Image.Image]:
    """A picture of each page of a PDF."""
    document = pypdfium2.PdfDocument(content)
    try:
        for page in document:
            yield page.render(scale=dpi / 72).to_pil().convert("RGB")
    finally:
        document.close()


def pdf_sizes(content: bytes) -> list[tuple[float, float]]:
    """Width and height of each page of a PDF, millimetres."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [(page.get_width() / 72 * 25.4, page.get_height() / 72 * 25.4) for page in document]
    finally:
        document.close()


def pdf_texts(content: bytes) -> list[str]:
    """The text of each page of a PDF, as a reader copies it."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def _by_zbar(grey: Image.Image) -> list[str]:
    process = _zbar()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(struct.pack("<ii", *grey.size) + grey.tobytes())
    process.stdin.flush()
    texts: list[str] = json.loads(process.stdout.readline())
    return texts


@cache
def _zbar() -> subprocess.Popen[bytes]:
    """One for the whole process; it ends when its standard input does."""
    script = Path(__file__).parent / "zbar.mjs"
    installed = package("@undecaf/zbar-wasm") / "dist" / "main.mjs"
    command = [program("node"), str(script), str(installed)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(process.communicate)
    return process
