"""What a store's address says of TLS: who must have signed the server's certificate, and which one we show."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

#: The options that redis-py reads from a URL, for a cluster too. It also reads those for OCSP, and ignores them.
TLS_PARAMETERS = frozenset(
    {
        "ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_cert_reqs",
        "ssl_check_hostname",
    }
)  # fmt: skip
_YES_OR_NO = ("true", "false", "yes", "no", "1", "0")


def tls_options(query: str) -> dict[str, Any]:
    """The TLS options among an address's query parameters, such as ssl_ca_certs, as redis-py's connections take them.

    query: as in `rediss://host?query`, without the question mark.
    Raises ValueError with a sentence for an option that would be ignored, and for a file that can't be used.
    """
    import redis
    from redis import connection

    for name, value in parse_qsl(query):
        if name == "ssl_check_hostname" and value.lower() not in _YES_OR_NO:
            raise ValueError("ssl_check_hostname is true or false")  # redis-py takes every other text for true
    parse_url: Any = connection.parse_url  # untyped there
    options = {name: value for name, value in parse_url(f"rediss://h?{query}").items() if name.startswith("ssl_")}
    if unknown := sorted(options.keys() - TLS_PARAMETERS):
        raise ValueError(f"{unknown[0]} is not one of: {', '.join(sorted(TLS_PARAMETERS))}")
    try:
        redis.SSLConnection(**options)
    except redis.RedisError as error:
        raise ValueError(str(error)) from None
    _try_files(options)
    return options


def check_tls(scheme: str, query: str) -> None:
    """Raise ValueError with a sentence when what the query says of TLS can't be used with this scheme."""
    if scheme.startswith("rediss"):
        tls_options(query)
    elif any(parameter.startswith("ssl_") for parameter in query.split("&")):
        raise ValueError(f"a {scheme}:// address is without TLS: write rediss in place of redis to use it")


def _try_files(options: dict[str, Any]) -> None:
    """Read the files now: a wrong path should stop the start, not look like an unavailable server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authorities = options.get("ssl_ca_certs"), options.get("ssl_ca_path")
    try:
        name = "ssl_ca_certs" if authorities[0] else "ssl_ca_path"
        if authorities[1] and not Path(authorities[1]).is_dir():
            raise ValueError("ssl_ca_path: No such directory")
        if any(authorities):
            context.load_verify_locations(*authorities)
        name = "ssl_certfile"
        if certificate := options.get(name):
            # Without a password OpenSSL would prompt for that of an encrypted key; an empty one fails at once.
            context.load_cert_chain(certificate, options.get("ssl_keyfile"), options.get("ssl_password") or "")
        elif "ssl_keyfile" in options:
            raise ValueError("ssl_keyfile needs ssl_certfile")
    except OSError as error:
        raise ValueError(f"{name}: {error.strerror or error}") from None
