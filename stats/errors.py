"""Exceptions of the app, with their data."""


class BadReceipt(Exception):
    """A receipt that this site did not sign, or that is older than a day."""


class UnknownTool(Exception):
    """A tool that STATS_TOOLS does not list."""

    def __init__(self, tool: str) -> None:
        super().__init__(tool)
        self.tool = tool


class AmountUnclear(Exception):
    """The text is not an amount, or is ambiguous ("1.234")."""


class PaymentTooLong(Exception):
    """The payment does not fit into one code: `field` is too long by `over` characters."""

    def __init__(self, field: str, over: int) -> None:
        super().__init__(f"{field}: too long by {over}")
        self.field = field
        self.over = over


class BadIban(Exception):
    """Not an IBAN: its characters, length or check digits are wrong."""


class NoSepaAccount(Exception):
    """A valid IBAN of a country outside SEPA."""

    def __init__(self, country: str) -> None:
        super().__init__(country)
        self.country = country


class QrIban(Exception):
    """A Swiss QR-IBAN: it takes QR-bills only, no SEPA transfer."""


class BadBic(Exception):
    """Not a BIC."""


class BadPurpose(Exception):
    """Not a purpose code: four letters or digits, the first a letter."""


class BadReference(Exception):
    """A reference that is not valid.

    kind: the check that failed (RF, BE, FI, SI), "characters", "slashes", or "invoice": no RF reference can be made.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class ReferenceTooLong(Exception):
    """The reference is too long by `over` characters."""

    def __init__(self, over: int) -> None:
        super().__init__(over)
        self.over = over


class TotalTooLarge(Exception):
    """The total would be above 2^53 - 1, the largest whole number that every client can hold exactly."""


class BadAdjustment(Exception):
    """The adjustment names no figure, or would make a total negative."""


class BadImport(Exception):
    """A file or an older store that can't be read; the message names the line or key."""
