"""index.html: every picture beside the one from before, the most changed first."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from PIL import Image, ImageChops

BEFORE = "before"
#: A colour that differs by less is a smoothed edge.
_EDGE = 12


@dataclass(frozen=True)
class Pair:
    """A picture's name, and the share of its pixels that changed, 0 to 1; None where there is none from before."""

    name: str
    changed: float | None


def compare(folder: Path) -> list[Pair]:
    """The pictures of the folder, the most changed first, then new ones, then those that stayed."""
    pairs = [Pair(path.name, _difference(path, folder / BEFORE / path.name)) for path in sorted(folder.glob("*.png"))]
    return sorted(pairs, key=lambda pair: (-(pair.changed or 0), pair.changed is not None, pair.name))


def _difference(path: Path, before: Path) -> float | None:
    if not before.exists():
        return None
    with Image.open(path) as now, Image.open(before) as then:
        size = (max(now.width, then.width), max(now.height, then.height))
        canvases = []
        for picture in (now, then):
            canvas = Image.new("RGB", size, (255, 0, 255))
            canvas.paste(picture.convert("RGB"))
            canvases.append(canvas)
    counts = ImageChops.difference(*canvases).convert("L").histogram()
    return sum(counts[_EDGE:]) / sum(counts)


def write_index(folder: Path, against: str) -> list[Pair]:
    """Write index.html. against: what the pictures from before are of, "" without them."""
    pairs = compare(folder)
    rows = "".join(_row(pair, bool(against)) for pair in pairs)
    title = f"Screenshots beside {escape(against)}" if against else "Screenshots"
    (folder / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>body{{font:16px system-ui;margin:1rem}}td{{vertical-align:top;padding:.5rem}}"
        "img{max-width:44vw;border:1px solid #999}</style>"
        f"<h1>{title}</h1><p>{len(pairs)} pictures, the most changed first.</p><table>{rows}</table>\n"
    )
    return pairs


def _row(pair: Pair, has_before: bool) -> str:
    name = escape(pair.name)
    said = "new" if pair.changed is None else f"{pair.changed:.1%} changed" if pair.changed else "the same"
    before = f'<td><img loading="lazy" src="{BEFORE}/{name}" alt="before"></td>' if pair.changed is not None else "<td>"
    return (
        f'<tr><th colspan="2" align="left">{name}{f" · {said}" if has_before else ""}</th></tr>'
        f'<tr>{before if has_before else ""}<td><img loading="lazy" src="{name}" alt="now"></td></tr>'
    )
