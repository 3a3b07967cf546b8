"""Django's mail settings from EMAIL_URL and DEFAULT_FROM_EMAIL."""

from __future__ import annotations

from email.utils import formataddr, getaddresses, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import environ
from django import VERSION
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from config.environment import Environment
from config.hosts import is_loopback
from kv.mail import NO_MAIL

# Seconds to connect to the mail server, and for each of its answers.
_TIMEOUT = 10
_LONGEST_TIMEOUT = 300
_EXAMPLE = "an address such as smtp+tls://user:password@mail.example.org:587 is required"
_SCHEMES = tuple(environ.Env.EMAIL_SCHEMES)
# The names of Django's deprecated settings, and those of MAILERS' options, which replace them from Django 6.1 on.
_OPTIONS = {
    "EMAIL_HOST": "host", "EMAIL_PORT": "port", "EMAIL_HOST_USER": "username", "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls", "EMAIL_USE_SSL": "use_ssl", "EMAIL_TIMEOUT": "timeout", "EMAIL_FILE_PATH": "file_path",
}  # fmt: skip
_MAILERS_SINCE = (6, 1)


def mail_settings(env: Environment, site: SplitResult) -> dict[str, Any]:
    """Django's mail settings by name. Without EMAIL_URL nothing is sent. Raises ImproperlyConfigured.

    No message repeats the value: it holds a password.
    """
    found = env.read("EMAIL_URL", {"EMAIL_BACKEND": NO_MAIL}, _parse)
    sender = env.read("DEFAULT_FROM_EMAIL", _default_sender(site), _parse_sender)
    common = {"DEFAULT_FROM_EMAIL": sender, "SERVER_EMAIL": parseaddr(sender)[1]}
    if VERSION < _MAILERS_SINCE:
        return found | common
    backend = found.pop("EMAIL_BACKEND")
    options = {_OPTIONS[name]: value for name, value in found.items()}
    return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}} | common


def _parse(text: str) -> dict[str, Any]:
    """EMAIL_URL as django-environ reads it, with a timeout. Raises ValueError."""
    if not text.isprintable() or " " in text or text.partition("://")[0].lower() not in _SCHEMES:
        raise ValueError(f"{_EXAMPLE}; it begins with one of {', '.join(_SCHEMES)}")
    try:
        parts = urlsplit(text)
        found: dict[str, Any] = dict(environ.Env.email_url_config(text.partition("?")[0]))
        port = parts.port
    except (ValueError, ImproperlyConfigured):
        raise ValueError(_EXAMPLE) from None
    path = found.pop("EMAIL_FILE_PATH")
    options = _parse_options(parts.query)
    if not parts.scheme.startswith("smtp"):
        return {"EMAIL_BACKEND": found["EMAIL_BACKEND"], **_parse_path(parts, path)}
    if not parts.hostname or port == 0 or path or parts.fragment:
        raise ValueError(
            f"{_EXAMPLE}; characters such as / ? # @ : % in user and password are written as %2F and so on"
        )
    if parts.password and not parts.username:
        raise ValueError("a user is required beside the password")
    found["EMAIL_PORT"] = port or _default_port(parts.scheme)
    found["EMAIL_HOST_USER"] = found["EMAIL_HOST_USER"] or ""
    found["EMAIL_HOST_PASSWORD"] = found["EMAIL_HOST_PASSWORD"] or ""
    return found | options


def _default_port(scheme: str) -> int:
    """RFC 6409 and RFC 8314: 587 to submit with STARTTLS, 465 with TLS from the start."""
    return {"smtp": 25, "smtp+ssl": 465}.get(scheme, 587)


def _parse_options(query: str) -> dict[str, Any]:
    found = {"EMAIL_TIMEOUT": _TIMEOUT}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name != "timeout":
            raise ValueError("the only parameter is timeout, in seconds")
        if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= _LONGEST_TIMEOUT):
            raise ValueError(f"timeout: a whole number of seconds from 1 to {_LONGEST_TIMEOUT} is required")
        found["EMAIL_TIMEOUT"] = int(value)
    return found


def _parse_path(parts: SplitResult, path: str) -> dict[str, str]:
    """The folder of filemail:///folder, which django-environ would take for one of the working directory."""
    if parts.scheme != "filemail":
        return {}
    folder = Path("/") / path
    if parts.netloc or not path or (folder.exists() and not folder.is_dir()):
        raise ValueError("filemail:///folder is required: a folder, with its whole path")
    return {"EMAIL_FILE_PATH": str(folder)}


def _parse_sender(text: str) -> str:
    """`name@example.org` or `Name <name@example.org>`. Raises ValueError."""
    try:
        # With a line break it is no sender at all.
        ((name, address),) = getaddresses([text if text.isprintable() else ""])
        validate_email(address)
    except (ValueError, ValidationError):
        raise ValueError("name@example.org or Name <name@example.org> is required") from None
    return formataddr((name, address)) if name else address


def _default_sender(site: SplitResult) -> str:
    host = site.hostname or ""
    return f"noreply@{'localhost' if is_loopback(host) else host}"
