"""What staff read when a QR image can't be printed: what is wrong, and what to do."""

from __future__ import annotations

from math import ceil

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from codetags.errors import (
    BadLogo,
    CallTooLong,
    InvertedColours,
    LogoProblem,
    LowContrast,
    PixelsTooFew,
    PixelsTooMany,
    SheetTooDense,
    SquaresTooSmall,
    TooManyImages,
    UnprintableImage,
    UnprintableText,
)
from codetags.services.printing.layouts import LEAST_SQUARE
from codetags.services.printing.logos import LARGEST_FILE, LARGEST_SIDE

#: The option to change, by what is wrong.
FIELDS: dict[type[UnprintableImage], str] = {
    InvertedColours: "dark",
    LowContrast: "dark",
    SquaresTooSmall: "size",
    CallTooLong: "size",
    PixelsTooFew: "dpi",
    PixelsTooMany: "dpi",
    UnprintableText: "below",
    SheetTooDense: "rows",
    TooManyImages: "places",
    BadLogo: "logo",
}


def explain(problem: UnprintableImage) -> str:  # noqa: PLR0911 (one sentence for each kind)
    """One or two sentences in the active language."""
    match problem:
        case InvertedColours():
            return _("This colour is lighter than the light one: many phones can’t read such a code. Swap the colours.")
        case LowContrast(contrast=contrast, least=least):
            return _(
                "The contrast of the two colours is {contrast} to 1, and phones need {least} to 1. Choose a darker "
                "dark colour or a lighter light one."
            ).format(contrast=number_format(int(contrast * 10) / 10, 1), least=number_format(least, 1))
        case SquaresTooSmall(least_size=size):
            return _(
                "The squares of this code would be smaller than {square} mm, too small for print. Choose a width of "
                "{size} mm or more."
            ).format(square=number_format(LEAST_SQUARE, 2), size=number_format(ceil(size)))
        case CallTooLong(least_size=size):
            return _(
                "The words of the frame would be too small to read. Choose a width of {size} mm or more, or fewer "
                "words."
            ).format(size=number_format(ceil(size)))
        case PixelsTooFew(least_dpi=dpi):
            return _(
                "The squares of this code would have too few pixels. Choose {dpi} dpi or more, a larger width, or SVG "
                "or PDF."
            ).format(dpi=number_format(dpi))
        case PixelsTooMany(most_dpi=dpi):
            return _(
                "A PNG of this size would be too large. Choose {dpi} dpi or less, or SVG or PDF, which are sharp at "
                "any size."
            ).format(dpi=number_format(dpi))
        case UnprintableText(letters=letters):
            return _(
                "These letters can’t be printed: {letters}. Use letters of Western European languages, or leave the "
                "text out."
            ).format(letters=" ".join(letters))
        case TooManyImages(most=most):
            return _("One file holds at most {most} images. Choose fewer codes or placements.").format(
                most=number_format(most)
            )
        case BadLogo(problem=reason):
            return _logo(reason)
        case _:
            return _(
                "The labels are too small for a readable code with its words. Choose fewer labels on a page, or "
                "smaller margins."
            )


def _logo(reason: LogoProblem) -> str:
    if reason == LogoProblem.TOO_LARGE:
        return _("The file is too large. Choose one of {size} kB or less.").format(size=LARGEST_FILE // 1024)
    if reason == LogoProblem.TOO_MANY_PIXELS:
        return _("The picture is too large. Choose one of {side} pixels or less from side to side.").format(
            side=number_format(LARGEST_SIDE)
        )
    return _("This is not a PNG or JPEG file that can be read. Save the logo as PNG and choose that file.")
