"""A visitor's first day: a visit, payment codes and a tool are counted, shown, and still there after a restart."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from stats.services.figures import forget_figures
from tests.faults.servers import own_server
from tests.site_client import SiteClient
from tests.stats.callers import BROWSER, post, visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.servers import Breakable

PAYMENT = {
    "beneficiary": "Zoë & Söhne",
    "iban": "DE89 3704 0044 0532 0130 00",
    "amount": "12,50",
    "remittance_text": "Invoice 114",
}


@pytest.fixture
def site() -> Iterator[Breakable]:
    """A site with a durable store of its own."""
    forget_figures()
    with own_server(fsync="always", timeout_ms=5000) as store:
        yield store
    forget_figures()


def page(client: SiteClient, path: str) -> str:
    answer = client.get(path, headers={"User-Agent": BROWSER})
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def cards(client: SiteClient, path: str = "/") -> list[str]:
    """What the three cards say, as a reader sees it."""
    return [text.replace("\u00a0", " ") for text in re.findall(r'data-figure="\w+"[^>]*>([^<]+)<', page(client, path))]


def make_code(client: SiteClient, **more: str) -> Any:
    return client.post("/pay", PAYMENT | more, headers={"User-Agent": BROWSER, "Sec-Fetch-Site": "same-origin"})


def receipt_on(html: str) -> str:
    found = re.search(r'data-receipt="([^"]+)"', html)
    assert found, "the page carries no receipt"
    return unescape(found[1])


def test_a_newcomer_sees_everything_counted_and_finds_it_again(site: Breakable) -> None:
    client = SiteClient()
    assert cards(client) == ["0", "0", "€0.00"]

    # The page's script reports the visit, and the next page shows it.
    assert visit(client).json() == {"counted": True, "visitors": 1, "reason": None}
    assert cards(client) == ["1", "0", "€0.00"]
    assert visit(client).json()["reason"] == "seen"

    # Without JavaScript the server counts the code itself.
    assert "<svg" in make_code(client).content.decode()
    assert cards(client) == ["1", "1", "€12.50"]

    # With it the page brings a receipt, which counts once however often it is turned in.
    html = make_code(client, script="1").content.decode()
    assert cards(client) == ["1", "1", "€12.50"]
    codes = [post(client, "/api/stats/qr", {"receipt": receipt_on(html)}).status_code for _ in range(3)]
    assert codes == [201, 200, 200]
    assert cards(client) == ["1", "2", "€25.00"]
    assert cards(client, "/de/") == ["1", "2", "25,00 €"]

    # Downloads count as a use of the tool; another tool reports its own.
    assert make_code(client, download="png").content.startswith(b"\x89PNG")
    assert make_code(client, download="svg")["Content-Type"] == "image/svg+xml"
    post(client, "/api/track-usage", {"tool": "ccn-image-optimiser", "id": "click-1"})
    post(client, "/api/track-usage", {"tool": "ccn-image-optimiser", "id": "click-1"})
    uses = {row["tool"]: row["count"] for row in client.get("/api/usage").json()["tools"]}
    assert uses == {"payment-qr": 2, "ccn-image-optimiser": 1, "webo-news-overlay": 0}
    statistics = page(client, "/statistics")
    assert statistics.index("QR codes for bank transfers") < statistics.index("Image optimiser")

    # Ctrl-C, and the next start.
    known = client.get("/api/stats").json()
    assert site.server.stop()
    forget_figures()
    site.server.ensure(30)
    assert client.get("/api/stats").json() == known
    assert known == {"visitors": 1, "qr_total": 2, "revenue_cents": 2500, "currency": "EUR"}
    assert cards(client) == ["1", "2", "€25.00"]
    assert visit(client).json()["reason"] == "seen"
    assert post(client, "/api/stats/qr", {"receipt": receipt_on(html)}).json()["counted"] is False


def test_a_receipt_that_could_not_be_turned_in_is_good_for_the_next_page(site: Breakable) -> None:
    client = SiteClient()
    html = make_code(client, script="1").content.decode()
    with own_server(timeout_ms=100) as elsewhere, elsewhere.frozen():
        assert post(client, "/api/stats/qr", {"receipt": receipt_on(html)}).status_code == 503
    assert post(client, "/api/stats/qr", {"receipt": receipt_on(html)}).status_code == 201
