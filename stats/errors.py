"""Refusals of the app, with their data."""


class BadReceipt(Exception):
    """A receipt that this site did not sign, or that is older than a day."""


class UnknownTool(Exception):
    """A tool that STATS_TOOLS does not list."""

    def __init__(self, tool: str) -> None:
        super().__init__(tool)
        self.tool = tool


class TotalTooLarge(Exception):
    """A total would leave the numbers that every client can hold exactly (2^53 - 1)."""


class BadAdjustment(Exception):
    """An adjustment that names no figure, or would take a total below zero."""
