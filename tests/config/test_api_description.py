"""/api/schema: what generators and linters need, the same for every caller."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import jsonschema  # type: ignore[import-untyped] # brings no types
import pytest
import yaml
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from config.api_description import spectacular_settings
from kv.process.version import package_version
from tests.declared import declared_codes, description, operations, resolve
from tests.site_client import SiteClient

OPERATIONS = [pytest.param(path, operation, id=operation["operationId"]) for _, path, operation in operations()]
PUBLIC = {
    "get_figures", "record_visit", "record_usage", "list_usage", "record_hit", "record_hit_by_get",
    "receive_stripe_event", "get_csrf_token",
}  # fmt: skip
#: What clients call by name; a new name would be a new method there.
NAMES = PUBLIC | {
    "add_tokens", "capture_hold", "get_balance", "get_dashboard", "get_subscription", "hold_tokens", "list_codes",
    "list_transactions", "open_checkout", "open_portal", "record_generation", "record_qr_code", "release_hold",
    "reset_user", "save_conversation", "set_mood", "set_plan", "spend_tokens",
}  # fmt: skip


def schemas() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = description()["components"]["schemas"]
    return found


def for_json_schema(schema: Any) -> Any:
    """The schema as JSON Schema, which has no `nullable`."""
    if isinstance(schema, list):
        return [for_json_schema(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: for_json_schema(one) for name, one in schema.items() if name != "nullable"}
    if schema.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
    return made


def assert_valid(value: Any, schema: dict[str, Any]) -> None:
    whole = for_json_schema({**deepcopy(schema), "components": description()["components"]})
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(value)


def test_the_figures_of_one_code_take_days_and_nothing_of_the_list() -> None:
    (operation,) = [operation for _, _, operation in operations() if operation["operationId"] == "read_code"]
    assert {parameter["name"] for parameter in operation["parameters"]} == {"code", "from", "to"}


class TestEveryOperation:
    @pytest.mark.parametrize(("path", "operation"), OPERATIONS)
    def test_has_a_summary_a_description_and_the_tag_of_its_app(self, path: str, operation: dict[str, Any]) -> None:
        assert operation["summary"]
        assert operation["description"]
        (tag,) = operation["tags"]
        assert tag in {tag["name"] for tag in settings.SPECTACULAR_SETTINGS["TAGS"]}
        assert not operation.get("deprecated")
        assert all(parameter.get("description") for parameter in operation.get("parameters", ()))
        assert all(response["description"].strip() for response in operation["responses"].values())

    @pytest.mark.parametrize(("path", "operation"), OPERATIONS)
    def test_has_an_example_of_each_that_is_as_described(self, path: str, operation: dict[str, Any]) -> None:
        described = [response for status, response in operation["responses"].items() if status < "300"]
        assert described
        parts = [response["content"]["application/json"] for response in described]
        if "requestBody" in operation:
            bodies = operation["requestBody"]["content"]
            parts.append(bodies.get("application/json") or bodies["text/csv"])
        for part in parts:
            assert part["examples"]
            for example in part["examples"].values():
                assert_valid(example["value"], part["schema"])

    @pytest.mark.parametrize(("path", "operation"), OPERATIONS)
    def test_describes_each_refusal_by_an_error_with_its_codes(self, path: str, operation: dict[str, Any]) -> None:
        codes = declared_codes(operation)
        assert codes
        assert all(codes.values())
        for status in codes:
            schema = resolve(operation["responses"][str(status)]["content"]["application/json"]["schema"])
            assert {"detail", "code"} <= set(schema["required"])
            assert ("errors" in schema["required"]) == (status == 400)
            assert_valid(schema["example"], schema)

    def test_has_a_name_that_stays(self) -> None:
        found = {operation["operationId"] for _, _, operation in operations()}
        assert found >= NAMES

    def test_that_is_public_needs_no_caller(self) -> None:
        public = {operation["operationId"] for _, _, operation in operations() if operation["security"] == []}
        assert public >= PUBLIC
        for _, _, operation in operations():
            asks = {401, 403} & declared_codes(operation).keys()
            assert bool(asks) == (operation["operationId"] not in public)

    def test_that_writes_for_a_session_needs_the_csrf_token(self) -> None:
        for method, _, operation in operations():
            for way in operation["security"]:
                assert ("csrfToken" in way) == ("sessionCookie" in way and method != "get")

    def test_says_when_to_try_again(self) -> None:
        for _, _, operation in operations():
            if limited := operation["responses"].get("429"):
                assert set(limited["headers"]) == {"Retry-After", "RateLimit", "RateLimit-Policy"}
            assert "Retry-After" in operation["responses"]["503"]["headers"]


class TestSchemas:
    def test_have_no_null_beside_a_reference_and_none_without_a_type(self) -> None:
        text = json.dumps(description())
        assert "NullEnum" not in text
        for name, schema in schemas().items():
            if "enum" in schema:
                assert schema["type"] == "string", name
            for field in schema.get("properties", {}).values():
                assert not ("nullable" in field and "type" not in field), name

    def test_of_a_change_require_what_is_required(self) -> None:
        assert schemas()["MoodInputRequest"]["required"] == ["score"]
        assert schemas()["PlanOfUserInputRequest"]["required"] == ["plan"]
        assert not [name for name in schemas() if name.startswith("Patched")]

    def test_of_input_take_no_other_field(self) -> None:
        assert schemas()["SpendInputRequest"]["additionalProperties"] is False

    def test_say_how_large_numbers_become(self) -> None:
        spent = schemas()["SpendInputRequest"]["properties"]["amount"]
        assert (spent["format"], spent["minimum"], spent["maximum"]) == ("int64", 1, 10**12)
        cents = schemas()["QrCodeInputRequest"]["properties"]["amount_cents"]
        assert (cents["format"], cents["minimum"], cents["maximum"]) == ("int64", 1, 99_999_999_999)
        for name in ("SpentOutput", "TokensOutput", "FiguresOutput", "TransactionOutput"):
            numbers = [field for field in schemas()[name]["properties"].values() if field.get("type") == "integer"]
            assert numbers
            assert {field["format"] for field in numbers} == {"int64"}

    def test_of_too_few_tokens_carry_what_is_missing(self) -> None:
        refused = schemas()["BudgetExceededOrInsufficientTokensError"]
        assert {"balance", "required", "budget", "opens_at"} <= set(refused["properties"])
        assert "success" in refused["required"]

    def test_have_patterns_that_every_language_reads(self) -> None:
        patterns = re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(description()))
        assert patterns
        assert not [pattern for pattern in patterns if re.search(r"\\\\[AZz]|\(\?P", pattern)]


@pytest.mark.parametrize(
    ("plans", "sold"), [({"Basic": 5, "Plus": 10, "Team": 20}, ["Plus", "Team"]), ({"Guest": 0}, None)]
)
def test_plans_are_those_of_the_site(plans: dict[str, int], sold: list[str] | None, settings: Any) -> None:
    settings.PLAN_ALLOWANCES = plans
    generator: Any = SchemaGenerator
    found = generator().get_schema(request=None, public=True)["components"]["schemas"]
    assert (found["PlanName"]["enum"], found["PaidPlanName"].get("enum")) == (list(plans), sold)


def test_the_pixel_is_described() -> None:
    answer = description()["paths"]["/api/analytics/qr"]["get"]["responses"]["200"]["content"]
    assert answer["image/gif"]["schema"] == {"type": "string", "format": "binary"}


def test_the_head_names_the_package_and_the_site() -> None:
    head = description()
    assert head["openapi"] == "3.0.3"
    assert head["info"]["version"] == package_version()
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", head["info"]["version"])
    assert head["info"]["license"]["name"] == "MIT"
    assert [server["url"] for server in head["servers"]] == [settings.SITE_URL]
    assert {"sessionCookie", "csrfToken", "serviceToken"} == head["components"]["securitySchemes"].keys()
    assert all(tag["description"] for tag in head["tags"])


def test_the_address_has_no_slash_at_its_end() -> None:
    assert spectacular_settings(site_url="https://example.org/")["SERVERS"][0]["url"] == "https://example.org"


class TestAddress:
    def test_answers_the_same_whoever_asks_and_how(self) -> None:
        plain = SiteClient().get("/api/schema").content
        for headers, query in (
            ({"Accept-Language": "de"}, {}),
            ({}, {"lang": "fr"}),
            ({}, {"version": "9"}),
            ({"Accept": "text/html"}, {"format": "json"}),
            ({"Accept": "application/vnd.oai.openapi+json"}, {}),
            ({"Accept": "application/json, application/yaml;q=0.9"}, {}),
            ({"Accept": "text/html, */*"}, {}),
            ({"X-Forwarded-Host": "evil.example"}, {}),
        ):
            answer = SiteClient().get("/api/schema", query, headers=headers)
            assert answer["Content-Type"] == "application/json"
            assert answer.content == plain

    @pytest.mark.parametrize(
        ("query", "accept"),
        [
            ({"format": "yaml"}, "*/*"),
            ({}, "application/yaml"),
            ({}, "application/vnd.oai.openapi"),
            ({}, "text/yaml, */*;q=0.1"),
            ({}, "application/yaml, application/json;q=0.5"),
        ],
    )
    def test_is_yaml_for_who_asks_for_it(self, query: dict[str, str], accept: str) -> None:
        answer = SiteClient().get("/api/schema", query, headers={"Accept": accept})
        assert answer["Content-Type"] == "application/yaml"
        assert yaml.safe_load(answer.content) == SiteClient().get("/api/schema").json()

    def test_says_when_it_is_unchanged(self) -> None:
        tag = SiteClient().get("/api/schema")["ETag"]
        assert SiteClient().get("/api/schema", headers={"If-None-Match": tag}).status_code == 304

    def test_refuses_in_json_what_it_does_not_do(self) -> None:
        answer = SiteClient().post("/api/schema", headers={"Accept": "application/yaml"})
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
