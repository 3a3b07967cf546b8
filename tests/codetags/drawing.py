"""Draws the SVG of a QR code as a picture, for a decoder: its path of strokes, as the SVG standard says."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from PIL import Image, ImageDraw

_SVG = "{http://www.w3.org/2000/svg}"
_MOVE = re.compile(r"([Mmh])\s*(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?")


def draw_svg(source: bytes, scale: int = 4) -> Image.Image:
    """The picture of an SVG whose dark squares are horizontal strokes of width 1: commands M, m and h alone."""
    root = ET.fromstring(source)
    paths = root.findall(f".//{_SVG}path[@class='qrline']") or root.findall(f".//{_SVG}path[@stroke]")
    (path,) = paths
    strokes: list[tuple[float, float, float]] = []
    x = y = 0.0
    for command, one, two in _MOVE.findall(path.attrib["d"]):
        if command == "M":
            x, y = float(one), float(two)
        elif command == "m":
            x, y = x + float(one), y + float(two)
        else:
            strokes.append((x, y, float(one)))
            x += float(one)
    size = round(max(left + width for left, _, width in strokes) + 4)
    picture = Image.new("L", (size * scale, size * scale), 255)
    pen = ImageDraw.Draw(picture)
    for left, middle, width in strokes:
        top = middle - 0.5
        pen.rectangle([left * scale, top * scale, (left + width) * scale - 1, (top + 1) * scale - 1], fill=0)
    return picture
