"""/api/docs: one small page without scripts that says all that the description of the API says."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from config.api_pages.fields import Fields
from config.api_pages.markup import to_html, to_inline
from config.api_pages.operations import read_groups
from tests.declared import declared_codes, description, operations
from tests.house.tree import ROOT
from tests.site_client import SiteClient


def page() -> str:
    return unescape(SiteClient().get("/api/docs").content.decode()).replace("\xa0", " ")


def article(html: str, name: str) -> str:
    found = re.search(rf'<article class="api-call" id="{name}".*?</article>', html, re.DOTALL)
    assert found, name
    return found[0]


class TestPage:
    def test_names_every_operation_with_its_caller_examples_and_errors(self) -> None:
        html = page()
        common = {refusal.code for refusal in read_groups(description())[1].of_every_call}
        for method, path, operation in operations():
            text = article(html, operation["operationId"])
            assert f'<span class="api-method">{method.upper()}</span> <code>{path}</code>' in text
            assert ("Anybody" in text) == ({} in operation["security"] or operation["security"] == [])
            assert f'href="#{operation["operationId"]}"' in html
            assert "<pre" in text or operation["responses"]["200"]["content"].keys() != {"application/json"}
            codes = {code for codes in declared_codes(operation).values() for code in codes}
            assert {code for code in codes - common if f" {code}" not in text and f", {code}" not in text} == set()

    def test_describes_what_many_calls_answer_once(self) -> None:
        html = page()
        shared = read_groups(description())[1].of_many_calls
        section = html[html.index('id="shared-errors"') :]
        assert {"malformed_json", "rate_limited", "store_unavailable"} <= {refusal.code for refusal in shared}
        for refusal in shared:
            text = unescape(to_inline(refusal.text))
            assert f"<code>{refusal.status} {refusal.code}</code></dt><dd>{text}" in section
            assert html.count(text) == 1, refusal

    def test_is_the_same_in_every_process(self) -> None:
        """So that a reader who comes back to another one need not load it again."""
        program = "import django; django.setup(); from config.api_pages.page import _page; print(_page().decode())"
        pages = [
            subprocess.run(
                [sys.executable, "-W", "error", "-c", program],
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONHASHSEED": seed},
                cwd=ROOT, capture_output=True, check=True,
            ).stdout
            for seed in ("1", "3")
        ]  # fmt: skip
        assert len(pages[0]) > 50_000
        assert pages[0] == pages[1]

    def test_no_two_operations_have_the_same_summary(self) -> None:
        summaries = [operation["summary"] for _, _, operation in operations()]
        assert sorted(summaries) == sorted(set(summaries))

    def test_says_how_to_call(self) -> None:
        html = page()
        for title in ("Who calls", "Repeat without doing twice", "Errors", "Limits", "What every call may answer"):
            assert f"<h2>{title}</h2>" in html
            assert html.index(f"<h2>{title}</h2>") < html.index("api-contents"), "on a phone it comes first"
        assert f"<code>{urlsplit(settings.SITE_URL).netloc}</code>" in html

    def test_leads_to_the_sign_up(self) -> None:
        assert 'href="/accounts/signup"' in page()

    def test_is_small_and_carries_nothing_inline(self) -> None:
        response = SiteClient().get("/api/docs", headers={"Accept-Encoding": "gzip"})
        assert response["Content-Encoding"] == "gzip"
        assert len(response.content) < 14_000, "over HTTP/2, with its headers, it comes in the first ten packets"
        html = gzip.decompress(response.content).decode()
        assert re.findall(r"<script|<style|\sstyle=|\son\w+=|nonce=", html) == []

    def test_leads_to_the_page_that_tries_calls_and_to_the_description(self) -> None:
        links = set(re.findall(r'<a href="([^"#]+)"', page()))
        assert {"/api/docs/try", "/api/schema", "/api/schema?format=yaml"} <= links

    def test_is_asked_for_again_only_when_it_changed(self) -> None:
        response = SiteClient().get("/api/docs")
        assert response["Cache-Control"] == "public, max-age=0, s-maxage=60"
        again = SiteClient().get("/api/docs", headers={"If-None-Match": response["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    def test_follows_the_settings(self, settings: Any) -> None:
        settings.PLAN_ALLOWANCES = {"Basic": 5, "Team": 20}
        assert "string: Basic, Team" in page()


class TestTypes:
    @pytest.mark.parametrize(
        ("schema", "text"),
        [
            ({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, "integer, 1 to 100, default 20"),
            ({"type": "string", "minLength": 1, "maxLength": 64}, "string, 1 to 64 characters"),
            ({"type": "string", "maxLength": 64}, "string, at most 64 characters"),
            ({"type": "string", "format": "date-time", "nullable": True}, "string, date and time or null"),
            ({"type": "string", "format": "uuid"}, "string, UUID"),
            ({"type": "array", "items": {"type": "integer"}}, "list of integer"),
            ({"type": "string", "enum": ["a", "b"]}, "string: a, b"),
            ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "integer or string"),
            ({"allOf": [{"$ref": "#/components/schemas/One"}], "nullable": True}, "string: x or null"),
            ({}, "any"),
        ],
    )
    def test_are_said_in_words(self, schema: dict[str, Any], text: str) -> None:
        assert Fields({"One": {"type": "string", "enum": ["x"]}}).type_of(schema) == text

    def test_of_a_list_of_objects_name_what_is_in_them(self) -> None:
        grant = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
        whole = {"type": "object", "properties": {"grants": {"type": "array", "items": {"$ref": "#/x/Grant"}}}}
        (fields,) = Fields({"Grant": grant}).alternatives(whole)
        assert [field.name for field in fields] == ["grants", "grants[].id"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One\ntwo.\n\nThree", "<p>One two.</p>\n<p>Three</p>"),
        ("## A *b*", "<h2>A <em>b</em></h2>"),
        ("- `a`: x\n- b", "<ul><li><code>a</code>: x</li><li>b</li></ul>"),
        ("`a*b*c` 2 * 3 * 4 <b>", "<p><code>a*b*c</code> 2 * 3 * 4 &lt;b&gt;</p>"),
        ("`<script>`", "<p><code>&lt;script&gt;</code></p>"),
        ("", ""),
    ],
)
def test_markup(text: str, html: str) -> None:
    assert to_html(text) == html
