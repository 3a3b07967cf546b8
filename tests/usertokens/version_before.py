"""Accounts as the version before paid periods had keys has written them, as of 10 November 2026, 9:00 UTC.

By user: what stands behind `user:{<id>}:`, with what is packed in hex. `anchor` to `paid` is the one paid period
that was known.
"""

from __future__ import annotations

from typing import Any

ACCOUNTS: dict[str, dict[str, Any]] = {
    "free": {
        "tokens": {
            "allowance": 100,
            "balance": 70,
            "due": 1796083200000,
            "ends": 1796083200000,
            "entries": 2,
            "first": "950114cf000001a22ee6b00064a9616c6c6f77616e6365",
            "grants": 1,
            "left": 70,
            "starts": 1793491200000,
        },
        "tokens:journal": [
            "01cf000001a1c4af8680a9616c6c6f77616e63656464a0a0a0920164",
            "02cf000001a1c4af8680a57370656e64e246a761727469636c65a0a09201e2",
        ],
    },
    "monthly": {
        "stats": {
            "plan": "Plus",
        },
        "tokens": {
            "allowance": 1000,
            "anchor": 1792929600000,
            "balance": 600,
            "due": 1795608000000,
            "ends": 1795608000000,
            "entries": 3,
            "first": "950214cf000001a21293b600cd0384a9616c6c6f77616e6365",
            "grants": 2,
            "left": 600,
            "observation": 1,
            "paid": 1795608000000,
            "starts": 1792929600000,
        },
        "tokens:grants": {
            "1": "960114cf000001a21293b60064a9616c6c6f77616e636500",
        },
        "tokens:journal": [
            "01cf000001a16dc83600a9616c6c6f77616e63656464a0a0a0920164",
            "02cf000001a172ee9200a9616c6c6f77616e6365cd0384cd03e8a0a0a09202cd0384",
            "03cf000001a1c4af8680a57370656e64d1fe70cd0258a761727469636c65a0a09401d09c02d1fed4",
        ],
    },
    "yearly": {
        "stats": {
            "plan": "Premium",
        },
        "tokens": {
            "allowance": 5000,
            "anchor": 1788177600000,
            "balance": 3500,
            "due": 1796040000000,
            "ends": 1796040000000,
            "entries": 6,
            "first": "950314cf000001a22c538200cd1388a9616c6c6f77616e6365",
            "grants": 3,
            "left": 3500,
            "observation": 2,
            "paid": 1819713600000,
            "starts": 1793448000000,
        },
        "tokens:journal": [
            "01cf000001a057b0ce00a9616c6c6f77616e6365cd1388cd1388a0a0a09201cd1388",
            "02cf000001a0f9e92000a6657870697265d1ec7800a9616c6c6f77616e6365a0a09201d1ec78",
            "03cf000001a0f9e92000a9616c6c6f77616e6365cd1388cd1388a0a0a09202cd1388",
            "04cf000001a1998e4400a6657870697265d1ec7800a9616c6c6f77616e6365a0a09202d1ec78",
            "05cf000001a1998e4400a9616c6c6f77616e6365cd1388cd1388a0a0a09203cd1388",
            "06cf000001a1998e4400a57370656e64d1fa24cd0daca761727469636c65a0a09203d1fa24",
        ],
    },
    "grace": {
        "stats": {
            "plan": "Plus",
        },
        "tokens": {
            "anchor": 1791460800000,
            "balance": 0,
            "due": 1796731200000,
            "ends": 1796731200000,
            "entries": 3,
            "grants": 1,
            "left": 0,
            "low": 1,
            "observation": 4,
            "paid": 1794139200000,
            "starts": 1794139200000,
        },
        "tokens:journal": [
            "01cf000001a11b627600a9616c6c6f77616e6365cd03e8cd03e8a0a0a09201cd03e8",
            "02cf000001a12088d200a57370656e64d09ccd0384a761727469636c65a0a09201d09c",
            "03cf000001a1c4af8680a6657870697265d1fc7c00a9616c6c6f77616e6365a0a09201d1fc7c",
        ],
    },
    "trial": {
        "stats": {
            "plan": "Plus",
        },
        "tokens": {
            "allowance": 1000,
            "anchor": 1793966400000,
            "balance": 750,
            "due": 1794571200000,
            "ends": 1794571200000,
            "entries": 2,
            "first": "950114cf000001a1d4c76600cd03e8a9616c6c6f77616e6365",
            "grants": 1,
            "left": 750,
            "observation": 5,
            "paid": 1794571200000,
            "starts": 1793966400000,
        },
        "tokens:journal": [
            "01cf000001a1b0bae200a9616c6c6f77616e6365cd03e8cd03e8a0a0a09201cd03e8",
            "02cf000001a1c4af8680a57370656e64d1ff06cd02eea761727469636c65a0a09201d1ff06",
        ],
    },
    "ended": {
        "stats": {
            "plan": "Free",
        },
        "tokens": {
            "allowance": 1000,
            "balance": 400,
            "due": 1795176000000,
            "ends": 1795176000000,
            "entries": 2,
            "first": "950114cf000001a1f8d3ea00cd03e8a9616c6c6f77616e6365",
            "grants": 1,
            "left": 400,
            "observation": 7,
            "starts": 1792497600000,
        },
        "tokens:journal": [
            "01cf000001a1592ec600a9616c6c6f77616e6365cd03e8cd03e8a0a0a09201cd03e8",
            "02cf000001a15e552200a57370656e64d1fda8cd0190a761727469636c65a0a09201d1fda8",
        ],
    },
    "by_hand": {
        "stats": {
            "plan": "Premium",
        },
        "tokens": {
            "allowance": 5000,
            "anchor": 1792929600000,
            "balance": 4000,
            "due": 1795608000000,
            "ends": 1795608000000,
            "entries": 3,
            "first": "950214cf000001a21293b600cd0fa0a9616c6c6f77616e6365",
            "grants": 2,
            "left": 4000,
            "observation": 8,
            "starts": 1792929600000,
        },
        "tokens:grants": {
            "1": "960114cf000001a21293b600cd03e8a9616c6c6f77616e636500",
        },
        "tokens:journal": [
            "01cf000001a172ee9200a9616c6c6f77616e6365cd03e8cd03e8a0a0a09201cd03e8",
            "02cf000001a1c4af8680a9616c6c6f77616e6365cd0fa0cd1388a0a0a09202cd0fa0",
            "03cf000001a1c4af8680a57370656e64d1fc18cd0fa0a761727469636c65a0a09201d1fc18",
        ],
    },
}
