"""Replies of the store that have one shape in RESP2 and another in RESP3."""

from __future__ import annotations


def pairs(reply: object) -> list[tuple[bytes, bytes]]:
    """The pairs of a flat list (RESP2), of a list of pairs, or of a map (RESP3)."""
    if isinstance(reply, dict):
        return list(reply.items())
    if isinstance(reply, list) and reply and isinstance(reply[0], list | tuple):
        return [(pair[0], pair[1]) for pair in reply]
    return list(zip(reply[::2], reply[1::2], strict=True))  # type: ignore[index] # a list, as it is no mapping
