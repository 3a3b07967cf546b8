"""POST /api/track-usage and GET /api/usage over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.stats.callers import post

TOOL = "ccn-image-optimiser"
PATH = "/api/track-usage"

pytestmark = pytest.mark.usefixtures("lane")


@pytest.fixture(autouse=True)
def _clean(store: Any) -> None:
    """Every test here needs the store empty."""


class TestTrackUsage:
    def test_counts(self, client: Client) -> None:
        answers = [post(client, PATH, {"tool": TOOL}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert [answer.json() for answer in answers] == [{"tool": TOOL, "count": 1}, {"tool": TOOL, "count": 2}]

    def test_counts_an_id_once(self, client: Client) -> None:
        counts = [post(client, PATH, {"tool": TOOL, "id": name}).json()["count"] for name in ("a", "a", "b")]
        assert counts == [1, 1, 2]

    @pytest.mark.parametrize("tool", ["unknown", "", "x" * 65, 5, None, True, ["a"], "\x00"])
    def test_an_unknown_tool_is_refused(self, client: Client, tool: Any) -> None:
        answer = post(client, PATH, {"tool": tool})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
        assert list(answer.json()["errors"]) == ["tool"]

    @pytest.mark.parametrize("name", ["", "x" * 65, "ü", "a\n", 5, True, None])
    def test_an_id_that_is_none_is_refused(self, client: Client, name: Any) -> None:
        answer = post(client, PATH, {"tool": TOOL, "id": name})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["id"])

    @pytest.mark.parametrize("body", [[], 5, "text", None, {}])
    def test_a_body_of_another_shape_is_refused(self, client: Client, body: Any) -> None:
        assert post(client, PATH, body).status_code == 400

    def test_a_form_is_not_understood(self, client: Client) -> None:
        assert client.post(PATH, {"tool": TOOL}).status_code == 415

    def test_a_body_over_64_kib_is_too_large(self, client: Client) -> None:
        assert post(client, PATH, {"tool": TOOL, "id": "x" * 65536}).status_code == 413

    def test_the_sixty_first_in_a_minute_is_refused(self, client: Client) -> None:
        codes = [post(client, PATH, {"tool": TOOL}).status_code for _ in range(61)]
        assert codes == [200] * 60 + [429]
        refused = post(client, PATH, {"tool": TOOL})
        assert refused["RateLimit-Policy"] == '"track";q=60;w=60'
        assert refused["RateLimit"].startswith('"track";r=0;t=')
        assert 1 <= int(refused["Retry-After"]) <= 60

    def test_the_limit_keeps_no_address(self, client: Client, store: Any) -> None:
        post(client, PATH, {"tool": TOOL}, address="203.0.113.77")
        everything = b"".join(key + (store.dump(key) or b"") for key in store.scan_iter())
        assert b"203.0.113.77" not in everything

    def test_comes_by_post_only(self, client: Client) -> None:
        assert client.get(PATH).status_code == 405


class TestUsage:
    def test_names_every_tool_most_used_first(self, client: Client) -> None:
        post(client, PATH, {"tool": TOOL})
        answer = client.get("/api/usage")
        assert answer.status_code == 200
        assert answer.json() == {
            "tools": [
                {"tool": TOOL, "count": 1},
                {"tool": "payment-qr", "count": 0},
                {"tool": "webo-news-overlay", "count": 0},
            ]
        }

    def test_is_limited(self, client: Client, settings: Any) -> None:
        settings.RATE_LIMITS = {"usage": "2/minute"}
        assert [client.get("/api/usage").status_code for _ in range(3)] == [200, 200, 429]

    def test_takes_no_post(self, client: Client) -> None:
        assert post(client, "/api/usage", {}).status_code == 405
