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
    """A payment that does not fit into one code until `over` characters of `field` go."""

    def __init__(self, field: str, over: int) -> None:
        super().__init__(f"{field}: too long by {over}")
        self.field = field
        self.over = over


class BadIban(Exception):
    """No IBAN: its characters, length or check digits are wrong."""


class NoSepaAccount(Exception):
    """A right IBAN of a country that no SEPA transfer reaches."""

    def __init__(self, country: str) -> None:
        super().__init__(country)
        self.country = country


class QrIban(Exception):
    """A Swiss QR-IBAN: it takes QR-bills only, no SEPA transfer."""


class BadBic(Exception):
    """No BIC."""


class BadReference(Exception):
    """A reference whose check fails: `kind` RF, BE, FI, SI; or that banks refuse for "characters" or "slashes"."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class ReferenceTooLong(Exception):
    """A reference that is too long by `over` characters."""

    def __init__(self, over: int) -> None:
        super().__init__(over)
        self.over = over


class TotalTooLarge(Exception):
    """A total would leave the numbers that every client can hold exactly (2^53 - 1)."""


class BadAdjustment(Exception):
    """An adjustment that names no figure, or would take a total below zero."""


class BadImport(Exception):
    """A file or an older store that can't be read; the message names the line or key."""
