"""The hosts that a request may name, from the site's address."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit


def allowed_hosts(site: SplitResult) -> list[str]:
    """ALLOWED_HOSTS: the site's host, and every name of this machine when the site is on it."""
    host = site.hostname or ""
    hosts = {f"[{host}]" if ":" in host else host}
    if is_loopback(host):
        hosts |= {"localhost", "127.0.0.1", "[::1]"}
    return sorted(hosts)


def trusted_origins(site: SplitResult) -> list[str]:
    """CSRF_TRUSTED_ORIGINS: the same hosts, with the site's scheme and port."""
    port = f":{site.port}" if site.port else ""
    return [f"{site.scheme}://{host}{port}" for host in allowed_hosts(site)]


def is_of_the_same_site(site: SplitResult, origin: str) -> bool:
    """Whether browsers send cookies with SameSite=Lax from the origin's pages to the site. False when in doubt.

    Browsers compare the scheme and the domain that can be registered, for which they have a list (the public suffix
    list). Without that list certain is: the same host, or one below the other. Two siblings such as app.example.org and
    api.example.org are one site, a.github.io and b.github.io are two. On this machine the site has all of its names,
    and a front end calls the name that it has itself.
    """
    parts = urlsplit(origin)
    here, there = site.hostname or "", parts.hostname or ""
    is_related = here == there or here.endswith(f".{there}") or there.endswith(f".{here}")
    is_related = is_related or (is_loopback(here) and is_loopback(there))
    return parts.scheme == site.scheme and is_related


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
