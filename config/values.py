"""Settings whose values have rules of their own. Each function raises ImproperlyConfigured, naming the variable."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import ImproperlyConfigured

from codetags.services.patterns import check_parameter, check_pattern
from config.environment import Environment
from config.hosts import is_loopback
from kv.web.origins import parse_origin
from kv.web.rate_limits import parse_window
from usertokens.conf import parse_price
from usertokens.types import LARGEST_AMOUNT

_MAX_PLAN_NAME = 64  # as the API takes it


def tool_names(env: Environment, default: str) -> tuple[str, ...]:
    """STATS_TOOLS: the names of the tools whose uses are counted."""
    names = env.strings("STATS_TOOLS", default)
    for name in names:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
            raise ImproperlyConfigured(f"STATS_TOOLS: {name} is no name: lower-case letters, digits, dots and hyphens")
    return names


def tool_labels(env: Environment) -> dict[str, tuple[str, str]]:
    """STATS_TOOL_NAMES: `tool=Name|What it does.;tool=Name`, with semicolons, as a sentence has commas of its own."""

    def parse(text: str) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = {}
        for entry in filter(None, map(str.strip, text.split(";"))):
            tool, sign, label = (part.strip() for part in entry.partition("="))
            name, _, sentence = (part.strip() for part in label.partition("|"))
            if not sign or not tool or not name or tool in found:
                raise ValueError("tool=Name|A sentence.;tool=Name is required, each tool once")
            found[tool] = (name, sentence)
        return found

    return env.read("STATS_TOOL_NAMES", {}, parse)


def code_pattern(env: Environment, default: str) -> str:
    """CODETAGS_PATTERN: the regular expression of campaign codes."""
    pattern = env.text("CODETAGS_PATTERN", default)
    try:
        check_pattern(pattern)
    except ValueError as error:
        raise ImproperlyConfigured(f"CODETAGS_PATTERN: {error}") from None
    return pattern


def placement_param(env: Environment, default: str) -> str:
    """CODETAGS_PLACEMENT_PARAM: the name of the parameter in links that says where a code hangs."""
    name = env.text("CODETAGS_PLACEMENT_PARAM", default)
    try:
        check_parameter(name)
    except ValueError as error:
        raise ImproperlyConfigured(f"CODETAGS_PLACEMENT_PARAM: {error}") from None
    return name


def header_name(env: Environment, variable: str) -> str:
    """The name of a header that a proxy sets, such as CF-IPCountry; "" without one."""
    name = env.text(variable)
    if not re.fullmatch(r"[A-Za-z0-9-]*", name):
        raise ImproperlyConfigured(f"{variable}: {name} is no name of a header: letters, digits and hyphens")
    return name


def rate_limits(env: Environment) -> dict[str, str] | None:
    """RATE_LIMITS: limits by name, such as {"qr": "30/minute"}, in place of the defaults; None switches all off."""
    if env.text("RATE_LIMITS").lower() == "off":
        return None
    limits = env.pairs("RATE_LIMITS")
    for name, text in limits.items():
        try:
            parse_window(text)
        except ValueError:
            raise ImproperlyConfigured(f"RATE_LIMITS: {name}={text} is no limit, such as {name}=30/minute") from None
    return limits


def cors_origins(env: Environment, site: SplitResult) -> tuple[str, ...]:
    """CORS_ORIGINS: the origins of front ends elsewhere, as browsers send them."""
    origins: dict[str, None] = {}
    for text in env.strings("CORS_ORIGINS"):
        try:
            origin = parse_origin(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"CORS_ORIGINS: {error}") from None
        parts = urlsplit(origin)
        if site.scheme == "https" and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ImproperlyConfigured(
                f"CORS_ORIGINS: {text} needs https, as SITE_URL has it: whoever changes its pages on their way to the "
                "browser could act for its users (http is allowed for localhost, 127.0.0.1 and [::1] alone)"
            )
        origins[origin] = None
    return tuple(origins)


def token_actions(env: Environment) -> dict[str, int | str]:
    """TOKEN_ACTIONS: what tokens are spent on, and the price: tokens a unit, or tokens/units."""
    pairs = env.pairs("TOKEN_ACTIONS")
    for action, text in pairs.items():
        try:
            parse_price(action, text)
        except ValueError as error:
            raise ImproperlyConfigured(f"TOKEN_ACTIONS: {error}") from None
    return dict(pairs)


def plan_allowances(env: Environment, default: str) -> dict[str, int]:
    """PLAN_ALLOWANCES: tokens a month by plan; the first plan is the one of every new user."""
    pairs = env.pairs("PLAN_ALLOWANCES", default)
    wrong = [name for name, text in pairs.items() if not text.isdecimal() or int(text) > LARGEST_AMOUNT]
    if wrong:
        raise ImproperlyConfigured(f"PLAN_ALLOWANCES: {wrong[0]} needs a whole number of tokens")
    if not pairs:
        raise ImproperlyConfigured("PLAN_ALLOWANCES: a plan is required; the first is the one that every new user has")
    if (long := next((name for name in pairs if len(name) > _MAX_PLAN_NAME), None)) is not None:
        raise ImproperlyConfigured(f"PLAN_ALLOWANCES: {long} is longer than {_MAX_PLAN_NAME} characters")
    return {name: int(text) for name, text in pairs.items()}
