"""Refusals of the app, with their data."""


class BadReceipt(Exception):
    """A receipt that this site did not sign, or that is older than a day."""


class UnknownTool(Exception):
    """A tool that STATS_TOOLS does not list."""

    def __init__(self, tool: str) -> None:
        super().__init__(tool)
        self.tool = tool


class AmountUnclear(Exception):
    """What was written is no amount, or could be read as two different ones ("1.234")."""


class PaymentTooLong(Exception):
    """A payment that does not fit into one code: its name and message take too many bytes together."""


class TotalTooLarge(Exception):
    """A total would leave the numbers that every client can hold exactly (2^53 - 1)."""


class BadAdjustment(Exception):
    """An adjustment that names no figure, or would take a total below zero."""


class BadImport(Exception):
    """A file or an older store that can't be read; the message names the line or key."""
