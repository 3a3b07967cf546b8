"""The states of vouchers and of their redemptions."""

from __future__ import annotations

from enum import StrEnum


class RedemptionState(StrEnum):
    """The state of a redeemed voucher. OPEN: counted, its tokens not granted yet. REVOKING: to be taken back."""

    OPEN = "open"
    GRANTED = "granted"
    REVOKING = "revoking"
    REVOKED = "revoked"


class VoucherState(StrEnum):
    """Whether a voucher can be redeemed. OVER: its time has ended."""

    OPEN = "open"
    NOT_YET = "not_yet"
    OVER = "over"
    USED_UP = "used_up"
    STOPPED = "stopped"
