"""Sheets of labels: each label of each page has its own link, and its words below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codetags.errors import SheetTooDense, UnprintableText
from codetags.services.printing.label_sheets import A4, Grid, Label, draw_label_sheet
from codetags.services.printing.looks import Look
from tests.codetags.test_printing import made
from tests.outside.decoders import pdf_pages, pdf_sizes, pdf_texts, read_codes

if TYPE_CHECKING:
    from PIL.Image import Image

TEXT = "Straßenbahn Linie 12, Haltestelle Größe, español ñ"


def labels(count: int) -> list[Label]:
    return [Label(f"https://ab.example/?qr=A{number:03}", f"A{number:03}", TEXT) for number in range(count)]


def cells(page: Image, grid: Grid) -> list[Image]:
    """The picture of each label of a page, row by row."""
    pixels = page.width / A4[0]
    wide, high = grid.label
    return [
        page.crop(
            (
                round((grid.side + column * wide) * pixels),
                round((grid.top + row * high) * pixels),
                round((grid.side + (column + 1) * wide) * pixels),
                round((grid.top + (row + 1) * high) * pixels),
            )
        )
        for row in range(grid.rows)
        for column in range(grid.columns)
    ]


@pytest.mark.parametrize(
    ("grid", "look"),
    [
        (Grid(), Look()),
        (Grid(columns=4, rows=8, side=0, top=0.5), Look(dark="#123456", light="#ffeecc", level="q")),
        (Grid(columns=2, rows=4, side=15, top=15), Look(logo=made("red"), call="Scan me")),
    ],
    ids=["as offered", "small", "logo and frame"],
)
def test_each_label_of_each_page_holds_its_own_link(grid: Grid, look: Look) -> None:
    chosen = labels(grid.columns * grid.rows + 3)
    content = draw_label_sheet(chosen, grid, look, "Labels")
    assert pdf_sizes(content) == [pytest.approx(A4, abs=0.01)] * 2
    read = [read_codes(cell) for page in pdf_pages(content) for cell in cells(page, grid)]
    empty = len(read) - len(chosen)
    assert read == [*([label.url] for label in chosen), *([[]] * empty)]
    texts = " ".join(" ".join(pdf_texts(content)).split())
    for label in chosen:
        assert texts.count(f"{label.code} {TEXT}") == 1


def test_nothing_is_printed_over_the_edge_of_a_label() -> None:
    grid = Grid(columns=3, rows=6)
    long = "ein sehr langer Name ohne Ende und Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen " * 3
    content = draw_label_sheet([Label("https://ab.example/?qr=A001", "A001", long)] * 18, grid, Look(), "Labels")
    (page,) = pdf_pages(content)
    for cell in cells(page, grid):
        edge = cell.convert("L").point(lambda shade: 255 if shade < 250 else 0).getbbox()
        assert edge is not None
        assert edge[0] > 8
        assert edge[1] > 8
        assert cell.width - edge[2] > 8
        assert cell.height - edge[3] > 8
    assert "…" in pdf_texts(content)[0]


def test_a_label_without_text_has_its_code_alone() -> None:
    content = draw_label_sheet([Label("https://ab.example/?qr=A001", "A001")], Grid(), Look(), "Labels")
    assert pdf_texts(content)[0].strip() == "A001"


@pytest.mark.parametrize(
    "grid", [Grid(columns=10, rows=20), Grid(columns=1, rows=20, top=50), Grid(columns=10, side=50)]
)
def test_labels_without_room_are_refused(grid: Grid) -> None:
    with pytest.raises(SheetTooDense):
        draw_label_sheet(labels(1), grid, Look(), "Labels")


def test_all_letters_that_can_t_be_printed_are_named_at_once() -> None:
    chosen = [
        *labels(1),
        Label("https://ab.example/?qr=A002", "A002", "Київ"),
        Label("https://ab.example/", "A", "基輔"),
    ]
    with pytest.raises(UnprintableText) as refused:
        draw_label_sheet(chosen, Grid(), Look(), "Labels")
    assert refused.value.letters == "Київ基輔"
