"""What Stripe documents about values beyond their types: lengths, addresses, ranges."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from tests.stripe_fake.errors import ApiError, invalid

#: Characters, by the name of the parameter and, where it matters, the first parts of the operation's path.
_LENGTHS = {
    "client_reference_id": 200, "email": 512, "customer_email": 800, "name": 256, "phone": 20, "description": 1000,
    "nickname": 5000, "lookup_key": 200, "statement_descriptor": 22, "statement_descriptor_suffix": 22, "code": 500,
    "inactive_message": 500, "success_url": 5000, "cancel_url": 5000, "return_url": 5000, "locale": 10,
}  # fmt: skip
_OF_ONE = {
    ("/v1/customers", "description"): 350, ("/v1/products", "description"): 40000, ("/v1/products", "name"): 5000,
    ("/v1/coupons", "name"): 40, ("/v1/subscriptions", "description"): 500,
}  # fmt: skip
_LONGEST = 5000
_METADATA_KEYS, _METADATA_KEY, _METADATA_VALUE = 50, 40, 500
_EMAIL = re.compile(r"[^@\s\"(),:;<>\[\]\\]+@[^@\s.\"(),:;<>\[\]\\]+(\.[^@\s.\"(),:;<>\[\]\\]+)+")
_URLS = ("success_url", "cancel_url", "return_url", "url", "default_return_url")
_EMAILS = ("email", "customer_email", "receipt_email")
#: Amounts and counts that may not be below zero, or below one.
_AT_LEAST = {"quantity": 0, "amount": 1, "unit_amount": 0, "trial_period_days": 1, "limit": 1, "interval_count": 1}
_AT_MOST = {"limit": 100, "amount": 99999999, "unit_amount": 99999999, "trial_period_days": 730, "quantity": 999999}


def check_text(template: str, path: str, name: str, value: str) -> None:
    """Refuse a text that Stripe would not take. Raises ApiError."""
    if value == "":
        raise invalid(
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty "
            "value.",
            path,
            code="parameter_invalid_empty",
        )
    longest = next(
        (size for (where, field), size in _OF_ONE.items() if name == field and template.startswith(where)), 0
    )
    longest = longest or _LENGTHS.get(name, _LONGEST)
    if len(value) > longest:
        raise invalid(f"Invalid string: {value[:20]}...; must be at most {longest} characters", path)
    if name in _URLS:
        _check_url(path, value)
    if name in _EMAILS and not _EMAIL.fullmatch(value):
        raise invalid(f"Invalid email address: {value}", path, code="email_invalid")


def check_number(path: str, name: str, value: float) -> None:
    """Refuse a number out of range. Raises ApiError."""
    if name in _AT_LEAST and value < _AT_LEAST[name]:
        raise invalid(
            f"This value must be greater than or equal to {_AT_LEAST[name]}.", path, code="parameter_invalid_integer"
        )
    if name in _AT_MOST and value > _AT_MOST[name]:
        raise invalid(
            f"This value must be less than or equal to {_AT_MOST[name]}.", path, code="parameter_invalid_integer"
        )


def check_metadata(path: str, value: dict[str, Any]) -> None:
    """At most 50 keys of 40 characters, values of 500. Raises ApiError."""
    if len(value) > _METADATA_KEYS:
        raise invalid(f"Metadata can have up to {_METADATA_KEYS} keys; you passed {len(value)}.", path)
    for key, text in value.items():
        if len(key) > _METADATA_KEY:
            raise invalid(f"Metadata keys can be up to {_METADATA_KEY} characters long: {key[:20]}...", path)
        if not isinstance(text, str) or len(text) > _METADATA_VALUE:
            raise invalid(f"Metadata values can be up to {_METADATA_VALUE} characters long: {key}", f"{path}[{key}]")


def _check_url(path: str, value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", value):
        raise ApiError(400, "invalid_request_error", "Not a valid URL", code="url_invalid", param=path)
