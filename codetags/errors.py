"""Exceptions of the app, with their data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from kv.errors import UnsafeWebhookAddress, WebhookRefused, WebhookUnavailable

__all__ = [
    "BadAlias",
    "BadCursor",
    "BadImport",
    "BadLogo",
    "BadPattern",
    "CallTooLong",
    "CodeExists",
    "CodeIsFixed",
    "IdempotencyConflict",
    "InvalidCode",
    "InvertedColours",
    "LogoProblem",
    "LowContrast",
    "MalformedCode",
    "NoCodesLeft",
    "PixelsTooFew",
    "PixelsTooMany",
    "SheetTooDense",
    "SquaresTooSmall",
    "TooManyDays",
    "TooManyImages",
    "UnknownCode",
    "UnprintableImage",
    "UnprintableText",
    "UnsafeWebhookAddress",
    "WebhookRefused",
    "WebhookUnavailable",
]


class MalformedCode(ValueError):
    """The text is not a code (CODETAGS_PATTERN)."""


class BadPattern(ValueError):
    """Python and browsers may read CODETAGS_PATTERN differently. The message says why."""


class CodeIsFixed(ValueError):
    """An existing code can't be changed: it is printed on posters."""


class BadAlias(ValueError):
    """A code can't count for that one. The message says why."""


class BadCursor(ValueError):
    """A `before` that is not the `next` of a list."""


class TooManyDays(ValueError):
    """More days than are shown of one code. most: how many that are."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class BadImport(Exception):
    """A file or an older store can't be read. The message says why."""


class UnprintableImage(ValueError):
    """A QR image can't be printed so that phones read it. Each kind of it says what is wrong."""


class InvertedColours(UnprintableImage):
    """The dark colour is the lighter one."""


class LowContrast(UnprintableImage):
    """The colours are too much alike. contrast: theirs, to 1; least: the one that is needed."""

    def __init__(self, contrast: float, least: float) -> None:
        super().__init__(contrast, least)
        self.contrast, self.least = contrast, least


class SquaresTooSmall(UnprintableImage):
    """The squares of the code would be too small. least_size: the width of the picture that they need, millimetres."""

    def __init__(self, least_size: float) -> None:
        super().__init__(least_size)
        self.least_size = least_size


class PixelsTooFew(UnprintableImage):
    """The squares of the code would have too few pixels. least_dpi: the resolution that they need at this size."""

    def __init__(self, least_dpi: int) -> None:
        super().__init__(least_dpi)
        self.least_dpi = least_dpi


class PixelsTooMany(UnprintableImage):
    """The picture would have too many pixels. most_dpi: the highest resolution at this size."""

    def __init__(self, most_dpi: int) -> None:
        super().__init__(most_dpi)
        self.most_dpi = most_dpi


class CallTooLong(UnprintableImage):
    """The words of the frame would be too small to read. least_size: the width at which they can be, millimetres."""

    def __init__(self, least_size: float) -> None:
        super().__init__(least_size)
        self.least_size = least_size


class UnprintableText(UnprintableImage):
    """The font lacks letters of a text. letters: these, each once."""

    def __init__(self, letters: str) -> None:
        super().__init__(letters)
        self.letters = letters


class SheetTooDense(UnprintableImage):
    """The labels of a sheet are too small for a code of readable size with its words."""


class TooManyImages(UnprintableImage):
    """More images than one file may have. most: how many that are."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class LogoProblem(StrEnum):
    """Why a file can't be a logo."""

    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    UNREADABLE = "unreadable"


class BadLogo(UnprintableImage):
    """A file can't be a logo; `problem` says why."""

    def __init__(self, problem: LogoProblem) -> None:
        super().__init__(problem)
        self.problem = problem


class CodeExists(ValueError):
    """The code is in the registry already."""


class UnknownCode(LookupError):
    """The code is not in the registry."""


class InvalidCode(ValueError):
    """A code can't be added or changed so. errors: sentences by column."""

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


class NoCodesLeft(ValueError):
    """New codes can't be made of a pattern.

    reason: "form" no code looks like it, "length" no code has as many characters, "few" too few are left.
    left: how many are, where that is the reason.
    """

    def __init__(self, reason: str, left: int = 0) -> None:
        super().__init__(f"{reason}: {left} codes are left of this pattern")
        self.reason = reason
        self.left = left


class IdempotencyConflict(ValueError):
    """The idempotency key was used with other input."""
