"""The hosts that a request may name, from the site's address."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult


def allowed_hosts(site: SplitResult) -> list[str]:
    """ALLOWED_HOSTS: the site's host, and every name of this machine when the site is on it."""
    host = site.hostname or ""
    hosts = {f"[{host}]" if ":" in host else host}
    if _is_loopback(host):
        hosts |= {"localhost", "127.0.0.1", "[::1]"}
    return sorted(hosts)


def trusted_origins(site: SplitResult) -> list[str]:
    """CSRF_TRUSTED_ORIGINS: the same hosts, with the site's scheme and port."""
    port = f":{site.port}" if site.port else ""
    return [f"{site.scheme}://{host}{port}" for host in allowed_hosts(site)]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
