"""The pages that say one thing render without a request and without any context."""

from __future__ import annotations

import pytest
from django.template.loader import render_to_string
from django.test import Client

CODES = ("400", "403", "404", "413", "429", "500", "503")


@pytest.mark.parametrize("name", [*CODES, "403_csrf"])
def test_renders_from_nothing(name: str) -> None:
    html = render_to_string(f"{name}.html")
    assert "<h1>" in html
    assert 'content="noindex"' in html
    assert "<script" not in html


def test_a_page_that_is_not_there_shows_the_way_home() -> None:
    response = Client().get("/nothing")
    assert response.status_code == 404
    assert 'href="/"' in response.content.decode()
