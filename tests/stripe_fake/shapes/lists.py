"""Lists as Stripe sends them."""

from __future__ import annotations

from tests.stripe_fake.state import Shape


def listed(things: list[Shape], url: str, *, more: bool = False) -> Shape:
    return {"object": "list", "data": things, "has_more": more, "url": url}
